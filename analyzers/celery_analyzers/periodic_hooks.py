"""Calls of `add_periodic_task`, and the functions that Celery calls to have them made. Must not know rules."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.expressions import dotted_path
from celery_analyzers.symbols import App
from celery_analyzers.trees import Function

if TYPE_CHECKING:
    from celery_analyzers.app_contexts import BeatContext

ADDING = "add_periodic_task"
_HOOKS = ("on_after_configure.connect", "on_after_finalize.connect", "on_configure.connect")


def is_celerys(node: ast.expr, context: BeatContext) -> bool:
    """Whether a call of `add_periodic_task` is one of an app's method: of the app itself, or of a hook's sender."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != ADDING:
        return False
    receiver = node.func.value
    return (isinstance(receiver, ast.Name) and receiver.id == "sender") or isinstance(context.symbol(receiver), App)


def function_of(node: ast.AST, context: BeatContext) -> Function | None:
    """The function that a node stands in."""
    return next((outer for outer in context.enclosing(node) if isinstance(outer, Function)), None)


def is_hook(function: Function) -> bool:
    """Whether a decorator has Celery call the function when an app is ready."""
    decorators = (d.func if isinstance(d, ast.Call) else d for d in function.decorator_list)
    return any((dotted_path(decorator) or "").endswith(_HOOKS) for decorator in decorators)


def calls_in(node: ast.AST) -> list[ast.Call]:
    """The calls of `add_periodic_task` in a piece of code, in their order."""
    return [
        inner
        for inner in ast.walk(node)
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr == ADDING
    ]
