"""Small edits that lead from one text to another, found by comparing their lines.

Must not know where the texts come from.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from celery_analyzers.findings import Edit, Span
from celery_analyzers.source import LineIndex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Comparing more lines than this takes longer than anybody waits for.
MOST_LINES: Final = 5_000


def between(before: str, after: str) -> tuple[Edit, ...]:
    """Edits that make one text out of another and leave alone the lines that are the same in both.

    One large edit would take the editor's cursor, folds and marks with it.
    """
    old_lines, new_lines = LineIndex(before), LineIndex(after)
    old, new = list(_lines(old_lines)), list(_lines(new_lines))
    first = _common(old, new)
    last = _common(old[first:][::-1], new[first:][::-1])
    old_middle, new_middle = old[first : len(old) - last], new[first : len(new) - last]
    blocks = [("replace", 0, len(old_middle), 0, len(new_middle))]
    if max(len(old_middle), len(new_middle)) <= MOST_LINES:
        blocks = SequenceMatcher(None, old_middle, new_middle, autojunk=False).get_opcodes()
    starts = [*old_lines.starts[first:], len(before)]
    return tuple(
        Edit(Span(starts[start], starts[end]), "".join(new_middle[new_start:new_end]))
        for tag, start, end, new_start, new_end in blocks
        if tag != "equal"
    )


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines are the same at the start of both."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _lines(index: LineIndex) -> Iterator[str]:
    """The lines with their line ends."""
    for start, end in zip(index.starts, [*index.starts[1:], len(index.text)], strict=True):
        yield index.text[start:end]
