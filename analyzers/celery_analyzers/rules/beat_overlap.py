"""`beat-overlap`: a task that beat sends again while it may still run."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, ClassVar, Literal

from celery_analyzers.effective import Level
from celery_analyzers.findings import Severity
from celery_analyzers.rule import Rule
from celery_analyzers.schedules import period
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.tasks import task_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import BeatContext
    from celery_analyzers.findings import Finding
    from celery_analyzers.schedule_facts import BeatEntry
    from celery_analyzers.tasks import ProjectTask

_LIMITS = ("soft_time_limit", "time_limit")


class BeatOverlap(Rule):
    """A task is sent more often than it may take, and nothing keeps it from running twice at a time.

    ## What it does

    Finds periodic tasks whose own time limit is longer than the time between two runs, where their code says nothing of
    a lock.

    ## Why is this bad

    Beat does not look whether the last run is over. When the task is slow one day, the next run begins beside it, does
    the same work on the same rows, and makes both slower. It ends when all worker processes run this one task.

    ## Example

        @app.task(time_limit=300)
        def sync():
            return "done"

        app.conf.beat_schedule = {
            "sync": {"task": "shop.sync", "schedule": 60.0},
        #                                             ^^^^ `sync` is sent every 60 s and may run for 300 s: its runs
        #                                                  then go on side by side
        }

    ## Use instead

        @app.task(time_limit=55)
        def sync():
            return "done"

        app.conf.beat_schedule = {
            "sync": {"task": "shop.sync", "schedule": 60.0},
        }

    ## Not flagged

    Tasks that see to it themselves, and those without a limit of their own:

        @app.task(time_limit=300)
        def sync():
            with app.pool.lock("sync"):
                return "done"

        @app.task
        def pull():
            return "done"

        app.conf.beat_schedule = {
            "sync": {"task": "shop.sync", "schedule": 60.0},
            "pull": {"task": "shop.pull", "schedule": 60.0},
        }

    ## Fix safety

    There is no fix: a lower limit, a lock, or a longer pause is for you to choose.

    ## References

    - [Periodic tasks](https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html)
    - [Ensuring a task is only executed one at a time][once]

    [once]: https://docs.celeryq.dev/en/stable/tutorials/task-cookbook.html#ensuring-a-task-is-only-executed-one-at-a-time
    """

    code = "CEL707"
    severity = Severity.HINT
    preset: ClassVar[Literal["recommended", "strict", "all"]] = "strict"

    def check_beat_entry(self, entry: BeatEntry, context: BeatContext) -> Iterator[Finding]:
        schedule = context.nodes.get("schedule")
        if entry.form == "model" or schedule is None or context.in_tests:
            return
        seconds = period(schedule, context)
        task = _task(entry, context) if seconds is not None else None
        longest = _longest(task, context) if task is not None else None
        if task is None or longest is None or seconds is None or longest <= seconds or _may_lock(task, context):
            return
        message = (
            f"`{task.name}` is sent every {seconds:g} s and may run for {longest:g} s: its runs then go on side by side"
        )
        yield self.finding(context.span(schedule), message)


def _task(entry: BeatEntry, context: BeatContext) -> ProjectTask | None:
    node = context.nodes.get("sig")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return task_of(context.symbol(node.func.value))
    named = entry.field("task")
    return entry.task or (context.task_named(named.value) if named and isinstance(named.value, str) else None)


def _longest(task: ProjectTask, context: BeatContext) -> float | None:
    """How long a run may take by the limits that are the task's own."""
    found: list[float] = []
    for name in _LIMITS:
        limit = context.effective(task, name)
        if limit.level not in (Level.TASK, Level.BASE):
            continue
        if isinstance(limit.value, bool) or not isinstance(limit.value, (int, float)):
            return None
        found.append(limit.value)
    return min(found, default=None)


def _may_lock(task: ProjectTask, context: BeatContext) -> bool:
    module = task.scope.module_scope
    path = str(module.path) if isinstance(module, ModuleScope) and module.path is not None else ""
    return context.project.ask("locks", path, task.name) is not False
