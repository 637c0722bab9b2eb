"""`initialize`, `initialized`, `shutdown`: the session begins and ends. `exit` ends the server's loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from celery_language_server import __version__, parent
from celery_language_server.client import Client
from celery_language_server.handlers.code_action import KINDS
from celery_language_server.handlers.completion import TRIGGERS
from celery_language_server.handlers.workspace import own_settings, request_settings
from celery_language_server.params import array_or_empty, find
from celery_language_server.protocol import INVALID_REQUEST, RequestError
from celery_language_server.uris import to_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from celery_language_server.server import Server

INCREMENTAL: Final = 2
WATCHED: Final = (
    "**/*.{py,toml,txt,in,lock,pip,cfg,ini,conf,env,yml,yaml,service,sh,bash,mk}",
    "**/{Procfile,Dockerfile,Containerfile,Pipfile,Makefile,GNUmakefile,makefile,justfile,.gitignore,.env}*",
    "**/*{Dockerfile,dockerfile,procfile,entrypoint,celeryd,celerybeat,-worker,_worker,start-celery}*",
)
"""What may tell how Celery is used or set up; which of these files do is found out when they change."""
FILE_OPERATIONS: Final = {"filters": [{"scheme": "file", "pattern": {"glob": "**"}}]}


def initialize(server: Server, params: Any) -> object:
    """Take note of the client and its folders, and say what the server can do."""
    if server.initialized:
        raise RequestError(INVALID_REQUEST, "`initialize` came a second time")
    server.initialized = True
    server.connect(Client.of(find(params, "capabilities")))
    process_id = find(params, "processId")
    if type(process_id) is int and process_id > 0:
        parent.watch(process_id)
    for path in folder_paths(params):
        server.folders.add(path)
    server.folders.configure(common=own_settings(find(params, "initializationOptions")))
    server.chores.append(lambda: warm_up(server))
    return {
        "capabilities": capabilities(server.client),
        "serverInfo": {"name": "celeryls", "version": __version__},
    }


def initialized(server: Server, _params: Any) -> None:
    """Ask for the settings, and to be told of changes; have ready what will be needed."""
    server.chores.append(server.indexes.start)
    request_settings(server)
    registrations: list[dict[str, Any]] = []
    if server.client.registers_configuration:
        method = "workspace/didChangeConfiguration"
        registrations.append({"id": method, "method": method, "registerOptions": {"section": "celeryls"}})
    if server.client.registers_watchers:
        method = "workspace/didChangeWatchedFiles"
        watchers = [{"globPattern": pattern} for pattern in WATCHED]
        registrations.append({"id": method, "method": method, "registerOptions": {"watchers": watchers}})
    if registrations:
        server.peer.request("client/registerCapability", {"registrations": registrations})


def shutdown(server: Server, _params: Any) -> None:
    """Answer nothing but `exit` from now on."""
    server.stopping = True


def capabilities(client: Client) -> dict[str, Any]:
    """What the server offers this client."""
    offered: dict[str, Any] = {
        "positionEncoding": client.encoding,
        "completionProvider": {"triggerCharacters": list(TRIGGERS), "resolveProvider": True},
        "hoverProvider": True,
        "signatureHelpProvider": {"triggerCharacters": ["(", ","], "retriggerCharacters": [")", "="]},
        "inlayHintProvider": {"resolveProvider": False},
        "textDocumentSync": {"openClose": True, "change": INCREMENTAL, "save": {"includeText": False}},
        "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": True}},
    }
    if client.tells_file_operations:
        operations = ("didCreate", "didRename", "didDelete")
        offered["workspace"]["fileOperations"] = dict.fromkeys(operations, FILE_OPERATIONS)
    if client.action_literals:
        offered["codeActionProvider"] = {
            "codeActionKinds": list(KINDS),
            "resolveProvider": client.resolves_edits,
        }
    if client.pulls_diagnostics:
        offered["diagnosticProvider"] = {
            "identifier": "celeryls",
            "interFileDependencies": True,
            "workspaceDiagnostics": True,
        }
    return offered


def folder_paths(params: Any) -> list[Path]:
    """The workspace's folders. Old clients know a single one, and call it by its URI."""
    uris = [find(folder, "uri") for folder in array_or_empty(params, "workspaceFolders")] or [find(params, "rootUri")]
    return [path for uri in uris if isinstance(uri, str) and (path := to_path(uri))]


def warm_up(server: Server) -> None:
    """Load what the first document will need, while the client is still busy with our answer."""
    for folder in server.folders:
        folder.analyse("", None)


METHODS: Final[Mapping[str, Callable[[Server, Any], object]]] = {
    "initialize": initialize,
    "initialized": initialized,
    "shutdown": shutdown,
}
