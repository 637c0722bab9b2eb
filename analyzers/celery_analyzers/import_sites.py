"""Finds what a segment imports from Celery.

Knows import statements. Must not know what Celery has or had, nor rules.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from celery_analyzers.import_facts import CeleryImport, ImportedName
from celery_analyzers.symbols import Scope
from celery_analyzers.syntax import Syntax

_TOP = frozenset({"celery", "djcelery"})


@dataclass(frozen=True, slots=True)
class ImportSite:
    """An import of Celery with its node."""

    imported: CeleryImport
    node: ast.Import | ast.ImportFrom
    scope: Scope

    @property
    def fact(self) -> CeleryImport:
        return self.imported


def import_site(node: ast.Import | ast.ImportFrom, scope: Scope, syntax: Syntax) -> ImportSite | None:
    """What a statement imports from Celery, if anything."""
    if isinstance(node, ast.ImportFrom):
        if node.level or node.module is None or not _is_celerys(node.module):
            return None
        names = tuple(
            ImportedName(f"{node.module}.{alias.name}", alias.asname, syntax.span(alias)) for alias in node.names
        )
        return ImportSite(CeleryImport(node.module, names, syntax.span(node)), node, scope)
    names = tuple(ImportedName(a.name, a.asname, syntax.span(a)) for a in node.names if _is_celerys(a.name))
    return ImportSite(CeleryImport(None, names, syntax.span(node)), node, scope) if names else None


def _is_celerys(module: str) -> bool:
    return module.split(".", 1)[0] in _TOP
