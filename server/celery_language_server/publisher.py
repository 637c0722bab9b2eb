"""Decides when diagnostics are sent: pushed after the last waiting change, or answered to a client that
pulls.

A client either pulls or is pushed to, never both. All of it happens in the main thread, between two messages,
so that what is sent is never older than what was received. Must not know the JSON of diagnostics.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from celery_language_server.diagnostics import Diagnostics, published, report

if TYPE_CHECKING:
    from celery_language_server.client import Client
    from celery_language_server.documents import Document, Documents
    from celery_language_server.protocol import Peer, RawJson

# Changes that never stop coming must not keep diagnostics back for ever.
LONGEST_DELAY_SECONDS: Final = 0.25
# A key that is typed while something is analysed anew waits no longer.
MOMENT_SECONDS: Final = 0.005


class Publisher:
    """The diagnostics of the open documents, and what the client still has to be sent."""

    def __init__(self, peer: Peer, client: Client, documents: Documents) -> None:
        self._peer = peer
        self._client = client
        self._documents = documents
        self._diagnostics: dict[str, Diagnostics] = {}
        # What the client was last sent, and the result id under which it was; ids differ between two servers.
        self._shown: dict[str, tuple[bytes, str]] = {}
        self._series = f"{time.time_ns():x}"
        self._last_result = 0
        self._is_pull_awaited = False
        self._due: dict[str, Document] = {}
        self._due_since = 0.0

    def changed(self, document: Document) -> None:
        """The document's text is another one: its diagnostics are due."""
        if not self._client.pulls_diagnostics:
            if not self._due:
                self._due_since = time.monotonic()
            self._due[document.uri] = document

    def closed(self, document: Document) -> None:
        """The document's diagnostics must go, to make room for those of its file where there are any."""
        self._due.pop(document.uri, None)
        self._diagnostics.pop(document.uri, None)
        self._shown.pop(document.uri, None)
        if not self._client.pulls_diagnostics:
            document.version = None
            self._peer.notify("textDocument/publishDiagnostics", published(document, b"", self._client))

    def flush(self) -> None:
        """Push what is due, unless more changes are waiting."""
        if self._due and (not self._peer.waiting() or time.monotonic() - self._due_since > LONGEST_DELAY_SECONDS):
            while self._due:
                document = self._due.pop(next(iter(self._due)))
                self._push(document, self._items(document))

    def pull(self, document: Document, previous: object) -> RawJson:
        """The answer to a client that asks for a document's diagnostics and knows the result `previous`.

        A result's id holds until the diagnostics are others, be it by the text, the settings or other files. What the
        index has to say of a long document may take a while: a client that can be asked to pull again need not wait.
        """
        self.pulled()
        self._documents.share()
        if not (self._client.refreshes_diagnostics and document.is_right_but_for_the_index()):
            document.catch_up()
        items = self._items(document)
        shown, result_id = self._shown.get(document.uri, (None, ""))
        if items != shown:
            self._last_result += 1
            result_id = f"{self._series}.{self._last_result}"
            self._shown[document.uri] = items, result_id
        return report(items, result_id, previous)

    def pulled(self) -> None:
        """A client that was asked to pull has begun to."""
        self._is_pull_awaited = False

    def invalidate(self) -> None:
        """Other things than a document's text changed: a client that pulls must do so again. It is asked but once."""
        if self._client.pulls_diagnostics and self._client.refreshes_diagnostics and not self._is_pull_awaited:
            self._is_pull_awaited = True
            self._peer.request("workspace/diagnostic/refresh", None)

    def is_behind(self) -> bool:
        """Whether other files, the index or the settings may have changed what the client was told."""
        if self._client.pulls_diagnostics and not self._client.refreshes_diagnostics:
            return False
        self._documents.share()
        return any(document.is_behind() for document in self._documents)

    def catch_up(self) -> bool:
        """Work for a moment on the diagnostics of one document, and let the client know when they are others; False
        where all are up to date."""
        for document in self._documents:
            if document.is_behind():
                if document.catch_up(MOMENT_SECONDS):
                    self._tell(document)
                return True
        return False

    def _tell(self, document: Document) -> None:
        items = self._items(document)
        if items == self._shown.get(document.uri, (None, ""))[0]:
            return
        if self._client.pulls_diagnostics:
            self.invalidate()
        else:
            self._push(document, items)

    def _items(self, document: Document) -> bytes:
        diagnostics = self._diagnostics.get(document.uri)
        if diagnostics is None:
            diagnostics = self._diagnostics[document.uri] = Diagnostics(self._client)
        return diagnostics.items(document.analysis)

    def _push(self, document: Document, items: bytes) -> None:
        self._shown[document.uri] = items, ""
        self._peer.notify("textDocument/publishDiagnostics", published(document, items, self._client))
