"""Analyses files: on this process, or on several where there is enough to do.

Knows the engine. Everything here is imported only once a file has changed. Must not know who asks, nor print.
"""

from __future__ import annotations

import os
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
    from collections.abc import Iterable, Iterator

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
        self.project = Project(self.root)

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
    """Why a file was not checked. `internal` means that the mistake is ours."""

    __slots__ = ("internal", "reason")

    def __init__(self, reason: str, internal: bool = False) -> None:
        self.reason = reason
        self.internal = internal


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
        yield from _inspect_here(Inspector(root, settings), concerned.items())
    else:
        yield from _inspect_elsewhere(root, settings, concerned, processes)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _inspect_here(inspector: Inspector, files: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Outcome | Failure]]:
    for path, stamp in files:
        yield path, _outcome(inspector, path, stamp)


def _outcome(inspector: Inspector, path: str, stamp: str) -> Outcome | Failure:
    try:
        return inspector.outcome(path, stamp, read(f"{inspector.root}/{path}"))
    except UnreadableError as error:
        return Failure(str(error))
    except Exception as error:
        # One file must not cost the findings of all others.
        return Failure(f"could not be checked, please report this: {type(error).__name__}: {error}", internal=True)


def _inspect_elsewhere(
    root: str, settings: Settings, files: dict[str, str], processes: int
) -> Iterator[tuple[str, Outcome | Failure]]:
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import get_context

    # Neighbours go to the same process, since they import the same modules.
    items = sorted(files.items())
    step = max(1, len(items) // (processes * 8))
    chunks = [items[start : start + step] for start in range(0, len(items), step)]
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _start_worker, (root, settings))
    try:
        for done in as_completed([pool.submit(_work, chunk) for chunk in chunks]):
            yield from done.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


_workers: list[Inspector] = []
"""The inspector of a worker process, made when that starts."""


def _start_worker(root: str, settings: Settings) -> None:
    import signal

    # The parent process answers Ctrl-C for all.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _workers.append(Inspector(root, settings))


def _work(files: list[tuple[str, str]]) -> list[tuple[str, Outcome | Failure]]:
    return list(_inspect_here(_workers[0], files))
