"""`unsent-signature`: a signature or a canvas that is made, but sent nowhere."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.dispatch_sites import SIGNING
from celery_analyzers.expressions import Reference
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.rule import Rule
from celery_analyzers.signatures import ADDING, begins, function_around, is_shared, reads, whole
from celery_analyzers.tasks import task_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import CallContext, CanvasContext, DispatchContext
    from celery_analyzers.call_facts import CanvasMade, Dispatch
    from celery_analyzers.findings import Finding

_LONGEST = 40


class UnsentSignature(Rule):
    """A signature or a canvas is made, but never sent.

    ## What it does

    Finds signatures, chains, groups and chords that stand alone as a statement, that are given to a variable which
    nothing reads, that a task returns, and signatures that are called where they stand: `notify.s(order)()`.

    ## Why is this bad

    To make a signature sends nothing: `delay()` or `apply_async()` does. Without it the tasks do not run, and nothing
    says so. A signature that a task returns is stored as a dict. One that is called runs at once in the process that
    calls it, without a worker.

    ## Example

        @app.task
        def load(order_id):
            return order_id

        @app.task
        def notify(order):
            return f"sent {order}"

        def process(order_id):
            chain(load.s(order_id), notify.s())
        #   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `chain(load.s(order_id), notify.s())` is made but not sent: its tasks
        #                                       do not run

    ## Use instead

        @app.task
        def load(order_id):
            return order_id

        @app.task
        def notify(order):
            return f"sent {order}"

        def process(order_id):
            chain(load.s(order_id), notify.s()).delay()

    ## Not flagged

        def process_later(order_id, send):
            steps = chain(load.s(order_id), notify.s())
            send(steps)
            chord([load.s(order_id)])(notify.s())
            return steps | notify.s()

        @app.task(bind=True)
        def replace(self, order_id):
            raise self.replace(load.s(order_id))

    ## Fix safety

    The fixes are unsafe: tasks run that did not run so far.

    ## References

    - [Signatures](https://docs.celeryq.dev/en/stable/userguide/canvas.html#signatures)
    - [`Task.replace`](https://docs.celeryq.dev/en/stable/reference/celery.app.task.html#celery.app.task.Task.replace)
    """

    code = "CEL604"
    severity = Severity.WARNING

    PRELUDE = Rule.PRELUDE.replace("Celery, ", "Celery, chain, chord, ")

    def check_canvas(self, canvas: CanvasMade, context: CanvasContext) -> Iterator[Finding]:
        assert context.call is not None
        if not (canvas.kind == "chord" and context.chord_body is None):
            yield from self._check(context.call, context, "its tasks do not run")

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        if dispatch.method in SIGNING and context.call is not None:
            yield from self._check(context.call, context, "the task does not run")

    def _check(self, call: ast.Call, context: CallContext, outcome: str) -> Iterator[Finding]:
        node, outer = whole(call, context.enclosing)
        if not isinstance(outer, (ast.Expr, ast.Assign, ast.AnnAssign, ast.Return, ast.Call)):
            return
        if not begins(call, node) or context.expects_failure:
            return
        if isinstance(node, ast.BinOp):
            outcome = "its tasks do not run"
        if isinstance(outer, ast.Call):
            if outer.func is node and node is call and outcome == "the task does not run":
                yield from self._called(outer, call, context)
        elif isinstance(outer, ast.Return):
            yield from self._returned(outer, node, context)
        elif isinstance(outer, ast.Expr):
            message = f"`{_shown(node)}` is made but not sent: {outcome}"
            yield self.finding(context.span(node), message, _send(node, context))
        elif (name := _unread_name(outer, context)) is not None:
            message = f"`{name}` is never sent: {outcome}"
            yield self.finding(context.span(outer), message)

    def _called(self, outer: ast.Call, call: ast.Call, context: CallContext) -> Iterator[Finding]:
        """`notify.s(order)()` as a statement: it looks like `chain(...)()`, which sends."""
        statement = next(iter(context.enclosing(outer)), None)
        if not isinstance(statement, ast.Expr) or outer.args or outer.keywords or context.in_tests:
            return
        end = context.span(outer).end
        start = context.span(call).end
        fix = Fix("Send it with `delay()`", (Edit(Span(start, end), ".delay()"),), preferred=True)
        message = f"to call `{_shown(call)}` runs the task here and now, without a worker"
        yield self.finding(context.span(outer), message, fix, severity=Severity.HINT)

    def _returned(self, outer: ast.Return, node: ast.expr, context: CallContext) -> Iterator[Finding]:
        """What a task returns is stored, and not run."""
        function = function_around(outer, context.enclosing)
        if function is None or any(context.enclosing(function)):
            return
        task = task_of(evaluate_symbol(Reference(function.name), context.scope.module_scope))
        if task is None or task.parameters is None or context.base_may_define(task, "__call__", "after_return"):
            return
        fixes: list[Fix] = []
        first = next(iter((*function.args.posonlyargs, *function.args.args)), None)
        if task.value("bind") is True and first is not None:
            statement, span = context.span(outer), context.span(node)
            edits = (
                Edit(Span(statement.start, span.start), f"raise {first.arg}.replace("),
                Edit(Span(span.end, statement.end), ")"),
            )
            fixes.append(Fix("Put it in the place of this task", edits, preferred=True))
        message = f"`{task.name}` returns a signature, which is stored as its result: nothing runs it"
        yield self.finding(context.span(node), message, *fixes)


def _unread_name(statement: ast.Assign | ast.AnnAssign, context: CallContext) -> str | None:
    """The local variable that a statement binds, if nothing reads it but to add to it."""
    target = statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]
    function = function_around(statement, context.enclosing)
    if function is None or not isinstance(target, ast.Name):
        return None
    if isinstance(statement, ast.Assign) and len(statement.targets) > 1:
        return None
    if is_shared(target.id, context.syntax):
        return None
    unsent = all(_only_adds(node, context) for node in reads(target.id, function, context.syntax))
    return target.id if unsent else None


def _only_adds(name: ast.Name, context: CallContext) -> bool:
    """Whether a name is read for nothing but `steps.link(...)` or the like, as a statement."""
    outer = iter(context.enclosing(name))
    method, call, statement = next(outer, None), next(outer, None), next(outer, None)
    return (
        isinstance(method, ast.Attribute)
        and method.attr in ADDING
        and isinstance(call, ast.Call)
        and call.func is method
        and isinstance(statement, ast.Expr)
    )


def _send(node: ast.expr, context: CallContext) -> Fix | None:
    """Send it where it stands."""
    span = context.span(node)
    edits = [Edit(Span(span.end, span.end), ".delay()")]
    if isinstance(node, ast.BinOp):
        statement = context.span(next(iter(context.enclosing(node))))
        if statement == span:
            edits = [Edit(Span(span.start, span.start), "("), Edit(Span(span.end, span.end), ").delay()")]
        else:
            # It stands in parentheses already.
            edits = [Edit(Span(statement.end, statement.end), ".delay()")]
    elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("link", "link_error"):
        # What they return is the callback.
        return None
    return Fix("Send it with `delay()`", tuple(edits), preferred=True)


def _shown(node: ast.expr) -> str:
    """The source of a signature, shortened where it is long."""
    source = ast.unparse(node)
    return source if len(source) <= _LONGEST else f"{source[: _LONGEST - 3]}..."
