"""How often a schedule is due, where that can be told. Must not know rules."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from celery_analyzers.symbols import External
from celery_analyzers.visibility import seconds_from_now

if TYPE_CHECKING:
    from celery_analyzers.app_contexts import BeatContext

MINUTE, HOUR = 60, 3600
_FIELDS = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year")
_CRONTABS = frozenset({"celery.schedules.crontab"})
_INTERVALS = frozenset({"celery.schedules.schedule"})
_STEP = re.compile(r"\*/(\d+)")


def interval(node: ast.expr, context: BeatContext) -> float | None:
    """The seconds of an interval: a number, a `timedelta`, or a `schedule` of one; None for any other schedule."""
    value = context.value(node)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if not isinstance(node, ast.Call):
        return None
    if _is_any(node, _INTERVALS, context) and node.args:
        return interval(node.args[0], context)
    return seconds_from_now(node, context.symbol, context.value)


def period(node: ast.expr, context: BeatContext) -> float | None:
    """The seconds between two times at which a schedule is due, on days on which it is; None where they differ, or
    cannot be told."""
    seconds = interval(node, context)
    if seconds is not None:
        return seconds if seconds > 0 else None
    if not isinstance(node, ast.Call) or not _is_any(node, _CRONTABS, context):
        return None
    given = {**dict(zip(_FIELDS, node.args, strict=False)), **{k.arg: k.value for k in node.keywords if k.arg}}
    if len(given) < len(node.args) + len(node.keywords) or not given.keys() <= set(_FIELDS):
        return None
    fields = {name: context.value(given[name]) if name in given else "*" for name in _FIELDS}
    minutes, hours = _gap(fields["minute"], 60), _gap(fields["hour"], 24)
    if minutes is None or hours is None:
        return None
    if minutes < 60:
        return minutes * MINUTE if hours == 1 else None
    return hours * HOUR


def _gap(field: object, span: int) -> int | None:
    """The distance of the values that a crontab's field allows, in a cycle of `span`; None where it varies."""
    if isinstance(field, int) and not isinstance(field, bool):
        return span
    if not isinstance(field, str):
        return None
    text = field.strip()
    if text == "*":
        return 1
    step = _STEP.fullmatch(text)
    if step is not None:
        values = list(range(0, span, int(step[1]))) if int(step[1]) else []
    else:
        parts = [part.strip() for part in text.split(",")]
        values = sorted({int(part) for part in parts}) if all(part.isdecimal() for part in parts) else []
    if not values:
        return None
    gaps = {after - before for before, after in zip(values, [*values[1:], values[0] + span], strict=True)}
    return gaps.pop() if len(gaps) == 1 else None


def _is_any(call: ast.Call, paths: frozenset[str], context: BeatContext) -> bool:
    symbol = context.symbol(call.func)
    return isinstance(symbol, External) and symbol.path in paths


def is_schedule(node: ast.expr, context: BeatContext) -> bool:
    """Whether this is a schedule beyond doubt."""
    if interval(node, context) is not None:
        return True
    return isinstance(node, ast.Call) and _is_any(node, _CRONTABS | _INTERVALS, context)
