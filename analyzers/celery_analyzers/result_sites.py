"""Finds the calls that make a result object of an id: `AsyncResult(task_id)`.

Knows how a result is looked up. What sending gives is `dispatch_sites`. Must not know rules.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from celery_analyzers.call_facts import ResultMade
from celery_analyzers.expressions import expression
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.symbols import AppAttribute, External, Scope
from celery_analyzers.tasks import task_of

if TYPE_CHECKING:
    from celery_analyzers.syntax import Syntax

_NAME = "AsyncResult"
_CLASS = External("celery.result.AsyncResult")


@dataclass(frozen=True, slots=True)
class ResultSite:
    """A result object with the call that makes it."""

    result: ResultMade
    call: ast.Call
    scope: Scope

    @property
    def fact(self) -> ResultMade:
        return self.result


def result_site(call: ast.Call, scope: Scope, syntax: Syntax) -> ResultSite | None:
    """The result object that a call makes of an id, if it makes one."""
    function = call.func
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    if name != _NAME:
        return None
    if evaluate_symbol(expression(function), scope) not in (_CLASS, AppAttribute(_NAME)):
        receiver = function.value if isinstance(function, ast.Attribute) else None
        if not isinstance(receiver, (ast.Name, ast.Attribute)):
            return None
        if task_of(evaluate_symbol(expression(receiver), scope)) is None:
            return None
    return ResultSite(ResultMade(syntax.span(call)), call, scope)
