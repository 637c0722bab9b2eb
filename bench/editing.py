"""What a person waits for who completes and hovers: in our server, basedpyright and jedi-language-server.

A completion is asked for right behind a key, as editors do: the time runs from the key to the list. Each server is
asked at the same places of a generated module: options of decorators, options of calls, and arguments. A hover is asked
for at rest, on tasks and on options. How many answers hold what was looked for is told, too: a quick answer may be an
empty one. `--workspace` opens the module in a folder of ten thousand files.
`--update` puts the table into the documents.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from figures import Target, Timing, machine, table, target_table, update_documents, warn_if_busy
from lsp_client import Change, Client, Place, ServerError, TooSlowError
from peers import BASEDPYRIGHT, CELERYLS_SERVER, JEDI, Program
from task_module import generate
from workspace import FILES, installed, make_workspace

LINES = 3000
LIMIT = 0.010
PAUSE = 0.05
SERVERS: dict[str, tuple[Program, tuple[str, ...]]] = {
    "celeryls": (CELERYLS_SERVER, ()),
    "basedpyright": (BASEDPYRIGHT, ("--stdio",)),
    "jedi-language-server": (JEDI, ()),
}
_DECORATOR = re.compile(r"@(?:app\.task|shared_task)\(")
_CALL = re.compile(r"^[ \t]+(?:return )?(\w+)\.(delay|apply_async)\(")
_CALL_WITH_OPTIONS = re.compile(r"^[ \t]+(?:return )?\w+\.apply_async\((?!.*expires=).*\)\Z")
_OPTION = re.compile(r"\b(max_retries|time_limit|retry_backoff|rate_limit|acks_late)=")


@dataclass(frozen=True, slots=True)
class Question:
    """A place, what is typed there before it is asked about, and what a good answer holds."""

    place: Place
    typed: str
    wanted: str


@dataclass
class Answers:
    """What one server answered."""

    completions: list[float] = field(default_factory=list)
    hovers: list[float] = field(default_factory=list)
    useful_completions: int = 0
    useful_hovers: int = 0
    error: str = ""

    def row(self, name: str) -> tuple[str, ...]:
        return (
            name,
            _timing(self.completions, self.error),
            _share(self.useful_completions, self.completions),
            _timing(self.hovers, self.error),
            _share(self.useful_hovers, self.hovers),
        )


def _timing(seconds: list[float], error: str) -> str:
    return str(Timing(tuple(seconds))) if seconds else error or "none"


def _share(useful: int, asked: list[float]) -> str:
    return f"{useful} of {len(asked)}" if asked else ""


def completions(text: str, most: int) -> list[Question]:
    """Where options and arguments are typed."""
    decorators: list[Question] = []
    calls: list[Question] = []
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if match := _DECORATOR.match(line):
            head = "\n".join(lines[number : number + 8]).partition("def ")[0]
            if "bind=" not in head and not line.endswith("()"):
                typed = "b" if line.endswith("(") else "b, "
                decorators.append(Question(Place(number, match.end()), typed, "bind"))
        elif _CALL_WITH_OPTIONS.match(line):
            calls.append(Question(Place(number, len(line) - 1), ", e", "expires"))
    return [*_spread(decorators, most // 2), *_spread(calls, most // 2)]


def hovers(text: str, most: int) -> list[Question]:
    """Where tasks and options stand."""
    found: list[Question] = []
    for number, line in enumerate(text.split("\n")):
        if (match := _CALL.match(line)) or (match := _OPTION.search(line)):
            found.append(Question(Place(number, match.start(1) + 1), "", match[1]))
    return _spread(found, most)


def _spread(found: list[Question], most: int) -> list[Question]:
    step = max(1, len(found) // most)
    return found[::step][:most]


def ask(client: Client, text: str, most: int, answers: Answers) -> None:
    """Put all questions, the first of each kind twice: it pays for what is loaded then."""
    asked = completions(text, most)
    for number, question in enumerate([asked[0], *asked]):
        line, character = question.place
        place = Place(line, character + len(question.typed.rstrip(", ")))
        client.idle(PAUSE)
        start = client.write(Change(question.place, question.place, question.typed))
        seconds, result = client.ask("completion", place, start)
        client.write(Change(question.place, Place(line, character + len(question.typed)), ""))
        if number:
            answers.completions.append(seconds)
            answers.useful_completions += any(label.startswith(question.wanted) for label in _labels(result))
    asked = hovers(text, most)
    for number, question in enumerate([asked[0], *asked]):
        client.idle(PAUSE)
        seconds, result = client.ask("hover", question.place)
        if number:
            answers.hovers.append(seconds)
            answers.useful_hovers += question.wanted in json.dumps((result or {}).get("contents", ""))


def _labels(result: Any) -> list[str]:
    items = result.get("items", []) if isinstance(result, dict) else result or []
    return [item["label"] for item in items]


def measure(names: list[str], root: Path, most: int, patience: float) -> dict[str, Answers]:
    text = generate(LINES)
    path = root / "tasks.py"
    path.write_text(text, encoding="utf-8")
    found: dict[str, Answers] = {}
    for name in names:
        program, arguments = SERVERS[name]
        executable = program.find()
        if executable is None:
            continue
        print(f"Asking {name} ...", file=sys.stderr, flush=True)
        answers = found[name] = Answers()
        # What a server finds on the path is the Python whose packages it knows.
        paths = os.pathsep.join((str(Path(executable).parent), os.environ.get("PATH", "")))
        try:
            with ExitStack() as stack:
                cache = stack.enter_context(tempfile.TemporaryDirectory())
                environment = {"CELERYLS_CACHE_DIR": cache, "PATH": paths}
                client = stack.enter_context(
                    closing(Client([executable, *arguments], root, environment, timeout=patience))
                )
                client.open(path, text)
                client.idle(2.0)
                ask(client, text, most, answers)
        except TooSlowError as error:
            answers.error = str(error)
        except ServerError as error:
            answers.error = "failed"
            print(f"{name}: {error}", file=sys.stderr)
    return found


def targets(found: dict[str, Answers]) -> list[Target]:
    ours = found.get("celeryls")
    if ours is None or not ours.completions or not ours.hovers:
        return []
    return [
        Target("a completion, to 10 ms", Timing(tuple(ours.completions)).median / LIMIT, 1.0),
        Target("a hover, to 10 ms", Timing(tuple(ours.hovers)).median / LIMIT, 1.0),
    ]


def report(found: dict[str, Answers], subject: str) -> str:
    header = ("", "completion", "has the option", "hover", "names the thing")
    rows = [answers.row(SERVERS[name][0].version()) for name, answers in found.items()]
    title = f"From a key to the list, and to the page of a hover, in {subject}: median (95th percentile)."
    return "\n\n".join([title, table(header, rows), target_table(targets(found)), f"{machine()}."])


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=list(SERVERS))
    parser.add_argument("--questions", type=int, default=60, help="questions of each kind at most (default: 60)")
    parser.add_argument("--patience", type=float, default=60, help="seconds for an answer (default: 60)")
    parser.add_argument("--workspace", action="store_true", help="in a folder of ten thousand files")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--update", action="store_true", help="put the table into the README files")
    return parser.parse_args()


def main() -> int:
    options = _parse_arguments()
    warn_if_busy()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        subject = f"a module of {LINES:,} lines"
        if options.workspace:
            make_workspace(root, FILES, installed())
            subject += f" among {FILES:,} files"
        found = measure(options.servers, root, options.questions, options.patience)
    print(json.dumps({n: vars(a) for n, a in found.items()}, indent=2) if options.json else report(found, subject))
    if options.update:
        name = "bench:editing-workspace" if options.workspace else "bench:editing"
        update_documents(name, report(found, subject), report(found, subject))
    return 0 if all(target.met for target in targets(found)) else 1


if __name__ == "__main__":
    sys.exit(main())
