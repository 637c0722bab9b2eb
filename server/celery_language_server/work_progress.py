"""Tells the client how far long work is, as `$/progress`.

Must not know what the work is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from celery_language_server.client import Client
    from celery_language_server.protocol import Peer


class WorkProgress:
    """The progress of one kind of work, which begins and ends many times."""

    _count = 0

    def __init__(self, peer: Peer, client: Client, title: str) -> None:
        self._peer = peer
        self._is_shown = client.shows_progress
        self._title = title
        self._token = ""
        self._is_open = False

    def receive(self, message: dict[str, Any]) -> None:
        """Take note of what those who work say: that they begin, how much is done, that they end."""
        if not self._is_shown:
            return
        if "begin" in message:
            self._begin()
        elif "done" in message and self._is_open:
            done, total = message["done"], message["total"]
            value = {"kind": "report", "message": f"{done}/{total} files", "percentage": 100 * done // total}
            self._notify(self._token, value)
        elif "end" in message:
            self.end()

    def _begin(self) -> None:
        self.end()
        WorkProgress._count += 1
        token = self._token = f"celeryls/{WorkProgress._count}"

        def begin(_result: Any) -> None:
            self._notify(token, {"kind": "begin", "title": self._title, "cancellable": False, "percentage": 0})
            if self._token == token:
                self._is_open = True
            else:
                # The work was done before the client had an answer: what it made room for is over.
                self._notify(token, {"kind": "end"})

        self._peer.request("window/workDoneProgress/create", {"token": token}, begin)

    def end(self) -> None:
        """The work has ended, or nobody wants it any more."""
        if self._is_open:
            self._notify(self._token, {"kind": "end"})
        self._is_open, self._token = False, ""

    def _notify(self, token: str, value: dict[str, Any]) -> None:
        self._peer.notify("$/progress", {"token": token, "value": value})
