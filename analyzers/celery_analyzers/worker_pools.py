"""The pools of an app's workers, as settings and command lines choose them. Must not know rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from celery_analyzers.context import Context
    from celery_analyzers.tasks import Task

_DEFAULT = "prefork"
_THREADS = frozenset({"threads", "solo"})
_GREEN = frozenset({"gevent", "eventlet"})
POOLS_WITHOUT = {"time_limit": _THREADS, "soft_time_limit": _THREADS | _GREEN}
"""The pools that pass over a limit. One that gevent enforces waits until the task does."""


def pools(context: Context, task: Task | None = None) -> frozenset[str] | None:
    """The pools that the workers of a task's app may run with; None where that cannot be told.

    Where the workspace starts no worker, nobody but the settings can tell.
    """
    started = cast("Iterable[str | None] | None", context.project.ask("worker_pools"))
    if started is None or None in started:
        return None
    chosen = set(cast("Iterable[str]", started)) or {""}
    if "" not in chosen:
        return frozenset(chosen)
    configured = context.setting("worker_pool", task)
    if configured is None:
        return frozenset(chosen - {""} | {_DEFAULT})
    return frozenset(chosen - {""} | {configured}) if isinstance(configured, str) else None


def unlimited_pool(name: str, context: Context) -> str | None:
    """The pool of the workers, or one of them, where none enforces a limit."""
    found = pools(context, context.task)
    return min(found) if found and found <= POOLS_WITHOUT[name] else None
