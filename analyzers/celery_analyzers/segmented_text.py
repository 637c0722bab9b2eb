"""A text kept as segments while it is edited: an edit re-splits its neighbourhood only.

Lines and columns count from 0, columns in code points. Must not know what segments mean.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from celery_analyzers.segments import LOOKAHEAD, Segment, next_group, segments_of
from celery_analyzers.source import LineIndex

_WINDOW = 4
"""Segments behind an edit that are looked at first; doubled until the old split is met again."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an edit did: `removed` segments from index `first` on gave way to `added`."""

    first: int
    removed: tuple[Segment, ...]
    added: tuple[Segment, ...]


class SegmentedText:
    """The segments of a text, always those that a fresh split of the same text gives."""

    __slots__ = ("_far_reaching", "_line_starts", "length", "segments")

    def __init__(self, text: str) -> None:
        # Segments that were decided by text far behind them, as broken strings and brackets are: next to none.
        self._far_reaching = 0
        self.segments: list[Segment] = []
        self.length = 0
        """How many characters the text has."""
        self._line_starts: list[int] | None = None
        self._rescan(0, 0, text, 0)

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join([segment.text for segment in self.segments])

    @property
    def line_starts(self) -> list[int]:
        """The number of the line that each segment begins in, and at the end the number of line ends in the text."""
        if self._line_starts is None:
            self._line_starts = list(accumulate([s.line_count for s in self.segments], initial=0))
        return self._line_starts

    @property
    def line_count(self) -> int:
        """How many lines the text has; an empty text has one."""
        return self.line_starts[-1] + 1

    def locate(self, line: int, column: int) -> tuple[int, int]:
        """(index of the segment, offset in it) of a position; past a line's end means its end. Clamped to the text."""
        if not self.segments:
            return 0, 0
        starts = self.line_starts
        index = min(bisect_right(starts, max(line, 0)) - 1, len(self.segments) - 1)
        # Only the last segment may hold no line end; where one line number begins two segments the first is it.
        while index > 0 and starts[index - 1] == starts[index]:
            index -= 1
        lines = LineIndex(self.segments[index].text)
        return index, 0 if line < 0 else lines.offset(line - starts[index], column)

    def line_text(self, line: int) -> str:
        """The text of a line without its line end; empty past the last line."""
        if not self.segments or line < 0 or line >= self.line_count:
            return ""
        index, _ = self.locate(line, 0)
        return LineIndex(self.segments[index].text).line_text(line - self.line_starts[index])

    def edit(self, start: tuple[int, int], end: tuple[int, int], text: str) -> Change:
        """Replace what stands between two positions, in either order, by `text`."""
        first, last = sorted((self.locate(*start), self.locate(*end)))
        if not self.segments:
            return self._rescan(0, 0, text, 0)
        (i, offset), (j, tail) = first, last
        restart = self._restart(i, offset)
        before = "".join([s.text for s in self.segments[restart:i]]) + self.segments[i].text[:offset] + text
        return self._rescan(restart, j + 1, before + self.segments[j].text[tail:], len(before))

    def _agrees(self, index: int, context: str, *, at_end: bool) -> bool:
        """Whether the split, being in `context`, goes on as it did from segment `index` on."""
        if index == len(self.segments):
            return at_end
        segment = self.segments[index]
        return segment.starts_group and segment.context == context

    def _restart(self, index: int, offset: int) -> int:
        """The first segment whose group may end elsewhere after an edit at `offset` of segment `index`."""
        restart, distance = index, offset
        for earlier in range(index - 1, -1, -1):
            if self.segments[earlier].ahead >= distance:
                restart = earlier
            elif not self._far_reaching and distance > LOOKAHEAD:
                break
            distance += len(self.segments[earlier].text)
        while not self.segments[restart].starts_group:
            restart -= 1
        return restart

    def _rescan(self, first: int, following: int, window: str, settled: int) -> Change:
        """Split `window`, which takes the place of the segments `[first, following)`, and go on until the split
        meets that of the segments behind, which can be no earlier than at `settled`."""
        old = self.segments
        added: list[Segment] = []
        position, context = 0, old[first].context if first < len(old) else ""
        # Where the old segments behind the edit begin in the window; one is met where both splits begin a group.
        old_starts = {len(window): following}
        taken, step = following, _WINDOW
        while True:
            met = old_starts.get(position) if position >= settled else None
            if met is not None and self._agrees(met, context, at_end=position == len(window)):
                break
            if position < len(window):
                group = next_group(window, position, context)
                if group.reach < len(window) or taken == len(old):
                    added.extend(segments_of(window, position, context, group))
                    position, context = group.end, group.context
                    continue
            # The end of the window is not the end of the text: take in more of what follows.
            pieces = [window]
            length = len(window)
            for index in range(taken, min(taken + step, len(old))):
                pieces.append(old[index].text)
                length += len(old[index].text)
                old_starts[length] = index + 1
            window = "".join(pieces)
            taken, step = min(taken + step, len(old)), step * 2
        assert met is not None
        removed = old[first:met]
        # Segments that came out as they were are not part of the change.
        while removed and added and removed[0] == added[0]:
            del removed[0], added[0]
            first += 1
        while removed and added and removed[-1] == added[-1]:
            del removed[-1], added[-1]
        change = Change(first, tuple(removed), tuple(added))
        old[first : first + len(removed)] = added
        self.length += sum(len(s.text) for s in added) - sum(len(s.text) for s in removed)
        self._far_reaching += sum(s.ahead > LOOKAHEAD for s in added)
        self._far_reaching -= sum(s.ahead > LOOKAHEAD for s in change.removed)
        if [s.line_count for s in change.removed] != [s.line_count for s in change.added]:
            self._line_starts = None
        return change
