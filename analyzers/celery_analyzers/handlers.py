"""What becomes of an exception inside a body: which handler gets it, and whether it goes on from there.

Knows `try` and `with`. Must not know Celery or rules.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Union

from celery_analyzers.body import Body
from celery_analyzers.symbols import External

BROAD = frozenset({"builtins.Exception", "builtins.BaseException"})
_SUPPRESS = External("contextlib.suppress")

Catcher = Union[ast.ExceptHandler, ast.withitem]


def catchers(node: ast.AST, body: Body, paths: frozenset[str]) -> Iterator[tuple[ast.Try | ast.With, Catcher]]:
    """What catches an exception raised at `node`, from the inside out.

    Of each `try` around it the first handler for any of `paths` or for everything, and each `contextlib.suppress` of
    them. Where a handler names an exception itself and not only a base of it, `paths` must hold it too.
    """
    child = node
    for parent in body.parents(node):
        if isinstance(parent, ast.Try) and child in parent.body:
            handler = next((h for h in parent.handlers if catches(h.type, body, paths)), None)
            if handler is not None:
                yield parent, handler
        elif isinstance(parent, ast.With) and child in parent.body:
            for item in parent.items:
                call = item.context_expr
                if isinstance(call, ast.Call) and body.symbol(call.func) == _SUPPRESS:
                    if any(catches(argument, body, paths) for argument in call.args):
                        yield parent, item
        child = parent


def catches(types: ast.expr | None, body: Body, paths: frozenset[str]) -> bool:
    """Whether `except types:` names one of `paths`; a bare `except:` does."""
    return types is None or any(path in paths for path in named(types, body))


def named(types: ast.expr, body: Body) -> list[str]:
    """The exceptions outside the project that `except types:` names."""
    values = body.value(types)
    listed = values if isinstance(values, (tuple, list)) else (values,)  # pyright: ignore[reportUnknownVariableType]
    return [value.path for value in listed if isinstance(value, External)]  # pyright: ignore[reportUnknownVariableType]


def may_raise_again(handler: ast.ExceptHandler) -> bool:
    """Whether a handler holds anything that raises, or hands the exception to something that may."""
    for node in own_nodes(handler.body):
        if isinstance(node, ast.Raise):
            return True
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if "raise" in name or name in ("retry", "exit", "_exit", "abort"):
                return True
    return False


def own_nodes(statements: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """All nodes of some statements but those of nested functions and classes."""
    pending = list(statements)
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            pending.extend(ast.iter_child_nodes(node))
