"""Analyses files in several processes at once.

Must not know what is found. Where processes cannot be had, or die, this one does the work.
"""

from __future__ import annotations

import signal
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TYPE_CHECKING

from celery_language_server.inspection import Inspector, inspect_here

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.settings import Settings
    from celery_language_server.cache import Outcome
    from celery_language_server.inspection import Failure

_CHUNKS = 8
"""Portions of the work for each process: as many as even out that some files take longer."""


def inspect_elsewhere(
    root: str, settings: Settings, files: dict[str, str], processes: int
) -> Iterator[tuple[str, Outcome | Failure]]:
    """What is found in files, which are given with their stamps, in any order."""
    missing = dict(files)
    try:
        for path, outcome in _results(root, settings, files, processes):
            del missing[path]
            yield path, outcome
    except (BrokenProcessPool, OSError, NotImplementedError):
        yield from inspect_here(Inspector(root, settings), missing.items())


def _results(
    root: str, settings: Settings, files: dict[str, str], processes: int
) -> Iterator[tuple[str, Outcome | Failure]]:
    # Neighbours go to the same process, since they import the same modules.
    items = sorted(files.items())
    step = max(1, len(items) // (processes * _CHUNKS))
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
    # The parent process answers Ctrl-C for all.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _workers.append(Inspector(root, settings))


def _work(files: list[tuple[str, str]]) -> list[tuple[str, Outcome | Failure]]:
    return list(inspect_here(_workers[0], files))
