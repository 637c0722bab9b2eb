"""Converts between the engine's positions and the client's: the only file that does.

The engine counts code points; a client counts the units of the encoding that was agreed upon when it
connected. Knows LSP's positions and ranges as JSON. A position that points into a character, or past the end
of its line, is moved to the nearest one in front that exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from celery_analyzers.findings import Span
    from celery_analyzers.source import LineIndex

PositionEncoding = Literal["utf-8", "utf-16", "utf-32"]
JsonPosition = dict[str, int]
JsonRange = dict[str, JsonPosition]
DEFAULT: Final[PositionEncoding] = "utf-16"


def negotiate(offered: Iterable[object]) -> PositionEncoding:
    """The first encoding that a client offers, in its order of preference, and we know."""
    known: dict[str, PositionEncoding] = {"utf-8": "utf-8", "utf-16": "utf-16", "utf-32": "utf-32"}
    for encoding in offered:
        if isinstance(encoding, str) and encoding in known:
            return known[encoding]
    return DEFAULT


def to_column(line: str, units: int, encoding: PositionEncoding) -> int:
    """The code-point column of a client's `character` in `line` (a line's text without its line end)."""
    units = max(units, 0)
    if encoding == "utf-32" or line.isascii():
        return min(units, len(line))
    width = _width_utf16 if encoding == "utf-16" else _width_utf8
    for column, character in enumerate(line):
        units -= width(character)
        if units < 0:
            return column
    return len(line)


def to_units(line: str, column: int, encoding: PositionEncoding) -> int:
    """The client's `character` for a code-point column of `line`."""
    column = max(0, min(column, len(line)))
    if encoding == "utf-32" or line.isascii():
        return column
    # A text may hold lone surrogates; "surrogatepass" counts them as what they are.
    if encoding == "utf-16":
        return len(line[:column].encode("utf-16-le", "surrogatepass")) // 2
    return len(line[:column].encode("utf-8", "surrogatepass"))


def to_range(span: Span, lines: LineIndex, encoding: PositionEncoding, first_line: int = 0) -> JsonRange:
    """The LSP range of `span` in the text of `lines`, which begins in line `first_line` of a document."""
    start, end = (to_position(offset, lines, encoding, first_line) for offset in (span.start, span.end))
    return {"start": start, "end": end}


def to_position(offset: int, lines: LineIndex, encoding: PositionEncoding, first_line: int = 0) -> JsonPosition:
    """The LSP position of `offset` in the text of `lines`, which begins in line `first_line`."""
    line, column = lines.position(offset)
    return {"line": first_line + line, "character": to_units(lines.line_text(line), column, encoding)}


def to_offset(line: int, units: int, lines: LineIndex, encoding: PositionEncoding) -> int:
    """The offset of a client's position in the text of `lines`."""
    return lines.offset(line, to_column(lines.line_text(line), units, encoding))


def _width_utf16(character: str) -> int:
    return 2 if character > "\uffff" else 1


def _width_utf8(character: str) -> int:
    return 1 if character < "\x80" else 2 if character < "\u0800" else 3 if character < "\U00010000" else 4
