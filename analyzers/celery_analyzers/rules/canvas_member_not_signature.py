"""`canvas-member-not-signature`: a task, or the result of a call, in the place of a signature."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from celery_analyzers.canvas_roles import SENDING, elements_of, piped
from celery_analyzers.dispatch_sites import SIGNING
from celery_analyzers.expressions import expression
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.proof import Proof
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import AppAttribute
from celery_analyzers.tasks import task_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from celery_analyzers.call_contexts import CallContext, CanvasContext, DispatchContext
    from celery_analyzers.call_facts import CanvasMade, Dispatch
    from celery_analyzers.findings import Finding
    from celery_analyzers.symbols import Symbol
    from celery_analyzers.tasks import ProjectTask

_LINKING = frozenset({"link", "link_error", "on_error"})
_UNBUILT = {
    "chain": "building the chain raises `TypeError`",
    "group": "the group cannot be sent",
    "chord": "the chord cannot be sent",
}


class CanvasMemberNotSignature(Rule):
    """A chain, a group, a chord or a callback is given a task or a result where it takes signatures.

    ## What it does

    Looks at the members of `chain()`, `group()`, `chord()` and `|`, and at `link` and `link_error`. It finds tasks
    that are already sent there (`add.delay(1)`), tasks themselves (`add`), and methods that are not called (`add.s`).

    ## Why is this bad

    A canvas is made of signatures. With anything else, building it or sending it raises an exception. What `delay()`
    was called on has been sent by then: it runs by itself, outside of the canvas.

    ## Example

        @app.task
        def load(order_id):
            return order_id

        @app.task
        def notify(order):
            return f"sent {order}"

        def process(order_id):
            return chain(load.delay(order_id), notify.s()).delay()
            #            ^^^^^^^^^^^^^^^^^^^^ `load.delay()` sends the task now, and gives a result instead of a
            #                                 signature: building the chain raises `TypeError`

    ## Use instead

        @app.task
        def load(order_id):
            return order_id

        @app.task
        def notify(order):
            return f"sent {order}"

        def process(order_id):
            return chain(load.s(order_id), notify.s()).delay()

    ## Not flagged

        def process_all(steps, order_ids, first):
            chain(*steps)()
            chain(first, notify.s()).delay()
            group(load.s(order_id) for order_id in order_ids).delay()
            return load.apply_async((order_ids[0],), link=notify.s())

    Names that may stand for anything, such as parameters, are left alone. So are tasks whose base class has a way of
    its own to send them, and bare tasks in the header of a chord, which Celery takes.

    ## Fix safety

    The fix is safe: the code fails as it stands.

    ## References

    - [Canvas](https://docs.celeryq.dev/en/stable/userguide/canvas.html)
    """

    code = "CEL602"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="process(7).get(timeout=10)",
            fails="TypeError: unsupported operand type(s) for |",
            succeeds="'sent 7'",
        ),
    )

    PRELUDE = Rule.PRELUDE.replace("Celery, ", "Celery, chain, group, ")

    def check_canvas(self, canvas: CanvasMade, context: CanvasContext) -> Iterator[Finding]:
        assert context.call is not None
        takes_tasks = canvas.kind == "chord"
        for member in context.members:
            yield from self._check(member, _UNBUILT[canvas.kind], context, takes_tasks=takes_tasks)
        body = context.chord_body
        outer = next(context.enclosing(context.call), None)
        if canvas.kind == "chord" and body is None and isinstance(outer, ast.Call) and outer.func is context.call:
            # `chord(header)(body)`
            body = next(iter(outer.args), None)
        if body is not None:
            yield from self._check(body, _UNBUILT["chord"], context)
        yield from self._check_callbacks(context.call, context)

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        assert context.call is not None
        yield from self._check_callbacks(context.call, context)
        if dispatch.method in SIGNING:
            yield from self._check_pipe(context.call, context)

    def _check_callbacks(self, call: ast.Call, context: CallContext) -> Iterator[Finding]:
        """The callbacks that a call is given, or the methods that are called on what it makes."""
        for node in (call, *_called_on(call, context)):
            given = [keyword.value for keyword in node.keywords if keyword.arg in ("link", "link_error")]
            if node is not call and isinstance(node.func, ast.Attribute) and node.func.attr in _LINKING:
                given += node.args[:1]
            for callbacks in given:
                for callback in elements_of(callbacks):
                    yield from self._check(callback, "sending it raises `EncodeError`", context)

    def _check_pipe(self, call: ast.Call, context: CallContext) -> Iterator[Finding]:
        """The members of `a.s() | b`, when asked of the first signature among them."""
        top: ast.expr = call
        for outer in context.enclosing(call):
            if not (isinstance(outer, ast.BinOp) and isinstance(outer.op, ast.BitOr)):
                break
            top = outer
        members = piped(top)
        first = next((m for m in members if isinstance(m, ast.Call) and _method(m) in SIGNING), None)
        for member in members if len(members) > 1 and first is call else ():
            yield from self._check(member, "`|` raises `TypeError`", context)

    def _check(
        self, node: ast.expr, outcome: str, context: CallContext, *, takes_tasks: bool = False
    ) -> Iterator[Finding]:
        wrong = _wrong(node, context)
        if wrong is None or (takes_tasks and wrong.kind != "result") or context.expects_failure:
            return
        if wrong.task is not None and context.sending_is_changed(wrong.task):
            return
        source = ast.unparse(node.func if isinstance(node, ast.Call) else node)
        if wrong.kind == "result" and isinstance(node, ast.Call):
            says = f"`{source}()` sends the task now, and gives a result instead of a signature"
        elif wrong.kind == "result":
            says = f"`{source}` is the result of a task that is already sent, and no signature"
        elif wrong.kind == "task":
            says = f"`{source}` is a task, and no signature of it"
        else:
            says = f"`{source}` is a method, which is not called here"
        yield self.finding(context.span(node), f"{says}: {outcome}", _fix(node, wrong, context))


@dataclass(frozen=True, slots=True)
class _Wrong:
    """What stands in the place of a signature. `task` is None for one that is sent by its name."""

    kind: Literal["result", "task", "method"]
    task: ProjectTask | None = None


def _wrong(node: ast.expr, context: CallContext) -> _Wrong | None:
    """What an expression is, if it is surely no signature."""
    if isinstance(node, ast.Call):
        return _sent(node, context)
    if isinstance(node, ast.Name) and (bound := context.local_names.bindings(node)) is not None:
        sent = [
            _sent(binding.node, context)
            for binding in bound
            if binding.by == "value" and isinstance(binding.node, ast.Call)
        ]
        return sent[0] if len(sent) == len(bound) and all(one is not None for one in sent) else None
    if task := _task(node, context):
        return _Wrong("task", task)
    if isinstance(node, ast.Attribute) and node.attr in SENDING | SIGNING and (task := _task(node.value, context)):
        return _Wrong("method", task)
    return None


def _sent(call: ast.Call, context: CallContext) -> _Wrong | None:
    """The task that a call sends, if it surely sends one."""
    if not isinstance(call.func, ast.Attribute) or context.local_names.is_local(call.func):
        return None
    if call.func.attr in SENDING and (task := _task(call.func.value, context)):
        return _Wrong("result", task)
    is_named = call.func.attr == "send_task" and _symbol(call.func, context) == AppAttribute("send_task")
    return _Wrong("result") if is_named else None


def _task(node: ast.expr, context: CallContext) -> ProjectTask | None:
    if not isinstance(node, (ast.Name, ast.Attribute)) or context.local_names.is_local(node):
        return None
    return task_of(_symbol(node, context))


def _symbol(node: ast.expr, context: CallContext) -> Symbol:
    return evaluate_symbol(expression(node), context.scope)


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _called_on(call: ast.Call, context: CallContext) -> Iterator[ast.Call]:
    """The calls of methods on what a call makes, one after the other: `.set(...)` and `.delay()` in
    `add.s().set(...).delay()`."""
    node: ast.AST = call
    for outer in context.enclosing(call):
        if isinstance(outer, ast.Call) and outer.func is node:
            yield outer
        elif not (isinstance(outer, ast.Attribute) and outer.value is node):
            return
        node = outer


def _fix(node: ast.expr, wrong: _Wrong, context: CallContext) -> Fix | None:
    """Make a signature of it."""
    end = context.span(node).end
    if wrong.kind == "task":
        edits = (Edit(Span(end, end), ".s()"),)
    elif isinstance(node, ast.Attribute):
        edits = (Edit(Span(end - len(node.attr), end), f"{node.attr if node.attr in SIGNING else 's'}()"),)
    elif isinstance(node, ast.Call) and wrong.task is not None:
        method = _method(node)
        name_end = context.span(node.func).end
        edits = (Edit(Span(name_end - len(method), name_end), "s" if method.startswith("delay") else "signature"),)
    else:
        return None
    return Fix("Make it a signature", edits, "safe", preferred=True)
