"""`group-link`: a callback that is linked to a group, and does not get the group's results."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.canvas_roles import keyword_of
from celery_analyzers.edits import remove_keyword
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.signatures import ADDING, function_around, is_shared, reads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import CanvasContext
    from celery_analyzers.call_facts import CanvasMade
    from celery_analyzers.findings import Finding

_AFTER_FIRST = "runs after the first task of the group, without any result: make a chord for it to get all"


class GroupLink(Rule):
    """A callback is linked to a group, and does not get what the group's tasks return.

    ## What it does

    Finds `group(...).link(callback)`, also where the group has a name, and `group(...).apply_async(link=callback)`.

    ## Why is this bad

    A group has no end of its own that could call something back. `apply_async(link=...)` raises `TypeError`. `link()`
    gives the callback to the first task of the group alone, as an immutable signature: it runs when that one is done,
    whatever the others do, and gets no result. A chord waits for all, and calls its body with the list of what they
    return.

    ## Example

        @app.task
        def load(order_id):
            return order_id

        @app.task
        def total(orders):
            return sum(orders)

        def process(order_ids):
            return group(load.s(order_id) for order_id in order_ids).apply_async(link=total.s())
            #                                                                    ^^^^^^^^^^^^^^ a group takes no
            #                                                                                   callback: this raises
            #                                                                                   `TypeError`

    ## Use instead

        @app.task
        def load(order_id):
            return order_id

        @app.task
        def total(orders):
            return sum(orders)

        def process(order_ids):
            return (group(load.s(order_id) for order_id in order_ids) | total.s()).apply_async()

    ## Not flagged

        def process_all(order_ids):
            steps = group(load.s(order_id).set(link=total.s()) for order_id in order_ids)
            steps.link_error(total.si([]))
            return steps.delay()

    Error callbacks are given to all tasks of a group, which may be what is meant.

    ## Fix safety

    The fixes are unsafe: a chord needs a result backend.

    ## References

    - [Group callbacks and error handling](https://docs.celeryq.dev/en/stable/userguide/canvas.html#group-callbacks-and-error-handling)
    - [Chords](https://docs.celeryq.dev/en/stable/userguide/canvas.html#chords)
    """

    code = "CEL610"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="process([1, 2]).get(timeout=10)",
            fails="TypeError: Cannot add link to group: use a chord",
            succeeds="3",
        ),
    )

    PRELUDE = Rule.PRELUDE.replace("Celery, ", "Celery, group, ")

    def check_canvas(self, canvas: CanvasMade, context: CanvasContext) -> Iterator[Finding]:
        call = context.call
        if canvas.kind != "group" or call is None or context.expects_failure:
            return
        for method, used in _methods_called(call, context):
            link = keyword_of(used, "link")
            if method.attr == "apply_async" and link is not None:
                keyword = next(keyword for keyword in used.keywords if keyword.arg == "link")
                message = "a group takes no callback: this raises `TypeError`"
                yield self.finding(context.span(keyword), message, _as_chord(call, method, used, link, context))
            elif method.attr == "link" and used.args:
                message = f"this callback {_AFTER_FIRST}"
                fix = _piped(method, used, context)
                yield self.finding(context.span(used.args[0]), message, fix, severity=Severity.WARNING)


def _methods_called(call: ast.Call, context: CanvasContext) -> Iterator[tuple[ast.Attribute, ast.Call]]:
    """The methods that are called on a group where it is made, or by the name that it is given."""
    node: ast.expr = call
    outer: ast.AST | None = None
    enclosing = iter(context.enclosing(call))
    for outer in enclosing:
        used = next(enclosing, None) if isinstance(outer, ast.Attribute) else None
        if not isinstance(outer, ast.Attribute) or not isinstance(used, ast.Call) or used.func is not outer:
            break
        yield outer, used
        if outer.attr not in ADDING - {"link", "link_error"}:
            return
        node = used
    if not isinstance(outer, ast.Assign) or outer.value is not node or not isinstance(outer.targets[0], ast.Name):
        return
    name = outer.targets[0].id
    function = function_around(outer, context.enclosing)
    if len(outer.targets) > 1 or function is None or is_shared(name, context.syntax):
        return
    for read in reads(name, function, context.syntax):
        bound = context.local_names.bindings(read) or []
        if [one.node for one in bound] != [node]:
            return
        inner = iter(context.enclosing(read))
        method, used = next(inner, None), next(inner, None)
        if isinstance(method, ast.Attribute) and isinstance(used, ast.Call) and used.func is method:
            yield method, used


def _as_chord(
    call: ast.Call, method: ast.Attribute, used: ast.Call, link: ast.expr, context: CanvasContext
) -> Fix | None:
    """Put the callback behind the group, and send both."""
    removed = remove_keyword(context.text, used, context.span, "link")
    if method.value is not call or isinstance(link, (ast.List, ast.Tuple)) or not removed:
        return None
    span = context.span(call)
    behind = f" | {context.source(context.span(link))})"
    edits = (Edit(Span(span.start, span.start), "("), Edit(Span(span.end, span.end), behind), *removed)
    return Fix("Make a chord of it", edits, preferred=True)


def _piped(method: ast.Attribute, used: ast.Call, context: CanvasContext) -> Fix | None:
    """`steps |= callback` for `steps.link(callback)`."""
    statement = next(iter(context.enclosing(used)), None)
    if not isinstance(statement, ast.Expr) or not isinstance(method.value, ast.Name) or len(used.args) > 1:
        return None
    replacement = f"{method.value.id} |= {context.source(context.span(used.args[0]))}"
    return Fix("Make a chord of it", (Edit(context.span(used), replacement),), preferred=True)
