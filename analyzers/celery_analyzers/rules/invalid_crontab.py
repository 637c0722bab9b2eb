"""`invalid-crontab`: a crontab that Celery cannot read, or of which it reads a part."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, cast

from celery_analyzers.crontab_sites import CRONTAB_FIELDS
from celery_analyzers.edits import rename_keyword
from celery_analyzers.findings import Edit, Fix, Severity
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.spelling import correction
from celery_analyzers.strings import inside_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.schedule_facts import CrontabCall, Field

_RANGES = {
    "minute": range(60),
    "hour": range(24),
    "day_of_week": range(7),
    "day_of_month": range(1, 32),
    "month_of_year": range(1, 13),
}
_CRON_ORDER = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
_OTHERS = ("nowfun", "app")
_OTHER_NAMES = {
    "minutes": "minute",
    "hours": "hour",
    "day": "day_of_month",
    "days": "day_of_month",
    "dom": "day_of_month",
    "month": "month_of_year",
    "months": "month_of_year",
    "weekday": "day_of_week",
    "dow": "day_of_week",
    "day_of_the_week": "day_of_week",
    "day_of_the_month": "day_of_month",
}
_PLAIN = (str, bool, int, float, type(None))
_PLAINLY_RIGHT = re.compile(r"\*(?:/[1-9]\d*)?\Z")
_READ = re.compile(r"(?:\w+?-\w+|\*)(?:/\w+)?")
"""What Celery reads of a part that begins with a range or a star: it does not look at what follows."""
_SEVEN = re.compile(r"(?<![\w/])7(?!\w)")
_FROM_SUNDAY = re.compile(r"\b(?:0|sun\w*)-", re.IGNORECASE)


class InvalidCrontab(Rule):
    """A crontab cannot be read by Celery, or only a part of it.

    ## What it does

    Finds calls of `crontab` with values that Celery cannot read, with names that it does not know, with a day that
    no month has, and with text of which Celery leaves out a part, such as a whole line of cron. Each value is given
    to Celery's own parser.

    ## Why is this bad

    The call raises, and with it the import of the module that holds the schedule. Worse is what is read in part: of
    `crontab("*/15 9-17 * * 1-5")` Celery takes `*/15` as the minute and drops the rest, so the task is sent at night
    and on Sundays too.

    ## Example

        from celery.schedules import crontab

        app.conf.beat_schedule = {
            "report": {"task": "shop.report", "schedule": crontab(minute=0, hour=7, day_of_week=7)},
            #                                                                       ^^^^^^^^^^^^^ Celery cannot read
            #                                                                                     this, and the call
            #                                                                                     raises `ValueError:
            #                                                                                     Invalid crontab
            #                                                                                     pattern. Valid range
            #                                                                                     is 0-6. '7' was
            #                                                                                     found.`
            "sync": {"task": "shop.sync", "schedule": crontab("*/15 9-17 * * 1-5")},
            #                                                 ^^^^^^^^^^^^^^^^^^^ this is taken for the minute alone, of
            #                                                                     which Celery reads `*/15` and drops
            #                                                                     the rest: give each field its own
            #                                                                     argument
        }

    ## Use instead

        from celery.schedules import crontab

        app.conf.beat_schedule = {
            "report": {"task": "shop.report", "schedule": crontab(minute=0, hour=7, day_of_week=0)},
            "sync": {"task": "shop.sync", "schedule": crontab(minute="*/15", hour="9-17", day_of_week="1-5")},
        }

    ## Not flagged

    Names, steps, ranges over the end, and lists, with or without blanks:

        from celery.schedules import crontab

        app.conf.beat_schedule = {
            "one": {"task": "shop.one", "schedule": crontab(minute="0", hour="8, 20", day_of_week="mon-fri")},
            "two": {"task": "shop.two", "schedule": crontab(minute=[0, 30], hour="22-4/2", month_of_year="jan")},
            "three": {"task": "shop.three", "schedule": crontab(0, 0, day_of_month="29", month_of_year="2")},
        }

    ## Fix safety

    To write Sunday as 0 is safe: with 7 the module cannot be imported. To give each field of cron its own argument
    changes when the task is sent, and to rename an argument guesses what was meant, so these are unsafe.

    ## References

    - [Crontab schedules](https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#crontab-schedules)
    - [`celery.schedules.crontab`](https://docs.celeryq.dev/en/stable/reference/celery.schedules.html)
    """

    code = "CEL703"
    severity = Severity.ERROR
    proofs = (
        Proof(
            # The module cannot be imported, so that the call has to stand in what is run.
            setup="""
                import celery.schedules

                raised = []

                class crontab(celery.schedules.crontab):
                    def __init__(self, *args, **kwargs):
                        try:
                            super().__init__(*args, **kwargs)
                        except ValueError as error:
                            raised.append(str(error))

                celery.schedules.crontab = crontab
            """,
            run='[len(raised), len(app.conf.beat_schedule["sync"]["schedule"].hour)]',
            fails="returns: [1, 24]",
            succeeds="[0, 9]",
            worker="none",
        ),
    )

    def check_crontab(self, crontab: CrontabCall, context: Context) -> Iterator[Finding]:
        if context.in_tests:
            return
        valid = True
        for name, field in crontab.fields:
            complaint = _complaint(name, field.value) if name in _RANGES else _unknown(name)
            if complaint is None:
                continue
            valid = False
            yield self.finding(field.span, complaint, _fix(name, field, crontab, context))
        if valid and crontab.complete:
            yield from self._too_many(context)
            yield from self._impossible_date(crontab, context)

    def _too_many(self, context: Context) -> Iterator[Finding]:
        assert isinstance(context.call, ast.Call)
        for argument in context.call.args[len(CRONTAB_FIELDS) :][:1]:
            message = "`crontab` has five fields, so with one more argument the call raises `TypeError`"
            yield self.finding(context.span(argument), message)

    def _impossible_date(self, crontab: CrontabCall, context: Context) -> Iterator[Finding]:
        day, month = crontab.field("day_of_month"), crontab.field("month_of_year")
        if day is None or month is None or not _is_impossible(day.value, month.value):
            return
        message = "no month that this names has such a day"
        if context.celery_at_least(5, 7):
            yield self.finding(day.span, f"{message}, and the call raises `ValueError`")
        else:
            severity = Severity.WARNING
            yield self.finding(day.span, f"{message}: Celery 5.7 raises, and older beats stop", severity=severity)


def _unknown(name: str) -> str | None:
    if name in _OTHERS:
        return None
    right = _meant(name)
    suggestion = f": did you mean `{right}`?" if right else ""
    return f"`crontab` has no field `{name}`, so the call raises `TypeError`{suggestion}"


def _meant(name: str) -> str | None:
    return _OTHER_NAMES.get(name) or correction(name, _RANGES)


def _complaint(name: str, value: object) -> str | None:
    """What is wrong with a field; None if nothing is, or if it cannot be told."""
    if not _is_told(value) or _is_plainly_right(name, value):
        return None
    # Imported only now: it takes long, and most values are plain.
    from celery.schedules import crontab, crontab_parser  # pyright: ignore[reportMissingTypeStubs]

    try:
        crontab(**{name: value})  # pyright: ignore[reportArgumentType]
    except (ValueError, TypeError, IndexError, crontab_parser.ParseException) as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        if isinstance(value, str) and len(value.split()) == len(_CRON_ORDER):
            return f"this is taken for the {_words(name)} alone, and the call raises `{reason}`"
        return f"Celery cannot read this, and the call raises `{reason}`"
    return _read_in_part(name, value) if isinstance(value, str) else None


def _read_in_part(name: str, value: str) -> str | None:
    for part in value.split(","):
        match = _READ.match(part)
        if match is not None and part[match.end() :].strip():
            if len(value.split()) == len(_CRON_ORDER):
                what = f"this is taken for the {_words(name)} alone, of which Celery reads `{match.group()}`"
                return f"{what} and drops the rest: give each field its own argument"
            return f"of `{part.strip()}` Celery reads `{match.group()}` and drops the rest"
    return None


def _is_told(value: object) -> bool:
    """Whether a value is known, with all that it holds."""
    if isinstance(value, (list, tuple)):
        return all(isinstance(item, _PLAIN) for item in cast("list[object]", value))
    return isinstance(value, _PLAIN)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _is_plainly_right(name: str, value: object) -> bool:
    if isinstance(value, str):
        return _PLAINLY_RIGHT.match(value) is not None or (value.isdecimal() and int(value) in _RANGES[name])
    if isinstance(value, (list, tuple)):
        return all(type(item) is int and item in _RANGES[name] for item in cast("list[object]", value))
    return type(value) is int and value in _RANGES[name]


def _is_impossible(day: object, month: object) -> bool:
    """Whether none of the months has any of the days, where both can be told and be read."""
    if not (_is_told(day) and _is_told(month)):
        return False
    if month == "*" or day in ("*", *map(str, range(1, 30)), *range(1, 30)):
        return False
    from celery.schedules import crontab  # pyright: ignore[reportMissingTypeStubs]

    days = crontab(day_of_month=day).day_of_month  # pyright: ignore[reportArgumentType]
    months = crontab(month_of_year=month).month_of_year  # pyright: ignore[reportArgumentType]
    return bool(days and months) and not any(day <= _longest(month) for day in days for month in months)


def _longest(month: int) -> int:
    """The days of a month in a leap year."""
    return 29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31


def _fix(name: str, field: Field, crontab: CrontabCall, context: Context) -> Fix | None:
    assert isinstance(context.call, ast.Call)
    if name not in _RANGES:
        right = _meant(name)
        if right is None or crontab.field(right) is not None:
            return None
        edits = rename_keyword(context.text, context.call, context.span, name, right)
        return Fix(f"Rename to `{right}`", edits, preferred=True) if edits else None
    if isinstance(field.value, str) and len(field.value.split()) == len(_CRON_ORDER):
        return _fields_of(field.value, crontab)
    return _sunday(field.value, _node(name, context.call), context) if name == "day_of_week" else None


def _node(name: str, call: ast.Call) -> ast.expr | None:
    """The value of a field as it is written in the call."""
    position = CRONTAB_FIELDS.index(name)
    if position < len(call.args):
        return call.args[position]
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _fields_of(line: str, crontab: CrontabCall) -> Fix | None:
    """Give each field of a line of cron its own argument, where the line is all that is given."""
    fields = dict(zip(_CRON_ORDER, line.split(), strict=True))
    if len(crontab.fields) != 1 or any(_complaint(name, value) for name, value in fields.items()):
        return None
    written = [f'{name}="{value}"' for name, value in fields.items() if value != "*" or name in ("minute", "hour")]
    edit = Edit(crontab.arguments_span, ", ".join(written))
    return Fix("Give each field its own argument", (edit,), preferred=True)


def _sunday(value: object, node: ast.expr | None, context: Context) -> Fix | None:
    """Write Sunday as Celery knows it."""
    if not isinstance(node, ast.Constant):
        return None
    span = context.span(node)
    if value == 7 and type(value) is int:
        return Fix("Write Sunday as `0`", (Edit(span, "0"),), "safe", preferred=True)
    text = context.source(span)
    right = _SEVEN.sub("0", value) if isinstance(value, str) and not _FROM_SUNDAY.search(value) else value
    if right == value or inside_plain(text) is None or _complaint("day_of_week", right):
        return None
    return Fix("Write Sunday as `0`", (Edit(span, _SEVEN.sub("0", text)),), "safe", preferred=True)
