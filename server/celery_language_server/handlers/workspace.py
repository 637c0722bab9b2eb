"""`workspace/...`: settings, files and folders change while the server runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from celery_language_server.documents import is_python
from celery_language_server.folders import CONFIGURATION_FILES
from celery_language_server.params import array, array_or_empty, find
from celery_language_server.uris import to_path, to_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from celery_language_server.server import Server

SECTION: Final = "celeryls"


def did_change_configuration(server: Server, params: Any) -> None:
    """Take over new settings: those that came along, unless the client would rather be asked."""
    settings = own_settings(find(params, "settings"))
    if settings is not None:
        server.folders.configure(common=settings)
        server.publisher.invalidate()
    request_settings(server)


def did_change_watched_files(server: Server, params: Any) -> None:
    """Files changed on disk."""
    paths = [to_path(uri) for event in array(params, "changes") if isinstance(uri := find(event, "uri"), str)]
    if any(path.name in CONFIGURATION_FILES for path in paths if path is not None):
        reload_configuration(server)
    sources = {path for path in paths if path is not None and is_python(None, path.name)}
    unseen = [path for path in sources if not server.documents.holds(path)]
    for path in unseen:
        server.folders.of(path).forget(path)
    if unseen:
        server.publisher.invalidate()


def did_change_workspace_folders(server: Server, params: Any) -> None:
    """Folders were opened and closed: documents may belong to others than before."""
    for folder in array_or_empty(params, "event", "removed"):
        if isinstance(uri := find(folder, "uri"), str) and (path := to_path(uri)):
            server.folders.remove(path)
    for folder in array_or_empty(params, "event", "added"):
        if isinstance(uri := find(folder, "uri"), str) and (path := to_path(uri)):
            server.folders.add(path)
    for document in server.documents:
        document.move(server.folders.of(document.path))
        server.publisher.changed(document)
    server.publisher.invalidate()
    request_settings(server)


def reload_configuration(server: Server) -> None:
    """A configuration file may have been written."""
    changed = [folder for folder in server.folders if folder.reload()]
    if changed:
        server.publisher.invalidate()


def request_settings(server: Server) -> None:
    """Ask a client that can answer for its settings: those of each folder, and those of files in none."""
    if not server.client.answers_configuration:
        return
    scopes: list[Path | None] = [None, *server.folders.workspace]

    def take(result: Any) -> None:
        answers = [own_settings(item) or {} for item in array_or_empty(result)]
        server.folders.configure(own=dict(zip(scopes, answers, strict=False)))
        server.publisher.invalidate()

    items = [{"section": SECTION} | ({"scopeUri": to_uri(path)} if path else {}) for path in scopes]
    server.peer.request("workspace/configuration", {"items": items}, take)


def own_settings(value: object) -> dict[str, Any] | None:
    """Our settings in what a client sent: under `settings`, under our name, or by themselves."""
    for name in ("settings", SECTION):
        inner: object = find(value, name)
        if isinstance(inner, dict):
            value = cast("dict[str, Any]", inner)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


METHODS: Final[Mapping[str, Callable[[Server, Any], object]]] = {
    "workspace/didChangeConfiguration": did_change_configuration,
    "workspace/didChangeWatchedFiles": did_change_watched_files,
    "workspace/didChangeWorkspaceFolders": did_change_workspace_folders,
}
