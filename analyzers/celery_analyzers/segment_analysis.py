"""What is known of one segment of a file: its names, facts, findings, and all that these depend on.

Knows nothing of how it was found out. Must not know rules, nor other segments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from celery_analyzers.facts import Fact
from celery_analyzers.findings import Finding
from celery_analyzers.ignores import Ignore, ignores
from celery_analyzers.module_names import SegmentNames
from celery_analyzers.project import Question
from celery_analyzers.segments import Kind, Segment
from celery_analyzers.sites import Site
from celery_analyzers.source import LineIndex
from celery_analyzers.symbols import ProjectClass
from celery_analyzers.syntax import Problem, Syntax


class SegmentAnalysis:
    """What is known of one segment. A new object whenever anything in it changed, so that its identity is a key.

    Spans count from the segment's start.
    """

    __slots__ = (
        *("_lines", "asked", "consulted", "facts", "findings", "found", "ignores", "names", "owner", "problem"),
        *("segment", "used", "withheld"),
    )

    def __init__(self, segment: Segment, names: SegmentNames, owner: str | None) -> None:
        self.segment = segment
        self.names = names
        self.owner = owner
        """The name of the class whose member this is."""
        self.ignores: tuple[Ignore, ...] = ignores(segment.text)
        self.withheld: frozenset[str] = frozenset()
        """The rules that asked an index which is still to come: what they find cannot be told yet."""
        self.found = 0
        """How many findings there were before comments silenced any."""
        self.findings: tuple[Finding, ...] = ()
        self.problem: Problem | None = None
        self.used: frozenset[str] = frozenset()
        self.consulted: frozenset[Path] = frozenset()
        self.asked: Mapping[Question, object] = {}
        """What the index of the workspace was asked, with its answers."""
        self.facts: tuple[Fact, ...] = ()
        """What the segment says about Celery."""
        self._lines: LineIndex | None = None

    @property
    def lines(self) -> LineIndex:
        """The lines of the segment's text."""
        if self._lines is None:
            self._lines = LineIndex(self.segment.text)
        return self._lines

    @property
    def silences_file(self) -> bool:
        """Whether the segment holds `# celeryls: ignore-file`."""
        return any(ignore.whole_file for ignore in self.ignores)

    def owner_of_next(self) -> str | None:
        """The name of the class that a member right behind the segment would belong to."""
        return owner_after(self.segment, self.names, self.owner)


@dataclass(frozen=True, slots=True)
class SegmentReading:
    """A segment with its tree: `start` is where it begins in the text, `sites` is what it says about Celery."""

    start: int
    syntax: Syntax
    owner: ProjectClass | None
    sites: tuple[Site, ...]


def owner_after(segment: Segment, names: SegmentNames, owner: str | None) -> str | None:
    """The name of the class that a member right behind a segment would belong to; `owner` is what it belongs to."""
    if segment.kind is Kind.CLASS_HEAD:
        return names.class_name
    return owner if segment.kind is Kind.MEMBER or segment.kind is Kind.TRIVIA else None
