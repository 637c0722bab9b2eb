"""What becomes of the result that sending a task gives: which of its attributes are read, and where.

Follows the result from the call that sends through local variables and lists to where it is used. Knows Celery's
ways to send. Must not know rules.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from celery_analyzers.dispatch_sites import SIGNING
from celery_analyzers.local_names import is_none
from celery_analyzers.signatures import begins, function_around, is_shared, reads, whole

if TYPE_CHECKING:
    from celery_analyzers.call_contexts import CallContext
    from celery_analyzers.call_facts import Dispatch

WAITING = frozenset({"get", "join", "join_native", "wait"})
"""Methods of a result that wait for it."""
READING = WAITING | {
    *("collect", "completed_count", "failed", "get_leaf", "info", "iterate", "iter_native", "maybe_throw", "ready"),
    *("result", "state", "status", "successful", "traceback", "waiting"),
}
"""What of a result is read from the result backend."""
_SENDS = frozenset({"apply_async", "delay"})
_SENDING = _SENDS | {"send_task"}
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp)


def sending_call(call: ast.Call, context: CallContext, *, is_canvas: bool = False) -> ast.Call | None:
    """The call that sends the signature or canvas which begins with `call`; None where it is not sent there."""
    node, outer = whole(call, context.enclosing)
    if not begins(call, node):
        return None
    if isinstance(outer, ast.Attribute) and outer.attr in _SENDS:
        sent = next((inner for inner in context.enclosing(outer)), None)
        return sent if isinstance(sent, ast.Call) and sent.func is outer else None
    # `chain(...)()`; a single signature would run at once.
    is_sent = isinstance(outer, ast.Call) and outer.func is node and (is_canvas or isinstance(node, ast.BinOp))
    return outer if is_sent and isinstance(outer, ast.Call) else None


def call_that_sends(dispatch: Dispatch, context: CallContext) -> ast.Call | None:
    """The call that sends what a dispatch is about: its own, or the one that a signature comes to; None for others."""
    if context.call is None or dispatch.method in _SENDING:
        return context.call
    return sending_call(context.call, context) if dispatch.method in SIGNING else None


def result_uses(sent: ast.expr, context: CallContext) -> Iterator[ast.Attribute]:
    """The attributes that are read of the result which `sent` gives."""
    outer = next(iter(context.enclosing(sent)), None)
    if isinstance(outer, ast.Attribute):
        yield outer
    elif isinstance(outer, (ast.Assign, ast.AnnAssign)) and outer.value is sent:
        for name in _reads_of(outer, sent, context):
            yield from _attribute_of(name, context)
    elif isinstance(outer, _COMPREHENSIONS) and outer.elt is sent:
        yield from _of_items(outer, context)
    elif isinstance(outer, ast.Call) and isinstance(outer.func, ast.Attribute) and outer.func.attr == "append":
        function = function_around(outer, context.enclosing)
        listed = outer.func.value
        if function is not None and isinstance(listed, ast.Name) and not is_shared(listed.id, context.syntax):
            bound = context.local_names.bindings(listed) or []
            if [b.by for b in bound] == ["value"] and isinstance(bound[0].node, ast.List) and not bound[0].node.elts:
                yield from _of_list(listed.id, function, context)


def result_reads(sent: ast.expr, context: CallContext) -> Iterator[ast.expr]:
    """The expressions that are surely the result which `sent` gives: itself, and the variable that holds it."""
    yield sent
    outer = next(iter(context.enclosing(sent)), None)
    if isinstance(outer, (ast.Assign, ast.AnnAssign)) and outer.value is sent:
        yield from _reads_of(outer, sent, context)


def _attribute_of(name: ast.Name, context: CallContext) -> Iterator[ast.Attribute]:
    outer = next(iter(context.enclosing(name)), None)
    if isinstance(outer, ast.Attribute):
        yield outer


def _reads_of(statement: ast.Assign | ast.AnnAssign, value: ast.expr, context: CallContext) -> Iterator[ast.Name]:
    """Where the local variable is read that a statement binds, if it surely holds `value` there."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    function = function_around(statement, context.enclosing)
    if function is None or len(targets) != 1 or not isinstance(targets[0], ast.Name):
        return
    name = targets[0].id
    if is_shared(name, context.syntax):
        return
    for read in reads(name, function, context.syntax):
        bound = context.local_names.bindings(read) or []
        # Other values are what it holds elsewhere; None would fail.
        if all(b.node is value or (b.node is not None and is_none(b.node)) for b in bound):
            yield read


def _of_items(comprehension: ast.expr, context: CallContext) -> Iterator[ast.Attribute]:
    """The attributes read of the items that a comprehension makes."""
    outer = next(iter(context.enclosing(comprehension)), None)
    if isinstance(outer, (ast.Assign, ast.AnnAssign)) and outer.value is comprehension:
        function = function_around(outer, context.enclosing)
        for name in _reads_of(outer, comprehension, context) if function is not None else ():
            yield from _of_loop(name, context)
    elif isinstance(outer, (ast.For, ast.comprehension)):
        yield from _of_loop(comprehension, context)


def _of_list(name: str, function: ast.AST, context: CallContext) -> Iterator[ast.Attribute]:
    for read in reads(name, function, context.syntax):
        yield from _of_loop(read, context)


def _of_loop(iterable: ast.expr, context: CallContext) -> Iterator[ast.Attribute]:
    """The attributes read of what a loop takes out of an iterable."""
    outer = iter(context.enclosing(iterable))
    loop = next(outer, None)
    if not isinstance(loop, (ast.For, ast.comprehension)) or loop.iter is not iterable:
        return
    if not isinstance(loop.target, ast.Name):
        return
    inside = loop if isinstance(loop, ast.For) else next(outer, None)
    for name in reads(loop.target.id, inside, context.syntax) if inside is not None else ():
        bound = context.local_names.bindings(name) or []
        if all(b.by == "element" and b.node is iterable for b in bound):
            yield from _attribute_of(name, context)
