"""What a call of a task comes to: the parameters that its arguments meet, and who finds out if they do not fit.

Knows what Celery does between a call and the task's function. Must not know rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import cast

from celery_analyzers.bindings import ParameterBinding
from celery_analyzers.configuration import NOT_SET, app_argument, app_attributes
from celery_analyzers.effective import app_modules, effective_option, may_define
from celery_analyzers.index import NamedTask
from celery_analyzers.project import Project
from celery_analyzers.resolution import is_task_class, resolve
from celery_analyzers.symbols import ProjectClass, Scope
from celery_analyzers.tasks import NOT_GIVEN, ProjectTask, class_task, task_of

SENDS = ("apply_async", "apply", "delay", "s", "si", "signature", "subtask", "delay_on_commit", "apply_async_on_commit")
"""Methods of a task class that see the arguments before they are sent."""
_RUNS = ("__call__", "before_start", "on_bound", "__init_subclass__")
_APP_SENDS = frozenset({"send_task", "signature", "type_checker", "amqp", "amqp_cls", "Signature"})


def task_named(name: str, project: Project) -> ProjectTask | None:
    """The task of the project that goes by a name; None where there is none, where there are several, and where it is
    a task only once a function has run."""
    found = cast("Iterable[NamedTask]", project.ask("tasks_named", name) or ())
    if len({(task.path, task.function) for task in found}) != 1:
        return None
    (named, *_) = found
    module = project.module_at(Path(named.path))
    if module is None or named.nested:
        return None
    symbol = resolve(named.function, module)
    if named.form == "class":
        return class_task(symbol) if isinstance(symbol, ProjectClass) and is_task_class(symbol) else None
    return task_of(symbol)


def parameters_met(task: ProjectTask, scope: Scope, project: Project) -> tuple[ParameterBinding, ...] | None:
    """The parameters that the arguments of a call meet; None where something on the way may change the arguments."""
    if task.parameters is None or task.value("filter") not in (NOT_GIVEN, None):
        return None
    return None if sending_is_changed(task, scope, project, _RUNS) else task.parameters


def sending_is_changed(task: ProjectTask, scope: Scope, project: Project, more: Iterable[str] = ()) -> bool:
    """Whether the task's base class or its app may do something to the arguments before they are sent.

    `more` are further methods that must not be the base class's own.
    """
    if may_define(task, (*SENDS, *more), scope, project):
        return True
    return any(not app_attributes(app).isdisjoint(_APP_SENDS) for app in app_modules(task, scope, project))


def checks_arguments(task: ProjectTask, scope: Scope, project: Project) -> bool | None:
    """Whether Celery itself compares a call's arguments with the parameters before it sends them; None if it is told
    not to, or may be."""
    typing = effective_option(task, "typing", scope, project).value
    given = [app_argument("strict_typing", app) for app in app_modules(task, scope, project)]
    if typing not in (None, True) or (typing is None and any(value not in (NOT_SET, True) for value in given)):
        return None
    return task.form != "class" and task.value("pydantic") in (NOT_GIVEN, False, None)


OPTIONS_OF_A_CALL = frozenset(
    {
        "compression",
        "connection",
        "countdown",
        "delivery_mode",
        "eta",
        "exchange",
        "expires",
        "headers",
        "ignore_result",
    }
    | {"link", "link_error", "priority", "producer", "queue", "retry", "retry_policy", "routing_key", "serializer"}
    | {"shadow", "soft_time_limit", "task_id", "time_limit"}
)
"""Options of `apply_async` that no one takes for a task's own by chance where the task has no such parameter."""


def misplaced_options(names: Iterable[str], parameters: Iterable[ParameterBinding]) -> list[str]:
    """The keywords of a call that takes the task's arguments only, such as `delay`, that are options of a call."""
    own = {parameter.name for parameter in parameters}
    return [name for name in names if name in OPTIONS_OF_A_CALL and name not in own]
