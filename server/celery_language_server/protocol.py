"""JSON-RPC with one client: messages in order, answers, errors, requests of our own and their answers.

Knows JSON-RPC and the few of LSP's rules that hold for all methods. Must not know any single method's
parameters.

Messages are plain JSON values and not lsprotocol's classes, which pygls works on: importing those alone takes
longer than other servers need until their first diagnostics, and one unknown enumeration value in them fails
a whole message.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from celery_language_server.transport import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery_language_server.transport import Transport

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
SERVER_NOT_INITIALIZED: Final = -32002
REQUEST_CANCELLED: Final = -32800
CONTENT_MODIFIED: Final = -32801

logger = logging.getLogger(__name__)


class RequestError(Exception):
    """A request that cannot be answered: the client gets the code and the message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class RawJson:
    """JSON that goes into a message as it is."""

    content: bytes


@dataclass(slots=True)
class Message:
    """A request, or a notification where `id` is None."""

    method: str
    params: Any
    id: int | float | str | None = None
    cancelled: bool = False


class Peer:
    """The client, as messages: those it sent, in order, and those that go to it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._pending: deque[Message] = deque()
        self._ended = False
        self._callbacks: dict[object, Callable[[Any], None]] = {}
        self._last_id = 0

    def waiting(self) -> bool:
        """Whether the client has sent something that was not received yet."""
        return bool(self._pending) or self._transport.waiting()

    def wake(self) -> None:
        """Let `receive` call `on_silence` soon. May be called from any thread."""
        self._transport.wake()

    def wait(self, seconds: float) -> bool:
        """Wait until the client has sent something; False if it stays silent for so long."""
        return bool(self._pending) or self._transport.wait(seconds)

    def receive(self, on_silence: Callable[[], None]) -> Message | None:
        """Wait for the next request or notification; None at the end of the input.

        What else has arrived is read first, so that a request which was cancelled meanwhile is never begun.
        Calls `on_silence` whenever there is nothing to do but to wait for the client.
        """
        while True:
            while not self._ended and (self._transport.waiting() or not self._pending):
                if not self._transport.waiting():
                    on_silence()
                body = self._transport.receive()
                if body is None:
                    self._ended = True
                elif body is not NOTHING:
                    self._take(body)
            if not self._pending:
                return None
            message = self._pending.popleft()
            if not message.cancelled:
                return message
            self.fail(message.id, REQUEST_CANCELLED, "cancelled")

    def answer(self, request_id: object, result: object) -> None:
        """Answer a request. `result` is a JSON value or RawJson."""
        self._send(b"id", request_id, b"result", result)

    def fail(self, request_id: object, code: int, message: str) -> None:
        """Answer a request with an error."""
        self._send(b"id", request_id, b"error", {"code": code, "message": message})

    def notify(self, method: str, params: object) -> None:
        """Send a notification. `params` is a JSON value or RawJson."""
        self._send(b"method", method, b"params", params)

    def request(self, method: str, params: object, callback: Callable[[Any], None] | None = None) -> None:
        """Send a request; `callback` gets its result, from within `receive`. An error is only logged."""
        self._last_id += 1
        if callback is not None:
            self._callbacks[self._last_id] = callback
        head = b'%b,"id":%d' % (dump(method), self._last_id)
        self._send(b"method", RawJson(head), b"params", params)

    def _send(self, first: bytes, head: object, second: bytes, content: object) -> None:
        fields = (first, dump(head), second, dump(content))
        self._transport.send(b'{"jsonrpc":"2.0","%b":%b,"%b":%b}' % fields)

    def _take(self, body: bytes) -> None:
        """Settle one message if that is possible here; else it is pending."""
        try:
            content = parse(body)
        except (ValueError, RecursionError):
            self.fail(None, PARSE_ERROR, "the message is not JSON")
            return
        if not isinstance(content, dict):
            self.fail(None, INVALID_REQUEST, "a message must be an object")
            return
        fields = cast("dict[str, Any]", content)
        method, params, request_id = fields.get("method"), fields.get("params"), fields.get("id")
        if method == "$/cancelRequest":
            self._cancel(params)
        elif isinstance(method, str) and ("id" not in fields or isinstance(request_id, int | float | str)):
            self._pending.append(Message(method, params, request_id))
        elif method is None and ("result" in fields or "error" in fields):
            self._settle(request_id, fields)
        else:
            self.fail(None, INVALID_REQUEST, "a message must have a `method`, and a request an `id`")

    def _cancel(self, params: object) -> None:
        wanted = cast("dict[str, Any]", params).get("id") if isinstance(params, dict) else None
        for message in self._pending:
            if message.id is not None and message.id == wanted:
                message.cancelled = True

    def _settle(self, request_id: object, fields: dict[str, Any]) -> None:
        """Hand the client's answer to whoever waits for it."""
        callback = self._callbacks.pop(request_id, None) if isinstance(request_id, int) else None
        if "error" in fields:
            logger.info("the client refused a request: %s", fields["error"])
        elif callback is not None:
            callback(fields["result"])


def dump(value: object) -> bytes:
    """`value` as JSON in ASCII: lone surrogates, which a text may hold, cannot be sent otherwise."""
    return value.content if isinstance(value, RawJson) else json.dumps(value).encode()


def parse(body: bytes) -> object:
    """The JSON value of `body`. Raises ValueError or RecursionError if there is none.

    A byte that is not UTF-8 costs its character and not the message: with one change lost, all that follow
    would go wrong.
    """
    try:
        return json.loads(body)
    except UnicodeDecodeError:
        return json.loads(body.decode("utf-8", "replace"))
