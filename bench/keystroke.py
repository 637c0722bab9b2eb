"""What a person who types waits for: the time from a key to its diagnostics, in our server and in others.

Prints the table that README.md and bench/README.md show, with the targets. `--update` puts it there. The
ratios are what counts: the milliseconds are those of one machine on one day.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import EngineTimes, measure_engine
from figures import Target, Timing, machine, table, target_table, update_documents, warn_if_busy
from peers import SERVERS
from task_module import generate
from typing_plan import plan
from typist import Row, start_in_turns, type_in_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SMALL, MIDDLE, LARGE, REAL = "300", "3000", "30000", "canvas"
KEYS_PER_STATEMENT = 17
# Quicker than anyone types, and time enough for a server to finish what it put off.
PAUSE = 0.03


@dataclass
class Results:
    """All that was measured."""

    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    """By text, then by server."""
    starts: dict[str, Timing] = field(default_factory=dict)
    engine: dict[str, EngineTimes] = field(default_factory=dict)

    def ratio(self, text: str, other: str) -> float | None:
        """Our median as a multiple of another server's."""
        rows = self.rows.get(text, {})
        ours, theirs = (rows[server].timing if server in rows else None for server in ("celeryls", other))
        return ours.median / theirs.median if ours and theirs else None

    def targets(self) -> list[Target]:
        """The targets that what was measured tells about."""
        wanted: list[tuple[str, float | None, float]] = [
            ("a key in 3,000 lines, to ruff's", self.ratio(MIDDLE, "ruff"), 0.5),
            ("a key in `celery/canvas.py`, to ruff's", self.ratio(REAL, "ruff"), 1.0),
            ("a key in 3,000 lines, to Fixit's", self.ratio(MIDDLE, "fixit"), 0.01),
            ("a key in 30,000 lines, to ruff's", self.ratio(LARGE, "ruff"), 0.25),
        ]
        if SMALL in self.engine and LARGE in self.engine:
            growth = self.engine[LARGE].edit.median / self.engine[SMALL].edit.median
            wanted.append(("the analysis alone in 30,000 lines, to that in 300", growth, 1.5))
        if "celeryls" in self.starts and "pylsp" in self.starts:
            ratio = self.starts["celeryls"].median / self.starts["pylsp"].median
            wanted.append(("start to first diagnostics, to pylsp's", ratio, 1.0))
        return [Target(what, ratio, limit) for what, ratio, limit in wanted if ratio is not None]

    def as_json(self) -> dict[str, Any]:
        return {
            "keys": {text: {name: row.as_json() for name, row in rows.items()} for text, rows in self.rows.items()},
            "start": {server: timing.as_json() for server, timing in self.starts.items()},
            "engine": {text: times.as_json() for text, times in self.engine.items()},
            "targets": [target.as_json() for target in self.targets()],
        }

    def brief(self) -> str:
        """The table of waiting times, and the targets."""
        parts = ["From a key to its diagnostics: median (95th percentile)."]
        header = ("", *map(_title, self.rows), "start, 300 lines")
        lines = [
            (
                _name(server),
                *(_shown(rows.get(server), Row.waiting) for rows in self.rows.values()),
                str(self.starts.get(server, "")),
            )
            for server in self._servers()
        ]
        parts.append(table(header, lines))
        if targets := self.targets():
            parts.append(target_table(targets))
        return "\n\n".join([*parts, f"{machine()}."])

    def whole(self) -> str:
        """The same, and what explains it."""
        cost = "Processor time for a key, with what a server puts off until the diagnostics are sent:"
        costs = [
            (_name(server), *(_shown(rows.get(server), Row.cost) for rows in self.rows.values()))
            for server in self._servers()
        ]
        parts = [self.brief(), cost, table(("", *map(_title, self.rows)), costs)]
        if self.engine:
            lines = [(_title(text), str(each.edit), str(each.findings)) for text, each in self.engine.items()]
            parts.append("Our engine alone: the analysis of a key, and the making of the whole list.")
            parts.append(table(("", "analysis", "list"), lines))
        return "\n\n".join(parts)

    def _servers(self) -> Iterable[str]:
        return dict.fromkeys([*(server for rows in self.rows.values() for server in rows), *self.starts])

    def complaints(self) -> list[str]:
        """Why the numbers should not be trusted."""
        found = []
        for text, rows in self.rows.items():
            for server, row in rows.items():
                if row.error:
                    found.append(f"{server}, {text}: {row.error}")
                if row.patience and server == "celeryls":
                    found.append(f"{server}, {text}: no answer within {row.patience:.0f} s")
                if row.stale:
                    found.append(f"{server}, {text}: {row.stale} answers were not about the text as it was")
        return found


def _shown(row: Row | None, figure: Callable[[Row], str]) -> str:
    return "" if row is None else figure(row)


def _title(text: str) -> str:
    return "`celery/canvas.py`" if text == REAL else f"{int(text):,} lines"


def _name(server: str) -> str:
    return SERVERS[server][0].version()


def read(name: str) -> str:
    """A text by its name: a number of lines, or the real module."""
    if name != REAL:
        return generate(int(name))
    spec = find_spec("celery.canvas")
    if spec is None or spec.origin is None:
        raise SystemExit("Celery is not installed")
    return Path(spec.origin).read_text(encoding="utf-8")


def measure(options: argparse.Namespace) -> Results:
    results = Results()
    texts = {name: read(name) for name in options.sizes}
    spots = math.ceil(options.edits / KEYS_PER_STATEMENT)
    if "celeryls" in options.servers and find_spec("celery_analyzers"):
        _say("Running the engine alone ...")
        generated = {name: text for name, text in texts.items() if name != REAL}
        with tempfile.TemporaryDirectory() as folder:
            results.engine = measure_engine(generated, spots, Path(folder).resolve())
    if options.starts:
        _say("Starting servers ...")
        available = [server for server in options.servers if SERVERS[server][0].find()]
        results.starts = start_in_turns(read(SMALL), "tasks.py", available, options.starts)
    typed_in = [server for server in options.servers if server != "pylsp"]
    for name, text in texts.items():
        _say(f"Typing into {_title(name)} ...")
        file_name = "canvas.py" if name == REAL else "tasks.py"
        statements = plan(text, spots)
        results.rows[name] = type_in_turns(text, file_name, statements, typed_in, options.pause, options.budget)
    return results


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--sizes", nargs="+", default=[SMALL, MIDDLE, LARGE, REAL], help="numbers of lines, or `canvas`"
    )
    parser.add_argument("--edits", type=int, default=100, help="keys in each text, about (default: 100)")
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=list(SERVERS))
    parser.add_argument("--starts", type=int, default=7, help="starts of each server (default: 7)")
    parser.add_argument("--pause", type=float, default=PAUSE, help=f"seconds between two keys (default: {PAUSE})")
    parser.add_argument("--budget", type=float, default=60, help="seconds for each server and text (default: 60)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--update", action="store_true", help="put the table into the README files")
    return parser.parse_args()


def main() -> int:
    options = _parse_arguments()
    warn_if_busy()
    results = measure(options)
    print(json.dumps(results.as_json(), indent=2) if options.json else results.whole())
    complaints = results.complaints()
    for complaint in complaints:
        _say(complaint)
    if options.update and not complaints:
        update_documents("bench:keystroke", results.brief(), results.whole())
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
