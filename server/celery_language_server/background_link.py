"""The server's end of the process beside it: starts it, gives it orders, and keeps what it sends until it is taken.

A thread waits for what it sends and does nothing else. Must not know what orders and messages mean.
"""

from __future__ import annotations

import atexit
import json
import logging
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

_MOST_STARTS: Final = 3
logger = logging.getLogger(__name__)


class BackgroundLink:
    """One process, which is started with the first order. `wake` is called whenever it has sent something."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._messages: deque[bytes] = deque()
        self._starts = 0
        self._is_closed = False

    @property
    def can_start(self) -> bool:
        """Whether it makes sense to start a process: one that ends again and again is left alone."""
        return self._starts < _MOST_STARTS and not self._is_closed

    @property
    def is_running(self) -> bool:
        """Whether there is a process that hears orders."""
        return self._process is not None and self._process.is_alive()

    def start(self) -> None:
        """Start the process."""
        from multiprocessing import get_context

        from celery_language_server.background import run

        self._starts += 1
        # Before multiprocessing's own last act, which is to wait for its processes.
        atexit.register(self.close)
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=run, args=(theirs,), name="celeryls background")
        self._process.start()
        theirs.close()
        threading.Thread(target=self._listen, args=(self._connection,), name="background", daemon=True).start()

    def send(self, order: object) -> None:
        """Give an order; one that does not arrive is given again once the process has been started again."""
        if self._connection is not None:
            try:
                self._connection.send(order)
            except (OSError, ValueError):
                logger.info("the process in the background is gone")

    def waiting(self) -> bool:
        """Whether there is something to take."""
        return bool(self._messages)

    def take(self) -> dict[str, Any]:
        """The next message."""
        return json.loads(self._messages.popleft())

    def close(self) -> None:
        """End the process, whatever it does."""
        self._is_closed = True
        if self._process is not None:
            self._process.kill()
            self._process.join(1.0)

    def _listen(self, connection: Connection) -> None:
        try:
            while True:
                self._messages.append(connection.recv_bytes())
                self._wake()
        except (EOFError, OSError):
            if not self._is_closed:
                logger.warning("the process in the background has ended")
