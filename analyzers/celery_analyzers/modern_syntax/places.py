"""Where the nodes of a LibCST tree stand in the text, in the terms of ``ast``.

Knows how LibCST writes a tree back as text, the spans it reports on the way, and how CPython counts lines and
columns. Must not know what any node means, nor build ``ast`` nodes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TypeAlias, TypedDict

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

Point: TypeAlias = tuple[int, int]
"""A line (from 1) and a column (UTF-8 bytes, from 0)."""


class Place(TypedDict):
    """The four position attributes of an ``ast`` node, to be passed on as keywords."""

    lineno: int
    col_offset: int
    end_lineno: int
    end_col_offset: int


class Places:
    """The place of every node of one module, which must have been parsed from exactly ``text``.

    Offsets taken and given are UTF-8 bytes into the text as LibCST writes it back; only the methods that give a
    place or a piece of text look at ``text`` itself. Lines of ``text`` must end in ``\\n`` alone.
    Raises SyntaxError where LibCST lost more of the text than blanks.
    """

    def __init__(self, text: str, module: cst.Module) -> None:
        self._bytes = text.encode()
        self._line_starts = [0, *(match.end() for match in re.finditer(b"\n", self._bytes))]
        # The parser itself never uses a node twice, which is all the wrapper's copy would guard against.
        self._spans = MetadataWrapper(module, unsafe_skip_copy=True).resolve(ByteSpanPositionProvider)
        lost = self.end(module) != len(self._bytes)
        self._dropped = _dropped_offsets(self._bytes, module.code.encode()) if lost else []

    def start(self, node: cst.CSTNode) -> int:
        """The offset at which the node starts, its own parentheses left out."""
        return self._spans[node].start

    def end(self, node: cst.CSTNode) -> int:
        """The offset at which the node ends, its own parentheses left out."""
        span = self._spans[node]
        return span.start + span.length

    def outer_start(self, node: cst.BaseExpression) -> int:
        """The offset at which the expression starts, with its parentheses."""
        return self.start(node.lpar[0] if node.lpar else node)

    def outer_end(self, node: cst.BaseExpression) -> int:
        """The offset at which the expression ends, with its parentheses."""
        return self.end(node.rpar[-1] if node.rpar else node)

    def of(self, node: cst.CSTNode) -> Place:
        """The place of the node, its own parentheses left out."""
        return self.between(self.start(node), self.end(node))

    def between(self, start: int, end: int) -> Place:
        """The place from one offset to another."""
        return self.until(start, self.point(end))

    def until(self, start: int, end: Point) -> Place:
        """The place from an offset to a point found before."""
        line, column = self.point(start)
        return Place(lineno=line, col_offset=column, end_lineno=end[0], end_col_offset=end[1])

    def point(self, offset: int) -> Point:
        """The line and the column of an offset."""
        origin = self._origin(offset)
        line = bisect_right(self._line_starts, origin)
        return line, origin - self._line_starts[line - 1]

    def source(self, start: int, end: int) -> str:
        """The text from one offset to another."""
        return self._bytes[self._origin(start) : self._origin(end)].decode()

    def _origin(self, offset: int) -> int:
        return offset + bisect_right(self._dropped, offset) if self._dropped else offset


def _dropped_offsets(text: bytes, written: bytes) -> list[int]:
    """For every byte of ``text`` that ``written`` lacks, the offset in ``written`` where it would stand.

    LibCST forgets form feeds and continued blank lines before a logical line; no node starts or ends in those.
    """
    dropped: list[int] = []
    index = 0
    for byte in text:
        if index < len(written) and written[index] == byte:
            index += 1
        elif byte in b" \t\f\\\n":
            dropped.append(index)
        else:
            break
    if index != len(written) or len(written) + len(dropped) != len(text):
        raise SyntaxError("LibCST did not keep the text")
    return dropped
