"""`time-limit-unsupported-pool`: a time limit that the pool of the workers does not enforce."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.findings import Severity
from celery_analyzers.rule import Rule
from celery_analyzers.worker_pools import POOLS_WITHOUT, unlimited_pool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import SettingContext
    from celery_analyzers.app_facts import SettingGiven
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition


class TimeLimitUnsupportedPool(Rule):
    """A time limit is set, and the pool of the workers does not enforce it.

    ## What it does

    Finds `time_limit` and `soft_time_limit` of tasks, and the settings for all tasks, where every worker of the
    project runs with a pool that passes over them: `threads` and `solo` have no limits, `gevent` and `eventlet` no soft
    ones. The pool is told by `worker_pool`, and by `--pool` in the project's deployment files.

    At a task it is an information: the choice of the pool is one, and the tasks with limits are many.

    ## Why is this bad

    Only the processes of `prefork` can be interrupted or killed. With the other pools a limit looks like a guard and
    guards nothing: a task that hangs keeps its thread for good.

    ## Example

        app.conf.worker_pool = "threads"
        app.conf.task_time_limit = 60
        #        ^^^^^^^^^^^^^^^ workers with the pool `threads` pass over `task_time_limit`: a task that hangs is not
        #                        ended

    ## Use instead

        app.conf.worker_pool = "prefork"
        app.conf.task_time_limit = 60

    ## Not flagged

    Hard limits with `gevent`, which hold where a task waits:

        app.conf.worker_pool = "gevent"
        app.conf.task_time_limit = 60

    Nothing is said where some workers have another pool, or one that cannot be told.

    ## Fix safety

    There is no fix: give each call that may hang a timeout of its own, or the workers another pool.

    ## References

    - [Time limits](https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits)
    - [Concurrency](https://docs.celeryq.dev/en/stable/userguide/concurrency/index.html)
    """

    code = "CEL204"
    severity = Severity.WARNING

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        name = (setting.name or "").removeprefix("task_")
        if name in POOLS_WITHOUT and setting.value is not None and not context.in_tests:
            pool = unlimited_pool(name, context)
            if pool is not None:
                message = f"workers with the pool `{pool}` pass over `{setting.key}`: a task that hangs is not ended"
                yield self.finding(setting.key_span, message)

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if context.in_tests:
            return
        limits = [option for name in POOLS_WITHOUT if (option := task.option(name)) is not None]
        found = [
            (option.span, option.name, pool)
            for option in limits
            if option.span is not None
            and option.value is not None
            and (pool := unlimited_pool(option.name, context)) is not None
        ]
        if found:
            span, _, pool = min(found)
            names = " and ".join(f"`{name}`" for _, name, _ in sorted(found))
            message = f"workers with the pool `{pool}` pass over {names}: should `{task.name}` hang, it is not ended"
            yield self.finding(span, message, severity=Severity.INFORMATION)
