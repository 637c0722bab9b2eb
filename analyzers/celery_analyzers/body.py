"""A task's body, as rules ask about it: what it calls, under which handlers, in which loops.

Knows syntax and what names in the body mean. Must not know rules. Nested functions and classes are not the task's
own body: they run when they are called, if ever.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from celery_analyzers.bindings import function_scope
from celery_analyzers.expressions import dotted_path, expression
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.scopes import InnerScope
from celery_analyzers.symbols import External, Scope, Symbol
from celery_analyzers.syntax import Syntax
from celery_analyzers.trees import Function, children, walk
from celery_analyzers.values import evaluate

_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class CallSite:
    """A call in a task's body.

    `path` is what the callee means, as a dotted path outside the project (`requests.get`, and `requests.Session.get`
    for a method of an instance); None where that is not known. `source` is the dotted path as it is written, with an
    empty first part where the receiver is no name: `.save` for `get(x).save()`.
    """

    node: ast.Call
    path: str | None
    source: str

    @property
    def method(self) -> str:
        """The last part of the callee: the name of the function or method."""
        return self.source.rpartition(".")[2]

    def keyword(self, name: str) -> ast.expr | None:
        """The value of a keyword argument."""
        return next((keyword.value for keyword in self.node.keywords if keyword.arg == name), None)

    @property
    def has_splat(self) -> bool:
        """Whether `*` or `**` may bring arguments that are not written here."""
        return any(keyword.arg is None for keyword in self.node.keywords) or any(
            isinstance(argument, ast.Starred) for argument in self.node.args
        )


class Body:
    """The body of the function that a task runs."""

    def __init__(self, function: Function, scope: Scope, syntax: Syntax) -> None:
        self.function = function
        self.syntax = syntax
        self.scope: Scope = InnerScope.of(function_scope(function), scope)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All nodes of the body in the order in which they stand, without those of nested functions and classes."""
        found: list[ast.AST] = []
        pending: list[ast.AST] = list(reversed(self.function.body))
        while pending:
            node = pending.pop()
            found.append(node)
            if not isinstance(node, _INNER):
                below = children(node)
                below.reverse()
                pending.extend(below)
        return tuple(found)

    def parent_of(self, node: ast.AST) -> ast.AST | None:
        """What encloses `node` next, in nested functions too."""
        return next(self.syntax.enclosing(node), None)

    def parents(self, node: ast.AST) -> Iterator[ast.AST]:
        """What encloses `node`, from the inside out, up to the function itself."""
        if node is not self.function:
            for outer in self.syntax.enclosing(node):
                yield outer
                if outer is self.function:
                    return

    @cached_property
    def calls(self) -> tuple[CallSite, ...]:
        """The calls of the body."""
        return tuple(self.call(node) for node in self.nodes if isinstance(node, ast.Call))

    def call(self, node: ast.Call) -> CallSite:
        """What a call calls."""
        symbol = self.symbol(node.func)
        path = symbol.path if isinstance(symbol, External) else None
        source = dotted_path(node.func)
        if source is None:
            source = f".{node.func.attr}" if isinstance(node.func, ast.Attribute) else ""
        return CallSite(node, path, source)

    def symbol(self, node: ast.expr) -> Symbol:
        """What an expression in the body means."""
        if isinstance(node, ast.Attribute) and not dotted_path(node):
            # `requests.Session().get`: a method of what a call makes.
            inner = self.symbol(node.value)
            path = getattr(inner, "path", None)
            return (
                External(f"{path}.{node.attr}")
                if isinstance(path, str)
                else evaluate_symbol(expression(node), self.scope)
            )
        return evaluate_symbol(expression(node), self.scope)

    def value(self, node: ast.expr) -> object:
        """The value of an expression in the body, as `values.evaluate` gives it."""
        return evaluate(expression(node), self.scope)

    def uses(self, name: str) -> bool:
        """Whether the body reads or writes a name, nested functions included."""
        return any(
            isinstance(node, ast.Name) and node.id == name
            for statement in self.function.body
            for node in walk(statement)
        )
