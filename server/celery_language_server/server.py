"""The server: its state between two messages, and the loop that handles one message after the other.

Knows the life cycle and who handles which method. Everything runs in one thread, in the order in which the
client sent it; what can wait is done while the client is silent. Must not know what any single method means.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from celery_language_server.client import Client
from celery_language_server.closed_documents import ClosedDocuments
from celery_language_server.documents import Documents
from celery_language_server.folders import Folders
from celery_language_server.handlers import HANDLERS
from celery_language_server.indexes import Indexes
from celery_language_server.protocol import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    SERVER_NOT_INITIALIZED,
    Message,
    Peer,
    RequestError,
)
from celery_language_server.publisher import Publisher
from celery_language_server.transport import Disconnected

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

ERROR: Final = 1
TYPING: Final = "textDocument/didChange"
SILENCE_SECONDS: Final = 0.2
"""How long nobody must have typed for what other files have to say to be worked out."""


class Server:
    """One session with one client."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.documents = Documents()
        self.folders = Folders(self.show_error)
        self.chores: deque[Callable[[], object]] = deque()
        """What is done once, while the client is silent."""
        self.initialized = False
        self.stopping = False
        self._last_key = 0.0
        self.connect(Client())

    def connect(self, client: Client) -> None:
        """Take note of what the client can do."""
        self.client = client
        self.publisher = Publisher(self.peer, client, self.documents)
        self.closed = ClosedDocuments(self.peer, client, self.documents)
        self.indexes = Indexes(self.peer, client, self.folders, self.documents, self.closed)

    def show_error(self, message: str) -> None:
        """Tell the user that something needs their attention."""
        self.peer.notify("window/showMessage", {"type": ERROR, "message": message})

    def run(self) -> int:
        """Handle messages until the session ends, and return the exit code."""
        while True:
            message = self.peer.receive(self._use_silence)
            if message is None or message.method == "exit":
                return 0 if self.stopping else 1
            self.handle(message)
            if message.method == TYPING:
                self._last_key = time.monotonic()
            if not self.stopping:
                self._attempt(self.publisher.flush)

    def close(self) -> None:
        """End what runs beside the session."""
        self.indexes.close()

    def _use_silence(self) -> None:
        """Do what can wait, piece by piece, as long as the client is silent."""
        if self.stopping:
            return
        self._attempt(self.publisher.flush)
        while self.chores and not self.peer.waiting():
            self._attempt(self.chores.popleft())
        while not self.peer.waiting():
            if self._attempt(self.indexes.waiting):
                if self._attempt(self.indexes.take):
                    self._attempt(self.publisher.invalidate)
                continue
            # Somebody who types gets the answers for their own document first.
            silence = time.monotonic() - self._last_key
            if not self._attempt(self._is_behind):
                return
            if silence < SILENCE_SECONDS and self.peer.wait(SILENCE_SECONDS - silence):
                return
            if not self._attempt(self._catch_up):
                return

    def _is_behind(self) -> bool:
        return self.indexes.is_behind() or self.publisher.is_behind()

    def _catch_up(self) -> bool:
        """Do one thing that can wait: whether there was any."""
        if self.indexes.catch_up():
            return True
        return self.indexes.update() or self.publisher.catch_up()

    def _attempt(self, work: Callable[[], object]) -> bool:
        """Do something that no message asked for: whether it was done, and with the result True."""
        try:
            return bool(work())
        except Disconnected:
            raise
        except Exception:
            logger.exception("work between two messages failed")
            return False

    def handle(self, message: Message) -> None:
        """Handle one message, and answer a request. Nothing that a client sends ends the session."""
        try:
            result = self._result(message)
        except RequestError as error:
            if message.id is not None:
                self.peer.fail(message.id, error.code, error.message)
            elif not message.method.startswith("$/"):
                logger.warning("`%s` is ignored: %s", message.method, error.message)
        except Disconnected:
            raise
        except Exception:
            logger.exception("`%s` failed", message.method)
            if message.id is not None:
                self.peer.fail(message.id, INTERNAL_ERROR, f"`{message.method}` failed; the server's log says why")
        else:
            if message.id is not None:
                self.peer.answer(message.id, result)

    def _result(self, message: Message) -> Any:
        if self.stopping:
            raise RequestError(INVALID_REQUEST, "the server is shutting down")
        if not self.initialized and message.method != "initialize":
            raise RequestError(SERVER_NOT_INITIALIZED, f"`{message.method}` came before `initialize`")
        handler = HANDLERS.get(message.method)
        if handler is None:
            raise RequestError(METHOD_NOT_FOUND, f"`{message.method}` is not a method that this server knows")
        return handler(self, message.params)
