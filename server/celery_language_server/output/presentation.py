"""Prints the outcome of a run: the findings that are loud enough, and what else there is to say.

Knows formats and streams. Must not know how anything was found.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from celery_analyzers.source import LineIndex
from celery_language_server.check import SEVERITIES
from celery_language_server.output.concise import concise
from celery_language_server.output.full import full
from celery_language_server.output.json_array import json_array
from celery_language_server.output.screen import Screen
from celery_language_server.output.statistics import statistics, statistics_table
from celery_language_server.reports import loaded
from celery_language_server.sources import UnreadableError, decode, read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from celery_language_server.arguments import Arguments
    from celery_language_server.check import CheckedFile
    from celery_language_server.reports import Report


@dataclass(frozen=True, slots=True)
class Shown:
    """One file with the findings of it that are shown. `text` is at hand where the file came through stdin."""

    path: Path
    reports: list[Report]
    text: str | None = None


def present(given: Arguments, checked: Sequence[CheckedFile], fixed: int = 0) -> int:
    """Print what was found in files, and return the exit code."""
    least = least_severity(given)
    shown = [Shown(Path(file.project.root, file.path), shown_reports(file, least)) for file in checked]
    hidden = [sum(file.counts[severity] for file in checked) for severity in range(least)]
    broken = sum(1 for file in checked if file.counts[4])
    return print_all(given, shown, hidden, broken, fixed, sys.stdout)


def least_severity(given: Arguments) -> int:
    """The place among the severities of the least one that is shown."""
    return SEVERITIES.index(given.values.get("--min-severity", "warning"))


def shown_reports(file: CheckedFile, least: int) -> list[Report]:
    """The findings of a file that are shown."""
    if not any(file.counts[least:4]):
        return []
    reports = loaded(file.reports, file.shown_as)
    return [report for report in reports if SEVERITIES.index(report["severity"]) >= least]


def print_all(
    given: Arguments, shown: Sequence[Shown], hidden: Sequence[int], broken: int, fixed: int, stream: TextIO
) -> int:
    """Print findings and closing lines to `stream`, and return the exit code.

    `hidden` counts the findings of each severity that is not shown, `broken` the files with syntax errors.
    """
    reports = [report for file in shown for report in file.reports]
    form = given.values.get("--output-format", "full")
    screen = Screen(stream)
    if "--statistics" in given.flags:
        counts = statistics(reports)
        stream.write(json_array(counts) if form == "json" else statistics_table(counts, screen))
    elif form == "json":
        stream.write(json_array(reports))
    else:
        for file in shown:
            lines = _lines(file) if form == "full" and file.reports else None
            for report in file.reports:
                stream.write(concise(report, screen) if form == "concise" else full(report, lines, screen))
    # With JSON, stdout holds that alone.
    notes = sys.stderr if form == "json" else stream
    if form != "json":
        stream.write(_summary(reports, fixed))
        stream.write(fixes_note(reports, "--unsafe-fixes" in given.flags))
    if any(hidden):
        notes.write(_hidden_note(hidden))
    if broken:
        sys.stderr.write(f"warning: {_number(broken, 'file')} with syntax errors checked in part\n")
    grave = any(report["severity"] in ("warning", "error") for report in reports)
    return 1 if grave and "--exit-zero" not in given.flags else 0


def fixes_note(reports: Sequence[Report], unsafe: bool) -> str:
    """How many of the findings could be fixed, and by which option."""
    safe = sum(any(fix["safety"] == "safe" for fix in report["fixes"]) for report in reports)
    more = sum(bool(report["fixes"]) for report in reports) - safe
    if unsafe:
        safe, more = safe + more, 0
    note = f"{_number(safe, 'fix', 'fixes')} available with --fix.\n" if safe else ""
    return note + (f"{_number(more, 'fix', 'fixes')} available with --unsafe-fixes.\n" if more else "")


def _lines(file: Shown) -> LineIndex | None:
    if file.text is not None:
        return LineIndex(file.text)
    try:
        return LineIndex(decode(read(file.path)).text)
    except UnreadableError:
        return None


def _summary(reports: Sequence[Report], fixed: int) -> str:
    if fixed:
        found = _number(fixed + len(reports), "finding")
        return f"Found {found} ({fixed} fixed, {len(reports)} remaining).\n"
    if not reports:
        return "All checks passed!\n"
    return f"Found {_number(len(reports), 'finding')} ({_by_severity(reports)}).\n"


def _by_severity(reports: Sequence[Report]) -> str:
    counts = [sum(report["severity"] == severity for report in reports) for severity in SEVERITIES]
    return _severities(counts)


def _severities(counts: Sequence[int]) -> str:
    """Numbers of findings by severity, the gravest first."""
    named = [
        f"{count} {severity}" if severity == "information" else _number(count, severity)
        for severity, count in zip(SEVERITIES, counts, strict=False)
        if count
    ]
    return ", ".join(reversed(named))


def _hidden_note(hidden: Sequence[int]) -> str:
    least = next(severity for severity, count in zip(SEVERITIES, hidden, strict=False) if count)
    number = _number(sum(hidden), "finding")
    return f"{number} not shown ({_severities(hidden)}); show with --min-severity {least}.\n"


def _number(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
