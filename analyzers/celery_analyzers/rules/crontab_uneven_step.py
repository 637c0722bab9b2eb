"""`crontab-uneven-step`: a step that does not go up in the hour or the day."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Literal

from celery_analyzers.findings import Severity
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.schedule_facts import CrontabCall

_STEP = re.compile(r"\s*\*/0*(\d+)\s*")
_CYCLES = {"minute": (60, "hour", "minute"), "hour": (24, "day", "hour")}


class CrontabUnevenStep(Rule):
    """A crontab's step does not divide the hour or the day, so that its pauses differ.

    ## What it does

    Finds `*/45` and the like in `minute`, and `*/5` in `hour`: steps that the 60 minutes of an hour or the 24 hours
    of a day are no multiple of. A step that is as long as the hour or the day, or longer, is a warning.

    ## Why is this bad

    A crontab begins anew with each hour and each day. `*/45` is due at minute 0 and at minute 45, so the pause is 45
    minutes, then 15. `*/90` does not mean every 90 minutes: it is due once an hour.

    ## Example

        from celery.schedules import crontab

        app.conf.beat_schedule = {
            "sync": {"task": "shop.sync", "schedule": crontab(minute="*/45")},
        #                                                     ^^^^^^^^^^^^^ `*/45` begins anew with each hour: the last
        #                                                                   pause is 15 minutes, not 45
        }

    ## Use instead

        from celery.schedules import crontab

        app.conf.beat_schedule = {
            "sync": {"task": "shop.sync", "schedule": crontab(minute="0,30")},
        }

    ## Not flagged

    Steps that go up, and lists and ranges, which say what they mean:

        from celery.schedules import crontab

        app.conf.beat_schedule = {
            "sync": {"task": "shop.sync", "schedule": crontab(minute="*/15", hour="*/6")},
            "pull": {"task": "shop.pull", "schedule": crontab(minute="0,45", hour="0-23/5")},
        }

    ## Fix safety

    There is no fix. For a steady pause of any length give an interval, as `45 * 60`; else choose a step that goes up.

    ## References

    - [Crontab schedules](https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#crontab-schedules)
    """

    code = "CEL704"
    severity = Severity.HINT
    preset: ClassVar[Literal["recommended", "strict", "all"]] = "strict"
    proofs = (
        Proof(
            run='sorted(app.conf.beat_schedule["sync"]["schedule"].minute)',
            fails="returns: [0, 45]",
            succeeds="[0, 30]",
            worker="none",
        ),
    )

    def check_crontab(self, crontab: CrontabCall, context: Context) -> Iterator[Finding]:
        if context.in_tests:
            return
        for name, (span, whole, unit) in _CYCLES.items():
            field = crontab.field(name)
            found = _STEP.fullmatch(field.value) if field is not None and isinstance(field.value, str) else None
            step = int(found[1]) if found is not None else 1
            if field is None or step == 0 or (span % step == 0 and step < span):
                continue
            if step >= span:
                message = f"`*/{step}` begins anew with each {whole}: it is due once, in {unit} 0"
                severity = Severity.WARNING
            else:
                last = span - (span - 1) // step * step
                message = f"`*/{step}` begins anew with each {whole}: the last pause is {last} {unit}s, not {step}"
                severity = Severity.HINT
            yield self.finding(field.span, message, severity=severity)
