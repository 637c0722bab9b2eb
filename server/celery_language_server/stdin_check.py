"""`celeryls check -`: checks one text that comes through stdin.

Knows no cache. With `--fix`, stdout holds the fixed text alone, and what is left goes to stderr.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from celery_analyzers.relevance import concerns_celery
from celery_language_server.check import CheckedFile, inspector_of, project_of, warn
from celery_language_server.mending import diff_note, mended, print_diff
from celery_language_server.output.presentation import (
    Shown,
    exit_code,
    least_severity,
    print_all,
    shown_reports,
)
from celery_language_server.reporting import counts_of, reports_of
from celery_language_server.sources import UnreadableError, decode

if TYPE_CHECKING:
    from celery_language_server.arguments import Arguments
    from celery_language_server.check import Project
    from celery_language_server.inspection import Inspector
    from celery_language_server.sources import Source


def run(given: Arguments) -> int:
    """Check stdin, and return the exit code."""
    name = given.values.get("--stdin-filename", "-")
    # Links are not to be followed.
    path = Path(os.path.abspath(name))
    project = project_of(str(path.parent), given)
    data = sys.stdin.buffer.read()
    rewrites = "--fix" in given.flags and "--diff" not in given.flags
    try:
        inspector = inspector_of(project)
        source = decode(data)
        return _check(given, _Input(project, inspector, path, name, source, data), rewrites)
    except UnreadableError as error:
        warn(f"{name} {error}")
        if rewrites:
            _pass_on(data)
        return 0


class _Input:
    """The text and where it is said to stand."""

    __slots__ = ("data", "inspector", "name", "path", "project", "source")

    def __init__(
        self, project: Project, inspector: Inspector, path: Path, name: str, source: Source, data: bytes
    ) -> None:
        self.project = project
        self.inspector = inspector
        self.path = path
        self.name = name
        self.source = source
        self.data = data

    def checked(self, text: str) -> CheckedFile:
        """What is found in a text that stands there."""
        if not concerns_celery(text.encode("utf-8", "surrogatepass")):
            return CheckedFile(self.project, str(self.path), self.name, [0] * 5, "")
        analysis = self.inspector.analyse(text, self.path)
        counts = [int(count) for count in counts_of(analysis).split()] or [0] * 5
        return CheckedFile(self.project, str(self.path), self.name, counts, json.dumps(reports_of(analysis)))


def _check(given: Arguments, given_input: _Input, rewrites: bool) -> int:
    least = least_severity(given)
    unsafe = "--unsafe-fixes" in given.flags
    text = given_input.source.text
    fixed = 0
    if rewrites or "--diff" in given.flags:
        result = mended(given_input.inspector, text, given_input.path, least, unsafe)
        fixed = sum(result.fixed.values())
        if not rewrites:
            print_diff(text, result.text, given_input.name)
            reports = shown_reports(given_input.checked(text), least)
            sys.stderr.write(diff_note(fixed, reports, unsafe))
            return exit_code(given, reports)
        text = result.text
        _pass_on(given_input.data if text == given_input.source.text else given_input.source.encoded(text))
    checked = given_input.checked(text)
    shown = [Shown(str(given_input.path), shown_reports(checked, least), text)]
    hidden = checked.counts[:least]
    return print_all(given, shown, hidden, int(bool(checked.counts[4])), fixed, sys.stderr if rewrites else sys.stdout)


def _pass_on(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
