"""`unrolled-group`: a group in a chain whose number of tasks decides what the next task gets."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.canvas_roles import CHAIN, keyword_of, piped
from celery_analyzers.expressions import expression
from celery_analyzers.findings import Edit, Fix, Severity
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.rule import Rule
from celery_analyzers.signatures import KEEPING
from celery_analyzers.symbols import External

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import CanvasContext
    from celery_analyzers.call_facts import CanvasMade
    from celery_analyzers.findings import Finding

_ONE = "this group of one task is replaced by the task: what follows gets its result, and not a list"
_ANY = "with one task this group is replaced by it, and with none left out: what follows then gets no list"


class UnrolledGroup(Rule):
    """A group stands in a chain, and how many tasks it has decides what the next task gets.

    ## What it does

    Finds groups in `chain()`, and behind another task in `a | group(...) | b`, that have one task, or as many as there
    happen to be, and are followed by a task that gets their results.

    ## Why is this bad

    Celery replaces a group of one task in a chain by that task. What follows gets its result instead of a list of
    results: `sum(7)` fails, and a loop over a text goes through its letters. A group without tasks is left out, and
    what follows gets the result of what stands before it, or nothing. It works in tests with two, and fails on the day
    with one. The header of a chord is a list in any case.

    ## Example

        @app.task
        def load(order_id):
            return order_id

        @app.task
        def total(orders):
            return sum(orders)

        def process(order_ids):
            return chain(group(load.s(order_id) for order_id in order_ids), total.s()).delay()
            #            ^^^^^ with one task this group is replaced by it, and with none left out: what follows then
            #                  gets no list

    ## Use instead

        @app.task
        def load(order_id):
            return order_id

        @app.task
        def total(orders):
            return sum(orders)

        def process(order_ids):
            return chord(group(load.s(order_id) for order_id in order_ids), total.s()).delay()

    ## Not flagged

        def process_others(order_ids):
            chain(group(load.s(1), load.s(2)), total.s()).delay()
            chain(group(load.s(order_id) for order_id in order_ids), total.si([1])).delay()
            return (group(load.s(order_id) for order_id in order_ids) | total.s()).delay()

    ## Fix safety

    The fix is unsafe: the next task gets a list where it got a single result so far.

    ## References

    - [Chords](https://docs.celeryq.dev/en/stable/userguide/canvas.html#chords)
    - [Chains](https://docs.celeryq.dev/en/stable/userguide/canvas.html#chains)
    """

    code = "CEL612"
    severity = Severity.INFORMATION
    preset = "strict"

    PRELUDE = Rule.PRELUDE.replace("Celery, ", "Celery, chain, chord, group, ")

    def check_canvas(self, canvas: CanvasMade, context: CanvasContext) -> Iterator[Finding]:
        call = context.call
        if canvas.kind != "group" or call is None or context.in_tests:
            return
        is_one = _is_one(context)
        if is_one is None or context.expects_failure:
            return
        node: ast.expr = call
        outer: ast.AST | None = None
        for outer in context.enclosing(call):
            if isinstance(outer, ast.Call) and getattr(outer.func, "attr", "") in KEEPING and outer.func is not node:
                node = outer
            elif not (isinstance(outer, ast.Attribute) and outer.attr in KEEPING):
                break
        following = _following(node, outer, context)
        if following is not None and _takes_results(following):
            fix = _chord(outer, node, context)
            yield self.finding(context.span(call.func), _ONE if is_one else _ANY, fix)


def _is_one(context: CanvasContext) -> bool | None:
    """Whether a group has one task, False for one that may; None where it surely has another number."""
    call = context.call
    assert call is not None
    if any(isinstance(argument, (ast.GeneratorExp, ast.ListComp)) for argument in call.args):
        return False
    if any(isinstance(member, ast.Starred) for member in context.members):
        return False if len(context.members) == 1 else None
    only = context.members[0] if len(context.members) == 1 else None
    if isinstance(only, ast.Call):
        # A function may give a list.
        return True if getattr(only.func, "attr", "") in ("s", "si", "signature") else None
    return False if isinstance(only, ast.Name) else None


def _following(node: ast.expr, outer: ast.AST | None, context: CanvasContext) -> ast.expr | None:
    """What gets the results of a group, where the number of these matters."""
    if isinstance(outer, ast.BinOp) and isinstance(outer.op, ast.BitOr):
        for top in context.enclosing(outer):
            if not (isinstance(top, ast.BinOp) and isinstance(top.op, ast.BitOr)):
                break
            outer = top
        members, first = piped(outer), 1
    elif isinstance(outer, ast.Call) and _is_chain(outer, context):
        members, first = outer.args, 0
    else:
        return None
    place = members.index(node) if node in members else -1
    return members[place + 1] if first <= place < len(members) - 1 else None


def _is_chain(call: ast.Call, context: CanvasContext) -> bool:
    if not isinstance(call.func, (ast.Name, ast.Attribute)):
        return False
    symbol = evaluate_symbol(expression(call.func), context.scope)
    return isinstance(symbol, External) and symbol.path in CHAIN


def _takes_results(node: ast.expr) -> bool:
    """Whether this is a signature of a task that takes the result of what comes before it."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in KEEPING:
        if keyword_of(node, "immutable") is not None:
            return False
        node = node.func.value
    if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") not in ("s", "signature"):
        return False
    return keyword_of(node, "immutable") is None


def _chord(outer: ast.AST | None, node: ast.expr, context: CanvasContext) -> Fix | None:
    """`chord` for `chain`, where nothing else stands in it."""
    if not isinstance(outer, ast.Call) or len(outer.args) != 2 or outer.args[0] is not node or outer.keywords:
        return None
    name, needed = context.imported("celery", "chord")
    edits = (Edit(context.span(outer.func), name),)
    return Fix("Make a chord of it", edits, preferred=True, imports=() if needed is None else (needed,))
