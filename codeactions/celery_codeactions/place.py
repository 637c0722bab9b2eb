"""Where the cursor stands: the task, the call and the statements around it, as actions ask about them.

Knows syntax and facts. Must not know any single action.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from celery_analyzers.bindings import function_scope
from celery_analyzers.call_contexts import DispatchContext
from celery_analyzers.context import Context
from celery_analyzers.dispatch_sites import DispatchSite
from celery_analyzers.expressions import expression
from celery_analyzers.findings import Span
from celery_analyzers.layout import line_start
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.scopes import InnerScope
from celery_analyzers.task_sites import TaskSite
from celery_analyzers.trees import walk
from celery_codeactions.task_operations import TaskOperations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from celery_analyzers.analysis import FileAnalysis
    from celery_analyzers.body import Body
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.project import Project
    from celery_analyzers.symbols import Scope, Symbol
    from celery_analyzers.syntax import Syntax
    from celery_analyzers.task_facts import TaskDefinition
    from celery_analyzers.trees import Function

Node = TypeVar("Node", bound=ast.AST)
Texts = Callable[["Path"], "str | None"]
"""Gives the text of a file; None where it cannot be read."""


@dataclass(frozen=True, slots=True)
class TaskHere:
    """The task that the cursor is in: its definition, with the nodes of its function and of its decorator.

    `decorator` is None where the options stand elsewhere, or the wrapper that makes the task takes none.
    """

    task: TaskDefinition
    context: Context
    function: Function
    decorator: ast.expr | None

    @property
    def body(self) -> Body:
        """The task's body."""
        body = self.context.body
        assert body is not None
        return body

    def takes_options(self, *names: str) -> bool:
        """Whether options can be written in the decorator, where all that it is given can be told."""
        if self.decorator is None or not self.task.options_known:
            return False
        given = (self.task.option(name) for name in names if not self.task.is_from_wrapper(name))
        if any(option is not None and option.span is None for option in given):
            return False
        has_splat = isinstance(self.decorator, ast.Call) and any(k.arg is None for k in self.decorator.keywords)
        return not has_splat and all(self.task.maker.passes_on(name) for name in names)


@dataclass(frozen=True, slots=True)
class DispatchHere:
    """The call around the cursor that sends a task, or makes a signature of one."""

    dispatch: Dispatch
    context: DispatchContext
    call: ast.Call
    scope: Scope


class Place:
    """A selection in an analysed text; a cursor is an empty one. Spans count from the start of the segment around it.

    A selection that reaches out of its segment is taken for its start.
    """

    def __init__(self, analysis: FileAnalysis, start: int, end: int, texts: Texts | None = None) -> None:
        self.analysis = analysis
        self.text_of: Texts = texts or analysis.project.text
        """The texts of other files."""
        index, before = 0, 0
        for index, segment in enumerate(analysis.segments):
            length = len(segment.segment.text)
            if start < before + length or index + 1 == len(analysis.segments):
                break
            before += length
        self.segment_start = before
        """Where the segment begins in the text."""
        self._reading = analysis.read(index) if analysis.segments else None
        size = len(self._reading.syntax.text) if self._reading else 0
        self.start = min(start - before, size)
        self.end = min(end - before, size) if end - before <= size else self.start

    @property
    def syntax(self) -> Syntax | None:
        """The tree of the segment; None where it has none."""
        return self._reading.syntax if self._reading else None

    @property
    def text(self) -> str:
        """The text of the segment."""
        return self._reading.syntax.text if self._reading else ""

    @property
    def project(self) -> Project:
        """The project around the file."""
        return self.analysis.project

    @property
    def quote(self) -> str:
        """The quotation mark that the file uses more often."""
        text = self.analysis.text
        return "'" if text.count("'") > text.count('"') else '"'

    @property
    def path(self) -> Path | None:
        """The file."""
        return self.analysis.scope.path

    def span(self, node: ast.AST) -> Span:
        """Where a node stands."""
        assert self._reading is not None
        return self._reading.syntax.span(node)

    def source(self, node: ast.AST) -> str:
        """The text of a node."""
        span = self.span(node)
        return self.text[span.start : span.end]

    def is_in(self, span: Span) -> bool:
        """Whether the selection lies in a span."""
        return span.start <= self.start and self.end <= span.end

    @cached_property
    def task(self) -> TaskHere | None:
        """The innermost task whose decorators, head or body hold the selection."""
        found: list[tuple[int, TaskHere]] = []
        for site in self._reading.sites if self._reading else ():
            if isinstance(site, TaskSite) and site.function is not None and self.is_in(self._whole(site.function)):
                context = self._context_of(site)
                here = TaskHere(site.task, context, site.function, site.decorator)
                found.append((self.span(site.function).start, here))
        return max(found, key=lambda one: one[0])[1] if found else None

    def _context_of(self, site: TaskSite) -> Context:
        assert self._reading is not None
        return Context(
            self._reading.syntax,
            site.scope,
            self.project,
            function=site.function,
            decorator=site.decorator,
            task=site.task,
        )

    def _whole(self, function: Function) -> Span:
        """A function with its decorators, from the start of its first line on."""
        span = self.span(function)
        first = min([span.start, *(self.span(decorator).start for decorator in function.decorator_list)])
        return Span(line_start(self.text, first), span.end)

    @cached_property
    def dispatch(self) -> DispatchHere | None:
        """The innermost dispatch that holds the selection."""
        sites = [
            site
            for site in (self._reading.sites if self._reading else ())
            if isinstance(site, DispatchSite) and self.is_in(site.dispatch.span)
        ]
        if not sites or self._reading is None:
            return None
        site = max(sites, key=lambda one: one.dispatch.span.start)
        context = DispatchContext(self._reading.syntax, self.project, site, self._reading.owner)
        return DispatchHere(site.dispatch, context, site.call, site.scope)

    @cached_property
    def operations(self) -> TaskOperations:
        """What the task here does, for all actions that ask."""
        assert self.task is not None
        return TaskOperations(self.task.body, self.task.context, self._text_of)

    def _text_of(self, path: Path) -> str | None:
        return self.analysis.text if path == self.path else self.text_of(path)

    @property
    def dispatches(self) -> Iterator[DispatchSite]:
        """All dispatches of the segment."""
        return (site for site in (self._reading.sites if self._reading else ()) if isinstance(site, DispatchSite))

    def around(self, *kinds: type[Node]) -> Iterator[Node]:
        """The nodes of some kinds that hold the selection, from the inside out."""
        found: list[tuple[int, int, Node]] = []
        for statement in self._reading.syntax.statements if self._reading else ():
            for node in walk(statement):
                if isinstance(node, kinds):
                    span = self.span(node)
                    if self.is_in(span):
                        found.append((span.start, -span.end, node))
        found.sort(key=lambda one: one[:2], reverse=True)
        return (node for _, _, node in found)

    def enclosing(self, node: ast.AST) -> Iterator[ast.AST]:
        """What encloses a node in the segment, from the inside out."""
        assert self._reading is not None
        return self._reading.syntax.enclosing(node)

    def scope_at(self, node: ast.AST) -> Scope:
        """The scope that the names in a node are looked up in."""
        scope: Scope = self.analysis.scope
        functions = [n for n in self.enclosing(node) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
        for function in reversed(functions):
            scope = InnerScope.of(function_scope(function), scope)
        return scope

    def symbol(self, node: ast.expr) -> Symbol:
        """What an expression means."""
        return evaluate_symbol(expression(node), self.scope_at(node))
