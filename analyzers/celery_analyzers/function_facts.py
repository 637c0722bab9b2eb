"""Reads the facts of a function from its syntax. Must not know what the function is for."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from celery_analyzers.bindings import ParameterKind, listed_parameters
from celery_analyzers.expressions import expression
from celery_analyzers.findings import Span
from celery_analyzers.syntax import Syntax
from celery_analyzers.task_facts import FunctionFacts, Parameter
from celery_analyzers.trees import Function, children


def function_facts(node: Function, syntax: Syntax) -> FunctionFacts:
    """What a function's head says, and whether it yields."""
    return FunctionFacts(
        name=node.name,
        name_span=syntax.name_span(node),
        parameters=tuple(_parameter(*entry, syntax) for entry in listed_parameters(node.args)),
        is_async=isinstance(node, ast.AsyncFunctionDef),
        is_generator="yield" in syntax.text and _yields(node.body),
    )


def _parameter(node: ast.arg, kind: ParameterKind, default: ast.expr | None, syntax: Syntax) -> Parameter:
    start = syntax.span(node).start
    annotation = None if node.annotation is None else syntax.source(node.annotation)
    value = None if default is None else expression(default)
    return Parameter(node.arg, kind, Span(start, start + len(node.arg)), annotation, value)


def _yields(statements: Sequence[ast.AST]) -> bool:
    pending: list[ast.AST] = list(statements)
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            pending.extend(children(node))
    return False
