"""Expressions as frozen values: what a name was bound to, without positions and without syntax trees.

Knows which expressions can be told without running code. Must not know what a name means; that is `symbols`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reference:
    """A name or a dotted path, as in `app.conf`."""

    path: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, string, bytes, bool, None or Ellipsis."""

    value: object


@dataclass(frozen=True, slots=True)
class Collection:
    """A tuple, list or set display; `kind` is the type's name."""

    kind: str
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A dict display or `dict(...)` call. A key of None stands for `**value`."""

    items: tuple[tuple[Expression | None, Expression], ...]


@dataclass(frozen=True, slots=True)
class Invocation:
    """A call. A keyword of None stands for `**value`."""

    function: Expression
    arguments: tuple[Expression, ...]
    keywords: tuple[tuple[str | None, Expression], ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """A unary, binary or boolean operation, or an f-string of its parts; `operator` is the name of its `ast` class."""

    operator: str
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """`a if test else b`: one of the options."""

    options: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Subscription:
    """`value[key]`."""

    value: Expression
    key: Expression


@dataclass(frozen=True, slots=True)
class Splat:
    """`*value` among the arguments of a call or the items of a display."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Opaque:
    """Anything else: its value cannot be told."""


Expression = (
    Reference | Literal | Collection | Mapping | Invocation | Operation | Choice | Subscription | Splat | Opaque
)
OPAQUE = Opaque()


def dotted_path(node: ast.expr) -> str | None:
    """`a.b.c` of names and attributes; None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    parts.append(node.id)
    return ".".join(reversed(parts))


def expression(node: ast.expr | None, depth: int = 12) -> Expression:
    """The frozen form of a node; what is nested deeper than `depth` is opaque."""
    if node is None or not depth:
        return OPAQUE
    inner = depth - 1
    if isinstance(node, ast.Constant):
        return Literal(node.value)
    if isinstance(node, (ast.Name, ast.Attribute)):
        path = dotted_path(node)
        return Reference(path) if path else OPAQUE
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        kind = type(node).__name__.lower()
        return Collection(kind, tuple(expression(item, inner) for item in node.elts))
    if isinstance(node, ast.Dict):
        keys = (None if key is None else expression(key, inner) for key in node.keys)
        return Mapping(tuple(zip(keys, (expression(value, inner) for value in node.values), strict=True)))
    if isinstance(node, ast.Call):
        return Invocation(
            expression(node.func, inner),
            tuple(expression(argument, inner) for argument in node.args),
            tuple((keyword.arg, expression(keyword.value, inner)) for keyword in node.keywords),
        )
    if isinstance(node, ast.BinOp):
        return Operation(type(node.op).__name__, (expression(node.left, inner), expression(node.right, inner)))
    if isinstance(node, ast.UnaryOp):
        return Operation(type(node.op).__name__, (expression(node.operand, inner),))
    if isinstance(node, ast.BoolOp):
        return Operation(type(node.op).__name__, tuple(expression(value, inner) for value in node.values))
    if isinstance(node, ast.JoinedStr):
        # How it begins may be known although its value is not.
        return Operation("JoinedStr", tuple(_part(value) for value in node.values))
    if isinstance(node, ast.IfExp):
        return Choice((expression(node.body, inner), expression(node.orelse, inner)))
    if isinstance(node, ast.Subscript):
        return Subscription(expression(node.value, inner), expression(node.slice, inner))
    if isinstance(node, ast.Starred):
        return Splat(expression(node.value, inner))
    if isinstance(node, ast.NamedExpr):
        return expression(node.value, inner)
    return OPAQUE


def _part(node: ast.expr) -> Expression:
    """A part of an f-string: a text or a name; an enum's member, for one, does not look like its value."""
    if isinstance(node, ast.FormattedValue):
        is_plain = isinstance(node.value, ast.Name) and node.conversion == -1 and node.format_spec is None
        return expression(node.value) if is_plain else OPAQUE
    return expression(node)


def callee(value: Expression) -> Expression:
    """What an expression calls; the expression itself where it is no call, such as a decorator without parentheses."""
    return value.function if isinstance(value, Invocation) else value
