"""A text and its lines: the one place that counts lines.

Positions are code points. A line ends at `\n`, `\r\n` or `\r` and nowhere else: `str.splitlines` would also break at
form feeds, U+0085 and U+2028, which Python, LSP and editors do not. Must not know about LSP's position encodings.
"""

from __future__ import annotations

import re
from bisect import bisect_right

NEWLINE = re.compile(r"\r\n|\r|\n")


def count_newlines(text: str) -> int:
    """How many line ends `text` holds."""
    if "\r" not in text:
        return text.count("\n")
    return text.count("\n") + text.count("\r") - text.count("\r\n")


class LineIndex:
    """The lines of one text. Lines and columns count from 0, columns in code points."""

    __slots__ = ("starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0]
        self.starts.extend(match.end() for match in NEWLINE.finditer(text))

    def position(self, offset: int) -> tuple[int, int]:
        """(line, column) of `offset`, which is clamped to the text."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self.starts, offset) - 1
        return line, offset - self.starts[line]

    def offset(self, line: int, column: int) -> int:
        """The offset of (line, column). A column past the line's end means its end; a line past the last, the end."""
        if line < 0:
            return 0
        if line >= len(self.starts):
            return len(self.text)
        return min(self.starts[line] + max(column, 0), self.line_end(line))

    def line_end(self, line: int) -> int:
        """The offset where `line` ends, in front of its line end."""
        if line + 1 >= len(self.starts):
            return len(self.text)
        end = self.starts[line + 1] - 1
        if self.text[end] == "\n" and end > self.starts[line] and self.text[end - 1] == "\r":
            end -= 1
        return end

    def line_text(self, line: int) -> str:
        """The text of `line` without its line end; empty past the last line."""
        if not 0 <= line < len(self.starts):
            return ""
        return self.text[self.starts[line] : self.line_end(line)]
