"""`workspace/...`: settings, files and folders change while the server runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from celery_language_server.folders import CONFIGURATION_FILES
from celery_language_server.params import array, array_or_empty, find
from celery_language_server.uris import to_path, to_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from celery_language_server.server import Server

SECTION: Final = "celeryls"
MANY: Final = 100


def did_change_configuration(server: Server, params: Any) -> None:
    """Take over new settings: those that came along, unless the client would rather be asked."""
    settings = own_settings(find(params, "settings"))
    if settings is not None:
        server.folders.configure(common=settings)
        server.publisher.invalidate()
    request_settings(server)


def did_change_watched_files(server: Server, params: Any) -> None:
    """Files changed on disk."""
    note_changes(server, [find(event, "uri") for event in array(params, "changes")])


def did_change_files(server: Server, params: Any) -> None:
    """Files or folders were created, deleted or renamed in the editor."""
    ends = ("uri", "oldUri", "newUri")
    note_changes(server, [find(file, end) for file in array(params, "files") for end in ends])


def note_changes(server: Server, uris: Iterable[object]) -> None:
    """Whatever depends on these files is to be found out again."""
    paths = {path for uri in uris if isinstance(uri, str) and (path := to_path(uri)) is not None}
    if any(path.name in CONFIGURATION_FILES for path in paths):
        reload_configuration(server)
    unseen = [path for path in paths if not server.documents.holds(path)]
    if len(unseen) > MANY:
        # A branch was switched: to forget all is quicker than to forget each.
        for folder in server.folders:
            folder.forget_all()
            server.indexes.look(folder)
    else:
        for path in unseen:
            folder = server.folders.of(path)
            folder.forget(path)
            server.indexes.look(folder)
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
    "workspace/didCreateFiles": did_change_files,
    "workspace/didRenameFiles": did_change_files,
    "workspace/didDeleteFiles": did_change_files,
    "workspace/didChangeWorkspaceFolders": did_change_workspace_folders,
}
