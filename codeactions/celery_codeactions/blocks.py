"""Moves the statements of a body: indents them, and tells where they begin and end.

What stands in strings over several lines keeps its place, as it is part of a value. Knows syntax and layout. Must not
know Celery.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Span
from celery_analyzers.layout import first_on_line, indentation, line_end, line_start
from celery_analyzers.source import LineIndex
from celery_analyzers.trees import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from celery_analyzers.trees import Function


def has_docstring(function: Function) -> bool:
    """Whether the body begins with a docstring."""
    first = function.body[0]
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)


def statements_of(function: Function) -> list[ast.stmt]:
    """The body without its docstring."""
    return function.body[1:] if has_docstring(function) else list(function.body)


def step_of(text: str, inner: int, outer: int) -> str:
    """By what the line of `inner` is indented more than that of `outer`."""
    step = indentation(text, inner).removeprefix(indentation(text, outer))
    return step or "    "


def lines_of(text: str, statements: Sequence[ast.stmt], span_of: Callable[[ast.AST], Span]) -> Span | None:
    """The lines of statements, from the start of the first to the end of the last. None where they share a line with
    what stands in front of them."""
    start, end = span_of(statements[0]).start, span_of(statements[-1]).end
    first = statements[0]
    for decorator in getattr(first, "decorator_list", ())[:1]:
        start = text.rfind("@", 0, span_of(decorator).start)
    return Span(line_start(text, start), line_end(text, end)) if first_on_line(text, start) else None


def with_comments(text: str, start: int, indent: str) -> int:
    """The start of the comments that stand right above the line at `start`, and are indented as it is."""
    while start > 0:
        before = line_start(text, start - 1)
        if not text.startswith(f"{indent}#", before):
            break
        start = before
    return start


def indented(
    text: str, lines: Span, statements: Sequence[ast.stmt], span_of: Callable[[ast.AST], Span], step: str
) -> tuple[Edit, ...]:
    """The edits that indent all lines of `lines` by one step more."""
    index = LineIndex(text)
    kept: set[int] = set()
    for statement in statements:
        for node in walk(statement):
            if isinstance(node, (ast.Constant, ast.JoinedStr)) and hasattr(node, "lineno"):
                span = span_of(node)
                first, last = index.position(span.start)[0], index.position(span.end)[0]
                if first != last and not isinstance(getattr(node, "value", ""), (int, float)):
                    kept.update(range(first + 1, last + 1))
    first, last = index.position(lines.start)[0], index.position(lines.end)[0]
    starts = (index.starts[number] for number in range(first, last + 1) if number not in kept)
    return tuple(Edit(Span(start, start), step) for start in starts if text[start : line_end(text, start)].strip())
