"""What a stream can show: colours, characters, and how wide those are.

Text that a file holds is made harmless here: control characters, bidirectional marks and lone surrogates are
written out, tabs become spaces, and what the stream's encoding lacks is escaped, so that columns stay
aligned.
"""

from __future__ import annotations

import os
import sys
import unicodedata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

_STYLES = {"bold": "1", "red": "1;31", "green": "32", "yellow": "1;33", "blue": "1;34", "cyan": "36"}
_TAB = 4
_JOINERS = "\u200d\ufe0e\ufe0f"
"""Parts of emoji, which take no room of their own."""


class Screen:
    """One stream."""

    def __init__(self, stream: TextIO) -> None:
        self.encoding = stream.encoding or "utf-8"
        self.terminal = stream.isatty()
        self.colours = self._has_colours()
        if self.colours and sys.platform == "win32":
            # This makes the Windows console understand escape sequences.
            os.system("")

    def _has_colours(self) -> bool:
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR"):
            return True
        return self.terminal and os.environ.get("TERM") != "dumb"

    def styled(self, text: str, style: str) -> str:
        """`text` in a colour or the like, where there are any."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.colours and text else text

    def shown(self, text: str) -> str:
        """`text` as it can be printed in one line."""
        return "".join(self._char(char) for char in text)

    def laid_out(self, line: str) -> tuple[str, list[int]]:
        """A line of code as it can be printed, and the cells where its characters begin and it ends."""
        parts: list[str] = []
        cells = [0]
        for char in line:
            shown = " " * (_TAB - cells[-1] % _TAB) if char == "\t" else self._char(char)
            parts.append(shown)
            cells.append(cells[-1] + sum(_width(part) for part in shown))
        return "".join(parts), cells

    def _char(self, char: str) -> str:
        if " " <= char <= "~":
            return char
        if not (char.isprintable() or char in _JOINERS):
            return ascii(char)[1:-1]
        try:
            char.encode(self.encoding)
        except (UnicodeError, LookupError):
            return ascii(char)[1:-1]
        return char


def _width(char: str) -> int:
    if char in _JOINERS or unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
