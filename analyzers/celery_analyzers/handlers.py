"""What becomes of an exception inside a body: what catches it on its way out, and whether it goes on from
there.

Knows `try` and `with`. Must not know Celery or rules.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, cast

from celery_analyzers.expressions import dotted_path
from celery_analyzers.findings import Span
from celery_analyzers.symbols import UNKNOWN, External
from celery_analyzers.trees import children

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from celery_analyzers.body import Body

_SUPPRESS = External("contextlib.suppress")

Catcher = ast.ExceptHandler | ast.Call | ast.Return


def catchers(node: ast.AST, body: Body, paths: frozenset[str]) -> Iterator[Catcher]:
    """What stops an exception that is raised at `node`, from the inside out, as if it went on from each.

    Of each `try` the first handler for everything or for any of `paths`, which name the exception and its
    bases; the calls of `contextlib.suppress` for them; and a `return` in a `finally`.
    """
    child = node
    for parent in body.parents(node):
        if isinstance(parent, ast.Try):
            if child in parent.body:
                yield from [h for h in parent.handlers if catches(h.type, body, paths)][:1]
            if child not in parent.finalbody:
                yield from (statement for statement in parent.finalbody if isinstance(statement, ast.Return))
        elif isinstance(parent, (ast.With, ast.AsyncWith)) and child in parent.body:
            for item in parent.items:
                call = item.context_expr
                if isinstance(call, ast.Call) and body.symbol(call.func) == _SUPPRESS:
                    yield from [call for types in call.args if catches(types, body, paths)][:1]
        child = parent


def catches(types: ast.expr | None, body: Body, paths: frozenset[str]) -> bool:
    """Whether `except types:` catches one of `paths`; a bare `except:` does."""
    return types is None or any(path in paths for path in named(types, body))


def named(types: ast.expr, body: Body) -> list[str]:
    """The exceptions that `except types:` names: paths outside the project, bare names where they mean
    nothing known."""
    found: list[str] = []
    for node in types.elts if isinstance(types, ast.Tuple) else [types]:
        value = body.value(node)
        for item in cast("Sequence[object]", value) if isinstance(value, (tuple, list)) else (value,):
            if isinstance(item, External):
                found.append(item.path)
            elif item == UNKNOWN and (path := dotted_path(node)):
                found.append(path.rpartition(".")[2])
    return found


def stops(catcher: Catcher) -> bool:
    """Whether an exception surely ends where it is caught: nothing there raises, nor calls what says that it
    does."""
    if not isinstance(catcher, ast.ExceptHandler):
        return True
    for node in own_nodes(catcher.body):
        if isinstance(node, ast.Raise):
            return False
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if "raise" in name or name in ("retry", "exit", "_exit", "abort"):
                return False
    return True


def span_of_catcher(catcher: Catcher, span_of: Callable[[ast.AST], Span]) -> Span:
    """Where to point at: the exceptions that a handler names, the word `except` of one that names none."""
    if not isinstance(catcher, ast.ExceptHandler):
        return span_of(catcher)
    if catcher.type is not None:
        return span_of(catcher.type)
    start = span_of(catcher).start
    return Span(start, start + len("except"))


def own_nodes(statements: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """All nodes of some statements but those of nested functions and classes."""
    pending = list(statements)
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            pending.extend(children(node))
