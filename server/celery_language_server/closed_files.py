"""Turns what was found in a closed file into LSP diagnostics, in the process that found it.

Must not know when they are shown.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from celery_analyzers.findings import Severity
from celery_analyzers.source import LineIndex
from celery_language_server.diagnostics import SOURCE
from celery_language_server.positions import to_units
from celery_language_server.sources import UnreadableError, decode, read

if TYPE_CHECKING:
    from celery_language_server.positions import PositionEncoding
    from celery_language_server.reports import Position, Report


def diagnostics_of(path: str, reports: str, encoding: PositionEncoding) -> str:
    """The diagnostics of the file at `path`, as JSON separated by commas, from its findings as `Outcome` keeps them."""
    found: list[Report] = json.loads(reports)
    try:
        lines = LineIndex(decode(read(path)).text)
    except UnreadableError:
        return ""
    return ",".join(json.dumps(_diagnostic(report, lines, encoding)) for report in found)


def _diagnostic(report: Report, lines: LineIndex, encoding: PositionEncoding) -> dict[str, Any]:
    return {
        "range": {edge: _position(report[edge], lines, encoding) for edge in ("start", "end")},
        "severity": 5 - Severity.named(report["severity"]),
        "code": report["rule"],
        "source": SOURCE,
        "message": report["message"],
        "codeDescription": {"href": report["url"]},
    }


def _position(position: Position, lines: LineIndex, encoding: PositionEncoding) -> dict[str, int]:
    line, column = position["line"] - 1, position["column"] - 1
    return {"line": line, "character": to_units(lines.line_text(line), column, encoding)}
