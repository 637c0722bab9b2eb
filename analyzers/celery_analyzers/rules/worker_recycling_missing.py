"""`worker-recycling-missing`: worker processes that are never replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from celery_analyzers.findings import Fix, Severity
from celery_analyzers.index_records import RECYCLING
from celery_analyzers.rule import Rule
from celery_analyzers.setting_edits import settings_beside
from celery_analyzers.worker_pools import pools

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import SettingContext
    from celery_analyzers.app_facts import SettingGiven
    from celery_analyzers.findings import Finding

_RECYCLING = ("worker_max_tasks_per_child", "worker_max_memory_per_child")
_PREFORK = frozenset({"prefork"})
_VALUES = {"worker_max_tasks_per_child": "1000"}


class WorkerRecyclingMissing(Rule):
    """Worker processes live as long as the worker, and keep all memory that they ever needed.

    ## What it does

    Finds apps that set `worker_concurrency`, run with the pool `prefork`, and set neither `worker_max_tasks_per_child`
    nor `worker_max_memory_per_child`, be it on a command line of the project.

    ## Why is this bad

    Python seldom gives memory back. A process that once held a large file stays that large, and so does each of the
    others in the end; a library that leaks takes more with each task. The machine runs out of memory days after
    the last release. A limit has the worker replace a process after so many tasks.

    ## Example

        app.conf.update(worker_concurrency=8)
        #               ^^^^^^^^^^^^^^^^^^ worker processes are never replaced: they keep all memory that they ever
        #                                  needed, and what leaks

    ## Use instead

        app.conf.update(worker_max_tasks_per_child=1000, worker_concurrency=8)

    ## Not flagged

    Either limit, and pools without processes:

        app.conf.update(worker_concurrency=8, worker_max_memory_per_child=200_000)

    ## Fix safety

    The fix is unsafe: what tasks keep in their process, such as connections and models, is made anew then.

    ## References

    - [Max tasks per child](https://docs.celeryq.dev/en/stable/userguide/workers.html#max-tasks-per-child-setting)
    - [Memory usage](https://docs.celeryq.dev/en/stable/userguide/optimizing.html#memory-usage)
    """

    code = "CEL831"
    severity = Severity.HINT
    preset: ClassVar[Literal["recommended", "strict", "all"]] = "all"

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        if setting.name != "worker_concurrency" or context.in_tests or pools(context) != _PREFORK:
            return
        if any(context.beside(name) is not None or context.given(name) for name in _RECYCLING):
            return
        if context.project.ask("mentions", RECYCLING):
            # Here, on a command line, or in what one is put together from.
            return
        edits = settings_beside(setting, _VALUES, context)
        fix = Fix("Replace processes after 1000 tasks", edits, preferred=True) if edits else None
        message = "worker processes are never replaced: they keep all memory that they ever needed, and what leaks"
        yield self.finding(setting.key_span, message, fix)
