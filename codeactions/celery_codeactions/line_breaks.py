"""Breaks the lines that an edit made too long, as black and ruff would.

A line is broken at its last brackets: what stands in them goes to a line of its own, else each item to one, with a
comma behind the last. Lines that were too long before are left alone, and so are those with comments. Knows syntax
and layout. Must not know what an edit is for.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Span
from celery_analyzers.layout import comments_in, indentation, line_end, line_start, newline_of, parameter_listing
from celery_analyzers.segmented_text import SegmentedText
from celery_analyzers.source import LineIndex
from celery_analyzers.syntax import Problem, Syntax, parse
from celery_analyzers.trees import walk
from celery_codeactions.brackets import brackets, clauses_of, commas, is_balanced, is_call, items_of
from celery_codeactions.fixes import apply_edits, ordered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_PRAGMA = re.compile(r"#\s*(?:noqa|type:|pyright:|pylint:|flake8:|ruff:|isort:|nosec|pragma|mypy:|fmt:)", re.IGNORECASE)
_KEYWORD = re.compile(r"\w+=[^=].*,$")
_SIMPLE = (
    ast.Expr,
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.Return,
    ast.Raise,
    ast.Delete,
    ast.Assert,
    ast.ImportFrom,
)
_IMPORT = re.compile(r"from\s+\S+\s+import\s+(?!\()")


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is broken as one: its span, and whether it is the head of a function."""

    start: int
    end: int
    is_definition: bool = False


def with_line_breaks(text: str, edits: Sequence[Edit], limit: int) -> str:
    """`text` after `edits`, whose lines are no longer than `limit` where they can be broken."""
    after = apply_edits(text, edits)
    lines = LineIndex(after)
    written = list(_touched(edits, lines))
    nearby = sorted({near for number in written for near in (number, number + 1)})
    joined = [edit for number in nearby if (edit := _joined_line(lines, number, limit))]
    if joined:
        return apply_edits(after, joined)
    touched = [number for number in written if _width(lines.line_text(number)) > limit]
    if not touched:
        return after
    found = [edit for number in touched if (edit := _exploded_line(lines, number, limit))]
    units = _units(after, {lines.starts[number] for number in touched})
    found += [Edit(Span(u.start, u.end), made) for u in units if (made := _broken(after, u, limit)) is not None]
    return apply_edits(after, found)


def _joined_line(lines: LineIndex, number: int, limit: int) -> Edit | None:
    """A line that stands alone between two brackets on one line with them, where it became short enough."""
    if not 0 < number < len(lines.starts) - 1:
        return None
    before, line, behind = (lines.line_text(one) for one in (number - 1, number, number + 1))
    body, closing = line.strip(), behind.strip()
    if not _stands_between(before, body, closing) or body.endswith(",") or not is_balanced(body):
        return None
    whole = before.rstrip() + body + closing
    if len(whole) > limit:
        return None
    return Edit(Span(lines.line_end(number - 1), lines.starts[number + 1] + len(behind) - len(behind.lstrip())), body)


def _stands_between(before: str, body: str, closing: str) -> bool:
    is_open = before.rstrip().endswith(("(", "[", "{")) and closing.startswith((")", "]", "}"))
    return is_open and bool(body) and "#" not in before + body + closing


def _exploded_line(lines: LineIndex, number: int, limit: int) -> Edit | None:
    """Each item of a line on a line of its own, where they are all that stands between two brackets."""
    if not 0 < number < len(lines.starts) - 1:
        return None
    before, line, behind = (lines.line_text(one).strip() for one in (number - 1, number, number + 1))
    if _KEYWORD.match(line) and before.endswith(("(", ",")) and "#" not in line and is_balanced(line):
        return _broken_keyword(lines, number, limit)
    if not _stands_between(before, line, behind):
        return None
    items = items_of(line)
    if line.endswith(",") or not is_balanced(line) or clauses_of(line):
        return None
    start, end = lines.starts[number], lines.line_end(number)
    indent = indentation(lines.text, end)
    newline = newline_of(lines.text)
    if len(items) == 1:
        layout = _Layout(newline, "\t" if "\t" in indent else "    ", limit)
        written = layout.split(line, indent, len(indent))
        return Edit(Span(start, end), indent + written) if written else None
    return Edit(Span(start, end), newline.join(f"{indent}{item}," for item in items))


def _broken_keyword(lines: LineIndex, number: int, limit: int) -> Edit | None:
    """A keyword that has a line of its own, broken in its value."""
    start, end = lines.starts[number], lines.line_end(number)
    indent = indentation(lines.text, end)
    layout = _Layout(newline_of(lines.text), "\t" if "\t" in indent else "    ", limit)
    source = lines.text[start + len(indent) : end].rstrip().removesuffix(",")
    written = layout.split(source, indent, len(indent))
    return Edit(Span(start, end), f"{indent}{written},") if written else None


