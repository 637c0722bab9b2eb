"""`blocking-result`: a view or a coroutine that waits for a task's result."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.class_kinds import derives_from
from celery_analyzers.edits import set_keyword
from celery_analyzers.expressions import Reference
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.rule import Rule
from celery_analyzers.signatures import function_around, reads
from celery_analyzers.task_results import WAITING, call_that_sends, result_uses, sending_call
from celery_analyzers.tasks import task_of
from celery_analyzers.trees import Function

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import CallContext, CanvasContext, DispatchContext
    from celery_analyzers.call_facts import CanvasMade, Dispatch, ResultMade
    from celery_analyzers.findings import Finding

_VIEWS = ("django.views.", "rest_framework.")
_ROUTES = frozenset({"api_view", "delete", "get", "patch", "post", "put", "route"})
"""What the decorators of views are called, in Django REST framework, FastAPI and Flask."""
_HANDLERS = frozenset({"delete", "dispatch", "form_valid", "get", "head", "options", "patch", "post", "put"})


class BlockingResult(Rule):
    """A view waits for a task's result without a limit, or a coroutine waits for one.

    ## What it does

    Finds `get()`, `wait()` and `join()` on what `delay()`, `apply_async()` or `send_task()` returns, and on
    `AsyncResult(...)`: in views of Django, Django REST framework, Flask and FastAPI where there is no timeout, and in
    coroutines.

    ## Why is this bad

    The result comes when a worker has run the task. If none is running, or the queue is long, the view waits, for ever
    if need be. A web server whose processes all wait answers nobody. In a coroutine `get()` stops the event loop, with
    or without a timeout, and with it all that runs there.

    ## Example

        from django.http import HttpResponse

        @app.task
        def price(order_id):
            return order_id * 2

        def show_price(request, order_id):
            return HttpResponse(price.delay(order_id).get())
            #                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^ this view waits for a worker without a limit: where none
            #                                               answers, the view never does

    ## Use instead

        from django.http import HttpResponse

        @app.task
        def price(order_id):
            return order_id * 2

        def show_price(request, order_id):
            return HttpResponse(price.delay(order_id).get(timeout=10))

    ## Not flagged

        def start(request, order_id):
            return HttpResponse(price.delay(order_id).id)

        def look(request, order_id):
            result = price.delay(order_id)
            return HttpResponse(result.get(timeout=1) if result.ready() else "later")

        def main():
            print(price.delay(7).get())

    Commands and scripts may well wait for as long as it takes. Nothing is said of other functions, which may be called
    by either, in tests, or of what a task waits for: see `result-get-in-task`.

    ## Fix safety

    The fixes are unsafe: `get()` raises `TimeoutError` when the time is up, and in another thread it runs beside the
    rest of the program. Better still, give the client the result's `id` to ask again with.

    ## References

    - [`AsyncResult.get`](https://docs.celeryq.dev/en/stable/reference/celery.result.html#celery.result.AsyncResult.get)
    """

    code = "CEL606"
    severity = Severity.WARNING

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        call = None if context.in_tests else call_that_sends(dispatch, context)
        if call is not None:
            yield from self._check(call, context)

    def check_canvas(self, canvas: CanvasMade, context: CanvasContext) -> Iterator[Finding]:  # noqa: ARG002
        call = context.call
        if call is not None and not context.in_tests and (sent := sending_call(call, context, is_canvas=True)):
            yield from self._check(sent, context)

    def check_result(self, result: ResultMade, context: CallContext) -> Iterator[Finding]:  # noqa: ARG002
        if context.call is not None and not context.in_tests:
            yield from self._check(context.call, context)

    def _check(self, sent: ast.Call, context: CallContext) -> Iterator[Finding]:
        for attribute in result_uses(sent, context):
            call = next(iter(context.enclosing(attribute)), None)
            if attribute.attr not in WAITING or not isinstance(call, ast.Call) or call.func is not attribute:
                continue
            function = function_around(call, context.enclosing)
            if function is None or _is_task(function, context):
                continue
            if isinstance(function, ast.AsyncFunctionDef):
                message = "this stops the event loop until a worker answers: nothing else runs in it"
                yield self.finding(context.span(call), message, _in_a_thread(call, attribute, context))
            elif not _has_timeout(call) and _is_view(function, context):
                message = "this view waits for a worker without a limit: where none answers, the view never does"
                edits = set_keyword(context.text, call, context.span, "timeout", "10")
                yield self.finding(context.span(call), message, Fix("Wait 10 seconds at most", edits, preferred=True))


def _has_timeout(call: ast.Call) -> bool:
    return bool(call.args) or any(keyword.arg in (None, "timeout") for keyword in call.keywords)


def _is_task(function: Function, context: CallContext) -> bool:
    if context.owner is not None or any(context.enclosing(function)):
        return False
    return task_of(evaluate_symbol(Reference(function.name), context.scope.module_scope)) is not None


def _is_view(function: ast.FunctionDef, context: CallContext) -> bool:
    """Whether a function answers a request."""
    owner = context.owner
    if any(context.enclosing(function)):
        return False
    if owner is not None:
        return derives_from(owner, *_VIEWS) and (function.name in _HANDLERS or _reads_request(function, context))
    callees = (d.func if isinstance(d, ast.Call) else d for d in function.decorator_list)
    if any(getattr(callee, "attr", getattr(callee, "id", "")) in _ROUTES for callee in callees):
        return True
    first = next(iter((*function.args.posonlyargs, *function.args.args)), None)
    return first is not None and first.arg == "request"


def _reads_request(function: ast.FunctionDef, context: CallContext) -> bool:
    """Whether a method of a view reads the view's request, and so is called only to answer one."""
    names = reads("self", function, context.syntax)
    return any(getattr(next(iter(context.enclosing(name))), "attr", "") == "request" for name in names)


def _in_a_thread(call: ast.Call, method: ast.Attribute, context: CallContext) -> Fix | None:
    """Wait in another thread."""
    outer = next(iter(context.enclosing(call)), None)
    if isinstance(outer, (ast.Attribute, ast.Subscript)) or (isinstance(outer, ast.Call) and outer.func is call):
        return None
    name, needed = context.imported("asyncio", "to_thread")
    span, end = context.span(call), context.span(method).end
    opened = context.text.index("(", end)
    edits = (
        Edit(Span(span.start, span.start), f"await {name}("),
        Edit(Span(end, opened + 1), ", " if call.args or call.keywords else ""),
    )
    return Fix("Wait in a thread", edits, preferred=True, imports=() if needed is None else (needed,))
