"""`ignored-result-read`: code that reads the result of a task which stores none."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.dispatch_sites import SIGNING
from celery_analyzers.edits import set_keyword
from celery_analyzers.effective import Level
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.task_results import READING, WAITING, result_uses, sending_call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import DispatchContext
    from celery_analyzers.facts import Dispatch
    from celery_analyzers.findings import Finding

_SENDING = frozenset({"apply_async", "delay", "send_task"})
_OUTCOMES = {
    "failed": "it is False, whatever becomes of the task",
    "info": "it stays None",
    "ready": "it is False for ever",
    "result": "it stays None",
    "state": "it stays `PENDING`",
    "status": "it stays `PENDING`",
    "successful": "it is False for ever",
}


class IgnoredResultRead(Rule):
    """Code reads the result of a task that ignores its result.

    ## What it does

    Finds `get()`, `ready()`, `state`, `result` and the like on what `delay()`, `apply_async()` and `send_task()`
    return, where the task has `ignore_result=True`, or gets it from its base class or from the setting
    `task_ignore_result`.

    ## Why is this bad

    Nothing is stored of such a task, so there is nothing to read. `get()` returns None at once, before the task has
    run, and the state stays `PENDING`: a loop that waits for `ready()` never ends. What `send_task()` returns does not
    know that the result is ignored: its `get()` waits for ever.

    ## Example

        @app.task(ignore_result=True)
        def price(order_id):
            return order_id * 2

        def show(order_id):
            return price.delay(order_id).get(timeout=10)
            #                            ^^^ `price` ignores its result: this returns None at once

    ## Use instead

        @app.task(ignore_result=True)
        def price(order_id):
            return order_id * 2

        def show(order_id):
            return price.s(order_id).apply_async(ignore_result=False).get(timeout=10)

    ## Not flagged

        @app.task
        def weigh(order_id):
            return order_id * 3

        def look(order_id):
            print(price.delay(order_id).id)
            return weigh.delay(order_id).get(timeout=10)

    ## Fix safety

    The fix is unsafe: a result is stored that was not so far.

    ## References

    - [Ignore results you don't want](https://docs.celeryq.dev/en/stable/userguide/tasks.html#ignore-results-you-don-t-want)
    - [`Task.ignore_result`](https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.ignore_result)
    """

    code = "CEL607"
    severity = Severity.WARNING
    proofs = (Proof(run="show(7)", fails="returns: None", succeeds="14"),)

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        call = context.call
        if call is None or context.in_tests or dispatch.option("ignore_result") or not dispatch.options_complete:
            return
        if dispatch.method in SIGNING:
            call = sending_call(call, context)
            if call is None or _is_given(call, context):
                return
        elif dispatch.method not in _SENDING:
            return
        read = [node for node in result_uses(call, context) if node.attr in READING]
        task = context.dispatched if read else None
        if task is None or context.sending_is_changed(task):
            return
        ignores = context.effective(task, "ignore_result")
        if ignores.value is not True or (ignores.level is Level.SETTING and dispatch.task is None):
            return
        for node in read:
            end = context.span(node).end
            span = Span(end - len(node.attr), end)
            message = f"`{task.name}` ignores its result: {_outcome(node.attr, dispatch)}"
            yield self.finding(span, message, _fix(call, dispatch, context))


def _is_given(sent: ast.Call, context: DispatchContext) -> bool:
    """Whether a signature is sent with an option that may say something else, or as a part of a canvas."""
    assert context.call is not None
    for node in context.enclosing(context.call):
        if isinstance(node, ast.BinOp):
            return True
        if isinstance(node, ast.Call) and any(k.arg in (None, "ignore_result") for k in node.keywords):
            return True
        if node is sent:
            break
    return False


def _outcome(attribute: str, dispatch: Dispatch) -> str:
    if attribute in WAITING:
        return "this waits for ever" if dispatch.method == "send_task" else "this returns None at once"
    return _OUTCOMES.get(attribute, "there is nothing to read")


def _fix(call: ast.Call, dispatch: Dispatch, context: DispatchContext) -> Fix | None:
    """Store the result of this one call."""
    if dispatch.method == "apply_async":
        edits = set_keyword(context.text, call, context.span, "ignore_result", "False")
    elif dispatch.method == "delay":
        end = context.span(call).end
        edits = (Edit(dispatch.method_span, "s"), Edit(Span(end, end), ".apply_async(ignore_result=False)"))
    else:
        return None
    return Fix("Store the result of this call", edits, preferred=True)
