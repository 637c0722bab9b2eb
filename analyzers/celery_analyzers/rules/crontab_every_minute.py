"""`crontab-every-minute`: a crontab that leaves out `minute`, and so means every minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.layout import first_on_line, indentation, newline_of
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.schedule_facts import CrontabCall

_DAYS = ("day_of_week", "day_of_month", "month_of_year")


class CrontabEveryMinute(Rule):
    """A crontab that names an hour or a day, but no minute, is due every minute of it.

    ## What it does

    Finds calls of `crontab` that give a greater unit of time and leave out a smaller one: `hour` without
    `minute`, or days and a minute without `hour`.

    ## Why is this bad

    Every field that is left out means "every": `crontab(hour=7)` is not due once at 07:00 but 60 times until
    07:59.

    ## Example

        from celery.schedules import crontab

        app.conf.beat_schedule = {
            "report": {"task": "shop.report", "schedule": crontab(hour=7)},
            #                                             ^^^^^^^^^^^^^^^ without `minute`, this is due every
            #                                                             minute from 07:00 to 07:59, 60 times
        }

    ## Use instead

        from celery.schedules import crontab

        app.conf.beat_schedule = {
            "report": {"task": "shop.report", "schedule": crontab(minute=0, hour=7)},
        }

    ## Not flagged

    `crontab()` is the documented way to say "every minute", and a field that is given as `"*"` is meant:

        from celery.schedules import crontab

        app.conf.beat_schedule = {
            "poll": {"task": "shop.poll", "schedule": crontab()},
            "watch": {"task": "shop.watch", "schedule": crontab(minute="*", hour="8-17")},
            "check": {"task": "shop.check", "schedule": crontab(minute="*/15", day_of_week="mon-fri")},
        }

    ## Fix safety

    Both fixes are unsafe, as only you know what is meant: one makes it once, the other says that every minute
    is right.

    ## References

    - [Crontab schedules](https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#crontab-schedules)
    """

    code = "CEL701"
    severity = Severity.WARNING
    proofs = (
        Proof(
            run='len(app.conf.beat_schedule["report"]["schedule"].minute)',
            fails="returns: 60",
            succeeds="1",
            worker="none",
        ),
    )

    def check_crontab(self, crontab: CrontabCall, context: Context) -> Iterator[Finding]:
        if not crontab.complete:
            return
        restricts_day = any(_restricts(crontab, name) for name in _DAYS)
        if crontab.field("minute") is None:
            if restricts_day or _restricts(crontab, "hour"):
                yield self.finding(crontab.span, _without_minute(crontab), *_fixes(crontab, context))
        elif crontab.field("hour") is None and restricts_day and _is_one(crontab, "minute"):
            message = "without `hour`, this is due every hour of the day, 24 times"
            yield self.finding(crontab.span, message, *_fixes(crontab, context))


def _restricts(crontab: CrontabCall, name: str) -> bool:
    field = crontab.field(name)
    return field is not None and field.value != "*"


def _is_one(crontab: CrontabCall, name: str) -> bool:
    """Whether a field gives one number: several, as in `*/15`, are a rhythm of their own."""
    field = crontab.field(name)
    value = None if field is None else field.value
    return isinstance(value, int) or (isinstance(value, str) and value.strip().isdecimal())


def _without_minute(crontab: CrontabCall) -> str:
    hour = crontab.field("hour")
    if hour is None:
        return "without `minute` and `hour`, this is due every minute of the day, 1440 times"
    if _is_one(crontab, "hour"):
        hours = int(str(hour.value))
        return f"without `minute`, this is due every minute from {hours:02}:00 to {hours:02}:59, 60 times"
    return "without `minute`, this is due every minute of each hour that `hour` names, 60 times an hour"


def _fixes(crontab: CrontabCall, context: Context) -> Iterator[Fix]:
    given = set(crontab.given())
    missing = [name for name in ("minute", "hour") if name not in given]
    zeros = [f"{name}=0" for name in missing]
    yield Fix(f"Add `{', '.join(zeros)}`", _insertion(zeros, crontab, context), preferred=True)
    # Keeps what the schedule is, but must not silence the finding unasked.
    stars = [f'{name}="*"' for name in missing]
    yield Fix(f"Add `{', '.join(stars)}`", _insertion(stars, crontab, context))


def _insertion(written: list[str], crontab: CrontabCall, context: Context) -> tuple[Edit, ...]:
    """Write fields where the order of units wants them: in front of all others, but behind `minute`."""
    text = context.text
    spans = [field.span for name, field in crontab.fields if name != "minute"]
    start = min(spans).start
    between = "," + newline_of(text) + indentation(text, start) if first_on_line(text, start) else ", "
    return (Edit(Span(start, start), "".join(part + between for part in written)),)
