"""`naive-eta`: a time without a time zone, which Celery takes for UTC."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.canvas_roles import keyword_of
from celery_analyzers.findings import Edit, Fix, Severity
from celery_analyzers.operations import written
from celery_analyzers.retries import retry_calls
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External
from celery_analyzers.visibility import seconds_from_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.symbols import Symbol
    from celery_analyzers.task_facts import TaskDefinition

_TIMES = ("eta", "expires")
_WITHOUT_ZONE = {
    "datetime.datetime": (8, "tzinfo"),
    "datetime.datetime.fromtimestamp": (2, "tz"),
    "datetime.datetime.now": (1, "tz"),
    "datetime.datetime.today": (1, ""),
}
"""What makes a naive time, unless it gets so many arguments, or the keyword."""
_NOW = frozenset({"datetime.datetime.now", "datetime.datetime.today"})
_STRPTIME = External("datetime.datetime.strptime")
_DJANGO_TIMEZONE = External("django.utils.timezone")
_DEEPEST = 6


class NaiveEta(Rule):
    """A task is to run, or to expire, at a time without a time zone.

    ## What it does

    Finds naive times as `eta` and `expires` of calls and of `retry()`: `datetime.now()`, `datetime.today()`,
    `datetime(...)`, `fromtimestamp()` and `strptime()` without a time zone, and what is added to or taken from them.

    ## Why is this bad

    Celery takes a naive time for UTC, whatever the setting `timezone` and the clock of the machine say. Where these are
    not UTC, the task runs hours late, or at once; and Django puts the whole process into its `TIME_ZONE`.

    ## Example

        from datetime import datetime, timedelta, timezone

        @app.task
        def remind(user_id):
            print(user_id)

        def remind_later(user_id):
            remind.apply_async((user_id,), eta=datetime.now() + timedelta(hours=1))
            #                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this time has no time zone, and
            #                                                                      Celery takes it for UTC: in another
            #                                                                      zone the task runs hours too early
            #                                                                      or too late

    ## Use instead

        from datetime import datetime, timedelta, timezone

        @app.task
        def remind(user_id):
            print(user_id)

        def remind_later(user_id):
            remind.apply_async((user_id,), eta=datetime.now(timezone.utc) + timedelta(hours=1))

    ## Not flagged

        def remind_at(user_id, when):
            remind.apply_async((user_id,), eta=datetime.now(timezone.utc))
            remind.apply_async((user_id,), eta=datetime.utcnow() + timedelta(hours=1))
            remind.apply_async((user_id,), eta=when)
            remind.apply_async((user_id,), countdown=3600)

    `datetime.utcnow()` is naive as well, but Celery takes it for what it is. Nothing is said of times that come from
    somewhere else, nor where the setting `enable_utc` is off.

    ## Fix safety

    The fixes are unsafe: where the clock is not UTC, the task runs at another time.

    ## References

    - [ETA and countdown](https://docs.celeryq.dev/en/stable/userguide/calling.html#eta-and-countdown)
    - [Time zones](https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#time-zones)
    """

    code = "CEL506"
    severity = Severity.WARNING

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        if context.call is not None and any(option.name in _TIMES for option in dispatch.options):
            yield from self._in_call(context.call, context, context.symbol, context.value)

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or not context.mentions("eta", "expires"):
            return
        for call in retry_calls(task, context):
            yield from self._in_call(call.node, context, body.symbol, body.value)

    def _in_call(
        self,
        call: ast.Call,
        context: Context,
        symbol: Callable[[ast.expr], Symbol],
        value: Callable[[ast.expr], object],
    ) -> Iterator[Finding]:
        times = _Times(context, symbol)
        for keyword in call.keywords:
            if keyword.arg not in _TIMES or not times.is_naive(keyword.value):
                continue
            if context.in_tests or context.setting("enable_utc") not in (None, True):
                return
            outcome = "runs" if keyword.arg == "eta" else "expires"
            message = (
                "this time has no time zone, and Celery takes it for UTC: in another zone the task "
                f"{outcome} hours too early or too late"
            )
            seconds = seconds_from_now(keyword.value, symbol, value) if keyword.arg == "eta" else None
            fixes = (times.with_zone(keyword.value), _as_countdown(call, keyword, seconds, context))
            yield self.finding(context.span(keyword), message, *_first_preferred(fixes))


class _Times:
    """Which expressions are naive times."""

    def __init__(self, context: Context, symbol: Callable[[ast.expr], Symbol]) -> None:
        self._context = context
        self._names = context.syntax.local_names
        self._symbol = symbol

    def is_naive(self, node: ast.expr, depth: int = _DEEPEST) -> bool:
        """Whether an expression surely gives a time without a time zone that is not UTC."""
        if depth <= 0:
            return False
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            sides = (node.left, node.right) if isinstance(node.op, ast.Add) else (node.left,)
            return any(self.is_naive(side, depth - 1) for side in sides)
        if isinstance(node, ast.Name):
            bound = self._names.bindings(node) or []
            return bool(bound) and all(
                one.by == "value" and one.node is not None and self.is_naive(one.node, depth - 1) for one in bound
            )
        if not isinstance(node, ast.Call):
            return False
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr == "replace":
            return not _gives(node, 8, "tzinfo") and self.is_naive(function.value, depth - 1)
        return self._is_made_naive(node)

    def _is_made_naive(self, node: ast.Call) -> bool:
        symbol = self._symbol(node.func) if not self._names.is_local(node.func) else None
        if not isinstance(symbol, External):
            return False
        if symbol == _STRPTIME:
            form = node.args[1] if len(node.args) == 2 else None
            return isinstance(form, ast.Constant) and isinstance(form.value, str) and "%z" not in form.value
        zone = _WITHOUT_ZONE.get(symbol.path)
        return zone is not None and not _gives(node, *zone)

    def with_zone(self, node: ast.expr) -> Fix | None:
        """Ask for the time in UTC, where the expression holds the call that asks for it."""
        call = next((inner for inner in ast.walk(node) if isinstance(inner, ast.Call) and self._is_now(inner)), None)
        if call is None:
            return None
        span = self._context.span(call)
        name = ast.Name("timezone", ast.Load())
        if self._symbol(name) == _DJANGO_TIMEZONE:
            return Fix("Write `timezone.now()`", (Edit(span, "timezone.now()"),))
        zone = written("datetime.timezone", self._context.scope)
        if zone is None or not isinstance(call.func, ast.Attribute):
            return None
        receiver = self._context.source(self._context.span(call.func.value))
        edit = Edit(span, f"{receiver}.now({zone[0]}.utc)")
        return Fix("Ask for the time in UTC", (edit,), imports=(zone[1],) if zone[1] else ())

    def _is_now(self, node: ast.Call) -> bool:
        symbol = self._symbol(node.func)
        return isinstance(symbol, External) and symbol.path in _NOW and not node.args and not node.keywords


def _gives(call: ast.Call, position: int, keyword: str) -> bool:
    """Whether a call may give an argument at a position, or by its name."""
    if any(isinstance(argument, ast.Starred) for argument in call.args) or any(k.arg is None for k in call.keywords):
        return True
    return len(call.args) >= position or keyword_of(call, keyword) is not None


def _as_countdown(call: ast.Call, keyword: ast.keyword, seconds: float | None, context: Context) -> Fix | None:
    if seconds is None or keyword_of(call, "countdown") is not None:
        return None
    return Fix("Give a `countdown`", (Edit(context.span(keyword), f"countdown={seconds:g}"),))


def _first_preferred(fixes: tuple[Fix | None, ...]) -> list[Fix]:
    found = [fix for fix in fixes if fix is not None]
    return [Fix(fix.title, fix.edits, fix.safety, not i, fix.imports) for i, fix in enumerate(found)]
