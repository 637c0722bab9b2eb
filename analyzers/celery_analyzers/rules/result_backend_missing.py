"""`result-backend-missing`: code that needs a result backend, where there is none that can do it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.canvas_roles import CHORD, GROUP, piped
from celery_analyzers.configuration import app_attributes
from celery_analyzers.effective import app_modules
from celery_analyzers.expressions import expression
from celery_analyzers.findings import Severity, Span
from celery_analyzers.index_records import RESULT_BACKEND
from celery_analyzers.proof import Proof
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External
from celery_analyzers.task_results import READING, WAITING, call_that_sends, result_uses, sending_call
from celery_analyzers.tasks import NOT_GIVEN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from celery_analyzers.call_contexts import CallContext, CanvasContext, DispatchContext
    from celery_analyzers.call_facts import CanvasMade, Dispatch, ResultMade
    from celery_analyzers.findings import Finding
    from celery_analyzers.tasks import ProjectTask

_OWN_WAYS = frozenset({"AsyncResult", "_get_backend", "backend", "backend_cls", "conf", "loader_cls"})
"""Attributes of an app's own class that may give it a backend."""


class ResultBackendMissing(Rule):
    """Code reads a result or makes a chord, and the app has no result backend that can do it.

    ## What it does

    Finds `get()`, `ready()`, `state`, `result` and the like on what `delay()`, `apply_async()` and `send_task()`
    return and on `AsyncResult(...)`, and chords, where nothing in the project sets `result_backend`; and chords where
    the backend is `rpc://`.

    ## Why is this bad

    An app has no result backend by default. Then there is nothing to read results from: `get()` raises
    `NotImplementedError` and `state` raises `AttributeError`, where the task is called. A chord counts in the backend
    which of its tasks are done, so that sending it raises `NotImplementedError`, with `rpc://` too.

    ## Example

        app = Celery("shop", broker="memory://")

        @app.task
        def price(order_id):
            return order_id * 2

        def show(order_id):
            return price.delay(order_id).get(timeout=10)
            #                            ^^^ the app has no result backend: this raises `NotImplementedError`

    ## Use instead

        app = Celery("shop", broker="memory://", backend="cache+memory://")

        @app.task
        def price(order_id):
            return order_id * 2

        def show(order_id):
            return price.delay(order_id).get(timeout=10)

    ## Not flagged

        def send(order_id):
            print(price.delay(order_id).id)
            return chain(price.s(order_id), price.s()).delay()

    Nothing is said where the settings cannot be read, where the broker comes from outside of the project, as the
    backend may do so too, where any file speaks of a result backend, where tasks run eagerly, or in tests.

    ## Fix safety

    There is no fix: which backend is right is a decision.

    ## References

    - [Keeping results](https://docs.celeryq.dev/en/stable/getting-started/first-steps-with-celery.html#keeping-results)
    - [Important notes on chords](https://docs.celeryq.dev/en/stable/userguide/canvas.html#chord-important-notes)
    """

    code = "CEL608"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="show(7)",
            fails="NotImplementedError: No result backend is configured.",
            succeeds="14",
            setup='import os\n\nos.environ.pop("CELERY_RESULT_BACKEND", None)\n',
        ),
    )

    PRELUDE = "from celery import Celery, chain\n\n"

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        call = None if context.in_tests else call_that_sends(dispatch, context)
        if call is not None:
            yield from self._read(call, context.dispatched, context)

    def check_canvas(self, canvas: CanvasMade, context: CanvasContext) -> Iterator[Finding]:
        call = context.call
        if call is None or context.in_tests:
            return
        if canvas.kind == "chord" or _becomes_chord(call, context):
            backend = _backend(None, context)
            if backend is not None:
                words = "the app has no result backend" if backend == "none" else "the backend `rpc` knows no chords"
                message = f"{words}: sending this chord raises `NotImplementedError`"
                yield self.finding(context.span(call.func), message)
        elif (sent := sending_call(call, context, is_canvas=True)) is not None:
            yield from self._read(sent, None, context)

    def check_result(self, result: ResultMade, context: CallContext) -> Iterator[Finding]:  # noqa: ARG002
        if context.call is not None and not context.in_tests:
            yield from self._read(context.call, None, context)

    def _read(self, sent: ast.Call, task: ProjectTask | None, context: CallContext) -> Iterator[Finding]:
        read = [node for node in result_uses(sent, context) if node.attr in READING]
        if not read or (task is not None and _stores_otherwise(task, context)) or _backend(task, context) != "none":
            return
        for node in read:
            error = "NotImplementedError" if node.attr in WAITING else "AttributeError"
            end = context.span(node).end
            message = f"the app has no result backend: this raises `{error}`"
            yield self.finding(Span(end - len(node.attr), end), message)


def _backend(task: ProjectTask | None, context: CallContext) -> Literal["none", "rpc"] | None:
    """The result backend that an app surely has, if it cannot do everything."""
    if context.setting("task_always_eager", task) not in (None, False):
        return None
    backend = context.setting("result_backend", task)
    if isinstance(backend, str):
        name = backend.partition(":")[0]
        return "rpc" if name == "rpc" else "none" if name == "disabled" else None
    if backend is not None or context.project.ask("mentions", RESULT_BACKEND) is not False:
        return None
    scope = task.scope if task is not None else context.scope
    if any(not app_attributes(app).isdisjoint(_OWN_WAYS) for app in app_modules(task, scope, context.project)):
        return None
    # A broker that the environment names has a backend beside it there, perhaps.
    return "none" if isinstance(context.setting("broker_url", task), str) else None


def _stores_otherwise(task: ProjectTask, context: CallContext) -> bool:
    """Whether a task has a backend of its own, or no results."""
    if task.value("backend") is not NOT_GIVEN or context.base_may_define(task, "backend", "AsyncResult"):
        return True
    return context.sending_is_changed(task) or context.effective_option(task, "ignore_result") not in (None, False)


def _becomes_chord(call: ast.Call, context: CallContext) -> bool:
    """Whether this is a group with a task behind it in a chain."""
    if not _is_made_by(call, GROUP, context):
        return False
    outer = next(iter(context.enclosing(call)), None)
    if isinstance(outer, ast.BinOp):
        members = piped(outer)
        return call in members[:-1] and not _is_made_by(members[members.index(call) + 1], GROUP | CHORD, context)
    return False


def _is_made_by(node: ast.expr, paths: frozenset[str], context: CallContext) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, (ast.Name, ast.Attribute)):
        return False
    symbol = evaluate_symbol(expression(node.func), context.scope)
    return isinstance(symbol, External) and symbol.path in paths
