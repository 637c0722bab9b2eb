"""The indexes of all folders: what the process in the background is told, and what becomes of what it finds.

Everything here runs in the main thread, in its idle time. Knows when which folder needs an index. Must not know how one
is made, nor the JSON of diagnostics.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from celery_language_server.background import Look, Order
from celery_language_server.background_link import BackgroundLink
from celery_language_server.work_progress import WorkProgress

if TYPE_CHECKING:
    from celery_language_server.client import Client
    from celery_language_server.closed_documents import ClosedDocuments
    from celery_language_server.documents import Document, Documents
    from celery_language_server.folders import Folder, Folders
    from celery_language_server.protocol import Peer

WORKSPACE: Final = "workspace"
_MANY: Final = 100
"""Files that change together, above which it is quicker to forget all than each."""


class Indexes:
    """Keeps the indexes of the folders that have any."""

    def __init__(
        self, peer: Peer, client: Client, folders: Folders, documents: Documents, closed: ClosedDocuments
    ) -> None:
        self._peer = peer
        self._client = client
        self._folders = folders
        self._documents = documents
        self._closed = closed
        self._link = BackgroundLink(peer.wake)
        self._numbers: dict[Folder, int] = {}
        self._last_number = 0
        self._orders: dict[Folder, Order] = {}
        self._progress: dict[Folder, WorkProgress] = {}
        self._to_look: set[Folder] = set()
        self.refreshes: set[str] = set()
        """The requests by which a client asks anew for what it has asked before, and what depends on the indexes."""

    def waiting(self) -> bool:
        """Whether something was found that is to be taken over."""
        return self._link.waiting()

    def take(self) -> bool:
        """Take over a piece of what was found: whether a client that pulls must do so again."""
        message = self._link.take()
        number = message["folder"]
        folder = next((folder for folder, known in self._numbers.items() if known == number), None)
        if folder is None:
            return False
        if "findings" in message or "checked" in message:
            return self._closed.receive(folder, message)
        self._progress[folder].receive(message)
        folder.index.receive(message)
        self._forget(folder, message.get("changed", ()))
        return False

    def _forget(self, folder: Folder, changed: list[str]) -> None:
        root = folder.root
        if root is None or not changed:
            return
        if len(changed) > _MANY:
            folder.forget_all()
        for path in (root / inside for inside in changed[: _MANY if len(changed) <= _MANY else 0]):
            if not self._documents.holds(path):
                folder.forget(path)

    def is_behind(self) -> bool:
        """Whether there is something to do for `catch_up`."""
        return bool(self._to_look or self._due() or self._changed() or self._unindexed())

    def catch_up(self) -> bool:
        """Do one thing that is to be done: whether there was any."""
        for folder in self._due():
            self._order(folder, self._wanted(folder))
            return True
        if self._to_look:
            folder = self._to_look.pop()
            if folder in self._numbers:
                self._link.send(Look(self._numbers[folder]))
            return True
        for document in self._unindexed():
            document.index()
            return True
        return False

    def _unindexed(self) -> list[Document]:
        """The open documents whose text the index of their folder does not hold yet, though it is there."""
        return [
            document
            for document in self._documents
            if not document.is_indexed and document.folder.index.is_ready and not document.is_behind()
        ]

    def update(self) -> bool:
        """Take over what is new in the indexes: whether there was anything."""
        changed = self._changed()
        others = [folder for folder in changed if folder.update_index()]
        for method in self.refreshes if others else ():
            self._peer.request(method, None)
        return bool(changed)

    def _changed(self) -> list[Folder]:
        return [folder for folder in self._folders if folder.path is not None and folder.index.is_due]

    def start(self) -> None:
        """Have the process ready for the first orders, if there is any folder for it."""
        if self._folders.workspace and not self._link.is_running and self._link.can_start:
            self._link.start()

    def look(self, folder: Folder) -> None:
        """Something in a folder may have changed on disk."""
        self._to_look.add(folder)

    def close(self) -> None:
        """End all work."""
        self._link.close()

    def _due(self) -> list[Folder]:
        """The folders whose orders are not those that were given."""
        folders = [folder for folder in self._folders if folder.path is not None and folder.path.is_dir()]
        gone = [folder for folder in self._orders if folder not in folders]
        if not self._link.is_running and not self._link.can_start:
            for folder in folders:
                folder.give_up_index()
            return []
        if not self._link.is_running:
            return folders
        return [folder for folder in folders if self._orders.get(folder) != self._wanted(folder)] + gone

    def _wanted(self, folder: Folder) -> Order:
        if folder not in self._numbers:
            self._last_number += 1
            self._numbers[folder] = self._last_number
        number = self._numbers[folder]
        if folder not in self._folders:
            return Order(number)
        settings = folder.configuration.settings
        return Order(
            number,
            str(folder.root),
            settings,
            folder.is_deep,
            self._client.registers_watchers,
            folder.results_key() if settings.diagnostic_mode == WORKSPACE and folder.is_workspace else None,
            self._client.encoding,
        )

    def _order(self, folder: Folder, order: Order) -> None:
        if not self._link.is_running:
            self._link.start()
            self._orders.clear()
        self._link.send(order)
        if order.settings is None:
            self._orders.pop(folder, None)
            self._numbers.pop(folder, None)
            self._progress.pop(folder).end()
            self._closed.drop(folder)
        else:
            self._orders[folder] = order
            name = Path(order.root).name
            self._progress.setdefault(folder, WorkProgress(self._peer, self._client, f"Indexing {name}"))
