"""Whether one part of a body may run after another.

Errs towards "no": it is asked before something is said. Knows Python's statements. Must not know Celery or
rules.
"""

from __future__ import annotations

import ast
import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body

_LOOPS = (ast.For, ast.AsyncFor, ast.While)


def may_follow(first: ast.AST, second: ast.AST, body: Body) -> bool:
    """Whether `second` may run after `first` ran to its end, or raised, in the same run of the body."""
    one, other = _path(first, body), _path(second, body)
    shared = 0
    while shared < min(len(one), len(other)) and one[shared] is other[shared]:
        shared += 1
    # In a loop the next round runs what stands in front.
    if any(isinstance(parent, _LOOPS) for parent in one[:shared]):
        return True
    one, other = one[shared:], other[shared:]
    if not one or not other:
        return not other
    return _branch_may_follow(one, other, next(body.parents(one[0])))


def _branch_may_follow(one: list[ast.AST], other: list[ast.AST], parent: ast.AST) -> bool:
    """The same for two paths that part below `parent`."""
    before, behind = one[0], other[0]
    if not any(before in block and behind in block for block in blocks(parent)):
        if isinstance(parent, (ast.If, ast.IfExp)):
            return before is parent.test
        if isinstance(parent, ast.Match):
            return before is parent.subject
        if isinstance(parent, ast.Try):
            if behind in parent.finalbody:
                return True
            return before in parent.body and (behind in parent.handlers or not _leaves(one))
    return _position(before) < _position(behind) and not _leaves(one)


def _path(node: ast.AST, body: Body) -> list[ast.AST]:
    """From the function down to the node."""
    return [*reversed(list(body.parents(node))), node]


def _position(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def blocks(parent: ast.AST) -> Iterator[list[ast.stmt]]:
    """The lists of statements that a statement holds; those of its handlers and cases are theirs."""
    for field in ("body", "orelse", "finalbody"):
        block = getattr(parent, field, None)
        if isinstance(block, list):
            yield block  # pyright: ignore[reportUnknownVariableType]


def _leaves(path: list[ast.AST]) -> bool:
    """Whether the function is left before control gets out of the path's first node."""
    if any(isinstance(node, ast.Return) for node in path):
        return True
    return any(
        isinstance(statement, (ast.Return, ast.Raise))
        for parent, child in itertools.pairwise(path)
        for block in blocks(parent)
        if child in block
        for statement in block[block.index(child) :]  # pyright: ignore[reportArgumentType]
    )
