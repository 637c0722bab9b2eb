"""What the engine says about code: findings, and the fixes that answer them, as plain data.

Knows spans, edits and severities. Must not know where findings come from nor who shows them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import Literal, Protocol

Safety = Literal["safe", "unsafe"]


class Severity(IntEnum):
    """How much a finding matters; a greater value matters more."""

    HINT = 1
    INFORMATION = 2
    WARNING = 3
    ERROR = 4

    @classmethod
    def named(cls, name: str) -> Severity:
        """The severity called `name` (`hint`, `information`, `warning`, `error`). Raises KeyError for any other."""
        return cls[name.upper()]

    @property
    def label(self) -> str:
        """The name in lower case, as settings, JSON and the command line spell it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of code points, `start <= end`."""

    start: int
    end: int

    def shifted(self, by: int) -> Span:
        """The same range in a text that has `by` more code points in front."""
        return Span(self.start + by, self.end + by)


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text of `span` by `text`. An empty span inserts, an empty text deletes."""

    span: Span
    text: str

    def shifted(self, by: int) -> Edit:
        """The same edit in a text that has `by` more code points in front."""
        return Edit(self.span.shifted(by), self.text)


@dataclass(frozen=True, slots=True)
class NeededImport:
    """A name that a fix uses and that the module must import: `from module import name [as alias]`."""

    module: str
    name: str
    alias: str | None = None


class OtherEdits(Protocol):
    """What a fix changes outside of its segment: in another file of the project, or anywhere in its own.

    The edits are made of the text as it is when the fix is applied: it may have changed since the finding was made.
    What implements this is frozen and compares by its values, as findings do.
    """

    @property
    def path(self) -> Path | None:
        """The file; None for the one that the finding is in."""
        ...

    @property
    def creates(self) -> bool:
        """Whether the file is created where there is none. The fix does without it where that cannot be, or where the
        file needs no change."""
        ...

    def edits(self, text: str) -> tuple[Edit, ...]:
        """The edits of the file's text; none where it has become another one, so that the fix is off."""
        ...


@dataclass(frozen=True, slots=True)
class Fix:
    """One way to mend a finding.

    `title` is an imperative. A `safe` fix keeps what the code means (fix-all applies it); an `unsafe` one may change
    behaviour and is asked for one at a time. `preferred` marks the fix that is plainly the best of its finding.
    `imports` are added to the module, where they are not there yet, when the fix is applied. `renames` are settings,
    as pairs of old and new, that then get another name wherever the module gives or uses them. `elsewhere` is what it
    changes beside: all of it is applied, or nothing, but for files that it would have created.
    """

    title: str
    edits: tuple[Edit, ...]
    safety: Safety = "unsafe"
    preferred: bool = False
    imports: tuple[NeededImport, ...] = ()
    elsewhere: tuple[OtherEdits, ...] = ()
    renames: tuple[tuple[str, str], ...] = ()

    def shifted(self, by: int) -> Fix:
        """The same fix in a text that has `by` more code points in front."""
        return replace(self, edits=tuple(edit.shifted(by) for edit in self.edits))


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong at `span`, and what will happen. `rule` is the rule's name, as in `bind-without-self`.

    Inside a segment the spans count from the segment's start; `FileAnalysis.findings()` gives them for the file.
    """

    rule: str
    message: str
    span: Span
    severity: Severity
    fixes: tuple[Fix, ...] = ()
    unnecessary: bool = False

    def shifted(self, by: int) -> Finding:
        """The same finding in a text that has `by` more code points in front."""
        return replace(self, span=self.span.shifted(by), fixes=tuple(fix.shifted(by) for fix in self.fixes))
