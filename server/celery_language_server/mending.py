"""`celeryls check --fix` and `--diff`: applies the fixes of findings to files, or shows what that would do.

Knows which fixes are asked for. Must not know rules.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from celery_codeactions import fix_all
from celery_codeactions.diff import new_file_diff, unified_diff
from celery_language_server.check import inspect, inspector_of, warn
from celery_language_server.mended_files import MendedFiles
from celery_language_server.output.closing import number, unsafe_fixes_note
from celery_language_server.output.presentation import exit_code, least_severity, present, shown_reports
from celery_language_server.output.screen import Screen
from celery_language_server.sources import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celery_analyzers.analysis import FileAnalysis
    from celery_analyzers.findings import Finding
    from celery_language_server.arguments import Arguments
    from celery_language_server.check import CheckedFile, Project
    from celery_language_server.inspection import Inspector
    from celery_language_server.reports import Report

_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


@dataclass(frozen=True, slots=True)
class _Audible:
    """An analysis with the findings that are loud enough to be shown: no others are fixed."""

    analysis: FileAnalysis
    least: int

    def findings(self) -> list[Finding]:
        """What is wrong."""
        return [finding for finding in self.analysis.findings() if finding.severity > self.least]

    def problems(self) -> Sequence[object]:
        """What could not be parsed."""
        return self.analysis.problems()


def run(given: Arguments, projects: Sequence[Project], checked: Sequence[CheckedFile]) -> int:
    """Fix what was found in files, or show the diff, and return the exit code."""
    least = least_severity(given)
    unsafe = "--unsafe-fixes" in given.flags
    only_show = "--diff" in given.flags
    mended_files: dict[str, MendedFiles] = {}
    fixed = 0
    reports: list[Report] = []
    for file in checked:
        found = shown_reports(file, least)
        reports += found
        if not _is_fixable(found, unsafe):
            continue
        project = file.project
        files = mended_files.get(project.root)
        if files is None:
            files = mended_files[project.root] = MendedFiles(inspector_of(project), project.shown_as)
        try:
            fixed += _mend(files, Path(project.root, file.path), least, unsafe)
        except UnreadableError as error:
            warn(f"{file.shown_as} {error}")
    for files in mended_files.values():
        for change in files.changes():
            if only_show:
                print_diff(change.before.text, change.after, change.shown_as, is_new=change.is_new)
                continue
            try:
                files.write(change)
            except UnreadableError as error:
                warn(f"{change.shown_as} {error}")
                fixed -= change.fixed
    if not only_show:
        return present(given, [file for project in projects for file in inspect(project)], fixed)
    sys.stderr.write(diff_note(fixed, reports, unsafe))
    return exit_code(given, reports)


def mended(
    inspector: Inspector, text: str, path: Path, least: int, unsafe: bool, files: MendedFiles | None = None
) -> fix_all.FixResult:
    """What fixing makes of a text that stands at `path`, and of other `files` with it."""
    return fix_all.apply(lambda now: _Audible(inspector.analyse(now, path), least), text, unsafe=unsafe, files=files)


def diff_note(fixed: int, reports: Sequence[Report], unsafe: bool) -> str:
    """What there is to say behind a diff."""
    note = f"Would fix {number(fixed, 'finding')}.\n" if fixed else "No fixes to apply.\n"
    safe = sum(any(fix["safety"] == "safe" for fix in report["fixes"]) for report in reports)
    return note + ("" if unsafe else unsafe_fixes_note(sum(bool(report["fixes"]) for report in reports) - safe))


def print_diff(before: str, after: str, shown_as: str, *, is_new: bool = False) -> None:
    """Print a diff: as it is for a program to apply, harmless and in colours for a terminal."""
    diff = new_file_diff(after, shown_as) if is_new else unified_diff(before, after, shown_as)
    screen = Screen(sys.stdout)
    if screen.terminal or screen.colours:
        for line in diff.split("\n")[:-1]:
            style = _DIFF_STYLES.get(line[:1])
            shown = screen.laid_out(line)[0]
            sys.stdout.write((screen.styled(shown, style) if style else shown) + "\n")
    else:
        sys.stdout.write(diff)


def _is_fixable(reports: Sequence[Report], unsafe: bool) -> bool:
    return any(unsafe or fix["safety"] == "safe" for report in reports for fix in report["fixes"])


def _mend(files: MendedFiles, path: Path, least: int, unsafe: bool) -> int:
    """Fix one file; returns how many findings that were. Raises UnreadableError."""
    text = files.read(path)
    result = mended(files.inspector, text, path, least, unsafe, files)
    fixed = sum(result.fixed.values())
    if result.text != text:
        files.change(path, result.text, fixed)
        return fixed
    return 0
