"""`result-method-not-called`: a method of a result that is named where it should be called."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.task_results import call_that_sends, result_uses, sending_call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import CallContext, CanvasContext, DispatchContext
    from celery_analyzers.call_facts import CanvasMade, Dispatch, ResultMade
    from celery_analyzers.findings import Finding

_ASKING = frozenset({"completed_count", "failed", "get", "ready", "successful", "waiting"})
"""Methods whose answer is what is wanted."""
_DOING = frozenset({"forget", "get", "join", "maybe_throw", "revoke", "save", "wait"})
"""Methods that are called for what they do."""


class ResultMethodNotCalled(Rule):
    """A method of a result is named, but not called.

    ## What it does

    Finds `ready`, `successful`, `failed` and the like without parentheses in conditions and comparisons, and `revoke`,
    `forget` and the like as statements, on what `delay()`, `apply_async()` or `send_task()` returns, and on
    `AsyncResult(...)`.

    ## Why is this bad

    A method is always true, whatever has become of the task, and a statement that only names one does nothing.
    `state`, `status`, `result` and `info` are attributes; `ready`, `successful` and `failed` are methods.

    ## Example

        @app.task
        def report(day):
            raise ValueError(day)

        def start(day):
            result = report.delay(day)
            result.get(timeout=10, propagate=False)
            return "done" if result.successful else "failed"
            #                       ^^^^^^^^^^ `successful` is a method: without a call this is always true

    ## Use instead

        @app.task
        def report(day):
            raise ValueError(day)

        def start(day):
            result = report.delay(day)
            result.get(timeout=10, propagate=False)
            return "done" if result.successful() else "failed"

    ## Not flagged

        def start_other(day, run_later):
            result = report.delay(day)
            run_later(result.revoke)
            return result.state if result.ready() else "later"

    ## Fix safety

    The fix is unsafe: the condition becomes false at times.

    ## References

    - [`AsyncResult`](https://docs.celeryq.dev/en/stable/reference/celery.result.html#celery.result.AsyncResult)
    """

    code = "CEL614"
    severity = Severity.ERROR
    proofs = (Proof(run="start(7)", fails="returns: 'done'", succeeds="'failed'"),)

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        call = call_that_sends(dispatch, context)
        if call is not None:
            yield from self._check(call, context)

    def check_canvas(self, canvas: CanvasMade, context: CanvasContext) -> Iterator[Finding]:  # noqa: ARG002
        if context.call is not None and (sent := sending_call(context.call, context, is_canvas=True)) is not None:
            yield from self._check(sent, context)

    def check_result(self, result: ResultMade, context: CallContext) -> Iterator[Finding]:  # noqa: ARG002
        if context.call is not None:
            yield from self._check(context.call, context)

    def _check(self, sent: ast.Call, context: CallContext) -> Iterator[Finding]:
        for node in result_uses(sent, context):
            outcome = _outcome(node, context)
            if outcome is not None:
                end = context.span(node).end
                fix = Fix("Call it", (Edit(Span(end, end), "()"),), preferred=True)
                message = f"`{node.attr}` is a method: without a call this {outcome}"
                yield self.finding(Span(end - len(node.attr), end), message, fix)


def _outcome(node: ast.Attribute, context: CallContext) -> str | None:
    """What comes of naming a method where it stands; None where it is no such method, or may be meant."""
    outer = next(iter(context.enclosing(node)), None)
    if isinstance(outer, ast.Expr):
        return "does nothing" if node.attr in _DOING else None
    if node.attr not in _ASKING:
        return None
    if isinstance(outer, ast.UnaryOp) and isinstance(outer.op, ast.Not):
        return "is never true"
    if isinstance(outer, ast.Compare):
        return "equals nothing" if all(isinstance(op, (ast.Eq, ast.Is)) for op in outer.ops) else None
    is_test = isinstance(outer, (ast.If, ast.While, ast.IfExp, ast.Assert)) and outer.test is node
    return "is always true" if is_test or isinstance(outer, ast.BoolOp) else None
