"""`soft-limit-exceeds-hard`: a soft time limit above the hard one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from celery_analyzers.effective import Level
from celery_analyzers.findings import Edit, Fix, Severity
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import SettingContext
    from celery_analyzers.app_facts import SettingGiven
    from celery_analyzers.context import Context
    from celery_analyzers.effective import Effective
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import Option, TaskDefinition

_SOFT, _HARD = "soft_time_limit", "time_limit"


class SoftLimitExceedsHard(Rule):
    """A task's soft time limit is above its hard one.

    ## What it does

    Finds tasks whose `soft_time_limit` is greater than their `time_limit`. A limit counts wherever it comes
    from: from the task, its base class, or the settings that this module gives its app.

    ## Why is this bad

    The soft limit raises `SoftTimeLimitExceeded` in the task, which can then clean up before the hard limit
    kills it. In the wrong order Celery refuses to send the task: `delay()` and `apply_async()` raise
    `ValueError`. Before Celery 5.5 they did not, and the soft limit was never reached: a warning where the project
    runs on such a release.

    ## Example

        @app.task(soft_time_limit=120, time_limit=60)
        #         ^^^^^^^^^^^^^^^^^^^ the soft limit of 120 s is above the hard limit of 60 s, so
        #                             `delay()` and `apply_async()` raise `ValueError`
        def report():
            return "done"

    ## Use instead

        @app.task(soft_time_limit=60, time_limit=120)
        def report():
            return "done"

    ## Not flagged

    Limits that cannot be told without running code, and one limit alone:

        @app.task(soft_time_limit=120, time_limit=app.conf.report_limit)
        def monthly_report():
            return "done"

        @app.task(soft_time_limit=120)
        def weekly_report():
            return "done"

    ## Fix safety

    All fixes are unsafe: only you know how long the task may take.

    ## References

    - [Time limits](https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits)
    - [`Task.soft_time_limit`](https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.soft_time_limit)
    """

    code = "CEL202"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="report.delay().get(timeout=10)",
            fails="ValueError: soft_time_limit must be less than or equal to time_limit",
            succeeds="'done'",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if task.form == "call" and task.function is not None:
            # The call, which has the options, stands elsewhere and is reported there.
            return
        soft_option, hard_option = task.option(_SOFT), task.option(_HARD)
        if soft_option is None and hard_option is None and task.base is None:
            # Whatever is wrong with the settings is no fault of this task.
            return
        soft, hard = context.effective(task, _SOFT), context.effective(task, _HARD)
        soft_seconds, hard_seconds = _seconds(soft.value), _seconds(hard.value)
        if soft_seconds is None or hard_seconds is None or soft_seconds <= hard_seconds:
            return
        if not {soft.level, hard.level} & {Level.TASK, Level.BASE}:
            return
        severity, outcome = _outcome(context)
        message = (
            f"the soft limit of {soft_seconds:g} s{_source(soft)} is above the hard limit of {hard_seconds:g} s"
            f"{_source(hard)}, so {outcome}"
        )
        written = [option for option in (soft_option, hard_option, task.option("base")) if option and option.span]
        where = written[0].span if written else None
        # What annotations or settings override has no part in it.
        soft_option = soft_option if soft.level is Level.TASK else None
        hard_option = hard_option if hard.level is Level.TASK else None
        fixes = _fixes(soft_option, hard_option, soft_seconds, hard_seconds, context)
        yield self.finding(where or task.span, message, *fixes, severity=severity)

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        if setting.name != f"task_{_SOFT}":
            return
        soft, hard = _seconds(setting.value), _seconds(context.beside(f"task_{_HARD}"))
        if soft is None or hard is None or soft <= hard:
            return
        severity, outcome = _outcome(context)
        message = f"the soft limit of {soft:g} s is above `task_{_HARD}`, {hard:g} s, so {outcome}"
        lower = _below(hard)
        fix = (
            Fix(f"Lower it to {lower}", (Edit(setting.value_span, f"{lower}"),), preferred=True) if lower > 0 else None
        )
        yield self.finding(setting.span, message, fix, severity=severity)


def _seconds(value: object) -> float | None:
    """A limit in seconds; None where there is none, or none that can be told."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if value > 0 else None


def _outcome(context: Context) -> tuple[Severity, str]:
    """What comes of the wrong order in the project's Celery."""
    if context.celery_at_least(5, 5) is False:
        return Severity.WARNING, "the soft limit is never reached"
    return Severity.ERROR, "`delay()` and `apply_async()` raise `ValueError`"


def _source(limit: Effective) -> str:
    return "" if limit.level is Level.TASK else f" from {limit.level.value}"


def _below(hard: float) -> int:
    """A soft limit that leaves time to clean up."""
    return math.floor(min(hard / 1.2, hard - 10))


def _fixes(
    soft_option: Option | None, hard_option: Option | None, soft: float, hard: float, context: Context
) -> Iterator[Fix]:
    soft_span = soft_option.value_span if soft_option else None
    hard_span = hard_option.value_span if hard_option else None
    is_first = True
    if soft_span is not None and hard_span is not None:
        edits = (Edit(soft_span, context.source(hard_span)), Edit(hard_span, context.source(soft_span)))
        yield Fix("Swap the two limits", edits, preferred=True)
        is_first = False
    lower, higher = _below(hard), math.ceil(max(soft * 1.2, soft + 10))
    if soft_span is not None and lower > 0:
        yield Fix(f"Lower `{_SOFT}` to {lower}", (Edit(soft_span, f"{lower}"),), preferred=is_first)
        is_first = False
    if hard_span is not None:
        yield Fix(f"Raise `{_HARD}` to {higher}", (Edit(hard_span, f"{higher}"),), preferred=is_first)
