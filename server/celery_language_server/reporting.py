"""Turns the findings of an analysis into reports.

Must not know where reports go.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from celery_analyzers.registry import find_rule
from celery_codeactions.fixes import resolve

if TYPE_CHECKING:
    from celery_analyzers.analysis import FileAnalysis
    from celery_analyzers.findings import Finding, Fix, OtherEdits
    from celery_analyzers.source import LineIndex
    from celery_language_server.reports import Position, ReportedFix


def reports_of(analysis: FileAnalysis) -> list[dict[str, Any]]:
    """All findings of a file, without its path."""
    findings = analysis.findings()
    if not findings:
        return []
    text = analysis.text
    lines = analysis.line_index()
    return [_report(finding, text, lines) for finding in findings]


def counts_of(analysis: FileAnalysis) -> str:
    """How many findings there are from hint to error, and how many syntax problems; empty for none at all."""
    counts = [0] * 5
    for finding in analysis.findings():
        counts[finding.severity - 1] += 1
    counts[4] = len(analysis.problems())
    return " ".join(map(str, counts)) if any(counts) else ""


def dumped(reports: list[dict[str, Any]]) -> str:
    """Reports as they are kept: ASCII without line ends or NULs."""
    return json.dumps(reports, separators=(",", ":")) if reports else ""


def _report(finding: Finding, text: str, lines: LineIndex) -> dict[str, Any]:
    rule = find_rule(finding.rule)
    return {
        "rule": finding.rule,
        "code": rule.code if rule else "",
        "severity": finding.severity.label,
        "message": finding.message,
        "start": _position(finding.span.start, lines),
        "end": _position(finding.span.end, lines),
        "fixes": [reported for fix in finding.fixes if (reported := _fix(fix, text, lines))],
        "url": rule.url() if rule else "",
    }


def _fix(fix: Fix, text: str, lines: LineIndex) -> ReportedFix | None:
    edits = resolve(fix, text)
    if not edits:
        return None
    return {
        "title": fix.title,
        "safety": fix.safety,
        "edits": [
            {
                "start": _position(edit.span.start, lines),
                "end": _position(edit.span.end, lines),
                "text": edit.text,
            }
            for edit in (() if any(_is_needed(other) for other in fix.elsewhere) else edits)
        ],
    }


def _is_needed(other: OtherEdits) -> bool:
    """Whether a fix is not whole without its edits of another file."""
    return other.path is not None and not other.creates


def _position(offset: int, lines: LineIndex) -> Position:
    line, column = lines.position(offset)
    return {"line": line + 1, "column": column + 1}