def _touched(edits: Iterable[Edit], lines: LineIndex) -> Iterator[int]:
    """The numbers of the lines that edits wrote into."""
    shift = 0
    seen = -1
    for edit in ordered(edits):
        start = edit.span.start + shift
        shift += len(edit.text) - (edit.span.end - edit.span.start)
        first = bisect_right(lines.starts, start) - 1
        last = bisect_right(lines.starts, start + len(edit.text)) - 1
        yield from range(max(first, seen + 1), last + 1)
        seen = max(seen, last)


def _width(line: str) -> int:
    """The width of a line, without a comment that speaks to a tool."""
    pragma = _PRAGMA.search(line) if "#" in line else None
    return len(line[: pragma.start()].rstrip() if pragma else line)


def _units(text: str, starts: set[int]) -> Iterator[_Unit]:
    """What stands alone on the lines that begin at `starts`."""
    offset = 0
    for segment in SegmentedText(text).segments:
        end = offset + len(segment.text)
        if any(offset <= start < end for start in starts):
            syntax = parse(segment)
            for unit in () if isinstance(syntax, Problem) else _units_in(syntax):
                start = unit.start + offset
                first = line_start(text, start)
                if first in starts and not text[first:start].strip(" \t@"):
                    behind = line_end(text, start)
                    rest = text[unit.end + offset : behind].lstrip(" \t:")
                    if unit.end + offset <= behind and (not rest or rest[0] == "#"):
                        yield _Unit(start, unit.end + offset, unit.is_definition)
        offset = end


def _units_in(syntax: Syntax) -> Iterator[_Unit]:
    for statement in syntax.statements:
        for node in walk(statement):
            if isinstance(node, _SIMPLE):
                span = syntax.span(node)
                yield _Unit(span.start, span.end)
            elif isinstance(node, (ast.If, ast.While)):
                yield _Unit(syntax.span(node).start, syntax.span(node.test).end)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                listing = parameter_listing(syntax.text, node, syntax.span)
                if listing is not None:
                    end = listing.close + 1 if node.returns is None else syntax.span(node.returns).end
                    yield _Unit(syntax.span(node).start, end, is_definition=True)
            for decorator in getattr(node, "decorator_list", ()):
                span = syntax.span(decorator)
                yield _Unit(span.start, span.end)


def _broken(text: str, unit: _Unit, limit: int) -> str | None:
    """The unit over several lines; None where it cannot be broken."""
    if comments_in(text, unit.start, unit.end):
        return None
    indent = indentation(text, unit.start)
    column = unit.start - line_start(text, unit.start)
    layout = _Layout(newline_of(text), "\t" if "\t" in indent else "    ", limit)
    source = text[unit.start : unit.end]
    imported = _IMPORT.match(source)
    if imported is not None:
        return layout.exploded(source[: imported.end()] + "(", source[imported.end() :], ")", indent)
    return layout.split(source, indent, column, is_definition=unit.is_definition)


@dataclass(frozen=True, slots=True)
class _Layout:
    newline: str
    step: str
    limit: int

    def split(self, source: str, indent: str, column: int, *, is_definition: bool = False) -> str | None:
        """`source` broken at its last brackets that hold something, for a function at its first ones."""
        pairs = [pair for pair in brackets(source) if source[pair[0] + 1 : pair[1]].strip()]
        if is_definition:
            pairs = [pair for pair in pairs if source[pair[0]] == "("][:1]
        for opening, close in reversed(pairs):
            if column + opening + 1 > self.limit:
                continue
            body, inner = source[opening + 1 : close].strip(), indent + self.step
            of_call = is_call(source, opening)
            clauses = [] if is_definition else clauses_of(body)
            has_comma = not clauses and bool(commas(body))
            fits = len(inner) + len(body) <= self.limit and not body.endswith(",")
            if fits and (of_call or not has_comma):
                comma = "," if is_definition and not has_comma else ""
                lines = [source[: opening + 1], f"{inner}{body}{comma}", indent + source[close:]]
                return self.newline.join(lines)
            if clauses or (not has_comma and not is_definition and (of_call or source[opening] == "(")):
                clauses = [self._fitted(clause, inner) for clause in clauses or [body]]
                lines = [source[: opening + 1], *(inner + clause for clause in clauses), indent + source[close:]]
                return self.newline.join(lines)
            return self.exploded(source[: opening + 1], body, source[close:], indent)
        return None

    def exploded(self, head: str, body: str, closing: str, indent: str) -> str:
        """Each item of `body` on a line of its own."""
        inner = indent + self.step
        items = (f"{inner}{self._fitted(item, inner, 1)}," for item in items_of(body))
        return self.newline.join([head, *items, indent + closing])

    def _fitted(self, item: str, indent: str, tail: int = 0) -> str:
        """An item as it is where it fits on its line with a tail, else broken."""
        if len(indent) + len(item) + tail <= self.limit:
            return item
        return self.split(item, indent, len(indent)) or item
