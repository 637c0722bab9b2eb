"""`textDocument/didOpen`, `didChange`, `didSave`, `didClose`: the text follows the client's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from celery_language_server.documents import is_python
from celery_language_server.folders import CONFIGURATION_FILES
from celery_language_server.handlers.workspace import reload_configuration
from celery_language_server.params import array, find, string
from celery_language_server.uris import to_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from celery_language_server.server import Server


def did_open(server: Server, params: Any) -> None:
    """Begin to follow a document."""
    uri = string(params, "textDocument", "uri")
    text = string(params, "textDocument", "text")
    if is_python(find(params, "textDocument", "languageId"), uri):
        folder = server.folders.of(to_path(uri))
        document = server.documents.open(uri, version_of(params), text, folder)
        server.publisher.changed(document)


def did_change(server: Server, params: Any) -> None:
    """Apply the changes. A gap in the versions is the client's business: what it says is what holds."""
    document = server.documents.get(string(params, "textDocument", "uri"))
    if document is None:
        return
    document.version = version_of(params)
    try:
        for change in array(params, "contentChanges"):
            document.apply(change, server.client.encoding)
    finally:
        server.publisher.changed(document)


def did_save(server: Server, params: Any) -> None:
    """The index is to hold what is saved. A client that watches no files may have written a configuration unseen."""
    path = to_path(string(params, "textDocument", "uri"))
    if path is not None:
        server.indexes.look(server.folders.of(path))
    if not server.client.registers_watchers or (path is not None and path.name in CONFIGURATION_FILES):
        reload_configuration(server)


def did_close(server: Server, params: Any) -> None:
    """Stop following a document; nobody looks at its diagnostics any more."""
    document = server.documents.close(string(params, "textDocument", "uri"))
    if document is not None:
        server.publisher.closed(document)
        server.closed.closed(document.path)


def version_of(params: Any) -> int | None:
    """The document's version, which some clients leave out."""
    version = find(params, "textDocument", "version")
    return version if isinstance(version, int) and not isinstance(version, bool) else None


METHODS: Final[Mapping[str, Callable[[Server, Any], object]]] = {
    "textDocument/didOpen": did_open,
    "textDocument/didChange": did_change,
    "textDocument/didSave": did_save,
    "textDocument/didClose": did_close,
}
