"""What becomes of the signatures in a statement: which place each takes in a canvas, and whether it takes results.

Knows Celery's canvas. Must not know tasks, nor what signatures are made of.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from celery_analyzers.call_facts import Role
from celery_analyzers.expressions import expression
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.symbols import UNKNOWN, External, Scope
from celery_analyzers.trees import walk

SENDING = frozenset({"delay", "apply_async", "delay_on_commit", "apply_async_on_commit", "apply"})
"""Methods of a task that send it."""
CHAIN = frozenset({"celery.chain", "celery.canvas.chain"})
GROUP = frozenset({"celery.group", "celery.canvas.group"})
CHORD = frozenset({"celery.chord", "celery.canvas.chord"})
_CALLBACKS: dict[str, Role] = {"link": "callback", "link_error": "errback", "on_error": "errback"}
_TAKES_CALLBACKS = SENDING | {"signature", "subtask", "Signature", "send_task", "set", "retry"}
"""What takes `link` and `link_error`."""
_KEPT = frozenset({"clone", "on_error", "set", "stamp"})
"""Methods of a signature that return it, or one like it."""


class CanvasRoles:
    """The roles of the signatures of one segment, by the nodes of the calls that make them."""

    def __init__(self) -> None:
        self._roles: dict[ast.expr, Role] = {}
        self._immutable: dict[ast.expr, object] = {}

    def role(self, call: ast.Call) -> Role:
        """What becomes of the signature that a call makes."""
        return self._roles.get(call, "alone")

    def immutability(self, call: ast.Call) -> object:
        """What `.set(immutable=...)` says of the signature that a call makes; None where nothing does."""
        return self._immutable.get(call)

    def note(self, node: ast.AST, scope: Scope) -> None:
        """Find out what becomes of the signatures in a statement. Done before its calls are read."""
        for inner in walk(node):
            if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.BitOr):
                if inner not in self._roles:
                    self._follow(inner, "first")
            elif isinstance(inner, ast.Call):
                self._note_call(inner, scope)

    def note_extension(self, node: ast.expr) -> None:
        """Note that a signature is put behind what is there: `node` in `steps |= node`."""
        self._follow(node, "following")

    def _note_call(self, call: ast.Call, scope: Scope) -> None:
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        self._note_callbacks(call, method)
        self._note_sending(call, method)
        symbol = self._callee(call, scope)
        path = symbol.path if isinstance(symbol, External) else ""
        role = self._roles.get(call, "first")
        if call in self._immutable or keyword_of(call, "immutable") is not None:
            # A canvas that may take no result.
            role = "alone"
        # The members of a group that follows something get its result as well.
        member_role: Role = "member" if role == "first" else role
        if path in CHAIN:
            self._chain(members_of(call), role)
        elif path in GROUP:
            for member in members_of(call):
                self._follow(member, member_role)
        elif path in CHORD:
            header = call.args[0] if call.args else keyword_of(call, "header")
            for member in elements_of(header):
                self._follow(member, member_role)
            body = call.args[1] if len(call.args) > 1 else keyword_of(call, "body")
            if body is not None:
                self._follow(body, "body")
        elif isinstance(call.func, ast.Call):
            inner = self._callee(call.func, scope)
            if isinstance(inner, External) and inner.path in CHORD and call.args:
                # `chord(header)(body)`
                self._follow(call.args[0], "body")

    def _note_callbacks(self, call: ast.Call, method: str) -> None:
        if method in _CALLBACKS and call.args:
            self._follow(call.args[0], _CALLBACKS[method])
        name = method or (call.func.id if isinstance(call.func, ast.Name) else "")
        for keyword in call.keywords if name in _TAKES_CALLBACKS else ():
            if keyword.arg in ("link", "link_error"):
                members = keyword.value.elts if isinstance(keyword.value, (ast.List, ast.Tuple)) else [keyword.value]
                for member in members:
                    self._follow(member, _CALLBACKS[keyword.arg])

    def _note_sending(self, call: ast.Call, method: str) -> None:
        """`add.s(1, 2).delay()`, `chain(...)()`: a signature that is sent where it is made, with nothing added."""
        named = {keyword.arg for keyword in call.keywords}
        if not named.isdisjoint({None, "args", "kwargs"}):
            return
        if method == "add_periodic_task":
            signature = call.args[1] if len(call.args) == 2 else keyword_of(call, "sig")
            if signature is not None:
                self._follow(signature, "sent")
        elif call.args:
            return
        elif isinstance(call.func, ast.Attribute):
            if method == "apply_async" or (method == "delay" and not named):
                self._follow(call.func.value, "sent")
        elif not named:
            self._follow(call.func, "sent")

    def _callee(self, call: ast.Call, scope: Scope) -> object:
        if isinstance(call.func, (ast.Name, ast.Attribute)):
            return evaluate_symbol(expression(call.func), scope)
        return UNKNOWN

    def _chain(self, members: list[ast.expr], first: Role) -> None:
        for position, member in enumerate(members):
            self._follow(member, first if position == 0 else "following")

    def _follow(self, node: ast.expr, role: Role) -> None:
        """Give a member of a canvas its role: a chain inside takes it with its first member, a group with all."""
        while True:
            self._roles[node] = role
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
                self._chain(piped(node), role)
                while isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
                    self._roles[node] = role
                    node = node.left
                return
            # `add.s(1).set(queue="slow")`, `add.s(1).on_error(report.s())` are still the signature.
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _KEPT):
                return
            if node.func.attr == "clone" and (node.args or node.keywords):
                role = "alone"
            given = keyword_of(node, "immutable") or (node.args[0] if node.args and node.func.attr == "set" else None)
            receiver = node.func.value
            if node in self._immutable:
                self._immutable[receiver] = self._immutable[node]
            elif given is not None and node.func.attr == "set":
                self._immutable[receiver] = given.value if isinstance(given, ast.Constant) else UNKNOWN
            node = receiver


def keyword_of(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword of a call."""
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def piped(node: ast.expr) -> list[ast.expr]:
    """The members of `a | b | c`, in order."""
    members: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        members.append(node.right)
        node = node.left
    return [node, *reversed(members)]


def members_of(call: ast.Call) -> list[ast.expr]:
    """The members of `chain(a, b)`, `group([a, b])`, `group(f(x) for x in xs)`; a `*` keeps its place."""
    if len(call.args) == 1 and not isinstance(call.args[0], ast.Call):
        return list(elements_of(call.args[0]))
    return call.args


def elements_of(node: ast.expr | None) -> Iterator[ast.expr]:
    """The items of a list or tuple, or what a comprehension makes them of; else the node itself."""
    if isinstance(node, (ast.List, ast.Tuple)):
        yield from node.elts
    elif isinstance(node, (ast.ListComp, ast.GeneratorExp)):
        yield node.elt
    elif node is not None:
        yield node
