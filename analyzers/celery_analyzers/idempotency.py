"""Whether a body takes care that an operation done twice does no harm: keys, guards, locks.

Knows how such code looks. Evidence is read generously, as only a task without any is worth a word. Must not
know rules.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from celery_analyzers.flow import blocks
from celery_analyzers.handlers import own_nodes
from celery_analyzers.libraries import Category

if TYPE_CHECKING:
    from celery_analyzers.body import Body
    from celery_analyzers.operations import Performed

_KEY = re.compile(r"idempoten|dedup|delivery_id|exactly_once", re.IGNORECASE)
_GUARDING_METHODS = frozenset({"get_or_create", "update_or_create", "select_for_update", "setnx", "acquire", "lock"})
_STATE = re.compile(
    r"sent|send|deliver|notif|paid|pay_|charg|process|complet|finish|done\b|already|status|state\b|handled"
    r"|refund|captur|exists|seen|lock|created|_at\b",
    re.IGNORECASE,
)
_ASKS = re.compile(r"search|query|graphql|token|oauth|auth\b|login|introspect|lookup|validate|verify", re.IGNORECASE)
_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def is_guarded(performed: Performed, body: Body, source: str) -> bool:
    """Whether anything speaks for it that this operation may be done again. `source` is the function's
    text."""
    return (
        _only_asks(performed)
        or _has_key(body, source)
        or any(call.method in _GUARDING_METHODS or _adds_once(call.source, call.node) for call in body.calls)
        or _uses_task_id(performed.call.node)
        or _state_is_asked(performed.call.node, body)
    )


def _only_asks(performed: Performed) -> bool:
    """Whether a POST only asks for something: its address says so."""
    if performed.operation.category is not Category.HTTP:
        return False
    arguments = [*performed.call.node.args[:2], performed.call.keyword("url")]
    return any(argument is not None and _ASKS.search(ast.unparse(argument)) for argument in arguments)


def _has_key(body: Body, source: str) -> bool:
    """Whether an identifier or a string speaks of idempotency; a docstring that does is no code."""
    if not _KEY.search(source):
        return False
    first = body.function.body[0]
    docstring = first.value if isinstance(first, ast.Expr) else None
    return any(_KEY.search(_word(node)) for node in body.nodes if node is not docstring)


def _word(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return (node.arg or "") if isinstance(node, ast.keyword) else ""


def _adds_once(source: str, node: ast.Call) -> bool:
    """`cache.add(key, 1)` and `redis.set(key, 1, nx=True)`, which tell whether the key is new."""
    receiver, _, method = source.rpartition(".")
    return (method == "add" and "cache" in receiver.lower()) or any(k.arg == "nx" for k in node.keywords)


def _uses_task_id(node: ast.Call) -> bool:
    """Whether an argument is the task's id, which stays the same however often the task runs."""
    return any(
        isinstance(inner, ast.Attribute)
        and inner.attr == "id"
        and isinstance(inner.value, ast.Attribute)
        and inner.value.attr == "request"
        for inner in ast.walk(node)
    )


def _state_is_asked(node: ast.AST, body: Body) -> bool:
    """Whether a question about a state decides if `node` is reached: `if order.paid_at: return`."""
    child = node
    for parent in body.parents(node):
        if isinstance(parent, (ast.If, ast.IfExp)) and child is not parent.test and _asks_state(parent.test):
            return True
        for block in blocks(parent):
            for statement in block if child in block else ():
                if statement is child:
                    break
                if isinstance(statement, ast.If) and _turns_back(statement):
                    return True
        child = parent
    return False


def _turns_back(statement: ast.If) -> bool:
    return _asks_state(statement.test) and any(isinstance(inner, _LEAVES) for inner in own_nodes(statement.body))


def _asks_state(test: ast.expr) -> bool:
    return _STATE.search(ast.unparse(test)) is not None
