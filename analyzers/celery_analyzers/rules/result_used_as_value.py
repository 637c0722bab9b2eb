"""`result-used-as-value`: the result object that sending a task gives, taken for what the task returns."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.dispatch_sites import SIGNING
from celery_analyzers.expressions import expression
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.proof import Proof
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.rule import Rule
from celery_analyzers.signatures import whole
from celery_analyzers.symbols import External
from celery_analyzers.task_results import result_reads, sending_call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import CallContext, DispatchContext
    from celery_analyzers.call_facts import Dispatch, ResultMade
    from celery_analyzers.findings import Finding

_SENDING = frozenset({"apply_async", "delay", "send_task"})
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Pow)
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn)
_CONTAINERS = frozenset(
    {f"builtins.{name}" for name in ("dict", "enumerate", "float", "int", "len", "list", "max", "min", "set", "sorted")}
    | {"builtins.sum", "builtins.tuple"}
)
"""Builtins that raise for a result."""
_JSON = frozenset(
    {"django.http.JsonResponse", "django.http.response.JsonResponse", "flask.json.jsonify", "flask.jsonify"}
    | {"json.dump", "json.dumps", "rest_framework.response.Response"}
)
"""What writes JSON of its first argument."""


class ResultUsedAsValue(Rule):
    """The object that `delay()` returns is used as if it were what the task returns.

    ## What it does

    Finds calculations, comparisons, loops, subscripts and JSON made with what `delay()`, `apply_async()` or
    `send_task()` returns or with `AsyncResult(...)`, and conditions such as `if check.delay():`.

    ## Why is this bad

    The task runs later, in a worker. What `delay()` returns is an `AsyncResult`, by which the result can be asked for.
    To add to it, to loop over it or to write it as JSON raises `TypeError`, after the task has been sent. As a
    condition it is always true.

    ## Example

        import json

        @app.task
        def report(day):
            return day

        def start(day):
            return json.dumps({"task": report.delay(day)})
            #                          ^^^^^^^^^^^^^^^^^ this is an `AsyncResult`, not what `report` returns: it cannot
            #                                            be written as JSON, which raises `TypeError`

    ## Use instead

        import json

        @app.task
        def report(day):
            return day

        def start(day):
            return json.dumps({"task": report.delay(day).id})

    ## Not flagged

        def start_all(days):
            results = [report.delay(day) for day in days]
            print(f"started {results[0]}", str(results[1]), len(results))
            return results[0].get(timeout=10) + 1

    As text an `AsyncResult` is its id.

    ## Fix safety

    The fix, where JSON is written, is unsafe: the result's id may not be what was meant.

    ## References

    - [Calling tasks](https://docs.celeryq.dev/en/stable/userguide/calling.html#basics)
    - [`AsyncResult`](https://docs.celeryq.dev/en/stable/reference/celery.result.html#celery.result.AsyncResult)
    """

    code = "CEL613"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="len(start(7))",
            fails="TypeError: Object of type AsyncResult is not JSON serializable",
            succeeds="48",
        ),
    )

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        call = context.call
        if call is None or context.in_tests or context.expects_failure:
            return
        if dispatch.method in SIGNING:
            # A chain may end in a group, whose result is a list of results.
            is_canvas = isinstance(whole(call, context.enclosing)[0], ast.BinOp)
            call = None if is_canvas else sending_call(call, context)
        elif dispatch.method not in _SENDING:
            return
        if call is None:
            return
        is_misused = any(_misused(node, call, context) for node in result_reads(call, context))
        task = context.dispatched if is_misused else None
        if task is not None and not context.sending_is_changed(task):
            yield from self._found(call, context, f", not what `{task.name}` returns")

    def check_result(self, result: ResultMade, context: CallContext) -> Iterator[Finding]:  # noqa: ARG002
        if context.call is not None and not context.in_tests and not context.expects_failure:
            yield from self._found(context.call, context, ", not what its task returned")

    def _found(self, call: ast.Call, context: CallContext, contrast: str) -> Iterator[Finding]:
        for node in result_reads(call, context):
            how = _misused(node, call, context)
            if how is not None:
                severity = Severity.ERROR if "TypeError" in how else Severity.WARNING
                message = f"this is an `AsyncResult`{contrast}: {how}"
                yield self.finding(context.span(node), message, _id_of(node, how, context), severity=severity)


def _misused(node: ast.expr, call: ast.Call, context: CallContext) -> str | None:
    """What comes of the way in which a result is used; None where nothing bad does."""
    outer = next(iter(context.enclosing(node)), None)
    if isinstance(outer, ast.BinOp) and isinstance(outer.op, _ARITHMETIC):
        return "to calculate with it raises `TypeError`"
    if isinstance(outer, ast.Subscript) and outer.value is node:
        return "it has no items, which raises `TypeError`"
    if isinstance(outer, ast.Compare) and any(isinstance(operator, _ORDER) for operator in outer.ops):
        is_container = outer.comparators[-1] is node
        is_order = not any(isinstance(operator, (ast.In, ast.NotIn)) for operator in outer.ops)
        return "to compare it raises `TypeError`" if is_order or is_container else None
    if isinstance(outer, (ast.For, ast.comprehension)) and outer.iter is node:
        return "to loop over it raises `TypeError`"
    if isinstance(outer, ast.Call) and node in outer.args[:1] and _path(outer, context) in _CONTAINERS:
        return f"`{ast.unparse(outer.func)}()` of it raises `TypeError`"
    is_condition = isinstance(outer, (ast.If, ast.While, ast.IfExp)) and outer.test is node
    if node is call and (is_condition or (isinstance(outer, ast.UnaryOp) and isinstance(outer.op, ast.Not))):
        return "as a condition it is always true"
    if _is_in_json(node, context):
        return "it cannot be written as JSON, which raises `TypeError`"
    return None


def _is_in_json(node: ast.expr, context: CallContext) -> bool:
    """Whether a value is, or stands in, what a call writes as JSON."""
    inner: ast.AST = node
    for outer in context.enclosing(node):
        if isinstance(outer, ast.Call):
            if inner not in outer.args[:1] or _path(outer, context) not in _JSON:
                return False
            return not any(keyword.arg in (None, "cls", "default", "encoder") for keyword in outer.keywords)
        if isinstance(outer, ast.Dict) and inner in outer.keys:
            return False
        if not isinstance(outer, (ast.Dict, ast.List, ast.Tuple)):
            return False
        inner = outer
    return False


def _path(call: ast.Call, context: CallContext) -> str:
    """What a call calls, by its path outside the project."""
    if not isinstance(call.func, (ast.Name, ast.Attribute)) or context.local_names.is_local(call.func):
        return ""
    symbol = evaluate_symbol(expression(call.func), context.scope)
    return symbol.path if isinstance(symbol, External) else ""


def _id_of(node: ast.expr, how: str, context: CallContext) -> Fix | None:
    if "JSON" not in how:
        return None
    end = context.span(node).end
    return Fix("Give its `id`", (Edit(Span(end, end), ".id"),), preferred=True)
