"""Looks a task's name up in the workspace: whether it is certain that no task has it, and which one was meant.

Knows where a task of a name would have to stand. Must not know where names are written, nor rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from celery_analyzers.bindings import STAR, Binding, FunctionBinding, ImportBinding
from celery_analyzers.effective import names_of
from celery_analyzers.expressions import Expression, callee
from celery_analyzers.known_names import AboutName
from celery_analyzers.makers import maker_of
from celery_analyzers.project import Project
from celery_analyzers.resolution import evaluate_symbol, resolve
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.symbols import External, Scope
from celery_analyzers.tasks import STATICMETHOD, TRANSPARENT_DECORATORS, task_of

_NO_TASK_MAKERS = ("contextlib.", "functools.", "typing.")


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A name that no task has.

    `in_module` tells that the module in it is in the workspace, and has no such task. `is_certain` tells that the names
    of all other tasks are known as well. `meant` is the name that was probably meant, and `is_exact` that this is a
    task by its right name.
    """

    in_module: bool
    is_certain: bool
    meant: str | None
    is_exact: bool


def unknown_name(name: str, project: Project) -> UnknownName | None:
    """What there is to say of a name that no task of the workspace has; None where one has it, or may."""
    if name.startswith("celery.") or project.is_external_task(name) or not project.ask("names_are_certain"):
        return None
    about = cast("AboutName | None", project.ask("about_name", name))
    if about is None or about.is_known or about.may_be:
        return None
    module = name.rpartition(".")[0]
    imported: list[str] = []
    for path in about.modules:
        found = None if project.root is None else _in_module(name, project.root / path, project)
        if found is None:
            return None
        imported += found
    meant = about.meant or (imported[0] if len(imported) == 1 else None)
    if not about.modules and meant is None and not _is_gone(module, project):
        return None
    return UnknownName(bool(about.modules), about.is_certain, meant, about.is_own or bool(imported))


def _is_gone(module: str, project: Project) -> bool:
    """Whether a module is none of the workspace although the package that it would be in is."""
    package = module.rpartition(".")[0]
    return "." in package and project.ask("has_package", package) is True


def _in_module(name: str, path: Path, project: Project) -> list[str] | None:
    """The names of the tasks of other modules that a module calls by the last part of `name`; None if that may be a
    task of its own."""
    function = name.rpartition(".")[2]
    scope = project.module_at(path)
    if scope is None or _has_open_star(scope):
        return None
    found, _ = scope.lookup(function)
    if not found:
        # Behind a dot it is a part of other names, such as the one in question.
        return None if project.may_hold(path, rf"(?<![\w.]){re.escape(function)}\b") else []
    names: list[str] = []
    for binding in found:
        others = _of_binding(binding, name, scope, project)
        if others is None:
            return None
        names += others
    return names


def _of_binding(binding: Binding, name: str, scope: ModuleScope, project: Project) -> list[str] | None:
    if isinstance(binding, FunctionBinding):
        return [] if all(_is_known(decorator, scope) for decorator in binding.decorators) else None
    if isinstance(binding, ImportBinding):
        task = task_of(resolve(name.rpartition(".")[2], scope))
        names = names_of(task, task.scope, project) if task is not None else None
        # Of several possible names, the one that begins in the same folder.
        package = name.partition(".")[0]
        return sorted(names, key=lambda one: one.partition(".")[0] != package)[:1] if names else None
    return None


def _is_known(decorator: Expression, scope: Scope) -> bool:
    """Whether a decorator is known to make no task, or one that the index knows by its name."""
    if maker_of(decorator, scope) is not None:
        return True
    symbol = evaluate_symbol(callee(decorator), scope)
    if not isinstance(symbol, External):
        return False
    path = symbol.path
    return symbol == STATICMETHOD or path in TRANSPARENT_DECORATORS or path.startswith(_NO_TASK_MAKERS)


def _has_open_star(scope: ModuleScope) -> bool:
    """Whether a module takes over the names of another one that nobody can look into."""
    return any(module is None for module in _starred(scope))


def _starred(scope: ModuleScope) -> Iterator[Scope | None]:
    stars, where = scope.lookup(STAR)
    for star in stars:
        assert isinstance(star, ImportBinding)
        yield where.modules.module(where.module_scope, star.module, star.level) if where.modules else None
