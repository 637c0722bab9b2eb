"""`periodic-canvas`: a chain or a group in a beat schedule, which beat cannot send."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.canvas_roles import CHAIN, GROUP, piped
from celery_analyzers.dispatch_sites import SIGNING
from celery_analyzers.expressions import expression
from celery_analyzers.findings import Severity
from celery_analyzers.proof import Proof
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.rule import Rule
from celery_analyzers.signatures import KEEPING, begins, whole
from celery_analyzers.symbols import External

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from celery_analyzers.call_contexts import CallContext, CanvasContext, DispatchContext
    from celery_analyzers.call_facts import CanvasMade, Dispatch
    from celery_analyzers.findings import Finding

_OUTCOMES = {
    "chain": "the worker raises `NotImplementedError`, and its tasks do not run",
    "group": "beat raises `SchedulingError` each time, and its tasks do not run",
}


class PeriodicCanvas(Rule):
    """A chain or a group is given to `add_periodic_task`, which takes tasks only.

    ## What it does

    Finds chains and groups as the second argument of `add_periodic_task()`. Chords work there.

    ## Why is this bad

    A periodic task is stored as the name of a task with arguments. Of a chain this is `celery.chain`, which is no real
    task: the worker raises `NotImplementedError` each time. Of a group it is `celery.group`, which beat cannot even
    send. Nothing fails where the schedule is made.

    ## Example

        @app.task
        def load(shop):
            return [shop]

        @app.task
        def store(orders):
            return len(orders)

        @app.on_after_finalize.connect
        def schedule(sender, **kwargs):
            sender.add_periodic_task(60, chain(load.s(1), store.s()), name="import")
            #                            ^^^^^^^^^^^^^^^^^^^^^^^^^^^ beat cannot schedule a chain: the worker raises
            #                                                        `NotImplementedError`, and its tasks do not run

    ## Use instead

        @app.task
        def load(shop):
            return [shop]

        @app.task
        def store(orders):
            return len(orders)

        @app.task
        def load_and_store():
            chain(load.s(1), store.s()).delay()

        @app.on_after_finalize.connect
        def schedule(sender, **kwargs):
            sender.add_periodic_task(60, load_and_store.s(), name="import")

    ## Not flagged

        @app.on_after_finalize.connect
        def schedule_more(sender, **kwargs):
            sender.add_periodic_task(60, chord([load.s(1), load.s(2)], store.s()), name="chord")
            sender.add_periodic_task(60, group(load.s(1), load.s(2)) | store.s(), name="a chord as well")
            sender.add_periodic_task(60, load.s(1).set(link=store.s()), name="linked")

    ## Fix safety

    There is no fix: write a task that sends the canvas, and schedule that.

    ## References

    - [Periodic tasks](https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#entries)
    """

    code = "CEL611"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run=(
                "from celery.beat import Scheduler\n"
                "scheduler = Scheduler(app=app)\n"
                "scheduler.apply_async(scheduler.schedule['import']).get(timeout=10)\n"
            ),
            fails="NotImplementedError: chain is not a real task",
            succeeds="None",
        ),
    )

    PRELUDE = Rule.PRELUDE.replace("Celery, ", "Celery, chain, chord, group, ")

    def check_canvas(self, canvas: CanvasMade, context: CanvasContext) -> Iterator[Finding]:  # noqa: ARG002
        if context.call is not None:
            yield from self._check(context.call, context)

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        if dispatch.method in SIGNING and context.call is not None:
            yield from self._check(context.call, context)

    def _check(self, call: ast.Call, context: CallContext) -> Iterator[Finding]:
        node, outer = whole(call, context.enclosing)
        if isinstance(outer, ast.keyword):
            outer = next(iter(context.enclosing(outer)), None)
        if not isinstance(outer, ast.Call) or getattr(outer.func, "attr", "") != "add_periodic_task":
            return
        given = [keyword.value for keyword in outer.keywords if keyword.arg == "sig"]
        if node not in (*outer.args[1:2], *given) or not begins(call, node) or context.expects_failure:
            return
        kind = _kind(node, context)
        if kind is not None:
            yield self.finding(context.span(node), f"beat cannot schedule a {kind}: {_OUTCOMES[kind]}")


def _kind(node: ast.expr, context: CallContext) -> Literal["chain", "group"] | None:
    """What beat would be given, if it is no task and no chord."""
    if isinstance(node, ast.BinOp):
        return "chain" if _begins_chain(piped(node)[0], context) else None
    made, bare = _made(node, context), _bare(node)
    if made in GROUP:
        return "group"
    if made not in CHAIN or not isinstance(bare, ast.Call):
        return None
    members = bare.args
    if len(members) == 1 and isinstance(members[0], (ast.List, ast.Tuple)):
        members = members[0].elts
    return "chain" if members and _begins_chain(members[0], context) else None


def _begins_chain(node: ast.expr, context: CallContext) -> bool:
    """Whether a chain that begins with this stays one: a group with something behind it is a chord."""
    bare = _bare(node)
    is_signature = isinstance(bare, ast.Call) and getattr(bare.func, "attr", "") in SIGNING
    return is_signature or _made(node, context) in CHAIN


def _bare(node: ast.expr) -> ast.expr:
    """A signature without what is called on it: `load.s()` in `load.s().set(queue="slow")`."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in KEEPING:
        node = node.func.value
    return node


def _made(node: ast.expr, context: CallContext) -> str:
    """The path of what makes an expression, empty where that is not Celery's."""
    node = _bare(node)
    if not isinstance(node, ast.Call) or not isinstance(node.func, (ast.Name, ast.Attribute)):
        return ""
    symbol = evaluate_symbol(expression(node.func), context.scope)
    return symbol.path if isinstance(symbol, External) else ""
