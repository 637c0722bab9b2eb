"""Has many files read: by this process, or by several where there is enough to do.

Must not know what is told of files. Where processes cannot be had, or die, this one does the work.
"""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for
from typing import TYPE_CHECKING, Any

from celery_language_server.answers import index_from
from celery_language_server.inspection import Inspector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

    from celery_analyzers.index import ProjectIndex
    from celery_analyzers.settings import Settings
    from celery_language_server.cache import Outcome
    from celery_language_server.index_store import Entry
    from celery_language_server.inspection import Failure

    Item = tuple[str, str]
    Result = Entry | Outcome | Failure | None

_WORTH_A_PROCESS = 6_000_000
"""Bytes of code, of which few are about Celery, that keep one process busy for longer than it takes to start."""
_WORTH_A_PORTION = 500_000
_MOST_PROCESSES = 8


class Crew:
    """Reads the files of one project. Processes are started when they are first worth it, and end with the crew."""

    def __init__(self, root: str, settings: Settings, patience: int = 0) -> None:
        self._root = root
        self._settings = settings
        self._patience = patience
        self._inspector: Inspector | None = None
        self._pool: ProcessPoolExecutor | None = None
        self._index: ProjectIndex | None = None
        self._shared_index: tuple[int, bytes] = (0, b"")

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def inspector(self) -> Inspector:
        """The one of this process."""
        if self._inspector is None:
            self._inspector = Inspector(self._root, self._settings)
        self._inspector.set_index(self._index)
        return self._inspector

    def set_index(self, index: ProjectIndex, records: dict[str, str], files: Iterable[str]) -> None:
        """Take over what is known of the workspace as a whole, which is also given as `index_from` takes it."""
        self._index = index
        content = "\0".join([str(len(records)), *records, *records.values(), *files])
        self._shared_index = (self._shared_index[0] + 1, content.encode("utf-8", "surrogateescape"))

    def entries(self, files: dict[str, str]) -> Iterator[tuple[str, Entry | None]]:
        """What files, which are given with their stamps, add to the index, in any order."""
        return self._run("entry", files)  # pyright: ignore[reportReturnType]

    def outcomes(self, files: dict[str, str]) -> Iterator[tuple[str, Outcome | Failure]]:
        """What is found in files, which are given with their stamps, in any order."""
        return self._run("outcome", files)  # pyright: ignore[reportReturnType]

    def _run(self, work: str, files: dict[str, str]) -> Iterator[tuple[str, Result]]:
        missing = dict(files)
        if self._has_processes(work, files):
            try:
                for path, result in self._run_elsewhere(work, files):
                    del missing[path]
                    yield path, result
            except (BrokenProcessPool, OSError, NotImplementedError):
                self._pool = None
        for path, stamp in missing.items():
            yield path, getattr(self.inspector, work)(path, stamp)

    def _has_processes(self, work: str, files: dict[str, str]) -> bool:
        if self._pool is not None:
            return len(files) > 1
        size = sum(int(stamp.rpartition(" ")[2] or 0) for stamp in files.values())
        # What is analysed for findings was found to concern Celery.
        worth = _WORTH_A_PROCESS if work == "entry" else _WORTH_A_PROCESS // 8
        processes = min(os.cpu_count() or 1, size // worth, _MOST_PROCESSES)
        if processes < 2:
            return False
        try:
            initial = (self._root, self._settings, self._patience)
            self._pool = ProcessPoolExecutor(processes, get_context("spawn"), _start_worker, initial)
        except (OSError, NotImplementedError):
            return False
        return True

    def _run_elsewhere(self, work: str, files: dict[str, str]) -> Iterator[tuple[str, Result]]:
        assert self._pool is not None
        running: set[Future[list[tuple[str, Result]]]] = set()
        for portion in _portions(sorted(files.items())):
            running.add(self._pool.submit(_work, work, portion, self._shared_index if work == "outcome" else None))
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield from future.result()


def _portions(items: list[Item]) -> Iterator[list[Item]]:
    """Neighbours go to the same process, since they import the same modules."""
    portion: list[Item] = []
    size = 0
    for path, stamp in items:
        portion.append((path, stamp))
        size += int(stamp.rpartition(" ")[2] or 0) + 2_000
        if size > _WORTH_A_PORTION:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


class _Worker:
    """What a worker process keeps between two portions."""

    inspector: Inspector
    index_version = 0


def _start_worker(root: str, settings: Settings, patience: int) -> None:
    # The parent process answers Ctrl-C for all.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    if patience and os.name == "posix":
        os.nice(patience)
    _Worker.inspector = Inspector(root, settings)


def end_with_parent() -> None:
    """See to it that this process ends when the one that started it has ended, however that did."""
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), name="parent watch", daemon=True).start()


def _end_with(sentinel: Any) -> None:
    wait_for([sentinel])
    os._exit(1)


def _work(work: str, portion: list[Item], index: tuple[int, bytes] | None) -> list[tuple[str, Result]]:
    if index is not None and index[0] != _Worker.index_version:
        _Worker.index_version = index[0]
        inspector = _Worker.inspector
        count, *fields = index[1].decode("utf-8", "surrogateescape").split("\0")
        end = int(count)
        records = dict(zip(fields[:end], fields[end : 2 * end], strict=True))
        tests = inspector.settings.test_files
        inspector.set_index(index_from(str(inspector.root), records, fields[2 * end :], tests))
    return [(path, getattr(_Worker.inspector, work)(path, stamp)) for path, stamp in portion]
