"""Finds the calls that make apps, with the names that these are bound to.

Knows how an app is made. Must not know its settings nor rules.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from celery_analyzers.app_facts import AppMade
from celery_analyzers.expressions import dotted_path, expression
from celery_analyzers.resolution import evaluate_symbol, is_celery_class
from celery_analyzers.symbols import Scope
from celery_analyzers.syntax import Syntax


@dataclass(frozen=True, slots=True)
class AppSite:
    """An app with the call that makes it, and the statement that binds it to a name."""

    app: AppMade
    call: ast.Call
    statement: ast.stmt | None
    scope: Scope

    @property
    def fact(self) -> AppMade:
        return self.app


def app_site(
    call: ast.Call, assignment: ast.Assign | ast.AnnAssign | None, scope: Scope, syntax: Syntax
) -> AppSite | None:
    """The app that a call of a class makes, if it does; what a factory of the project returns is made in the factory.

    `assignment` is the statement that the call stands in, if it is one.
    """
    path = dotted_path(call.func)
    if path is None or not path.rpartition(".")[2].endswith("Celery"):
        return None
    if not is_celery_class(evaluate_symbol(expression(call.func), scope)):
        return None
    targets: list[ast.expr] = []
    if assignment is not None and assignment.value is call:
        targets = assignment.targets if isinstance(assignment, ast.Assign) else [assignment.target]
    name = dotted_path(targets[0]) if len(targets) == 1 else None
    return AppSite(AppMade(syntax.span(call), name), call, assignment if name else None, scope)
