"""A small client of language servers that times how long diagnostics take.

Knows the protocol as far as editing one document needs it. The clock stops when a message has been read, by a
thread that does nothing else; decoding it comes after. Positions are UTF-16, which every server has and VS
Code only has. Diagnostics are pulled where the server offers that, as VS Code does, and awaited otherwise;
those of another version of the text do not count.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

CAPABILITIES = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {
        "synchronization": {},
        "completion": {
            "completionItem": {
                "snippetSupport": True,
                "documentationFormat": ["markdown", "plaintext"],
                "resolveSupport": {"properties": ["documentation", "detail", "additionalTextEdits"]},
            }
        },
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "publishDiagnostics": {
            "versionSupport": True,
            "relatedInformation": True,
            "codeDescriptionSupport": True,
        },
        "diagnostic": {"dynamicRegistration": False, "relatedDocumentSupport": False},
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}}},
    },
    "workspace": {
        "configuration": True,
        "workspaceFolders": True,
        "applyEdit": True,
        "diagnostics": {"refreshSupport": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True},
    },
    "window": {"workDoneProgress": True},
}
INCREMENTAL = 2
SERVER_CANCELLED, CONTENT_MODIFIED = -32802, -32801


class ServerError(Exception):
    """The server died, answered with an error or stayed silent."""


class TooSlowError(ServerError):
    """The server did not answer in time."""


class Place(NamedTuple):
    """A position as the protocol has it: the column counts UTF-16 code units."""

    line: int
    character: int


@dataclass(frozen=True, slots=True)
class Change:
    """Replace what stands between two places."""

    start: Place
    end: Place
    text: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A document's diagnostics, and how long they took to come."""

    seconds: float
    diagnostics: list[dict[str, Any]]


