"""Schedules: what a piece of code makes, in words, and when it is due next.

Crontabs are read and counted by Celery's own class, which is imported when the first is asked for, never before.
Knows Celery's schedules. Must not know where they are written.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any, Final, cast

from celery_analyzers.assist.retry_plan import duration, is_number
from celery_analyzers.crontab_sites import CRONTAB_FIELDS
from celery_analyzers.expressions import Expression, Invocation
from celery_analyzers.resolution import CRONTAB, evaluate_symbol
from celery_analyzers.symbols import External, Scope, Value
from celery_analyzers.values import evaluate

_DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS: Final = (
    *("", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
)
_MOST_TIMES: Final = 6
"""Times of a day that are written out."""
_SECONDS: Final = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1, "weeks": 604800, "milliseconds": 0.001}
_POSITIONS: Final = ("days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks")


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule: the fields of a crontab, or an interval in seconds."""

    fields: tuple[tuple[str, object], ...] | None = None
    seconds: float | None = None

    def words(self) -> str | None:
        """What it means in words; None where Celery would not take it."""
        if self.seconds is not None:
            return f"every {duration(self.seconds)}"
        made = self._made()
        return None if made is None else _words(made)

    def next_runs(self, count: int, zone: tzinfo, now: datetime | None = None) -> tuple[datetime, ...]:
        """When it is due next, in a time zone; empty for intervals, which count from when beat started."""
        made = self._made() if self.fields is not None else None
        return () if made is None else tuple(_runs(made, count, zone, now or datetime.now(timezone.utc)))

    def _made(self) -> Any:
        """Celery's own crontab; None where its fields are not valid."""
        from celery.schedules import crontab  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

        try:
            return cast("Any", crontab)(**cast("Mapping[str, Any]", dict(self.fields or ())))
        except Exception:
            return None


def is_ready() -> bool:
    """Whether Celery's crontab was imported already, so that asking for it costs nothing."""
    return "celery.schedules" in sys.modules


def make_ready() -> None:
    """Have Celery's crontab imported."""
    Schedule(fields=()).words()


def schedule_of(expression: Expression, scope: Scope) -> Schedule | None:
    """The schedule that an expression makes; None where that cannot be told."""
    symbol = evaluate_symbol(expression, scope)
    if isinstance(symbol, Value):
        expression, scope = symbol.expression, symbol.scope
    if isinstance(expression, Invocation):
        called = evaluate_symbol(expression.function, scope)
        path = called.path if isinstance(called, External) else ""
        if path in CRONTAB:
            return _crontab(expression, scope)
        if path == "datetime.timedelta":
            return _interval(expression, scope)
        if path == "celery.schedules.schedule" and (expression.arguments or expression.keywords):
            inner = dict(expression.keywords).get("run_every") or next(iter(expression.arguments), None)
            return None if inner is None else schedule_of(inner, scope)
        return None
    value = evaluate(expression, scope)
    return Schedule(seconds=cast("float", value)) if is_number(value) and cast("float", value) > 0 else None


def _crontab(call: Invocation, scope: Scope) -> Schedule | None:
    given = dict(zip(CRONTAB_FIELDS, (evaluate(a, scope) for a in call.arguments), strict=False))
    for name, value in call.keywords:
        if name is None:
            return None
        if name in CRONTAB_FIELDS:
            given[name] = evaluate(value, scope)
    known = all(isinstance(v, (int, str, list, tuple)) and not isinstance(v, bool) for v in given.values())
    return Schedule(fields=tuple(given.items())) if known and len(call.arguments) <= len(CRONTAB_FIELDS) else None


def _interval(call: Invocation, scope: Scope) -> Schedule | None:
    total = 0.0
    positional = zip(_POSITIONS, call.arguments, strict=False)
    for name, argument in (*positional, *call.keywords):
        value = evaluate(argument, scope)
        if name not in _SECONDS or not is_number(value):
            return None
        total += _SECONDS[name] * cast("float", value)
    return Schedule(seconds=total) if total > 0 else None


def _runs(made: Any, count: int, zone: tzinfo, now: datetime) -> Iterator[datetime]:
    made.tz, made.utc_enabled = zone, True
    moment = now.astimezone(timezone.utc)
    for _ in range(count):
        at = moment
        made.nowfun = lambda at=at: at
        try:
            wait = cast("timedelta", made.remaining_estimate(at))
        except Exception:
            return
        moment = at + wait
        yield moment.astimezone(zone)


def _words(made: Any) -> str:
    minutes, hours = sorted(cast("set[int]", made.minute)), sorted(cast("set[int]", made.hour))
    parts = [_times(minutes, hours)]
    days, weekdays = sorted(cast("set[int]", made.day_of_month)), sorted(cast("set[int]", made.day_of_week))
    months = sorted(cast("set[int]", made.month_of_year))
    if len(weekdays) < 7:
        parts.append("on " + _weekdays(weekdays))
    if len(days) < 31:
        both = "if that is " if len(weekdays) < 7 else "on "
        parts.append(f"{both}day {_ranges(days)} of the month")
    if len(months) < 12:
        parts.append("in " + _listed([_MONTHS[month] for month in months]))
    return ", ".join(parts)


def _weekdays(days: list[int]) -> str:
    """The days, the week beginning with Monday."""
    ordered = sorted(days, key=lambda day: (day - 1) % 7)
    named = [_DAYS[day] for day in ordered]
    in_a_row = (ordered[-1] - 1) % 7 - (ordered[0] - 1) % 7 == len(ordered) - 1
    return f"{named[0]} to {named[-1]}" if in_a_row and len(named) > 2 else _listed(named)


def _times(minutes: list[int], hours: list[int]) -> str:
    if len(hours) == 24:
        if len(minutes) == 60:
            return "every minute"
        if len(minutes) > 1 and (step := _step(minutes, 60)):
            return f"every {step} minutes"
        return "at every full hour" if minutes == [0] else f"at minute {_ranges(minutes)} of every hour"
    if len(minutes) * len(hours) <= _MOST_TIMES:
        return "at " + _listed([f"{hour:02}:{minute:02}" for hour in hours for minute in minutes])
    when = "every minute" if len(minutes) == 60 else f"at minute {_ranges(minutes)}"
    if 60 > len(minutes) > 1 and (step := _step(minutes, 60)):
        when = f"every {step} minutes"
    if len(hours) > 1 and (step := _step(hours, 24)):
        return f"{when} of every {step}{'nd' if step == 2 else 'rd' if step == 3 else 'th'} hour"
    if len(hours) > 1:
        return f"{when} of the hours {_ranges(hours)}"
    return f"{when} from {hours[0]:02}:00 to {hours[0]:02}:59"


def _step(numbers: list[int], end: int) -> int | None:
    """The step in which numbers go from 0 on through the whole range without a gap at its end."""
    step = numbers[1] - numbers[0]
    return step if end % step == 0 and numbers == list(range(0, end, step)) else None


def _ranges(numbers: list[int]) -> str:
    """`1-5, 10` for numbers in order."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][-1] == number - 1:
            found[-1].append(number)
        else:
            found.append([number])
    parts = [[str(n) for n in run] if len(run) < 3 else [f"{run[0]}-{run[-1]}"] for run in found]
    return _listed([part for run in parts for part in run])


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
