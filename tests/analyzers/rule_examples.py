"""Code with carets: comment lines that mark what is wrong in the line above, and say what is said of it.

    @app.task(bind=True)
    def ping():
    #   ^^^^ a message
    #        that goes on in the next line

A caret directly behind the `#` counts from the `#` on, which marks what begins in the first column. What
goes on in further lines is marked to the end of its first line.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.ignores import comments
from celery_analyzers.index import ProjectIndex
from celery_analyzers.indexing import record_of
from celery_analyzers.project import Project
from celery_analyzers.registry import RuleSet
from celery_analyzers.rule_choice import RuleChoice
from celery_analyzers.settings import Settings
from celery_codeactions.fixes import apply_edits, resolve

if TYPE_CHECKING:
    from celery_analyzers.findings import Finding, Fix

ALONE = Path(__file__).parent / "no-such-folder"
_CARETS = re.compile(r"[ \t]*(?P<hash>#)[ \t]*(?P<carets>\^+)(?: +(?P<message>.*))?$")


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A finding as carets say it. Lines and columns count from 0."""

    line: int
    start: int
    end: int
    message: str


@dataclass(frozen=True, slots=True)
class Marked:
    """Code, and the marks that stood in it."""

    code: str
    marks: tuple[Mark, ...]


def read_marks(text: str) -> Marked:
    """Part code from its marks."""
    kept: list[str] = []
    marks: list[Mark] = []
    message_column: int | None = None
    for line in re.split(r"(?<=\n)", text):
        match = _CARETS.match(line.rstrip("\r\n"))
        if match and kept:
            start, end = match.span("carets")
            if match.start("hash") == start - 1:
                start -= 1
            marks.append(Mark(len(kept) - 1, start, end, match["message"] or ""))
            message_column = match.start("message") if match["message"] else None
        elif message_column is not None and _continues(line, message_column):
            last = marks.pop()
            marks.append(Mark(last.line, last.start, last.end, f"{last.message} {line[message_column:].strip()}"))
        else:
            message_column = None
            kept.append(line)
    return Marked("".join(kept), tuple(sorted(marks)))


def _continues(line: str, message_column: int) -> bool:
    """Whether a comment line goes on with a message that began at `message_column` above it."""
    head, text = line[:message_column].strip(), line[message_column:]
    return head == "#" and bool(text.strip()) and not text[0].isspace()


def analyse(text: str, project: Project | None = None, path: Path | None = None) -> FileAnalysis:
    """The analysis of a text by all rules: what one says of ignore comments depends on the others.

    Without a project, the text is the module `shop` of a project that has no other, as it is in proofs.
    """
    if project is None:
        path = ALONE / "shop.py"
        project = Project(ALONE)
        record = record_of(FileAnalysis(text, rules=RuleSet(()), project=project, path=path), project)
        project = Project(ALONE, ProjectIndex({str(path): record}, frozenset({str(path)}), root=str(ALONE)))
        project.set_overlay(path, text)
    return FileAnalysis(
        text, rules=RuleChoice(Settings(preset="all"), project.root).of(path), project=project, path=path
    )


def findings_of(analysis: FileAnalysis, rule: str) -> list[Finding]:
    """What one rule finds."""
    return [finding for finding in analysis.findings() if finding.rule == rule]


def mark_of(finding: Finding, analysis: FileAnalysis) -> Mark:
    """A finding as carets would say it."""
    lines = analysis.line_index()
    line, start = lines.position(finding.span.start)
    end_line, end = lines.position(finding.span.end)
    return Mark(line, start, end if end_line == line else len(lines.line_text(line)), finding.message)


def fixed(text: str, fix: Fix) -> str:
    """The text after a fix, with the imports that it needs."""
    return apply_edits(text, resolve(fix, text))


def complaint_about(fix: Fix, finding: Finding, analysis: FileAnalysis, again: FileAnalysis) -> str | None:
    """What a fix breaks that no fix may break. `again` is the analysis of the text after it."""
    if not fix.edits:
        return "it changes nothing"
    if again.problems():
        return f"the result does not parse: {again.problems()[0].message}"
    lost = Counter(_comments(analysis.text, finding)) - Counter(_comments(again.text))
    if lost:
        return f"these comments are gone: {list(lost)}"
    before, after = (
        sum((found.rule, found.message) == (finding.rule, finding.message) for found in one.findings())
        for one in (analysis, again)
    )
    return f"it is still found: {finding.message}" if after >= before else None


def _comments(text: str, finding: Finding | None = None) -> list[str]:
    """The comments of a text, without the one that the finding is about."""
    return [
        text[span.start : span.end].rstrip()
        for span in comments(text)
        if finding is None or not span.start <= finding.span.start < span.end
    ]
