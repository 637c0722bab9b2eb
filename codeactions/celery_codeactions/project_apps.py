"""Finds the one app that a task of the project belongs to, and how a module imports it.

Must not know why somebody asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING, cast

from celery_analyzers.bindings import ValueBinding
from celery_analyzers.expressions import Reference
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.symbols import App
from celery_analyzers.task_names import module_names_of

if TYPE_CHECKING:
    from celery_codeactions.place import Place


@dataclass(frozen=True, slots=True)
class ProjectApp:
    """An app by the module that makes it and its name there. `is_here` tells that this is the module at hand."""

    module: str
    name: str
    is_here: bool


def project_app(place: Place) -> ProjectApp | None:
    """The app whose tasks `shared_task` makes at a place; None where there are several, or it has no name."""
    if place.path is None:
        return None
    modules = cast("tuple[str, ...]", place.project.ask("apps_for", str(place.path)) or ())
    module = place.project.module_at(Path(modules[0])) if len(modules) == 1 else None
    if module is None or module.path is None:
        return None
    is_here = module.path == place.path
    scope = place.analysis.scope if is_here else module
    names = [name for name in scope.bound() if _is_app(name, scope)]
    dotted = importable(module.path, place)
    return ProjectApp(dotted, names[0], is_here) if len(names) == 1 and dotted is not None else None


def importable(path: Path, place: Place) -> str | None:
    """The dotted name by which the module at a place would import the one at `path`."""
    for name in module_names_of(path, place.project.root):
        if not all(part.isidentifier() and not iskeyword(part) for part in name.split(".")):
            continue
        found = place.project.module(place.analysis.scope, name, 0)
        if isinstance(found, ModuleScope) and found.path == path:
            return name
    return None


def _is_app(name: str, module: ModuleScope) -> bool:
    found, _ = module.lookup(name)
    is_made_here = name.isidentifier() and len(found) == 1 and isinstance(found[0], ValueBinding)
    return is_made_here and isinstance(evaluate_symbol(Reference(name), module), App)
