"""Analyses files: in this process, or in several where there is enough to do.

Knows the engine. Everything here is imported only once a file has changed. Must not know who asks, nor print.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.project import Project
from celery_analyzers.registry import RuleSet
from celery_analyzers.relevance import concerns_celery
from celery_language_server.cache import UNDECODABLE, Outcome
from celery_language_server.reporting import counts_of, dumped, reports_of
from celery_language_server.sources import UndecodableError, UnreadableError, decode, digest, read

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from celery_analyzers.settings import Settings

_WORTH_A_PROCESS = 700_000
"""Bytes of code about Celery that keep one process busy for longer than it takes to start."""
_MOST_PROCESSES = 8


class Inspector:
    """Analyses the files of one project."""

    def __init__(self, root: str, settings: Settings) -> None:
        self.root = Path(root)
        self.settings = settings
        self.rules = RuleSet.from_settings(settings)
        self.project = Project(self.root, external_task_names=settings.external_task_names)

    def analyse(self, text: str, path: Path) -> FileAnalysis:
        """The analysis of a text that stands, or is to stand, at `path`."""
        return FileAnalysis(text, rules=self.rules, project=self.project, path=path)

    def outcome(self, path: str, stamp: str, data: bytes) -> Outcome:
        """What is found in a file about Celery."""
        file = self.root / path
        try:
            text = decode(data).text
        except UndecodableError as error:
            return Outcome(stamp, digest(data), (), UNDECODABLE, str(error))
        analysis = self.analyse(text, file)
        dependencies = tuple(sorted(str(other) for other in analysis.dependencies() if other != file))
        return Outcome(stamp, digest(data), dependencies, counts_of(analysis), dumped(reports_of(analysis)))


def answers_of(root: str) -> str:
    """What the engine learns about a project as a whole: findings hold while this stays the same."""
    project = Project(Path(root))
    questions = sorted(name for name in dir(Project) if name.startswith("mentions_"))
    return " ".join(f"{question}={getattr(project, question)()}" for question in questions)


class Failure:
    """Why a file was not checked, or not in full: then `outcome` is what was found. `internal` faults are ours."""

    __slots__ = ("internal", "outcome", "reason")

    def __init__(self, reason: str, internal: bool = False, outcome: Outcome | None = None) -> None:
        self.reason = reason
        self.internal = internal
        self.outcome = outcome


def inspect(root: str, settings: Settings, files: dict[str, str]) -> Iterator[tuple[str, Outcome | Failure]]:
    """What is found in files, which are given with their stamps, in any order."""
    concerned: dict[str, str] = {}
    size = 0
    for path, stamp in files.items():
        try:
            data = read(f"{root}/{path}")
        except UnreadableError as error:
            yield path, Failure(str(error))
            continue
        if concerns_celery(data) or not (data.isascii() or _is_text(data)):
            concerned[path] = stamp
            size += len(data)
        else:
            yield path, Outcome(stamp, digest(data), (), "", "")
    processes = min(os.cpu_count() or 1, size // _WORTH_A_PROCESS, _MOST_PROCESSES)
    if processes < 2:
        yield from inspect_here(Inspector(root, settings), concerned.items())
    else:
        from celery_language_server.processes import inspect_elsewhere

        yield from inspect_elsewhere(root, settings, concerned, processes)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def inspect_here(inspector: Inspector, files: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Outcome | Failure]]:
    """What is found in files, each a path and a stamp, by this process."""
    for path, stamp in files:
        yield path, _outcome(inspector, path, stamp)


def _outcome(inspector: Inspector, path: str, stamp: str) -> Outcome | Failure:
    try:
        with _overheard() as faults:
            outcome = inspector.outcome(path, stamp, read(f"{inspector.root}/{path}"))
    except UnreadableError as error:
        return Failure(str(error))
    except Exception as error:
        # One file must not cost the findings of all others.
        return Failure(f"could not be checked, please report this: {type(error).__name__}: {error}", internal=True)
    if faults:
        return Failure(f"was checked in part: {faults[0]}", internal=True, outcome=outcome)
    return outcome


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
