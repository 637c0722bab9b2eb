"""What one process can tell of files: what each adds to the index of the workspace, and what is found in it.

Knows the engine. Everything here is imported only once a file has changed. Must not know who asks, nor print.
"""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.index_records import FileRecord
from celery_analyzers.indexing import concerns_index, read_record
from celery_analyzers.long_text import LARGEST_MODULE
from celery_analyzers.project import Project
from celery_analyzers.rule_choice import RuleChoice
from celery_language_server.answers import asked_by
from celery_language_server.cache import UNDECODABLE, Outcome
from celery_language_server.index_store import Entry
from celery_language_server.reporting import counts_of, dumped, reports_of
from celery_language_server.sources import UndecodableError, UnreadableError, decode, digest, read
from celery_language_server.versions import UNSETTLED

if TYPE_CHECKING:
    from collections.abc import Generator

    from celery_analyzers.index import ProjectIndex
    from celery_analyzers.settings import Settings

_MOST_KEPT = 4_000_000
"""Bytes of text whose analysis is kept between the two phases of a run."""


class Failure:
    """Why a file was not checked, or not in full: then `outcome` is what was found. `internal` faults are ours."""

    __slots__ = ("internal", "outcome", "reason")

    def __init__(self, reason: str, internal: bool = False, outcome: Outcome | None = None) -> None:
        self.reason = reason
        self.internal = internal
        self.outcome = outcome


class Inspector:
    """Analyses the files of one project. Paths are relative to its root."""

    def __init__(self, root: str, settings: Settings) -> None:
        self.root = Path(root)
        self.settings = settings
        self._choice = RuleChoice(settings, self.root)
        decorators, names = settings.extra_task_decorators, settings.external_task_names
        self.project = Project(self.root, None, decorators, names, settings.test_files)
        self._analyses: dict[tuple[str, str], FileAnalysis] = {}
        self._room = _MOST_KEPT

    def analyse(self, text: str, path: Path) -> FileAnalysis:
        """The analysis of a text that stands, or is to stand, at `path`."""
        return FileAnalysis(text, rules=self._choice.of(path), project=self.project, path=path)

    def set_index(self, index: ProjectIndex | None) -> None:
        """Take over what is known of the workspace as a whole."""
        if index is not self.project.index:
            self.project.set_index(index)

    def entry(self, path: str, stamp: str) -> Entry | None:
        """What a file adds to the index; None for one that cannot matter, whatever it holds."""
        if not concerns_index(path):
            return None
        try:
            data = _contents(f"{self.root}/{path}", stamp)
        except UnreadableError:
            return self._entry(path, UNSETTLED, None)
        try:
            return self._entry(path, stamp, data)
        except Exception:
            logging.getLogger("celery_analyzers").exception("%s could not be read; please report this", path)
            return Entry(stamp, digest(data or b""), (), _dumped(FileRecord(unread=True)))

    def _entry(self, path: str, stamp: str, data: bytes | None) -> Entry:
        file = self.root / path
        reading = read_record(file, path, data, self.project)
        record = reading.record
        if data is not None and path.endswith(".py") and not (data.isascii() or _is_decodable(data)):
            record = replace(record, unread=True)
        if record.is_empty() and reading.analysis is None:
            return Entry(stamp)
        known = "" if data is None else digest(data)
        if reading.analysis is not None and self._room > 0:
            self._room -= len(data or b"")
            self._analyses[path, known] = reading.analysis
        return Entry(stamp, known, tuple(sorted(map(str, reading.dependencies))), _dumped(record))

    def outcome(self, path: str, stamp: str) -> Outcome | Failure:
        """What is found in a file about Celery."""
        try:
            data = read(f"{self.root}/{path}") if _size(stamp) <= LARGEST_MODULE else None
            if data is None:
                return Failure(f"is left out: it is larger than {LARGEST_MODULE // 1_000_000} MB")
            with _overheard() as faults:
                outcome = self._outcome(path, stamp, data)
        except UnreadableError as error:
            return Failure(str(error))
        except Exception as error:
            # One file must not cost the findings of all others.
            return Failure(f"could not be checked, please report this: {type(error).__name__}: {error}", internal=True)
        if faults:
            return Failure(f"was checked in part: {faults[0]}", internal=True, outcome=outcome)
        return outcome

    def _outcome(self, path: str, stamp: str, data: bytes) -> Outcome:
        file = self.root / path
        try:
            text = decode(data).text
        except UndecodableError as error:
            return Outcome(stamp, digest(data), counts=UNDECODABLE, reports=str(error))
        # With the index come the rules: what is known of the names in a text need not be read again for them.
        analysis = self._analyses.pop((path, digest(data)), None)
        if analysis is not None and analysis.text == text:
            analysis.refresh(rules=self._choice.of(file))
        else:
            analysis = self.analyse(text, file)
        dependencies = tuple(sorted(str(other) for other in analysis.dependencies() if other != file))
        counts, reports = counts_of(analysis), dumped(reports_of(analysis))
        return Outcome(stamp, digest(data), dependencies, asked_by(analysis), counts, reports)


def _contents(path: str, stamp: str) -> bytes | None:
    """The content of a file; None for one that is too large to be of use. Raises UnreadableError."""
    return None if _size(stamp) > LARGEST_MODULE else read(path)


def _size(stamp: str) -> int:
    size = stamp.rpartition(" ")[2]
    return int(size) if size.isdecimal() else 0


def _dumped(record: FileRecord) -> str:
    return json.dumps(record.to_json(), separators=(",", ":"))


def _is_decodable(data: bytes) -> bool:
    try:
        decode(data)
    except UndecodableError:
        return False
    return True


@contextmanager
def _overheard() -> Generator[list[str]]:
    """What the engine logs of rules that fail: it goes on without them, and we must not keep what it finds."""
    faults: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            cause = record.exc_info[1] if record.exc_info else None
            faults.append(record.getMessage() + (f" ({type(cause).__name__}: {cause})" if cause else ""))

    logger = logging.getLogger("celery_analyzers")
    listener = Listener(logging.ERROR)
    logger.addHandler(listener)
    try:
        yield faults
    finally:
        logger.removeHandler(listener)
