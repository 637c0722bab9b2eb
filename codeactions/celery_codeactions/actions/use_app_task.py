"""`use-app-task`: makes a task of the project's app of a shared task."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, cast

from celery_analyzers.bindings import ValueBinding
from celery_analyzers.expressions import Reference
from celery_analyzers.findings import Edit, NeededImport
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.symbols import App
from celery_analyzers.task_names import module_names_of
from celery_codeactions.action import Action, Changes, Offer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_codeactions.place import Place, TaskHere


class UseAppTask(Action):
    """Declare a shared task with the decorator of the project's app.

    ## What it does

    Writes `@app.task` for `@shared_task`, with the same options, and imports the app. The task then belongs to this app
    and to no other, and importing its module makes sure that the app is there.

    ## Examples

    `shop/celery.py`:

        from celery import Celery

        app = Celery("shop")

    `shop/tasks.py`:

        from celery import shared_task


        @shared_task(acks_late=True)
        def report$0(day):
            return day

    **Declare `report` with `@app.task`**:

        from shop.celery import app


        @app.task(acks_late=True)
        def report(day):
            return day

    ## Not offered

    Where the project has no app, or several:

        from celery import shared_task


        @shared_task
        def report$0(day):
            return day

    ## What it leaves to you

    A task module that the app's module imports itself would now import in a circle: have it found by `include` or
    `autodiscover_tasks` instead.

    ## References

    - [`shared_task`](https://docs.celeryq.dev/en/stable/django/first-steps-with-django.html#using-the-shared-task-decorator)
    """

    def offers(self, place: Place) -> Iterator[Offer]:
        here = place.task
        if here is None or here.decorator is None or not here.task.maker.is_shared or here.task.maker.is_wrapper:
            return
        found = _app(place, here)
        if found is None or here.task.nested:
            return
        name, needed = found
        callee = here.decorator.func if isinstance(here.decorator, ast.Call) else here.decorator
        changes = Changes(
            (Edit(place.span(callee), f"{name}.task"),), (needed,) if needed else (), (place.source(callee),)
        )
        yield Offer(f"Declare `{here.task.name}` with `@{name}.task`", lambda: changes)


def _app(place: Place, here: TaskHere) -> tuple[str, NeededImport | None] | None:
    """How to write the one app of the project here, and the import that this needs."""
    if place.path is None:
        return None
    modules = cast("tuple[str, ...]", place.project.ask("apps_for", str(place.path)) or ())
    module = place.project.module_at(Path(modules[0])) if len(modules) == 1 else None
    if module is None:
        return None
    is_here = module.path == place.path
    names = [name for name in module.bound() if _is_app(name, place.analysis.scope if is_here else module)]
    if len(names) != 1:
        return None
    if is_here:
        return names[0], None
    path = _importable(module, place)
    return None if path is None else here.context.imported(path, names[0]) if _is_free(names[0], here) else None


def _is_free(name: str, here: TaskHere) -> bool:
    """Whether a name means nothing here yet, or an app already."""
    found, scope = here.context.scope.lookup(name)
    return not found or isinstance(evaluate_symbol(Reference(name), scope), App)


def _is_app(name: str, module: ModuleScope) -> bool:
    found, _ = module.lookup(name)
    made_here = len(found) == 1 and isinstance(found[0], ValueBinding)
    return name.isidentifier() and made_here and isinstance(evaluate_symbol(Reference(name), module), App)


def _importable(module: ModuleScope, place: Place) -> str | None:
    """The dotted name by which the task's module would import another."""
    if module.path is None:
        return None
    for name in module_names_of(module.path, place.project.root):
        found = place.project.module(place.analysis.scope, name, 0)
        if isinstance(found, ModuleScope) and found.path == module.path:
            return name
    return None
