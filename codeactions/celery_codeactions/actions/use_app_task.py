"""`use-app-task`: makes a task of the project's app of a shared task."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.expressions import Reference
from celery_analyzers.findings import Edit, NeededImport
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.symbols import App
from celery_codeactions.action import Action, Changes, Offer
from celery_codeactions.project_apps import project_app

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
    app = project_app(place)
    if app is None or app.is_here:
        return None if app is None else (app.name, None)
    found, scope = here.context.scope.lookup(app.name)
    is_free = not found or isinstance(evaluate_symbol(Reference(app.name), scope), App)
    return here.context.imported(app.module, app.name) if is_free else None
