"""A place in a file under analysis: what stands there, and what the names mean that are visible there.

Names inside a function are read from its head and its lines, as the function does not parse while somebody types in
it. Must not know what help is offered.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.assist.reading import Reading, read
from celery_analyzers.bindings import (
    Binding,
    Bindings,
    FunctionBinding,
    ValueBinding,
    bindings,
    function_binding,
    function_scope,
)
from celery_analyzers.expressions import OPAQUE, Expression, Reference, expression
from celery_analyzers.module_names import head_end
from celery_analyzers.project import Project
from celery_analyzers.relevance import SEGMENT
from celery_analyzers.resolution import evaluate_symbol, is_task_class
from celery_analyzers.scopes import InnerScope
from celery_analyzers.segment_analysis import SegmentAnalysis
from celery_analyzers.symbols import UNKNOWN, External, ProjectClass, ProjectFunction, Scope, Symbol
from celery_analyzers.tasks import ProjectTask, class_task, registering_call, task_of

_DEFINITION = re.compile(r"^([ \t]*)(?:async[ \t]+)?def[ \t]+(\w+)", re.MULTILINE)
_DECORATOR_LINE = re.compile(r"[ \t]*@")
_LOCAL = re.compile(
    r"^[ \t]+((?:from[ \t]+[.\w]+[ \t]+import[ \t]+(?:\([^)]*\)|[^\r\n(]+)|import[ \t]+[^\r\n]+)"
    r"|\w+[ \t]*=[ \t]*[^=\r\n][^\r\n]*)",
    re.MULTILINE,
)
_LONG = 20_000
"""Code points above which a segment is long."""
_CURRENT_TASK = External("celery.current_task")


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a function around or below the cursor. `start` is where its decorators begin, `opening` is behind its
    parenthesis and `end` behind its colon; they count from the segment's start."""

    name: str
    start: int
    opening: int
    end: int
    binding: FunctionBinding
    names: Bindings


