"""The queue that a task goes to: its own, that of a route, or the default.

Follows `celery.app.routes` of Celery: an exact name wins over patterns, of which the first that matches counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import cast

from celery_analyzers.configuration import combined
from celery_analyzers.effective import Level, effective_option, names_of, settings_given
from celery_analyzers.project import Project
from celery_analyzers.symbols import UNKNOWN, Scope
from celery_analyzers.tasks import Task


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue, and what says so: `task`, `route`, `setting` or `default`. `name` is None where it cannot be told."""

    name: str | None
    by: str
    pattern: str = ""


def queue_of(task: Task, scope: Scope, project: Project) -> Queue:
    """The queue that a task's messages go to where the call names none."""
    own = effective_option(task, "queue", scope, project)
    if own.level is not Level.DEFAULT and own.value is not None:
        return Queue(own.value if isinstance(own.value, str) else None, "task")
    routes = combined(settings_given("task_routes", task, scope, project))
    if routes is not None:
        if not isinstance(routes, dict):
            return Queue(None, "route")
        found = _routed(cast("dict[object, object]", routes), names_of(task, scope, project) or ())
        if found is not None:
            return found
    default = combined(settings_given("task_default_queue", task, scope, project))
    if default is None:
        return Queue("celery", "default")
    return Queue(default if isinstance(default, str) else None, "setting")


def _routed(routes: dict[object, object], names: tuple[str, ...]) -> Queue | None:
    for name in names:
        if name in routes:
            return Queue(_queue(routes[name]), "route", name)
    for pattern, route in routes.items():
        if isinstance(pattern, str) and "*" in pattern and any(fnmatchcase(name, pattern) for name in names):
            return Queue(_queue(route), "route", pattern)
    return None


def _queue(route: object) -> str | None:
    if isinstance(route, dict):
        route = cast("dict[object, object]", route).get("queue", UNKNOWN)
    return route if isinstance(route, str) else None
