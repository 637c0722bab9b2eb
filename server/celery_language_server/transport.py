"""Bytes in, bytes out: frames over stdin and stdout or a socket, and the promise that the process ends in
time.

Knows the LSP base protocol's headers, file descriptors and sockets. Must not know what a message means, with
one exception: `exit` and the end of the input are seen here, by the reading thread, because the thread that
handles messages may be busy when they come.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import threading
import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable

# Far more than any message needs. A greater length is noise: the server would wait for the rest for ever.
MAX_BODY: Final = 1 << 30
MAX_HEADERS: Final = 1 << 16
CHUNK: Final = 1 << 16
# A client kills a server that has not gone 2 s after `exit`; so does this one.
GRACE_SECONDS: Final = 1.5

# Not anchored to a line's start: behind a frame with a wrong length the next header may follow directly.
LENGTH: Final = re.compile(rb"content-length[ \t]*:[ \t]*(\d+)", re.IGNORECASE)
HEADERS_END: Final = re.compile(rb"\r?\n\r?\n")
ENDING: Final = re.compile(rb'"method"\s*:\s*"(exit|shutdown)"')


NOTHING: Final = b"nothing"
"""What is received when no client said anything, told by its identity."""


class Disconnected(Exception):  # noqa: N818 (an event, not an error)
    """The client is gone: nothing can be sent to it."""


class FrameDecoder:
    """Cuts a stream into message bodies. What is not a frame is skipped."""

    __slots__ = ("_buffer", "_length")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._length: int | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """The bodies that `data` completes, in order."""
        buffer = self._buffer
        buffer += data
        bodies: list[bytes] = []
        while True:
            if self._length is None and not self._read_headers():
                return bodies
            length = self._length
            if length is None:
                continue
            if len(buffer) < length:
                return bodies
            bodies.append(bytes(buffer[:length]))
            del buffer[:length]
            self._length = None

    def _read_headers(self) -> bool:
        """Consume one block of headers; False where none is complete."""
        buffer = self._buffer
        end = HEADERS_END.search(buffer)
        if end is None:
            if len(buffer) > MAX_HEADERS:
                del buffer[: -CHUNK // 2]
            return False
        lengths = LENGTH.findall(buffer, 0, end.start())
        del buffer[: end.end()]
        if lengths and len(lengths[-1]) < 12 and int(lengths[-1]) <= MAX_BODY:
            self._length = int(lengths[-1])
        return True


@dataclass(frozen=True, slots=True)
class Connection:
    """A client at the other end. `receive` gives b"" at the end of its input; `send` may raise OSError."""

    receive: Callable[[], bytes]
    send: Callable[[bytes], None]


class Transport:
    """Whole message bodies from and to a client.

    A thread reads frames into a queue, so that the input never stalls and the server sees what is waiting.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._inbox: SimpleQueue[bytes | None] = SimpleQueue()
        # What `wait` found.
        self._first: list[bytes | None] = []
        self._sending = threading.Lock()
        self._is_woken = False
        self._shutdown_seen = False

    def start(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._read, name="reader", daemon=True).start()

    def waiting(self) -> bool:
        """Whether `receive` would return at once."""
        return bool(self._first) or not self._inbox.empty()

    def wait(self, seconds: float) -> bool:
        """Wait until `receive` would return at once; False if the client stays silent for so long."""
        if not self.waiting():
            try:
                self._first.append(self._inbox.get(timeout=seconds))
            except Empty:
                return False
        return True

    def receive(self) -> bytes | None:
        """Wait for the next body; None at the end of the input, NOTHING if somebody else has something to say."""
        body = self._first.pop() if self._first else self._inbox.get()
        if body is NOTHING:
            self._is_woken = False
        return body

    def wake(self) -> None:
        """Let `receive` return with NOTHING: there is other work than the client's. May be called from any thread."""
        if not self._is_woken:
            self._is_woken = True
            self._inbox.put(NOTHING)

    def send(self, body: bytes) -> None:
        """Send one message."""
        try:
            with self._sending:
                self._connection.send(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        except OSError as error:
            raise Disconnected from error

    def _read(self) -> None:
        decoder = FrameDecoder()
        try:
            while data := self._connection.receive():
                for body in decoder.feed(data):
                    self._note_ending(body)
                    self._inbox.put(body)
        finally:
            self._inbox.put(None)
            self._end_in_time()

    def _note_ending(self, body: bytes) -> None:
        if len(body) > 1000 or ENDING.search(body) is None:
            return
        method = method_of(body)
        if method == "shutdown":
            self._shutdown_seen = True
        elif method == "exit":
            self._end_in_time()

    def _end_in_time(self) -> None:
        """End the process after a grace period, should the main thread not have come to it by then."""
        code = 0 if self._shutdown_seen else 1
        threading.Thread(target=end_after, args=(GRACE_SECONDS, code), name="watchdog", daemon=True).start()


def method_of(body: bytes) -> object:
    """The method of a message; None for what is none."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, object]", message).get("method") if isinstance(message, dict) else None


def end_after(seconds: float, code: int) -> None:
    """End the process in `seconds`, whatever its other threads do."""
    time.sleep(seconds)
    os._exit(code)


def stdio() -> Connection:
    """The process's own stdin and stdout, which nothing else in the process can reach from now on.

    What libraries, and programs that they start, print to stdout goes to stderr; they read an empty stdin.
    """
    source, target = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # started without a stderr
        os.dup2(null, 1)
    os.close(null)
    sys.stdout = sys.stderr
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(source, os.O_BINARY)
        msvcrt.setmode(target, os.O_BINARY)

    if os.name == "posix":
        # The client may have made its end of a shared description non-blocking, and ours with it.
        os.set_blocking(source, True)
        os.set_blocking(target, True)

    def receive() -> bytes:
        try:
            return os.read(source, CHUNK)
        except OSError:
            return b""

    def send(data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(target, rest) :]

    return Connection(receive, send)


def tcp(host: str, port: int, announce: Callable[[str, int], None]) -> Connection:
    """Wait for one client at an address, which `announce` is told; port 0 is any. May raise OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as server:
        announce(*server.getsockname()[:2])
        client, _address = server.accept()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def receive() -> bytes:
        try:
            return client.recv(CHUNK)
        except OSError:
            return b""

    return Connection(receive, client.sendall)