class Spot:
    """A place in a file. `offset` and all spans count from the start of the segment that it is in."""

    def __init__(self, analysis: FileAnalysis, line: int, column: int) -> None:
        self.analysis = analysis
        index, self.offset = analysis.locate(line, column)
        self.index = index
        # What names mean is found anew, and noted for nobody.
        analysis.scope.begin()
        analysis.project.begin()

    @property
    def segment(self) -> SegmentAnalysis | None:
        """The segment; None in an empty text."""
        return self.analysis.segments[self.index] if self.analysis.segments else None

    @property
    def first_line(self) -> int:
        """The number of the line that the segment begins in."""
        return self.analysis.line_starts[self.index] if self.analysis.segments else 0

    @cached_property
    def text(self) -> str:
        """The segment's text, and what follows where that may belong to it: the function below an open decorator."""
        if self.segment is None:
            return ""
        own = self.segment.segment
        following = self.analysis.segments[self.index + 1 : self.index + 2]
        if _DECORATOR_LINE.match(own.text, own.code_start) and not _DEFINITION.search(own.text, own.code_start):
            return own.text + "".join(part.segment.text for part in following)
        return own.text

    @property
    def own_text(self) -> str:
        """The segment's text."""
        return self.segment.segment.text if self.segment is not None else ""

    @property
    def project(self) -> Project:
        """The project that the file belongs to."""
        return self.analysis.project

    @property
    def path(self) -> Path | None:
        """The file."""
        return self.analysis.scope.path

    @cached_property
    def release(self) -> tuple[int, int] | None:
        """The release of Celery that the file runs on; None where that may be one of several."""
        version = self.project.celery_version(self.path)
        if version.release is not None or version.highest is None or len(version.highest) < 2:
            return version.release
        # Of a range the newest: what is new there can be used by those who choose it.
        return version.highest[0], version.highest[1]

    @property
    def has_index(self) -> bool:
        """Whether what other files say can be told."""
        return self.project.index is not None or self.project.root is None

    @property
    def is_foreign(self) -> bool:
        """Whether the segment is so long that reading it takes a while, and holds no word of Celery's."""
        return len(self.own_text) > _LONG and SEGMENT.search(self.own_text) is None

    @cached_property
    def reading(self) -> Reading:
        """What stands here."""
        segment = self.segment
        start = 0 if segment is None else segment.segment.code_start
        return read(self.own_text, self.offset, start)

    @cached_property
    def heads(self) -> tuple[Head, ...]:
        """The heads of the functions around, the outermost first."""
        statement = self.reading.statement
        line = max(self.own_text.rfind("\n", 0, statement), self.own_text.rfind("\r", 0, statement)) + 1
        indent = len(self.own_text[line:statement].expandtabs())
        found: list[re.Match[str]] = []
        for match in _DEFINITION.finditer(self.own_text, 0, line):
            deep = len(match[1].expandtabs())
            while found and len(found[-1][1].expandtabs()) >= deep:
                found.pop()
            found.append(match)
        while found and len(found[-1][1].expandtabs()) >= indent:
            found.pop()
        heads = (self._head(match, self.own_text) for match in found)
        return tuple(head for head in heads if head is not None)

    @cached_property
    def head_below(self) -> Head | None:
        """The head of the function that stands behind the cursor: that of the decorator which the cursor is in."""
        match = _DEFINITION.search(self.text, self.offset)
        return None if match is None else self._head(match, self.text, with_decorators=False)

    def _head(self, match: re.Match[str], text: str, *, with_decorators: bool = True) -> Head | None:
        end = head_end(text, match.end())
        if end is None:
            return None
        start = self._decorators(match, text) if with_decorators else match.start()
        for begin in (start, match.start()):
            node = _parsed(f"{text[begin:end]} pass\n")
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                opening = text.find("(", match.end()) + 1
                return Head(node.name, begin, opening, end, function_binding(node), function_scope(node))
        return None

    def _decorators(self, match: re.Match[str], text: str) -> int:
        """Where the decorators of a definition begin: those of the segment's own may be broken over lines."""
        code = 0 if self.segment is None else self.segment.segment.code_start
        first = _DEFINITION.search(text, code)
        if first is not None and first.start() == match.start() and _DECORATOR_LINE.match(text, code):
            return code
        start = match.start()
        while start > 0:
            line = max(text.rfind("\n", 0, start - 1), text.rfind("\r", 0, start - 1)) + 1
            if not _DECORATOR_LINE.match(text, line):
                break
            start = line
        return start

    @cached_property
    def scope(self) -> Scope:
        """The names that are visible here."""
        scope: Scope = self.analysis.scope
        for head in self.heads:
            scope = InnerScope.of(head.names, scope)
        if self.heads:
            scope = InnerScope.of(tuple(self._local()), scope)
        return scope

    def _local(self) -> Iterator[tuple[str, Binding]]:
        """What the lines in front of the cursor bind in the innermost function."""
        for match in _LOCAL.finditer(self.own_text, self.heads[-1].end, self.reading.statement):
            try:
                statements = ast.parse(textwrap.dedent(match[1])).body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            yield from bindings(statements)

    def expression(self, source: str | None) -> Expression:
        """The frozen form of a piece of code."""
        if not source:
            return OPAQUE
        try:
            return expression(ast.parse(f"({source}\n)", mode="eval").body)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return OPAQUE

    def symbol(self, source: str | None) -> Symbol:
        """What a piece of code means here."""
        return evaluate_symbol(self.expression(source), self.scope)

    def task(self, source: str | None) -> ProjectTask | None:
        """The task that a piece of code means, be it the instance in its own body."""
        if not source:
            return None
        return self.own_task if self.is_instance(source) else task_of(self.symbol(source))

    def is_instance(self, source: str) -> bool:
        """Whether a piece of code means the task that runs here."""
        if self.symbol(source) == _CURRENT_TASK:
            return True
        return source == self.instance and self.scope.lookup(source)[0] != ()

    @cached_property
    def instance(self) -> str | None:
        """What the task that runs is called in the function around the cursor."""
        for head in reversed(self.heads):
            parameters = head.binding.parameters
            first = parameters[0].name if parameters else None
            if first is not None and head is self.heads[0] and self._in_task_class():
                return first
            task = self._task_of_head(head)
            if task is not None:
                bound = task.value("bind")
                return first if bound is True or (first == "self" and not task.options_known) else None
        return None

    @cached_property
    def own_task(self) -> ProjectTask | None:
        """The task in whose body the cursor is."""
        for head in reversed(self.heads):
            if (task := self._task_of_head(head)) is not None:
                return task
        owner = self.class_around
        return class_task(owner) if owner is not None and is_task_class(owner) else None

    def _task_of_head(self, head: Head) -> ProjectTask | None:
        scope = self.analysis.scope
        task = task_of(ProjectFunction(head.binding, scope))
        if task is None and head is self.heads[0] and registering_call(head.name, scope) is not None:
            found = scope.lookup(head.name)[0]
            values = [b.value for b in found if isinstance(b, ValueBinding)]
            task = next((t for value in values if (t := task_of(evaluate_symbol(value, scope)))), None)
        return task

    def _in_task_class(self) -> bool:
        return self.class_around is not None and is_task_class(self.class_around)

    @cached_property
    def class_around(self) -> ProjectClass | None:
        """The class whose member the segment is."""
        return None if self.segment is None else self.analysis.owner_class(self.segment)

    def segment_start(self) -> int:
        """Where the segment begins in the file."""
        return sum(len(part.segment.text) for part in self.analysis.segments[: self.index])

    def meaning(self, name: str) -> Symbol:
        """What a name means here; UNKNOWN where nothing binds it."""
        return evaluate_symbol(Reference(name), self.scope) if self.scope.lookup(name)[0] else UNKNOWN


def _parsed(source: str) -> ast.AST | None:
    """The first statement of a text that may be indented."""
    try:
        if source[:1] in " \t\f":
            source = f"if 1:\n{source}"
            node = ast.parse(source).body[0]
            return node.body[0] if isinstance(node, ast.If) else None
        return ast.parse(source).body[0]
    except (SyntaxError, ValueError, IndexError, RecursionError, MemoryError):
        return None
