"""Prints the outcome of a run: the findings that are loud enough, and what else there is to say.

Knows formats and streams. Must not know how anything was found.
"""

from __future__ import annotations

import sys

from celery_language_server.output.closing import SEVERITIES, fixes_note, hidden_note, number, summary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from celery_analyzers.source import LineIndex
    from celery_language_server.arguments import Arguments
    from celery_language_server.check import CheckedFile
    from celery_language_server.reports import Report


class Shown:
    """One file with its findings that are shown. `text` is at hand where the file came through stdin."""

    __slots__ = ("path", "reports", "text")

    def __init__(self, path: str, reports: list[Report], text: str | None = None) -> None:
        self.path = path
        self.reports = reports
        self.text = text


def present(given: Arguments, checked: Sequence[CheckedFile], fixed: int = 0) -> int:
    """Print what was found in files, and return the exit code."""
    least = least_severity(given)
    shown = [Shown(f"{file.project.root}/{file.path}", shown_reports(file, least)) for file in checked]
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
    reports = _loaded(file.reports, file.shown_as)
    return [report for report in reports if SEVERITIES.index(report["severity"]) >= least]


def print_all(
    given: Arguments, shown: Sequence[Shown], hidden: Sequence[int], broken: int, fixed: int, stream: TextIO
) -> int:
    """Print findings and closing lines to `stream`, and return the exit code.

    `hidden` counts the findings of each severity that is not shown, `broken` the files with syntax errors.
    """
    reports = [report for file in shown for report in file.reports]
    as_json = given.values.get("--output-format") == "json"
    if reports or as_json:
        _print_findings(given, shown, reports, stream)
    if not as_json:
        stream.write(summary(reports, fixed) + fixes_note(reports, "--unsafe-fixes" in given.flags))
    # With JSON, stdout holds that alone.
    (sys.stderr if as_json else stream).write(hidden_note(hidden))
    if broken:
        sys.stderr.write(f"warning: {number(broken, 'file')} had syntax errors, checked in part\n")
    return exit_code(given, reports)


def exit_code(given: Arguments, reports: Sequence[Report]) -> int:
    """The exit code that findings call for."""
    grave = any(report["severity"] in ("warning", "error") for report in reports)
    return 1 if grave and "--exit-zero" not in given.flags else 0


def _print_findings(given: Arguments, shown: Sequence[Shown], reports: list[Report], stream: TextIO) -> None:
    from celery_language_server.output.screen import Screen

    form = given.values.get("--output-format", "full")
    if "--statistics" in given.flags:
        from celery_language_server.output.statistics import statistics, statistics_table

        counts = statistics(reports)
        stream.write(_json(counts) if form == "json" else statistics_table(counts, Screen(stream)))
    elif form == "json":
        stream.write(_json(reports))
    elif form == "concise":
        from celery_language_server.output.concise import concise

        screen = Screen(stream)
        stream.writelines(concise(report, screen) for report in reports)
    else:
        from celery_language_server.output.full import full

        screen = Screen(stream)
        for file in shown:
            lines = _lines(file) if file.reports else None
            stream.writelines(full(report, lines, screen) for report in file.reports)


def _json(items: Sequence[object]) -> str:
    """In ASCII, which any encoding can carry."""
    import json

    return json.dumps(items, indent=2) + "\n"


def _loaded(text: str, path: str) -> list[Report]:
    """Kept reports, of the file that the user knows as `path`."""
    import json

    kept: list[Report] = json.loads(text) if text else []
    return [
        {
            "rule": report["rule"],
            "code": report["code"],
            "severity": report["severity"],
            "message": report["message"],
            "path": path,
            "start": report["start"],
            "end": report["end"],
            "fixes": report["fixes"],
            "url": report["url"],
        }
        for report in kept
    ]


def _lines(file: Shown) -> LineIndex | None:
    from celery_analyzers.source import LineIndex

    if file.text is not None:
        return LineIndex(file.text)
    from celery_language_server.sources import UnreadableError, decode, read

    try:
        return LineIndex(decode(read(file.path)).text)
    except UnreadableError:
        return None
