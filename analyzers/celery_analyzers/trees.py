"""Walks over syntax trees, several times quicker than `ast.walk`: they visit only the fields that can hold nodes.

Knows the form of `ast`'s nodes. Must not know what they mean.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache

Function = ast.FunctionDef | ast.AsyncFunctionDef
"""The node of a function, of whichever kind."""

# Operators and contexts are nodes to `ast`, but carry nothing beyond their class.
_LEAVES = frozenset(
    {"arg", "asname", "attr", "conversion", "ctx", "id", "is_async", "kind", "level", "module", "op", "ops", "simple"}
    | {"str", "tag", "type_comment", "type_ignores"}
)


@cache
def _branches(kind: type[ast.AST]) -> tuple[str, ...]:
    if kind is ast.Constant:
        return ()
    return tuple(name for name in kind._fields if name not in _LEAVES)


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes directly below `node`, in the order of its fields, without operators and contexts."""
    found: list[ast.AST] = []
    for name in _branches(type(node)):
        value = getattr(node, name, None)
        if isinstance(value, list):
            found.extend([item for item in value if isinstance(item, ast.AST)])  # pyright: ignore[reportUnknownVariableType]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def parents_in(roots: Iterable[ast.AST]) -> dict[ast.AST, ast.AST]:
    """What each node below `roots` stands in."""
    found: dict[ast.AST, ast.AST] = {}
    pending = list(roots)
    while pending:
        node = pending.pop()
        below = children(node)
        found.update(dict.fromkeys(below, node))
        pending.extend(below)
    return found


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """`node` and all nodes below it, each before what is below it."""
    pending = [node]
    while pending:
        node = pending.pop()
        yield node
        below = children(node)
        below.reverse()
        pending.extend(below)