class _Pipe:
    """Messages to and from a process. A thread stamps each when its last byte has been read."""

    def __init__(self, command: Sequence[str], root: Path, environment: Mapping[str, str]) -> None:
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the process has ended
        self.process = subprocess.Popen(
            command,
            cwd=root,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self._received: queue.SimpleQueue[tuple[float, bytes] | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while line := stream.readline():
            length = 0
            while line.strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                line = stream.readline()
            body = stream.read(length)
            self._received.put((time.perf_counter(), body))
        self._received.put(None)

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise ServerError(self.last_words()) from error

    def receive(self, timeout: float) -> tuple[float, dict[str, Any]] | None:
        """The next message and when it came, or None if none comes in time."""
        try:
            received = self._received.get(timeout=max(timeout, 0))
        except queue.Empty:
            return None
        if received is None:
            raise ServerError(self.last_words())
        stamp, body = received
        return stamp, json.loads(body)

    def last_words(self) -> str:
        self._log.seek(0)
        return "the server ended: " + self._log.read().decode(errors="replace")[-2000:]

    def close(self) -> None:
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()


class Client:
    """A server with at most one open document."""

    def __init__(
        self,
        command: Sequence[str],
        root: Path,
        environment: Mapping[str, str] | None = None,
        timeout: float = 120,
    ) -> None:
        self._timeout = timeout
        self._started = time.perf_counter()
        self._pipe = _Pipe(command, root, environment or {})
        self._requests = 0
        self._version = 0
        self._uri = ""
        self._result_id: str | None = None
        self._last: list[dict[str, Any]] = []
        self._names_versions = False
        self.progress: list[tuple[float, str]] = []
        """What the server told of long work: when, and whether it is a `begin`, a `report` or an `end`."""
        self.refreshes: list[float] = []
        """When the server asked for diagnostics to be pulled again."""
        folder = {"uri": root.as_uri(), "name": root.name}
        _, answer = self._request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": folder["uri"],
                "workspaceFolders": [folder],
                "capabilities": CAPABILITIES,
                # Ours runs all its rules; the others pass over what is not theirs.
                "initializationOptions": {"celeryls": {"preset": "all"}},
            },
        )
        capabilities = answer["result"]["capabilities"]
        synchronization = capabilities.get("textDocumentSync", 0)
        if isinstance(synchronization, dict):
            synchronization = synchronization.get("change", 0)
        if synchronization != INCREMENTAL:
            raise ServerError("the server does not take incremental changes")
        self.pulls = capabilities.get("diagnosticProvider") is not None
        self._notify("initialized", {})

    def open(self, path: Path, text: str) -> Diagnosis:
        """Open a document. The seconds count from the server's start."""
        self._uri, self._version = path.as_uri(), 1
        document = {"uri": self._uri, "languageId": "python", "version": 1, "text": text}
        self._notify("textDocument/didOpen", {"textDocument": document})
        return self._diagnosis(self._started)

    def change(self, change: Change) -> Diagnosis:
        """Change the document and await the new text's diagnostics."""
        return self._diagnosis(self.write(change))

    def write(self, change: Change) -> float:
        """Change the document, and wait for nothing: when that was."""
        self._version += 1
        (line, character), (end_line, end_character) = change.start, change.end
        span = {
            "start": {"line": line, "character": character},
            "end": {"line": end_line, "character": end_character},
        }
        changes = [{"range": span, "text": change.text}]
        start = time.perf_counter()
        document = {"uri": self._uri, "version": self._version}
        self._notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})
        return start

    def ask(self, method: str, place: Place, start: float | None = None) -> tuple[float, Any]:
        """The seconds until the answer about a place came, counted from `start` if it is given, and the answer."""
        start = time.perf_counter() if start is None else start
        position = {"line": place.line, "character": place.character}
        stamp, answer = self._request(
            f"textDocument/{method}", {"textDocument": {"uri": self._uri}, "position": position}
        )
        return stamp - start, answer["result"]

    def idle(self, seconds: float) -> None:
        """Let time pass as a person does between two keys; answer what the server asks meanwhile."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            received = self._pipe.receive(left)
            if received is not None:
                self._answer(received[1])

    @property
    def started(self) -> float:
        """When the server was started."""
        return self._started

    def pull(self) -> list[dict[str, Any]]:
        """The document's diagnostics, asked for once more."""
        return self._pulled()[1]

    def memory(self) -> tuple[int, int]:
        """The bytes that the server has in memory, and those of the processes that it started."""
        server = psutil.Process(self._pipe.process.pid)
        others = 0
        for process in server.children(recursive=True):
            try:
                others += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return server.memory_info().rss, others

    def processor_seconds(self) -> float:
        """How long the server and the processes it started have used a processor."""
        server = psutil.Process(self._pipe.process.pid)
        times = [process.cpu_times() for process in (server, *server.children(recursive=True))]
        return sum(each.user + each.system for each in times)

    def close(self) -> None:
        """End the server."""
        try:
            self._timeout = 5
            self._request("shutdown", None)
            self._notify("exit", None)
        except ServerError:
            self._pipe.process.kill()
        self._pipe.close()

    def _diagnosis(self, start: float) -> Diagnosis:
        end, diagnostics = self._pulled() if self.pulls else self._published(start)
        return Diagnosis(end - start, diagnostics)

    def _pulled(self) -> tuple[float, list[dict[str, Any]]]:
        parameters: dict[str, Any] = {"textDocument": {"uri": self._uri}}
        if self._result_id is not None:
            parameters["previousResultId"] = self._result_id
        stamp, answer = self._request("textDocument/diagnostic", parameters)
        report = answer["result"]
        self._result_id = report.get("resultId")
        if report["kind"] == "full":
            self._last = report["items"]
        return stamp, self._last

    def _published(self, start: float) -> tuple[float, list[dict[str, Any]]]:
        """The diagnostics published for the current version.

        From a server that has never named a version the first ones after `start` have to do.
        """
        while True:
            stamp, message = self._next("diagnostics")
            parameters = message.get("params")
            if message.get("method") != "textDocument/publishDiagnostics" or parameters["uri"] != self._uri:
                self._answer(message)
                continue
            version = parameters.get("version")
            self._names_versions |= version is not None
            if version == self._version or (not self._names_versions and stamp > start):
                return stamp, parameters["diagnostics"]

    def _request(self, method: str, parameters: dict[str, Any] | None) -> tuple[float, dict[str, Any]]:
        """The answer to a request, asked again where the server put it off."""
        self._requests += 1
        identifier = self._requests
        self._pipe.send({"id": identifier, "method": method, "params": parameters})
        while True:
            stamp, message = self._next(method)
            if message.get("id") != identifier or "method" in message:
                self._answer(message)
            elif "error" not in message:
                return stamp, message
            elif message["error"]["code"] in {SERVER_CANCELLED, CONTENT_MODIFIED}:
                return self._request(method, parameters)
            else:
                raise ServerError(f"{method}: {message['error']['message']}")

    def _next(self, awaited: str) -> tuple[float, dict[str, Any]]:
        received = self._pipe.receive(self._timeout)
        if received is None:
            raise TooSlowError(f"no {awaited} within {self._timeout:.0f} s")
        return received

    def _notify(self, method: str, parameters: dict[str, Any] | None) -> None:
        self._pipe.send({"method": method, "params": parameters})

    def _answer(self, message: dict[str, Any]) -> None:
        """Answer a request of the server, and note what it tells of long work; anything else is passed over."""
        now = time.perf_counter()
        if message.get("method") == "$/progress":
            self.progress.append((now, message["params"]["value"]["kind"]))
        elif message.get("method") == "workspace/diagnostic/refresh":
            self.refreshes.append(now)
        if "id" not in message or "method" not in message:
            return
        result: Any = None
        if message["method"] == "workspace/configuration":
            result = [None for _ in message["params"]["items"]]
        elif message["method"] == "workspace/applyEdit":
            result = {"applied": False}
        self._pipe.send({"id": message["id"], "result": result})
