"""Where the server's own messages go: to stderr, which editors show in a log window.

A client need not read stderr. What would not fit into its pipe is dropped, since waiting would stop the
server.
"""

from __future__ import annotations

import logging
import os
import select
from typing import Final

# No more than this may be written to a pipe that is ready without waiting.
LONGEST: Final = 4_000


class StderrHandler(logging.Handler):
    """Writes what stderr takes at once."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one message."""
        try:
            # Windows can only ask sockets whether they are ready.
            if os.name == "nt" or select.select([], [2], [], 0)[1]:
                text = self.format(record)
                text = text if len(text) <= LONGEST // 4 else f"...{text[-LONGEST // 4 :]}"
                os.write(2, f"{text}\n".encode(errors="backslashreplace"))
        except (OSError, ValueError):  # there is no stderr, or no room
            return


def configure() -> None:
    """Send the messages of all our packages to stderr."""
    handler = StderrHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
