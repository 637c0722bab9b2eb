"""Task classes and their methods, with the nodes that they were read from.

Knows how a task class is written. Must not know what a method is for, nor rules.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from celery_analyzers.bindings import ClassBinding, class_binding
from celery_analyzers.expressions import callee, expression
from celery_analyzers.function_facts import function_facts
from celery_analyzers.resolution import evaluate_symbol, is_task_class
from celery_analyzers.symbols import ProjectClass, Scope
from celery_analyzers.syntax import Syntax
from celery_analyzers.task_facts import TaskClass, TaskMethod
from celery_analyzers.trees import Function


@dataclass(frozen=True, slots=True)
class TaskClassSite:
    """A task class with its node, which holds no members where the class is made of several segments."""

    made: TaskClass
    node: ast.ClassDef
    scope: Scope

    @property
    def fact(self) -> TaskClass:
        return self.made


@dataclass(frozen=True, slots=True)
class TaskMethodSite:
    """A method of a task class with its node."""

    method: TaskMethod
    node: Function
    scope: Scope

    @property
    def fact(self) -> TaskMethod:
        return self.method


def task_class_site(node: ast.ClassDef, scope: Scope, syntax: Syntax) -> TaskClassSite | None:
    """The task class that a class statement makes, if it does."""
    if not node.bases:
        return None
    owner = _whole_class(node, scope)
    if not is_task_class(owner):
        return None
    return TaskClassSite(TaskClass(node.name, syntax.name_span(node), owner), node, scope)


def task_method_site(node: Function, scope: Scope, owner: ProjectClass, syntax: Syntax) -> TaskMethodSite:
    """A method of a task class, which is `owner`."""
    decorators = tuple(evaluate_symbol(callee(expression(d)), scope) for d in node.decorator_list)
    return TaskMethodSite(TaskMethod(function_facts(node, syntax), owner, decorators), node, scope)


def _whole_class(node: ast.ClassDef, scope: Scope) -> ProjectClass:
    """The class with its members, which may stand in segments of their own."""
    found, where = scope.lookup(node.name)
    own = class_binding(node)
    for binding in found:
        if isinstance(binding, ClassBinding) and binding.bases == own.bases:
            return ProjectClass(binding, where)
    return ProjectClass(own, scope)
