"""A client that speaks raw JSON-RPC to a server in a process of its own, and notes down all that it hears."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

COMMAND = [sys.executable, "-m", "celery_language_server"]
PATIENCE = 60.0
ONLY = {"select": ["bind-without-self"]}
"""Settings under which no other rule has a say in the tests' texts."""

PUSHED: dict[str, Any] = {
    "textDocument": {
        "publishDiagnostics": {
            "versionSupport": True,
            "codeDescriptionSupport": True,
            "tagSupport": {"valueSet": [1, 2]},
        },
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix", "source.fixAll"]}},
            "isPreferredSupport": True,
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit"]},
        },
    },
    "workspace": {
        "workspaceEdit": {"documentChanges": True},
        "configuration": True,
        "workspaceFolders": True,
    },
}
PULLED: dict[str, Any] = {
    **PUSHED,
    "textDocument": {**PUSHED["textDocument"], "diagnostic": {"dynamicRegistration": False}},
    "workspace": {**PUSHED["workspace"], "diagnostics": {"refreshSupport": True}},
}


class ErrorResponse(Exception):  # noqa: N818 (an answer)
    """The server answered a request with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error)
        self.code: int = error["code"]
        self.message: str = error["message"]


class Session:
    """One server, started and talked to."""

    def __init__(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        prefix: Sequence[str] = (),
    ) -> None:
        self.process = subprocess.Popen(
            [*prefix, *COMMAND, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
            cwd=cwd,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.heard: list[dict[str, Any]] = []
        """Everything that the server sent, in order."""
        self.stderr = b""
        self.configuration: Callable[[dict[str, Any]], Any] = lambda item: None
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._last_id = 0
        self._ended = False
        self._output = self.process.stdout.read
        self._readline = self.process.stdout.readline
        self._start()

    def _write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def _start(self) -> None:
        threading.Thread(target=self._listen, daemon=True).start()
        self._drainer = threading.Thread(target=self._drain, daemon=True)
        self._drainer.start()

    def _drain(self) -> None:
        assert self.process.stderr is not None
        while data := self.process.stderr.read1(4096):  # type: ignore[attr-defined]
            self.stderr += data

    def _listen(self) -> None:
        while True:
            length = -1
            while line := self._next_line():
                assert line.endswith(b"\r\n"), f"not a header: {line!r}"
                if line == b"\r\n":
                    break
                name, _, value = line.partition(b": ")
                assert name == b"Content-Length", f"not a header: {line!r}"
                length = int(value)
            if length < 0:
                break
            message = json.loads(self._output(length))
            if "method" in message and "id" in message:
                self._oblige(message)
            with self._changed:
                self.heard.append(message)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _next_line(self) -> bytes:
        try:
            return self._readline()
        except OSError:  # a socket's way of saying that the server is gone
            return b""

    def _oblige(self, request: dict[str, Any]) -> None:
        result: Any = None
        if request["method"] == "workspace/configuration":
            result = [self.configuration(item) for item in request["params"]["items"]]
        with contextlib.suppress(OSError, ValueError):  # the test has hung up
            self.send({"jsonrpc": "2.0", "id": request["id"], "result": result})

    def send_bytes(self, data: bytes) -> None:
        """Send something that need not be a message."""
        with self._writing:
            self._write(data)

    def send(self, *messages: Any) -> None:
        """Send messages in one piece."""
        data = b""
        for message in messages:
            body = json.dumps(message).encode()
            data += b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        self.send_bytes(data)

    def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def request(self, method: str, params: Any = None) -> Any:
        """Send a request and give its result. Raises ErrorResponse."""
        return self.result(self.begin(method, params))

    def begin(self, method: str, params: Any = None) -> int:
        """Send a request; its number is for `result`."""
        self._last_id += 1
        self.send({"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": params})
        return self._last_id

    def result(self, number: int) -> Any:
        """The result of a request. Raises ErrorResponse."""
        answer = self.wait(lambda message: "method" not in message and message.get("id") == number)
        if "error" in answer:
            raise ErrorResponse(answer["error"])
        return answer["result"]

    def wait(self, wanted: Callable[[dict[str, Any]], bool], since: int = 0) -> dict[str, Any]:
        """The first message from number `since` on that is `wanted`."""
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while True:
                for message in self.heard[since:]:
                    if wanted(message):
                        return message
                since = max(since, len(self.heard))
                left = deadline - time.monotonic()
                assert not self._ended, f"the server ended; its stderr says {self.stderr!r}"
                assert left > 0, f"the server did not say it in time; its stderr says {self.stderr!r}"
                self._changed.wait(left)

    def all(self, method: str) -> list[Any]:
        """The parameters of all messages with this method so far."""
        with self._changed:
            return [message["params"] for message in self.heard if message.get("method") == method]

    def settle(self) -> None:
        """Wait until the server has handled all that was sent."""
        number = self.begin("$/settle")
        self.wait(lambda message: "method" not in message and message.get("id") == number)

    def initialize(self, *folders: Path, capabilities: Any = PUSHED, options: Any = ONLY) -> dict[str, Any]:
        """Shake hands."""
        workspace = [{"uri": folder.as_uri(), "name": folder.name} for folder in folders]
        result = self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": workspace[0]["uri"] if workspace else None,
                "workspaceFolders": workspace or None,
                "capabilities": capabilities,
                "initializationOptions": options,
            },
        )
        self.notify("initialized", {})
        return result

    def open(self, uri: str, text: str, version: int = 1, language: str = "python") -> None:
        """Open a document."""
        document = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def change(self, uri: str, version: int, *changes: Any) -> None:
        """Change a document: a change is a text, or what LSP says."""
        listed = [{"text": change} if isinstance(change, str) else change for change in changes]
        document = {"uri": uri, "version": version}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": listed})

    def published(self, uri: str, version: int | None = None, since: int = 0) -> list[Any]:
        """Wait for pushed diagnostics, of this version."""
        message = self.wait(
            lambda message: (
                message.get("method") == "textDocument/publishDiagnostics"
                and message["params"]["uri"] == uri
                and (version is None or message["params"].get("version") == version)
            ),
            since,
        )
        return message["params"]["diagnostics"]

    def pulled(self, uri: str, previous: str | None = None) -> dict[str, Any]:
        """Ask for diagnostics."""
        return self.request("textDocument/diagnostic", {"textDocument": {"uri": uri}, "previousResultId": previous})

    def actions(self, uri: str, line: int, character: int, **context: Any) -> list[Any]:
        """Ask for the code actions at a place."""
        place = {"line": line, "character": character}
        where = {"textDocument": {"uri": uri}, "range": {"start": place, "end": place}}
        return self.request("textDocument/codeAction", {**where, "context": {"diagnostics": [], **context}})

    def stop(self) -> int:
        """End the session as one should, and give the exit code."""
        self.request("shutdown")
        self.notify("exit")
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """Clean up, whatever happened."""
        self.process.kill()
        self.process.wait()
        self._drainer.join(PATIENCE)  # It ends when all that wrote there have ended.
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(OSError, ValueError):
                assert stream is not None
                stream.close()


class SocketSession(Session):
    """The same over TCP."""

    def __init__(self) -> None:
        super().__init__("--tcp", "127.0.0.1:0")

    def _start(self) -> None:
        assert self.process.stderr is not None
        host, _, port = self.process.stderr.readline().decode().rpartition(" ")[2].strip().rpartition(":")
        self.socket = socket.create_connection((host, int(port)))
        stream = self.socket.makefile("rb")
        self._output, self._readline = stream.read, stream.readline
        super()._start()

    def _write(self, data: bytes) -> None:
        self.socket.sendall(data)
