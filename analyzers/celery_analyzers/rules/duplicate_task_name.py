"""`duplicate-task-name`: a name that two tasks of an app have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from celery_analyzers.bindings import FunctionBinding, function_binding
from celery_analyzers.configuration import Place
from celery_analyzers.configuration_sources import apps_made
from celery_analyzers.decorators import name_under
from celery_analyzers.edits import set_keyword
from celery_analyzers.effective import app_modules
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.strings import inside_plain
from celery_analyzers.task_names import module_names_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.index import NamedTask
    from celery_analyzers.task_facts import TaskDefinition


class DuplicateTaskName(Rule):
    """Two tasks of an app have the same name.

    ## What it does

    Finds tasks whose name another task of the same app has already: because both are given it, because two functions
    of a module are called the same, or because a decorator below the task's own gives all functions one name.

    ## Why is this bad

    An app has one task of a name: whoever sends the one may run the other. Of tasks made by decorators, Celery keeps
    the first that it comes to when it sets up the app, and the order in which it does so is left to chance: it may
    differ from one process to the next. `register_task()` puts the new task in the place of the old one. Celery warns
    of it since 5.7 only.

    ## Example

        @app.task(name="reports.send")
        def send_daily():
            return "daily"

        @app.task(name="reports.send")
        #              ^^^^^^^^^^^^^^ `send_daily` has this name as well: Celery keeps only one of the two, by chance
        def send_weekly():
            return "weekly"

    ## Use instead

        @app.task(name="reports.send")
        def send_daily():
            return "daily"

        @app.task(name="reports.send_weekly")
        def send_weekly():
            return "weekly"

    ## Not flagged

    Alternatives, of which one is there when the code runs, and tasks of different apps:

        import sys

        if sys.platform == "win32":
            @app.task(name="reports.send")
            def send_daily():
                return "daily"
        else:
            @app.task(name="reports.send")
            def send_anyhow():
                return "daily"

    ## Fix safety

    Another name is unsafe: messages may be on their way to the old one, and other code may know it.

    ## References

    - [Names of tasks](https://docs.celeryq.dev/en/stable/userguide/tasks.html#names)
    """

    code = "CEL803"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="[task.delay().get(timeout=10) for task in (send_daily, send_weekly)]",
            succeeds="['daily', 'weekly']",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if task.function is None or task.nested or task.conditional or context.in_tests:
            return
        names = context.names(task)
        if names is None or not _has_one_app(task, context):
            return
        known = cast("tuple[NamedTask, ...]", context.project.ask("tasks_named", names[0]) or ())
        # Some stand there only at times, or until somebody has said otherwise.
        others = [other for other in known if not (other.nested or other.conditional)]
        other = _other(task, others, context)
        if other is not None:
            yield self._finding(names[0], task, other, context)

    def _finding(self, name: str, task: TaskDefinition, other: NamedTask, context: Context) -> Finding:
        option, path = task.option("name"), _path(context)
        span = option.value_span if option is not None and option.value_span is not None else task.span
        called = "this name" if option is not None else f"the name `{name}`"
        if other.path != path:
            who = f"`{other.function}` ({_where(other, context)})"
        elif other.function == task.name:
            who = f"another `{task.name}`"
        else:
            who = f"`{other.function}`"
        outcome = "Celery keeps only one of the two, by chance"
        if "class" in (task.form, other.form):
            outcome = "the one that is registered last replaces the other"
        fix = _fix(name, task, span, context) if other.function != task.name else None
        return self.finding(span, f"{who} has {called} as well: {outcome}", fix)


def _other(task: TaskDefinition, others: list[NamedTask], context: Context) -> NamedTask | None:
    """The task that has the name of this one: in its module the first, else one of another module."""
    path = _path(context)
    here = [other for other in others if other.path == path]
    if not any(other.function == task.name for other in here):
        return None
    if here[0].function != task.name:
        return here[0]
    if sum(other.function == task.name for other in here) > 1 and not _is_first(task, context):
        return here[0]
    is_given = isinstance(task.value("name"), str)
    # Where Python finds modules is not known: generated names may differ in what stands in front.
    is_exact = is_given or name_under(task.inner, context.project) is not None
    apps = _apps(here[0], context) if is_exact else ()
    if len(apps) != 1:
        return None
    elsewhere = (other for other in others if other.path != path and other.given is is_given)
    return next((other for other in elsewhere if _apps(other, context) == apps), None)


def _apps(named: NamedTask, context: Context) -> tuple[str, ...]:
    """The modules that make the apps a task may belong to."""
    if named.app is not None:
        return (named.app,)
    return cast("tuple[str, ...]", context.project.ask("apps_for", named.path) or ())


def _has_one_app(task: TaskDefinition, context: Context) -> bool:
    """Whether no module makes several apps, so that two of its tasks are of the same."""
    return all(len(list(apps_made(module))) < 2 for module in app_modules(task, context.scope, context.project))


def _is_first(task: TaskDefinition, context: Context) -> bool:
    """Whether of several functions of one name in a module this is the first, where they can be told apart."""
    found, _ = context.scope.lookup(task.name)
    functions = [binding for binding in found if isinstance(binding, FunctionBinding)]
    node = context.function
    return node is not None and len(functions) > 1 and function_binding(node) == functions[0]


def _path(context: Context) -> str:
    module = context.scope.module_scope
    return str(module.path) if isinstance(module, ModuleScope) else ""


def _where(other: NamedTask, context: Context) -> str:
    """The file and the line of a task."""
    path, root = Path(other.path), context.project.root
    inside = path.relative_to(root) if root is not None and path.is_relative_to(root) else path
    line = context.project.line_of(Place(path, f"{'class' if other.form == 'class' else 'def'} {other.function}"))
    return inside.as_posix() if line is None else f"{inside.as_posix()}:{line + 1}"


def _fix(name: str, task: TaskDefinition, span: Span, context: Context) -> Fix | None:
    """Call the task after its function."""
    package = name.rpartition(".")[0]
    if isinstance(task.value("name"), str):
        new = f"{package}.{task.name}" if package else task.name
        inside = inside_plain(context.source(span))
        edits = (Edit(Span(span.start + inside[0], span.start + inside[1]), new),) if inside else ()
    else:
        module = context.scope.module_scope
        path = module.path if isinstance(module, ModuleScope) else None
        if path is None or context.decorator is None:
            return None
        new = f"{module_names_of(path, context.project.root)[0]}.{task.name}"
        edits = set_keyword(context.text, context.decorator, context.span, "name", f'"{new}"')
    if not edits or context.project.ask("tasks_named", new):
        return None
    return Fix(f"Call it `{new}`", edits, preferred=True)
