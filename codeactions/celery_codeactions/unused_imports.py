"""Takes imports away that nothing uses any more.

Reads the text as words: a name that is said anywhere else, be it in a comment, is kept. Must not know why.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Span
from celery_analyzers.layout import comments_in, line_end, line_start
from celery_analyzers.segmented_text import SegmentedText
from celery_analyzers.syntax import Syntax, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BEHIND_ALIAS = re.compile(r"[ \t]*,[ \t]*")
_BEFORE_ALIAS = re.compile(r"[ \t]*,[ \t]*\Z")


def without_imports(text: str, names: Iterable[str]) -> str:
    """`text` without the imports of those `names` that nothing in it uses."""
    for name in names:
        for bound, statement, edit in _imports(text):
            if bound == name and not _is_said(name, text, statement):
                text = text[: edit.span.start] + text[edit.span.end :]
                break
    return text


def _is_said(name: str, text: str, statement: Span) -> bool:
    places = (match.start() for match in re.finditer(rf"\b{re.escape(name)}\b", text))
    return any(not statement.start <= start < statement.end for start in places)


def _imports(text: str) -> Iterator[tuple[str, Span, Edit]]:
    """The names that `from` imports at the top level bind: each with its statement, and the edit that removes it."""
    offset = 0
    for segment in SegmentedText(text).segments:
        syntax = parse(segment) if "import" in segment.text else None
        if isinstance(syntax, Syntax):
            yield from _imports_in(syntax, text, offset)
        offset += len(segment.text)


def _imports_in(syntax: Syntax, text: str, offset: int) -> Iterator[tuple[str, Span, Edit]]:
    for node in syntax.statements:
        if isinstance(node, ast.ImportFrom):
            statement = syntax.span(node).shifted(offset)
            for alias in node.names:
                edit = _removal(text, node, alias, statement, syntax.span(alias).shifted(offset))
                if edit is not None:
                    yield alias.asname or alias.name, statement, edit


def _removal(text: str, node: ast.ImportFrom, alias: ast.alias, statement: Span, span: Span) -> Edit | None:
    if comments_in(text, statement.start, line_end(text, statement.end)):
        # It may speak of what is to go.
        return None
    if len(node.names) > 1:
        start, end = line_start(text, span.start), line_end(text, span.end)
        if start > statement.start and text[start:end].strip() == f"{text[span.start : span.end]},":
            return Edit(Span(start, _next_line(text, end)), "")
        behind = _BEHIND_ALIAS.match(text, span.end)
        if behind and alias is not node.names[-1]:
            return Edit(Span(span.start, behind.end()), "") if behind.end() <= line_end(text, span.end) - 1 else None
        before = _BEFORE_ALIAS.search(text, statement.start, span.start)
        return Edit(Span(before.start(), span.end), "") if before else None
    start, end = line_start(text, statement.start), line_end(text, statement.end)
    if text[start : statement.start].strip() or text[statement.end : end].strip():
        return None
    end = _next_line(text, end)
    above = start == 0 or not text[line_start(text, start - 1) : start].strip()
    if above and end < len(text) and not text[end : line_end(text, end)].strip():
        # It was a section of its own: the blank line behind it goes, too.
        end = _next_line(text, line_end(text, end))
    return Edit(Span(start, end), "")


def _next_line(text: str, end: int) -> int:
    return min(end + (2 if text.startswith("\r\n", end) else 1), len(text))
