"""What a signature or a canvas is part of where it is made, and what is done with it there.

Knows how signatures are put together and what keeps them. Must not know tasks nor rules.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator

from celery_analyzers.canvas_roles import piped
from celery_analyzers.syntax import Syntax

Enclosing = Callable[[ast.AST], Iterable[ast.AST]]
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
KEEPING = frozenset({"clone", "on_error", "set", "stamp"})
"""Methods of a signature that return it, or one like it."""
ADDING = frozenset({"link", "link_error", *KEEPING})
"""Methods of a signature that send nothing."""


def whole(call: ast.expr, enclosing: Enclosing) -> tuple[ast.expr, ast.AST | None]:
    """The largest expression that is still the signature or canvas which a call begins, and what encloses it:
    `a.s().set(queue="slow") | b.s()`."""
    node, method = call, None
    for outer in enclosing(call):
        if isinstance(outer, ast.Attribute) and method is None and outer.attr in ADDING:
            method = outer
        elif isinstance(outer, ast.Call) and method is not None and outer.func is method:
            node, method = outer, None
        elif isinstance(outer, ast.BinOp) and isinstance(outer.op, ast.BitOr) and method is None:
            node = outer
        else:
            return node, outer if method is None else method
    return node, None


def begins(call: ast.Call, node: ast.expr) -> bool:
    """Whether a call is the first in a signature or canvas that makes one: the others are found with it."""
    while node is not call:
        if isinstance(node, ast.BinOp):
            first = next((member for member in piped(node) if isinstance(member, (ast.Call, ast.BinOp))), None)
            if first is None:
                return False
            node = first
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ADDING:
            node = node.func.value
        else:
            return False
    return True


def function_around(node: ast.AST, enclosing: Enclosing) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The function whose body a node stands in; None in a lambda, a class or a module."""
    for outer in enclosing(node):
        if isinstance(outer, _FUNCTIONS):
            return outer
        if isinstance(outer, (ast.Lambda, ast.ClassDef)):
            return None
    return None


def reads(name: str, place: ast.AST, syntax: Syntax) -> Iterator[ast.Name]:
    """Where a name is read inside of `place`, in nested functions too; where it is added to in place as well."""
    for node in syntax.mentions(name):
        if not isinstance(node, ast.Name) or place not in syntax.enclosing(node):
            continue
        outer = next(syntax.enclosing(node))
        if isinstance(node.ctx, ast.Load) or (isinstance(outer, ast.AugAssign) and outer.target is node):
            yield node


def is_shared(name: str, syntax: Syntax) -> bool:
    """Whether a function binds a name outside of itself."""
    return any(isinstance(node, (ast.Global, ast.Nonlocal)) for node in syntax.mentions(name))
