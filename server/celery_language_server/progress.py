"""A progress bar on stderr, where that is a terminal and the run takes more than a second.

Must not know what progresses.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Item = TypeVar("Item")
_DELAY = 1.0
_INTERVAL = 0.1
_WIDTH = 30
_CLEAR = "\r\x1b[K"


def tracked(items: Iterable[Item], what: str, total: int) -> Iterator[Item]:
    """The same items, while the bar tells what is done with them, and with how many of `total` it was."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield from items
        return
    due = time.monotonic() + _DELAY
    shown = False
    try:
        for done, item in enumerate(items, 1):
            yield item
            if (now := time.monotonic()) >= due:
                filled = _WIDTH * done // max(total, 1)
                bar = "#" * filled + "-" * (_WIDTH - filled)
                sys.stderr.write(f"{_CLEAR}{what} [{bar}] {done}/{total}")
                sys.stderr.flush()
                shown, due = True, now + _INTERVAL
    finally:
        if shown:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()
