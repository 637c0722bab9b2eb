"""The form in which findings leave the program, as in `--output-format json`.

Lines and columns count from 1, columns in code points. Types only: nothing imports this but for annotations.
"""

from __future__ import annotations

from typing import TypedDict


class Position(TypedDict):
    """A place in a text."""

    line: int
    column: int


class ReportedEdit(TypedDict):
    """Replace what stands from `start` to `end`."""

    start: Position
    end: Position
    text: str


class ReportedFix(TypedDict):
    """One way to mend a finding. One that changes other files too has no edits here, as half of it would do harm."""

    title: str
    safety: str
    edits: list[ReportedEdit]


class Report(TypedDict):
    """One finding. `path` is as the user sees the file from where they stand."""

    rule: str
    code: str
    severity: str
    message: str
    path: str
    start: Position
    end: Position
    fixes: list[ReportedFix]
    url: str


class RuleCount(TypedDict):
    """One rule's findings, as `--statistics` counts them; `fixable` of them have a safe fix."""

    rule: str
    code: str
    count: int
    fixable: int
