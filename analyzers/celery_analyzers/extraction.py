"""Walks over the syntax of one segment and finds all that it says about Celery.

Knows where to look, and in which scope. What a place says is read by the file of its kind (`sites.py` has them all).
Must not know rules.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from typing import cast

from celery_analyzers.app_sites import app_site
from celery_analyzers.bindings import class_binding
from celery_analyzers.canvas_sites import canvas_site
from celery_analyzers.crontab_sites import CrontabSite, crontab_site
from celery_analyzers.dispatch_sites import DispatchReader
from celery_analyzers.import_sites import import_site
from celery_analyzers.index_records import SourceRecord
from celery_analyzers.relevance import DISPATCHES, SIGNATURES
from celery_analyzers.resolution import is_task_class
from celery_analyzers.result_sites import result_site
from celery_analyzers.scopes import InnerScope
from celery_analyzers.setting_sites import SettingReader
from celery_analyzers.signal_sites import names_inside, signal_site
from celery_analyzers.sites import Site
from celery_analyzers.symbols import ProjectClass, Scope
from celery_analyzers.syntax import Syntax
from celery_analyzers.task_calls import task_call_site
from celery_analyzers.task_class_sites import task_class_site, task_method_site
from celery_analyzers.task_sites import TaskSite, decorated_task, registered_task, task_made_by
from celery_analyzers.trees import Function, walk

_DEFINITION = re.compile(r"\b(?:def|class)[ \t]")
_IMPORT = re.compile(r"\b(?:from|import)[ \t]+(?:dj)?celery\b")


def sites(
    syntax: Syntax,
    scope: Scope,
    owner: ProjectClass | None,
    *,
    calls: bool,
    roles: Sequence[SourceRecord] = (),
    callables: Collection[str] = (),
) -> Iterator[Site]:
    """The Celery facts of a segment, in order. `owner` is the class whose member the segment is.

    `calls` tells whether a call in it may matter; where the words already say no, only decorators are read. `roles` are
    what the module is to the apps that are configured from it, `callables` names that a call of a task may begin with.
    """
    visitor = _Visitor(syntax, calls, roles, callables)
    if owner is None:
        yield from visitor.block(syntax.statements, scope, None)
    else:
        yield from visitor.block(syntax.statements, InnerScope.of(owner.binding.body, owner.scope), owner)


class _Visitor:
    __slots__ = (
        "_assignment",
        "_callables",
        "_conditions",
        "_dispatches",
        "_look_inside",
        "_reads_calls",
        "_reads_dispatches",
        "_reads_signatures",
        "_settings",
        "_syntax",
    )

    def __init__(self, syntax: Syntax, calls: bool, roles: Sequence[SourceRecord], callables: Collection[str]) -> None:
        self._syntax = syntax
        self._settings = SettingReader(syntax, roles)
        self._reads_calls = calls
        self._callables = callables
        self._reads_dispatches = DISPATCHES.search(syntax.text) is not None
        self._reads_signatures = self._reads_dispatches and SIGNATURES.search(syntax.text) is not None
        # The text tells at once that most functions hold no other and yield nothing.
        self._look_inside = (
            calls
            or bool(callables)
            or self._reads_dispatches
            or self._settings.reads
            or len(_DEFINITION.findall(syntax.text)) > 1
            or _IMPORT.search(syntax.text) is not None
        )
        self._dispatches = DispatchReader(syntax)
        self._assignment: ast.Assign | ast.AnnAssign | None = None
        """The statement being read, if it is an assignment."""
        self._conditions = 0
        """How many statements around may pass over what is being read."""

    def block(self, statements: Sequence[ast.stmt], scope: Scope, owner: ProjectClass | None) -> Iterator[Site]:
        for node in statements:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield from self._function(node, scope, owner)
            elif isinstance(node, ast.ClassDef):
                if made := task_class_site(node, scope, self._syntax):
                    yield made
                inner = ProjectClass(class_binding(node), scope)
                yield from self.block(node.body, InnerScope.of(inner.binding.body, scope), inner)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                if imported := import_site(node, scope, self._syntax):
                    yield imported
            else:
                yield from self._statement(node, scope, owner)

    def _statement(self, node: ast.stmt, scope: Scope, owner: ProjectClass | None) -> Iterator[Site]:
        if self._settings.reads:
            yield from self._settings.statement(node, scope, owner)
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.BitOr):
            self._dispatches.roles.note_extension(node.value)
        self._assignment = node if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
        blocks: list[list[ast.stmt]] = []
        for name, value in ast.iter_fields(node):
            if name in ("body", "orelse", "finalbody"):
                blocks.append(value)
            elif name in ("handlers", "cases"):
                blocks.extend(part.body for part in value)
            else:
                items = cast("list[object]", value if isinstance(value, list) else [value])
                yield from (site for item in items if isinstance(item, ast.AST) for site in self._calls(item, scope))
        may_be_skipped = not isinstance(node, (ast.With, ast.AsyncWith))
        self._conditions += may_be_skipped
        for block in blocks:
            yield from self.block(block, scope, owner)
        self._conditions -= may_be_skipped

    def _function(self, node: Function, scope: Scope, owner: ProjectClass | None) -> Iterator[Site]:
        for decorator in node.decorator_list:
            yield from self._calls(decorator, scope)
        task = self._task(node, scope, owner)
        if task is not None:
            yield task
        elif handler := signal_site(node, scope, self._syntax):
            yield handler
        if owner is not None and is_task_class(owner):
            yield task_method_site(node, scope, owner, self._syntax)
        if not self._look_inside:
            return
        outside = owner.scope if owner is not None else scope
        inside = InnerScope.of(names_inside(node, scope), outside)
        yield from self.block(node.body, inside, None)

    def _calls(self, node: ast.AST, scope: Scope) -> Iterator[Site]:
        if not (self._reads_calls or self._reads_dispatches or self._callables or self._settings.reads):
            return
        if self._reads_signatures:
            self._dispatches.roles.note(node, scope)
        for call in walk(node):
            if not isinstance(call, ast.Call):
                continue
            if self._reads_calls and (site := self._made_by(call, scope)):
                yield site
            elif self._reads_dispatches and (dispatch := self._dispatches.read(call, scope, self._reads_calls)):
                yield dispatch
            elif canvas := canvas_site(call, scope, self._syntax, aliases=self._reads_calls):
                yield canvas
            elif self._callables and (called := task_call_site(call, scope, self._syntax, self._callables)):
                yield called
            elif result := result_site(call, scope, self._syntax):
                yield result
            elif self._settings.reads:
                if app := app_site(call, self._assignment, scope, self._syntax):
                    yield app
                yield from self._settings.call(call, scope)

    def _task(self, node: Function, scope: Scope, owner: ProjectClass | None) -> TaskSite | None:
        made = decorated_task(node, scope, owner, self._syntax, conditional=self._conditions > 0)
        return made or registered_task(node, scope, owner, self._syntax)

    def _made_by(self, call: ast.Call, scope: Scope) -> CrontabSite | TaskSite | None:
        return crontab_site(call, scope, self._syntax) or task_made_by(call, scope, self._syntax)
