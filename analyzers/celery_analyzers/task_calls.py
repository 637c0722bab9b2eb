"""Finds the calls of tasks as plain functions, which run them here and now.

Words tell first which names may be those of tasks, so that few calls are looked at. Must not know rules.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from celery_analyzers.bindings import Binding, FunctionBinding, ImportBinding
from celery_analyzers.call_facts import TaskCalled
from celery_analyzers.expressions import Reference, callee, expression
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.symbols import Scope
from celery_analyzers.syntax import Syntax
from celery_analyzers.tasks import task_of

_CALLABLE = re.compile(r"[a-z_]\w*\Z")


@dataclass(frozen=True, slots=True)
class TaskCallSite:
    """A call of a task with its node."""

    called: TaskCalled
    call: ast.Call
    scope: Scope

    @property
    def fact(self) -> TaskCalled:
        return self.called


def callables_in(names: Mapping[str, tuple[Binding, ...]]) -> frozenset[str]:
    """The names of a module that a call of a task may begin with: of functions that have a decorator for tasks, and of
    what comes from modules that are called after tasks."""
    return frozenset(name for name, found in names.items() if _CALLABLE.match(name) and any(map(_may_be_task, found)))


def _may_be_task(binding: Binding) -> bool:
    if isinstance(binding, FunctionBinding):
        called = map(callee, binding.decorators)
        return any(isinstance(decorator, Reference) and "task" in decorator.path for decorator in called)
    if not isinstance(binding, ImportBinding) or binding.module.split(".", 1)[0] in ("celery", "asyncio"):
        return False
    return "task" in binding.module or (binding.name is not None and "task" in binding.name)


def calls_of_any(names: Collection[str]) -> re.Pattern[str] | None:
    """What a text must hold to call any of the names, or something of theirs; None where there are none."""
    if not names:
        return None
    return re.compile(rf"(?<![\w.@])(?<!def )(?:{'|'.join(sorted(map(re.escape, names)))})(?:\.\w+)?[ \t]*\(")


def task_call_site(call: ast.Call, scope: Scope, syntax: Syntax, names: Collection[str]) -> TaskCallSite | None:
    """The call of a task that a call is, if it begins with one of `names`."""
    function = call.func
    root = function.value if isinstance(function, ast.Attribute) else function
    if not isinstance(root, ast.Name) or root.id not in names:
        return None
    task = task_of(evaluate_symbol(expression(function), scope))
    return None if task is None else TaskCallSite(TaskCalled(syntax.span(call), task), call, scope)
