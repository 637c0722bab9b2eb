"""Parses one segment, and tells where its nodes stand.

The tree is the standard `ast`'s whatever Python runs this: what that Python's own parser is too old for is read with
LibCST and converted. Parsing never raises: a segment has a tree, or a problem.

Knows `ast` and its positions. Must not know Celery.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from celery_analyzers.findings import Span
from celery_analyzers.local_names import LocalNames
from celery_analyzers.nesting import too_deep
from celery_analyzers.segments import Kind, Segment
from celery_analyzers.source import LineIndex
from celery_analyzers.trees import parents_in, walk

TOO_DEEP = "this is nested too deeply to be read"
"""The message of a problem."""
_NEWER_SYNTAX = {
    (3, 11): r"\bexcept\s*\*|\[[^\]\n]*\*\w",
    (3, 12): r"^\s*type\s+\w+|\b(?:def|class)\s+\w+\s*\[",
    (3, 13): r"\b(?:def|class|type)\s+\w+\s*\[",
    (3, 14): r"\bexcept\s[^:(]*,|\b[rR]?[tT][rR]?[\"']",
}
_HINTS = [pattern for version, pattern in _NEWER_SYNTAX.items() if sys.version_info < version]
_HINT = re.compile("|".join(_HINTS), re.MULTILINE) if _HINTS else None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a segment has no tree. The span counts from the segment's start."""

    span: Span
    message: str


class Syntax:
    """The statements of one segment. Spans count from the segment's start, in code points."""

    __slots__ = ("_line_shift", "_lines", "_mentions", "_names", "_offset_shift", "_parents", "statements", "text")

    def __init__(
        self, text: str, lines: LineIndex, statements: list[ast.stmt], line_shift: int, offset_shift: int
    ) -> None:
        self.text = text
        self.statements = statements
        self._lines = lines
        self._line_shift = line_shift
        self._offset_shift = offset_shift
        self._parents: dict[ast.AST, ast.AST] | None = None
        self._names: LocalNames | None = None
        self._mentions: dict[str, list[ast.AST]] | None = None

    def enclosing(self, node: ast.AST) -> Iterator[ast.AST]:
        """What encloses a node in the segment, from the inside out."""
        if self._parents is None:
            self._parents = parents_in(self.statements)
        while (parent := self._parents.get(node)) is not None:
            yield parent
            node = parent

    @property
    def local_names(self) -> LocalNames:
        """The names that the functions of the segment bind."""
        if self._names is None:
            self._names = LocalNames(self.enclosing)
        return self._names

    def mentions(self, name: str) -> list[ast.AST]:
        """Where the segment names `name`: the names themselves, and what says that a function shares it."""
        if self._mentions is None:
            self._mentions = {}
            for node in (node for statement in self.statements for node in walk(statement)):
                if isinstance(node, ast.Name):
                    self._mentions.setdefault(node.id, []).append(node)
                elif isinstance(node, (ast.Global, ast.Nonlocal)):
                    for shared in node.names:
                        self._mentions.setdefault(shared, []).append(node)
        return self._mentions.get(name, [])

    def offset(self, line: int, column: int) -> int:
        """The offset of a position as `ast` gives it: lines from 1, columns in UTF-8 bytes."""
        number = line - 1 - self._line_shift
        start = self._lines.starts[number]
        if not number:
            start += self._offset_shift
        if self.text.isascii():
            return start + column
        line_text = self.text[start : self._lines.line_end(number)]
        return start + len(line_text.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "replace"))

    def span(self, node: ast.AST) -> Span:
        """Where `node` stands. It must be of a kind that `ast` gives positions to."""
        end_line: int = getattr(node, "end_lineno")  # noqa: B009 - the stubs type ast.AST without positions
        end_column: int = getattr(node, "end_col_offset")  # noqa: B009
        line: int = getattr(node, "lineno")  # noqa: B009
        column: int = getattr(node, "col_offset")  # noqa: B009
        return Span(self.offset(line, column), self.offset(end_line, end_column))

    def source(self, node: ast.AST) -> str:
        """The text of `node` as the user wrote it."""
        span = self.span(node)
        return self.text[span.start : span.end]

    def name_span(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Span:
        """Where the name of a definition stands."""
        start = self.span(node).start
        match = re.compile(r"(?:async\s+)?(?:def|class)(?:\s|\\)+").match(self.text, start)
        begin = match.end() if match else start
        return Span(begin, begin + len(node.name))


def parse(segment: Segment, lines: LineIndex | None = None) -> Syntax | Problem:
    """The syntax of a segment. Never raises."""
    text = segment.text
    bom = 1 if text.startswith("\ufeff") else 0
    source, line_shift = text[bom:], 0
    if segment.kind is Kind.MEMBER:
        source, line_shift = "if 1:\n" + source, 1
    elif segment.kind is Kind.CLASS_HEAD:
        source = source + ("" if source.endswith(("\n", "\r")) else "\n") + "    pass\n"
    lines = lines or LineIndex(text)
    try:
        module = _parse(source)
    except SyntaxError as error:
        return _problem(error, text, lines, line_shift)
    except (ValueError, RecursionError, MemoryError) as error:
        return Problem(Span(0, len(text)), str(error) or type(error).__name__)
    statements = module.body
    if line_shift and statements:
        member = statements[0]
        statements = member.body if isinstance(member, ast.If) else statements
    return Syntax(text, lines, statements, line_shift, bom)


def _parse(source: str) -> ast.Module:
    if too_deep(source):
        raise SyntaxError(TOO_DEEP)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except SyntaxError as error:
            # Before 3.12 f-strings had a parser of their own, which says so in its messages.
            in_f_string = sys.version_info < (3, 12) and (error.msg or "").startswith("f-string")
            if not in_f_string and (_HINT is None or not _HINT.search(source)):
                raise
            from celery_analyzers import modern_syntax

            return modern_syntax.parse(source)


def _problem(error: SyntaxError, text: str, lines: LineIndex, line_shift: int) -> Problem:
    line = (error.lineno or 1) - 1 - line_shift
    start = lines.offset(max(line, 0), max((error.offset or 1) - 1, 0))
    return Problem(Span(start, min(start + 1, len(text))), error.msg or "invalid syntax")
