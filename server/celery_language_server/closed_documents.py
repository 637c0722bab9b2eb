"""The diagnostics of files that are not open, in folders whose settings ask for those of all files.

A client either pulls or is pushed to, as for open documents. Must not know who finds what is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery_language_server.cache_keys import hash_of
from celery_language_server.protocol import RawJson, dump
from celery_language_server.uris import to_uri

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from celery_language_server.client import Client
    from celery_language_server.documents import Documents
    from celery_language_server.folders import Folder
    from celery_language_server.protocol import Peer


class ClosedDocuments:
    """What is known of closed files, as JSON: diagnostics separated by commas."""

    def __init__(self, peer: Peer, client: Client, documents: Documents) -> None:
        self._peer = peer
        self._client = client
        self._documents = documents
        self._items: dict[Folder, dict[Path, bytes]] = {}

    def receive(self, folder: Folder, message: dict[str, Any]) -> bool:
        """Take over what was found in a folder: whether a client that pulls must do so again."""
        known = self._items.setdefault(folder, {})
        for inside, items in message.get("findings", {}).items():
            path = folder.in_root(inside)
            if folder.path is None or not path.is_relative_to(folder.path):
                continue
            if items:
                known[path] = items.encode()
            else:
                known.pop(path, None)
            self._push(path, known.get(path, b""))
        return bool(message.get("findings"))

    def drop(self, folder: Folder) -> None:
        """The folder was closed."""
        for path in self._items.pop(folder, {}):
            self._push(path, b"")

    def closed(self, path: Path | None) -> None:
        """A document was closed: what is known of its file is shown again."""
        for known in self._items.values():
            if path in known:
                self._push(path, known[path])

    def report(self, previous: Mapping[str, str]) -> RawJson:
        """The answer to a client that pulls the diagnostics of all files and was last told these result ids."""
        reports: list[bytes] = []
        found = {path: items for known in self._items.values() for path, items in known.items()}
        uris = {to_uri(path): items for path, items in found.items() if not self._documents.holds(path)}
        for uri, items in (*uris.items(), *((uri, b"") for uri in previous if uri not in uris)):
            result_id = hash_of(items)
            if previous.get(uri) == result_id:
                reports.append(
                    b'{"kind":"unchanged","uri":%b,"version":null,"resultId":%b}' % (dump(uri), dump(result_id))
                )
            else:
                reports.append(
                    b'{"kind":"full","uri":%b,"version":null,"resultId":%b,"items":[%b]}'
                    % (dump(uri), dump(result_id), items)
                )
        return RawJson(b'{"items":[%b]}' % b",".join(reports))

    def _push(self, path: Path, items: bytes) -> None:
        if not self._client.pulls_diagnostics and not self._documents.holds(path):
            params = RawJson(b'{"uri":%b,"diagnostics":[%b]}' % (dump(to_uri(path)), items))
            self._peer.notify("textDocument/publishDiagnostics", params)
