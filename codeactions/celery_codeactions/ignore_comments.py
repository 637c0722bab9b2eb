"""Silences one finding by a comment on its line: `# celeryls: ignore[rule-name]`.

Knows where a comment can stand, and what other comments on the line need. Must not know rules.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Span
from celery_analyzers.ignores import comments, ignores
from celery_analyzers.segmented_text import SegmentedText
from celery_analyzers.source import LineIndex
from celery_analyzers.strings import string_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.findings import Finding
    from celery_analyzers.ignores import Ignore

_QUOTES = re.compile(r"#[^\r\n]*|\"\"\"|'''|[\"']")


def ignore_edits(finding: Finding, text: str) -> tuple[Edit, ...]:
    """The edit that silences `finding` in `text`; none where no line of it can bear a comment."""
    start = 0
    for segment in SegmentedText(text).segments:
        end = start + len(segment.text)
        if start <= finding.span.start < end or (end == len(text) and finding.span.start == end):
            return tuple(edit.shifted(start) for edit in _in_segment(finding.shifted(-start), segment.text))
        start = end
    return ()


def _in_segment(finding: Finding, text: str) -> tuple[Edit, ...]:
    lines = LineIndex(text)
    first, _ = lines.position(finding.span.start)
    last, _ = lines.position(finding.span.end)
    for ignore in ignores(text):
        if not ignore.foreign and first <= lines.position(ignore.span.start)[0] <= last:
            return _extended(finding.rule, ignore, text)
    strings = tuple(_strings(text))
    noted = {lines.position(comment.start)[0] for comment in comments(text)}
    for line in range(first, last + 1):
        end = lines.line_end(line)
        if any(string.start < end < string.end for string in strings):
            continue
        code = lines.line_text(line).rstrip(" \t\f")
        if code.endswith("\\") and line not in noted:
            continue
        offset = lines.starts[line] + len(code)
        return (Edit(Span(offset, offset), f"  # celeryls: ignore[{finding.rule}]"),)
    return ()


def _extended(rule: str, ignore: Ignore, text: str) -> tuple[Edit, ...]:
    """Name one rule more in a comment that is there; one without names silences every rule already."""
    if ignore.whole_file or not ignore.names:
        return ()
    if any(name == rule for name, _ in ignore.names):
        return ()
    end = ignore.names[-1][1].end
    between = ", " if "," not in text[end : ignore.span.end] else " "
    if between == " ":
        end = text.index(",", end) + 1
    return (Edit(Span(end, end), f"{between}{rule}"),)


def _strings(text: str) -> Iterator[Span]:
    position = 0
    while match := _QUOTES.search(text, position):
        position = match.end()
        if match.group()[0] != "#":
            position, _ = string_end(text, match.start(), match.group(), len(text))
            yield Span(match.start(), position)
