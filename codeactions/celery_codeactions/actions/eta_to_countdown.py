"""`eta-to-countdown`: writes a time that counts from now as what it is."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.edits import exchange_keywords
from celery_analyzers.symbols import External
from celery_codeactions.action import Action, Changes, Offer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_codeactions.place import DispatchHere, Place

_NOW = frozenset(
    {
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "django.utils.timezone.now",
        "celery.utils.time.utcnow",
    }
)
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400, "weeks": 604_800}


class EtaToCountdown(Action):
    """Write an `eta` that counts from now as a `countdown`.

    ## What it does

    Writes `countdown=300` for `eta=now() + timedelta(minutes=5)`. A countdown cannot be in the wrong time zone, as a
    naive `datetime` that Celery takes for UTC can.

    ## Examples

        from datetime import datetime, timedelta, timezone

        from celery import shared_task


        @shared_task
        def report(day):
            print(day)


        def close(day):
            report.apply_async((day,), e$0ta=datetime.now(timezone.utc) + timedelta(minutes=5))

    **Write `countdown=300` for `eta`**:

        from celery import shared_task


        @shared_task
        def report(day):
            print(day)


        def close(day):
            report.apply_async((day,), countdown=300)

    ## Not offered

    A time that counts from anything else:

        from datetime import timedelta

        from celery import shared_task


        @shared_task
        def report(day):
            print(day)


        def close(day):
            report.apply_async((day,), e$0ta=day.end + timedelta(minutes=5))

    ## What it leaves to you

    Nothing.

    ## References

    - [ETA and countdown](https://docs.celeryq.dev/en/stable/userguide/calling.html#eta-and-countdown)
    """

    def offers(self, place: Place) -> Iterator[Offer]:
        here = place.dispatch
        if here is None or here.dispatch.option("eta") is None or here.dispatch.option("countdown") is not None:
            return
        eta = next((k.value for k in here.call.keywords if k.arg == "eta"), None)
        if not isinstance(eta, ast.BinOp) or not isinstance(eta.op, ast.Add):
            return
        seconds = _seconds(eta.right, here) if _is_now(eta.left, here) else None
        if seconds is None:
            return
        edits = exchange_keywords(place.text, here.call, place.span, {"countdown": f"{seconds:g}"}, ("eta",))
        names = tuple({node.id for node in ast.walk(eta) if isinstance(node, ast.Name)})
        yield Offer(f"Write `countdown={seconds:g}` for `eta`", lambda: Changes(edits, drops=names), preferred=True)


def _is_now(node: ast.expr, here: DispatchHere) -> bool:
    symbol = here.context.symbol(node.func) if isinstance(node, ast.Call) else None
    return isinstance(symbol, External) and symbol.path in _NOW


def _seconds(node: ast.expr, here: DispatchHere) -> float | None:
    """The seconds of a `timedelta(...)` of plain numbers."""
    if not isinstance(node, ast.Call) or here.context.symbol(node.func) != External("datetime.timedelta"):
        return None
    total = 0.0
    for keyword in node.keywords:
        value = here.context.value(keyword.value)
        if keyword.arg not in _SECONDS or not isinstance(value, (int, float)):
            return None
        total += _SECONDS[keyword.arg] * value
    return total if node.keywords and not node.args and total < 1e6 else None
