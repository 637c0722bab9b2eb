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
from celery_analyzers.signatures import KEEPING
from celery_analyzers.task_results import READING, WAITING, call_that_sends, result_uses, sending_call
from celery_analyzers.tasks import task_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import CanvasContext, DispatchContext
    from celery_analyzers.call_facts import CanvasMade, Dispatch
    from celery_analyzers.findings import Finding
    from celery_analyzers.tasks import ProjectTask

_OUTCOMES = {
    "failed": "it is False, whatever becomes of the task",
    "info": "it stays None",
    "ready": "it is False for ever",
    "result": "it stays None",
    "state": "it stays `PENDING`",
    "status": "it stays `PENDING`",
    "successful": "it is False for ever",
}


_OWN = frozenset({"s", "si"})
"""Methods whose keywords are the task's own."""
_WAITING_BACKENDS = ("cache", "db+", "django-", "memcache")
"""How the URLs of backends begin that wait for the results of a chord's header. Redis gets them with the messages."""


class IgnoredResultRead(Rule):
    """Code reads the result of a task that ignores its result.

    ## What it does

    Finds `get()`, `ready()`, `state`, `result` and the like on what `delay()`, `apply_async()` and `send_task()`
    return, where the task has `ignore_result=True`, or gets it from its base class or from the setting
    `task_ignore_result`; also on groups that hold such a task and chains that end in one. And it finds such tasks in
    the header of a chord, where the result backend is a database or a cache.

    ## Why is this bad

    Nothing is stored of such a task, so there is nothing to read. `get()` returns None at once, before the task has
    run, and the state stays `PENDING`: a loop that waits for `ready()` never ends. What `send_task()` returns does not
    know that the result is ignored: its `get()` waits for ever, and so it is with groups and chains. A chord on a
    database or a cache waits for the results of its header, and its body never runs.

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

    Nothing is said where tasks always run eagerly, where a call may say otherwise, or in tests.

    ## Fix safety

    The fix is unsafe: a result is stored that was not so far.

    ## References

    - [Ignore results you don't want](https://docs.celeryq.dev/en/stable/userguide/tasks.html#ignore-results-you-don-t-want)
    - [`Task.ignore_result`](https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.ignore_result)
    """

    code = "CEL607"
    severity = Severity.WARNING
    proofs = (Proof(run="show(7)", fails="returns: None", succeeds="14"),)

    def check_canvas(self, canvas: CanvasMade, context: CanvasContext) -> Iterator[Finding]:
        call = context.call
        if call is None or context.in_tests or context.expects_failure:
            return
        if canvas.kind == "chord":
            yield from self._header(context)
            return
        sent = sending_call(call, context, is_canvas=True)
        # Of what stands in a larger canvas, that one decides.
        if sent is None or not _is_alone(call, sent, context):
            return
        read = [node for node in result_uses(sent, context) if node.attr in READING]
        members = (context.members if canvas.kind == "group" else context.members[-1:]) if read else ()
        task = next((task for member in members if (task := _task(member, context)) is not None), None)
        if task is None:
            return
        for node in read:
            end = context.span(node).end
            outcome = (
                "this waits for ever" if node.attr in WAITING else _OUTCOMES.get(node.attr, "there is none to read")
            )
            yield self.finding(Span(end - len(node.attr), end), f"`{task.name}` ignores its result: {outcome}")

    def _header(self, context: CanvasContext) -> Iterator[Finding]:
        """Tasks in the header of a chord, where the backend waits for what they return."""
        found = [(member, task) for member in context.members if (task := _task(member, context)) is not None]
        backend = context.setting("result_backend") if found else None
        if not isinstance(backend, str) or not backend.startswith(_WAITING_BACKENDS):
            return
        for member, task in found:
            message = f"`{task.name}` ignores its result, for which this chord waits: its body never runs"
            yield self.finding(context.span(member), message)

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        if context.in_tests or dispatch.option("ignore_result") or not dispatch.options_complete:
            return
        call = call_that_sends(dispatch, context)
        if call is None or (call is not context.call and _is_given(call, context)):
            return
        read = [node for node in result_uses(call, context) if node.attr in READING]
        task = context.dispatched if read else None
        if task is None or context.sending_is_changed(task):
            return
        ignores = context.effective(task, "ignore_result")
        if ignores.value is not True or (ignores.level is Level.SETTING and dispatch.task is None):
            return
        if context.setting("task_always_eager", task) is True:
            # The result comes from here, and not from a worker.
            return
        for node in read:
            end = context.span(node).end
            span = Span(end - len(node.attr), end)
            message = f"`{task.name}` ignores its result: {_outcome(node.attr, dispatch)}"
            yield self.finding(span, message, _fix(call, dispatch, context))


def _task(node: ast.expr, context: CanvasContext) -> ProjectTask | None:
    """The task in a member of a canvas that surely ignores its result."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if any(keyword.arg in (None, "ignore_result") for keyword in node.keywords if node.func.attr not in _OWN):
            return None
        node, method = node.func.value, node.func.attr
        if method in SIGNING and isinstance(node, (ast.Name, ast.Attribute)):
            task = None if context.local_names.is_local(node) else task_of(context.symbol(node))
            if task is None or context.sending_is_changed(task):
                return None
            return task if context.effective_option(task, "ignore_result") is True else None
        if method not in KEEPING:
            return None
    return None


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


def _is_alone(call: ast.Call, sent: ast.Call, context: CanvasContext) -> bool:
    """Whether nothing is put behind a canvas before it is sent."""
    for node in context.enclosing(call):
        if isinstance(node, ast.BinOp):
            return False
        if node is sent:
            break
    return True


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
