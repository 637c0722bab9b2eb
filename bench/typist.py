"""Types into several servers at once and keeps the time.

All servers run at the same time and take turns, statement by statement, so that whatever else the machine
does hits all alike.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from figures import Timing, duration
from lsp_client import Client, ServerError
from peers import SERVERS
from typing_plan import Key, diagnostics_below

if TYPE_CHECKING:
    from collections.abc import Sequence

# A server that has used up its time is let go, but not before it has answered this many keys.
FEWEST_KEYS = 5
# One that took this many seconds to open the file has no need of warming up, and no time for it.
SLOW_TO_OPEN = 3.0


@dataclass
class Row:
    """What one server did with one text."""

    seconds: list[float] = field(default_factory=list)
    diagnostics: int = 0
    # What a key costs, with all that the server puts off until the diagnostics are sent.
    processor_seconds: float = 0.0
    # Answers that could be told to belong to the text as it was then, and those that did not.
    checked: int = 0
    stale: int = 0
    error: str = ""

    @property
    def timing(self) -> Timing | None:
        return Timing(tuple(self.seconds)) if self.seconds and not self.error else None

    def waiting(self) -> str:
        """How long a person waits."""
        return str(self.timing or "")

    def cost(self) -> str:
        """How long a processor works."""
        return duration(self.processor_seconds)

    def as_json(self) -> dict[str, Any]:
        return {
            **(self.timing.as_json() if self.timing else {}),
            "diagnostics": self.diagnostics,
            "processor_seconds": self.processor_seconds,
            "checked": self.checked,
            "stale": self.stale,
            "error": self.error,
        }


class Typist:
    """Types into one server."""

    def __init__(self, client: Client, path: Path, text: str, budget: float) -> None:
        self.row = Row()
        self._client = client
        self._budget = budget
        opened = client.open(path, text)
        self._latest = opened.diagnostics
        self._is_slow = opened.seconds > SLOW_TO_OPEN
        self.row.diagnostics = len(self._latest)
        self._used_before = client.processor_seconds()

    def warm_up(self, keys: Sequence[Key], pause: float) -> None:
        """Type once what does not count."""
        if not self._is_slow:
            self.type(keys, pause)
            self.row.seconds.clear()
            self._used_before = self._client.processor_seconds()

    def finish(self) -> Row:
        """What the server has done."""
        if self.row.timing:
            used = self._client.processor_seconds() - self._used_before
            self.row.processor_seconds = used / len(self.row.seconds)
        return self.row

    def type(self, keys: Sequence[Key], pause: float) -> None:
        """Type `keys`, as far as the server's time allows."""
        try:
            for key in keys:
                if self.row.error or (len(self.row.seconds) >= FEWEST_KEYS and self._budget < 0):
                    return
                self._client.idle(pause)
                diagnosis = self._client.change(key.change)
                self.row.seconds.append(diagnosis.seconds)
                self._budget -= diagnosis.seconds
                if key.parses:
                    self._check(key, diagnosis.diagnostics)
                self._latest = diagnosis.diagnostics
        except ServerError as error:
            self.row.error = str(error)

    def _check(self, key: Key, diagnostics: list[dict[str, Any]]) -> None:
        """Compare what is said of the text below the key, which the key only moves."""
        line = key.change.end.line
        expected = diagnostics_below(self._latest, line, key.moves)
        self.row.checked += bool(expected and key.moves)
        self.row.stale += expected != diagnostics_below(diagnostics, line + key.moves, 0)


def start(server: str, root: Path) -> Client:
    """A server in `root` that has nothing in its cache."""
    program, arguments = SERVERS[server]
    executable = program.find()
    if executable is None:
        raise ServerError(f"{server} is not installed")
    return Client([executable, *arguments], root, {"CELERYLS_CACHE_DIR": str(root / ".cache")}, timeout=300)


def type_in_turns(
    text: str,
    name: str,
    statements: Sequence[Sequence[Key]],
    servers: Sequence[str],
    pause: float,
    budget: float,
) -> dict[str, Row]:
    """Every server's row for one text, in a folder where it stands alone as `name`."""
    rows: dict[str, Row] = {}
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory())).resolve()
        path = root / name
        path.write_text(text, encoding="utf-8")
        typists: dict[str, Typist] = {}
        for server in servers:
            try:
                client = stack.enter_context(closing(start(server, root)))
                typists[server] = Typist(client, path, text, budget)
            except ServerError as error:  # noqa: PERF203 - the others go on
                rows[server] = Row(error=str(error))
        for typist in typists.values():
            typist.warm_up(statements[0], pause)
        order = list(typists)
        for keys in statements:
            for server in order:
                typists[server].type(keys, pause)
            order = order[1:] + order[:1]
        return rows | {server: typist.finish() for server, typist in typists.items()}


def start_in_turns(text: str, name: str, servers: Sequence[str], rounds: int) -> dict[str, Timing]:
    """The time from starting each server to the first diagnostics of `text`."""
    seconds: dict[str, list[float]] = {server: [] for server in servers}
    for _ in range(rounds):
        for server in servers:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder).resolve() / name
                path.write_text(text, encoding="utf-8")
                with closing(start(server, path.parent)) as client:
                    seconds[server].append(client.open(path, text).seconds)
    return {server: Timing(tuple(times)) for server, times in seconds.items()}
