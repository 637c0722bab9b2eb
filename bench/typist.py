"""Types into several servers at once and keeps the time.

All servers run at the same time and take turns, statement by statement, so that whatever else the machine
does hits all alike.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from figures import Timing, duration
from lsp_client import Client, ServerError, TooSlowError
from peers import SERVERS
from typing_plan import Key, diagnostics_below

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# A server that has used up its time is let go, but not before it has answered this many keys.
FEWEST_KEYS = 5
# One that took this many seconds to open the file has no need of warming up, and no time for it.
SETTLING_SECONDS = 1.5
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
    # It did not answer within this time.
    patience: float = 0.0

    @property
    def timing(self) -> Timing | None:
        return Timing(tuple(self.seconds)) if self.seconds and not self.error and not self.patience else None

    def waiting(self) -> str:
        """How long a person waits."""
        return f"> {duration(self.patience)}" if self.patience else str(self.timing or "failed")

    def cost(self) -> str:
        """How long a processor works."""
        return duration(self.processor_seconds) if self.timing else ""

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
    """Types into one server, until it fails or has used up its time."""

    def __init__(self, server: str, patience: float) -> None:
        self.row = Row()
        self._server = server
        self._patience = self._left = patience
        self._client: Client | None = None
        self._is_slow = False
        self._latest: list[dict[str, Any]] = []
        self._used_before = 0.0

    def open(self, path: Path, text: str, stack: ExitStack) -> None:
        """Start the server in the folder of `path` and open the text. `stack` will end the server."""
        with self._noted():
            client = stack.enter_context(closing(start(self._server, path.parent, self._patience)))
            opened = client.open(path, text)
            self._client = client
            self._latest = _settled(client) if client.pulls else opened.diagnostics
            self._is_slow = opened.seconds > SLOW_TO_OPEN
            self._used_before = client.processor_seconds()
            self.row.diagnostics = len(self._latest)

    def warm_up(self, keys: Sequence[Key], pause: float) -> None:
        """Type once what does not count."""
        if not self._is_slow:
            self.type(keys, pause)
            self.row.seconds.clear()
        if self._client is not None:
            self._used_before = self._client.processor_seconds()

    def type(self, keys: Sequence[Key], pause: float) -> None:
        """Type `keys`, as far as the server's time allows."""
        with self._noted():
            for key in keys:
                if self._client is None or (self._left < 0 and len(self.row.seconds) >= FEWEST_KEYS):
                    return
                self._client.idle(pause)
                diagnosis = self._client.change(key.change)
                self.row.seconds.append(diagnosis.seconds)
                self._left -= diagnosis.seconds
                if key.parses:
                    self._check(key, diagnosis.diagnostics)
                self._latest = diagnosis.diagnostics

    def finish(self) -> Row:
        """What the server has done."""
        if self._client is not None and self.row.seconds:
            used = self._client.processor_seconds() - self._used_before
            self.row.processor_seconds = used / len(self.row.seconds)
        return self.row

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Note why the server is let go, if it fails within."""
        try:
            yield
        except TooSlowError:
            self.row.patience, self._client = self._patience, None
        except ServerError as error:
            self.row.error, self._client = str(error), None

    def _check(self, key: Key, diagnostics: list[dict[str, Any]]) -> None:
        """Compare what is said of the text below the key, which the key only moves."""
        line = key.change.end.line
        expected = diagnostics_below(self._latest, line, key.moves)
        self.row.checked += bool(expected and key.moves)
        self.row.stale += expected != diagnostics_below(diagnostics, line + key.moves, 0)


def _settled(client: Client) -> list[dict[str, Any]]:
    """What is said once no more comes: what a server works out of other files is no key's doing."""
    latest = client.pull()
    while True:
        client.idle(SETTLING_SECONDS)
        before, latest = latest, client.pull()
        if latest == before:
            return latest


def start(server: str, root: Path, patience: float = 120) -> Client:
    """A server in `root` that has nothing in its cache."""
    program, arguments = SERVERS[server]
    executable = program.find()
    if executable is None:
        raise ServerError(f"{server} is not installed")
    return Client([executable, *arguments], root, {"CELERYLS_CACHE_DIR": str(root / ".cache")}, timeout=patience)


def type_in_turns(
    text: str,
    name: str,
    statements: Sequence[Sequence[Key]],
    servers: Sequence[str],
    pause: float,
    budget: float,
) -> dict[str, Row]:
    """Every server's row for one text, in a folder where it stands alone as `name`."""
    with ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory())).resolve() / name
        path.write_text(text, encoding="utf-8")
        typists = {server: Typist(server, budget) for server in servers}
        for typist in typists.values():
            typist.open(path, text, stack)
        for typist in typists.values():
            typist.warm_up(statements[0], pause)
        order = list(typists.values())
        for keys in statements:
            for typist in order:
                typist.type(keys, pause)
            order = order[1:] + order[:1]
        return {server: typist.finish() for server, typist in typists.items()}


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
