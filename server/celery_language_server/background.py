"""The process beside the server that keeps the indexes of its folders up to date, and checks closed files.

It is started by the server, takes orders, and ends when the server does, however that ends. It shares the cache with
`celeryls check`. What it finds it sends as JSON, in pieces that the server takes over while its client is silent. Knows
when to look again. Must not know LSP's messages.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from celery_language_server.checking import walk_settings
from celery_language_server.workspace_index import WorkspaceIndex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from multiprocessing.connection import Connection

    from celery_analyzers.settings import Settings
    from celery_language_server.positions import PositionEncoding
    from celery_language_server.processes import Crew

logger = logging.getLogger(__name__)

PATIENCE: Final = 5
"""How much the server and its user come first, as in `nice`."""
QUIET_SECONDS: Final = 0.1
"""Files that change together are looked at together, once none has changed for so long."""
LONGEST_DELAY_SECONDS: Final = 2.0
UNWATCHED_SECONDS: Final = 5.0
"""Between two looks at files of which no client tells that they changed."""
_LONG_SECONDS: Final = 3600.0
_PIECE: Final = 100_000
_PROGRESS_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Order:
    """Keep the index of a folder, of what is below it too if it `is_deep`; without `settings`, forget the folder.

    With a `key`, which tells the settings from others, all files are checked as well, and their findings are sent in
    the columns of `encoding`.
    """

    folder: int
    root: str = ""
    settings: Settings | None = None
    is_deep: bool = True
    is_watched: bool = True
    key: str | None = None
    encoding: PositionEncoding = "utf-16"


@dataclass(frozen=True, slots=True)
class Look:
    """Something in a folder has changed."""

    folder: int


def run(connection: Connection) -> None:
    """Take orders until there is nobody who gives any."""
    from celery_language_server import log
    from celery_language_server.processes import end_with_parent

    log.configure()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    if os.name == "posix":
        os.nice(PATIENCE)
    try:
        _Background(connection).run()
    except (EOFError, OSError):
        # The server is gone.
        os._exit(0)


class _Background:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._folders: dict[int, _Folder] = {}

    def run(self) -> None:
        while True:
            self._take_orders()
            now = time.monotonic()
            for folder in [folder for folder in self._folders.values() if folder.due <= now]:
                try:
                    folder.look()
                except (EOFError, BrokenPipeError, ConnectionError):
                    raise
                except Exception:
                    # Whatever is wrong with one folder, the others are to have their index.
                    logger.exception("the index of a folder could not be made")

    def _take_orders(self) -> None:
        """Wait until something is due, and no more orders come for a moment."""
        quiet = 0.0
        while (wait := self._due() - time.monotonic()) > 0:
            if self._connection.poll(wait):
                quiet = self._take(self._connection.recv())
        latest = time.monotonic() + LONGEST_DELAY_SECONDS
        while self._connection.poll(quiet) and time.monotonic() < latest:
            quiet = max(quiet, self._take(self._connection.recv()))

    def _due(self) -> float:
        return min((folder.due for folder in self._folders.values()), default=time.monotonic() + _LONG_SECONDS)

    def _take(self, order: Order | Look) -> float:
        """Take note of an order; the seconds in which there may be more like it."""
        known = self._folders.get(order.folder)
        if isinstance(order, Look):
            if known is not None:
                known.due = 0.0
            return QUIET_SECONDS
        if order.settings is None:
            self._folders.pop(order.folder, None)
        else:
            self._folders[order.folder] = _Folder(self._connection, order, known)
        return 0.0


class _Folder:
    """One folder: what the server knows of it, and when to look again."""

    def __init__(self, connection: Connection, order: Order, before: _Folder | None) -> None:
        self._connection = connection
        self._order = order
        self.due = 0.0
        # What the server has been sent: records by their paths, the files, and findings by their paths.
        same = before is not None and before._order.root == order.root
        self._records: dict[str, str] = before._records if before and same else {}
        self._files: dict[str, str] = before._files if before and same else {}
        self._shown: dict[str, str] = before._shown if before and same else {}
        self._is_known = before is not None and same

    def look(self) -> None:
        """Bring the index up to date, and tell the server what is new."""
        order = self._order
        self.due = time.monotonic() + (_LONG_SECONDS if order.is_watched else UNWATCHED_SECONDS)
        settings = order.settings
        assert settings is not None
        folders, near = ([""], []) if order.is_deep else ([], [""])
        index = WorkspaceIndex(order.root, walk_settings(settings), folders, near)
        crews: list[Crew] = []

        def crew() -> Crew:
            if not crews:
                from celery_language_server.processes import Crew

                crews.append(Crew(order.root, settings, PATIENCE))
            return crews[0]

        try:
            total = len(index.unknown)
            for _ in self._reported(index.read(crew), total):
                pass
            if order.is_deep:
                # Beside a lone file somewhere, nobody asked for a folder of ours.
                index.save()
            self._tell(index)
            if total:
                self._send({"end": True})
            self._check(index, crew)
        finally:
            for started in crews:
                started.__exit__()

    def _reported(self, items: Iterable[object], total: int) -> Iterator[object]:
        """The same items, while the server is told how far it is."""
        if not total:
            return
        self._send({"begin": total})
        due = time.monotonic() + _PROGRESS_SECONDS
        for done, item in enumerate(items, 1):
            yield item
            if (now := time.monotonic()) >= due:
                due = now + _PROGRESS_SECONDS
                self._send({"done": done, "total": total})

    def _tell(self, index: WorkspaceIndex) -> None:
        records, files = index.store.records(), index.found.files
        changed = {path for path, record in records.items() if self._records.get(path) != record}
        gone = self._records.keys() - records.keys()
        touched = [path for path, _ in files.items() ^ self._files.items()]
        if self._is_known and not changed and not gone and not touched:
            return
        for piece in _pieces({path: records[path] for path in sorted(changed)}):
            self._send({"records": piece})
        last: dict[str, Any] = {"gone": sorted(gone), "ready": True}
        if not self._is_known or files.keys() != self._files.keys():
            last["files"] = "\0".join(files)
        if self._is_known:
            last["changed"] = sorted(set(touched))
        else:
            last["all"] = True
        self._send(last)
        self._records, self._files, self._is_known = records, dict(files), True

    def _check(self, index: WorkspaceIndex, crew: Any) -> None:
        """Tell the server what is found in the files, where it wants to know."""
        order = self._order
        shown: dict[str, str] = {}
        if order.key is not None and order.settings is not None:
            from celery_language_server.checking import Checking
            from celery_language_server.closed_files import diagnostics_of

            settings = order.settings
            checking = Checking(order.root, order.key, lambda: settings, index, crew)
            for path, found in checking.outcomes(index.found.files).items():
                if found.reports:
                    shown[path] = diagnostics_of(f"{order.root}/{path}", found.reports, order.encoding)
        new = {path: items for path, items in shown.items() if self._shown.get(path) != items}
        new |= dict.fromkeys(self._shown.keys() - shown.keys(), "")
        for piece in _pieces(new):
            self._send({"findings": piece})
        if order.key is not None:
            self._send({"checked": True})
        self._shown = shown

    def _send(self, message: dict[str, Any]) -> None:
        self._connection.send_bytes(json.dumps({"folder": self._order.folder, **message}).encode())


def _pieces(items: dict[str, str]) -> Iterator[dict[str, str]]:
    piece: dict[str, str] = {}
    size = 0
    for path, content in items.items():
        piece[path] = content
        size += len(content)
        if size > _PIECE:
            yield piece
            piece, size = {}, 0
    if piece:
        yield piece
