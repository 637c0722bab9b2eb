"""What a project's workers run their tasks in: processes, or something that shares one.

Knows where a pool is chosen: settings, command lines and packages that bring pools of their own. Must not know rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from celery_analyzers.index_records import ASYNC_POOL

if TYPE_CHECKING:
    from celery_analyzers.context import Context

_PROCESSES = frozenset({"prefork", "processes"})


def runs_in_processes(context: Context) -> bool:
    """Whether tasks run in processes of a pool, as they do by default: nothing in the project chooses another one."""
    started = cast("tuple[object, ...]", context.project.ask("command_values", "pool") or ())
    if any(pool not in _PROCESSES for pool in started):
        return False
    if context.setting("worker_pool") not in (None, *_PROCESSES):
        return False
    return not context.project.ask("mentions", ASYNC_POOL)
