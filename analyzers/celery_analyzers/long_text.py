"""A text that is too long for anybody to have written it: it is followed through edits, and nothing is known of it.

Lines and columns count from 0, columns in code points.
"""

from __future__ import annotations

from typing import Final

from celery_analyzers.source import LineIndex

LARGEST_MODULE: Final = 2_000_000
"""Characters, or bytes of a file, above which a module is not read: what it binds is then unknown."""


class LongText:
    """The text, with no more structure than its lines."""

    __slots__ = ("_lines",)

    def __init__(self, text: str) -> None:
        self._lines = LineIndex(text)

    @property
    def text(self) -> str:
        """The whole text."""
        return self._lines.text

    @property
    def line_count(self) -> int:
        """How many lines the text has."""
        return len(self._lines.starts)

    @property
    def line_starts(self) -> tuple[int, ...]:
        """The lines that segments begin in: there are none."""
        return ()

    def locate(self, line: int, column: int) -> tuple[int, int]:  # noqa: ARG002
        """The segment of a position, and the offset in it: there is none."""
        return 0, 0

    def line_text(self, line: int) -> str:
        """The text of a line without its line end; empty past the last line."""
        return self._lines.line_text(line)

    def edited(self, start: tuple[int, int], end: tuple[int, int], text: str) -> str:
        """The text with `text` between two positions, in either order and clamped to the text."""
        first, last = sorted((self._lines.offset(*start), self._lines.offset(*end)))
        return f"{self.text[:first]}{text}{self.text[last:]}"
