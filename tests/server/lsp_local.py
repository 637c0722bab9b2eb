"""A server in the test's own process: what it is sent and what it says are lists."""

from __future__ import annotations

import json
import time
from collections import deque
from typing import Any

from lsp_session import ONLY, PATIENCE, PUSHED

from celery_language_server.protocol import Peer
from celery_language_server.server import Server

URI = "untitled:local"


class Channel:
    """Stands in for `Transport`."""

    def __init__(self) -> None:
        self.inbox: deque[bytes] = deque()
        self.sent: list[dict[str, Any]] = []

    def waiting(self) -> bool:
        return bool(self.inbox)

    def wait(self, seconds: float) -> bool:
        return bool(self.inbox)

    def receive(self) -> bytes | None:
        # A batch ends as an input does.
        return self.inbox.popleft() if self.inbox else None

    def wake(self) -> None: ...

    def send(self, body: bytes) -> None:
        self.sent.append(json.loads(body))


class Local:
    """A server that is handed messages in batches: all of one are waiting when its first is handled."""

    def __init__(self, capabilities: Any = PUSHED, options: Any = ONLY) -> None:
        self.channel = Channel()
        self.server = Server(Peer(self.channel))  # type: ignore[arg-type]
        self.handle(
            request("initialize", {"capabilities": capabilities, "initializationOptions": options}),
            notification("initialized", {}),
        )

    def handle(self, *messages: Any) -> list[dict[str, Any]]:
        """Let the server handle messages, and give what it sent."""
        before = len(self.channel.sent)
        for message in messages:
            self.channel.inbox.append(message if isinstance(message, bytes) else json.dumps(message).encode())
        self.server.run()
        self.server.peer._ended = False  # type: ignore[attr-defined]
        return self.channel.sent[before:]

    def open(self, text: str, version: int = 1, uri: str = URI) -> list[dict[str, Any]]:
        """Open a document."""
        document = {"uri": uri, "languageId": "python", "version": version, "text": text}
        return self.handle(notification("textDocument/didOpen", {"textDocument": document}))

    def await_index(self, uri: str = URI) -> None:
        """Let the server be idle until it has the index of a document's folder."""
        document = self.server.documents.get(uri)
        assert document is not None
        end = time.monotonic() + PATIENCE
        while document.folder.project.index is None:
            assert time.monotonic() < end
            self.handle()
            time.sleep(0.01)

    def text(self, uri: str = URI) -> str:
        """The text as the server has it."""
        document = self.server.documents.get(uri)
        assert document is not None
        return document.analysis.text


def request(method: str, params: Any = None, number: Any = 1) -> dict[str, Any]:
    """A request as JSON."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def notification(method: str, params: Any = None) -> dict[str, Any]:
    """A notification as JSON."""
    return {"jsonrpc": "2.0", "method": method, "params": params}


def change(version: int, *changes: Any, uri: str = URI) -> dict[str, Any]:
    """A didChange notification."""
    return notification(
        "textDocument/didChange",
        {"textDocument": {"uri": uri, "version": version}, "contentChanges": list(changes)},
    )


def edit(start: tuple[int, int], end: tuple[int, int], text: str) -> dict[str, Any]:
    """One of `contentChanges`."""
    (line, character), (end_line, end_character) = start, end
    return {
        "range": {
            "start": {"line": line, "character": character},
            "end": {"line": end_line, "character": end_character},
        },
        "text": text,
    }


def published(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The parameters of all pushed diagnostics."""
    return [message["params"] for message in messages if message.get("method") == "textDocument/publishDiagnostics"]
