"""What the index of a large workspace costs: the time until it is there, memory, and keys typed meanwhile.

The workspace is what is installed in the environment that runs this, or for the interpreter that made that, whichever
is more, copied as often as it takes for ten thousand files, unless `--path` names a folder. The server is started in it
with nothing in its cache, then once more; ruff checks the same files in between. The time runs from the server's start
until it asks for diagnostics to be pulled again, since those of an open file depend on what another file says.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from check import describe
from figures import Target, Timing, machine, table, target_table, update_documents, warn_if_busy
from lsp_client import Client
from peers import CELERYLS_SERVER, RUFF
from task_module import generate
from typing_plan import plan

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = 10_000
MEGABYTE = 1_000_000
MEMORY = 250
PAUSE = 0.03
PATIENCE = 600.0
FOLDER = "celeryls_bench"
# That the task of one file is called like that of another is said once the index knows of both.
TASKS = 'from {package}.celery import app\n\n\n@app.task(name="ping")\ndef {task}():\n    return 1\n'
KEYED = 300


@dataclass
class Results:
    """All that was measured: seconds, and bytes."""

    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    ruff_cold: list[float] = field(default_factory=list)
    ruff_warm: list[float] = field(default_factory=list)
    keys_meanwhile: list[float] = field(default_factory=list)
    keys_after: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    """Of the server, with the index."""
    others: list[int] = field(default_factory=list)
    """Of the processes beside it, at their most."""

    def targets(self) -> list[Target]:
        found: list[Target] = []
        if self.cold and self.ruff_cold:
            ruff = Timing(tuple(self.ruff_cold)).median
            cold, warm = Timing(tuple(self.cold)).median, Timing(tuple(self.warm)).median
            found.append(Target("the index from nothing, to a cold `ruff check --select F`", cold / ruff, 3.0))
            found.append(Target("the index of files that did not change, to the same", warm / ruff, 1.0))
        if self.memory:
            found.append(Target(f"memory of the server, to {MEMORY} MB", max(self.memory) / MEGABYTE / MEMORY, 1.0))
        if self.keys_meanwhile and self.keys_after:
            ratio = Timing(tuple(self.keys_meanwhile)).median / Timing(tuple(self.keys_after)).median
            found.append(Target("a key while the index is made, to one afterwards", ratio, 2.0))
        return found

    def markdown(self, subject: str) -> str:
        times = (
            (f"{CELERYLS_SERVER.version()}, start to index, cold", self.cold),
            (f"{CELERYLS_SERVER.version()}, start to index, warm", self.warm),
            (f"{RUFF.version()} `check --select F`, cold", self.ruff_cold),
            (f"{RUFF.version()} `check --select F`, warm", self.ruff_warm),
            ("a key while the index is made", self.keys_meanwhile),
            ("a key afterwards", self.keys_after),
        )
        rows = [(what, str(Timing(tuple(seconds))), str(len(seconds))) for what, seconds in times if seconds]
        parts = [f"A workspace of {subject}: median (95th percentile).", table(("", "time", "times"), rows)]
        if self.memory:
            parts.append(f"Memory: {_megabytes(self.memory)} for the server with the index, at most")
            parts[-1] += f" {_megabytes(self.others)} for the processes beside it while the index is made."
        return "\n\n".join([*parts, target_table(self.targets()), f"{machine()}."])

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "targets": [target.as_json() for target in self.targets()]}


def _megabytes(sizes: list[int]) -> str:
    return f"{max(sizes) / MEGABYTE:.0f} MB"


def make_workspace(folder: Path, files: int, source: Path) -> Path:
    """`folder`, with copies of the Python files below `source` until there are so many."""
    found = [path for path in sorted(source.rglob("*.py")) if path.is_file()]
    for number, path in enumerate(_repeated(found, files)):
        inside = path.relative_to(source)
        target = folder / f"packages_{number // max(len(found), 1)}" / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return prepare(folder)


def _repeated(paths: list[Path], files: int) -> Iterator[Path]:
    for number, path in zip(count(), cycle(paths), strict=False):
        # Packages are copied whole.
        if number >= files and number % len(paths) == 0:
            return
        yield path


def installed() -> Path:
    """The folder of packages that has more files: the environment's, or that of the interpreter it was made with."""
    base = sysconfig.get_path("purelib", vars={"base": sys.base_prefix})
    folders = {Path(sysconfig.get_path("purelib")), Path(base)}
    return max(sorted(folders), key=lambda folder: sum(1 for _ in folder.rglob("*.py")))


def prepare(folder: Path) -> Path:
    """`folder`, with what the measurements need."""
    (folder / "pyproject.toml").touch()
    own = folder / FOLDER
    own.mkdir(exist_ok=True)
    (own / "__init__.py").touch()
    (own / "celery.py").write_text("from celery import Celery\n\napp = Celery()\n")
    for name, task in (("tasks", "ping"), ("others", "pong")):
        (own / f"{name}.py").write_text(TASKS.format(package=FOLDER, task=task))
    (own / "typed.py").write_text(generate(KEYED))
    return folder


def await_index(workspace: Path, cache: Path, results: Results) -> float:
    """The seconds from the server's start until its index is there."""
    with closing(_started(workspace, cache)) as client:
        path = workspace / FOLDER / "tasks.py"
        found = client.open(path, path.read_text()).diagnostics
        seen = 0
        # Where the index was quick, it was there before the file was open.
        while all(diagnostic["code"] != "duplicate-task-name" for diagnostic in found):
            client.idle(0.05)
            results.others.append(client.memory()[1])
            if len(client.refreshes) > seen:
                seen = len(client.refreshes)
                found = client.pull()
            if time.perf_counter() - client.started > PATIENCE:
                raise SystemExit("the index did not come")
        results.memory.append(client.memory()[0])
        return (client.refreshes[-1] if client.refreshes else time.perf_counter()) - client.started


def type_meanwhile(workspace: Path, cache: Path, results: Results) -> None:
    """Type while the index is made, and go on when it is there."""
    text = generate(KEYED)
    keys = cycle([key for statement in plan(text, 6) for key in statement])
    with closing(_started(workspace, cache)) as client:
        client.open(workspace / FOLDER / "typed.py", text)
        while not client.progress:
            client.idle(0.05)
        while client.progress[-1][1] != "end":
            client.idle(PAUSE)
            results.keys_meanwhile.append(client.change(next(keys).change).seconds)
        # What the server takes over now is taken over once.
        client.idle(2.0)
        for _ in range(min(len(results.keys_meanwhile), 300)):
            client.idle(PAUSE)
            results.keys_after.append(client.change(next(keys).change).seconds)


def _started(workspace: Path, cache: Path) -> Client:
    executable = CELERYLS_SERVER.find()
    if executable is None:
        raise SystemExit("celery-language-server is not installed")
    return Client([executable], workspace, {"CELERYLS_CACHE_DIR": str(cache)}, timeout=PATIENCE)


def run_ruff(workspace: Path, *cache: str) -> float:
    """The seconds that ruff needs for the same files."""
    command = [str(RUFF.find()), "check", "--isolated", "--select", "F", "--quiet", *cache, str(workspace)]
    start = time.perf_counter()
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def measure(workspace: Path, caches: Path, rounds: int) -> Results:
    results = Results()
    # Fills the caches: ruff's own, and the operating system's for all.
    run_ruff(workspace, "--cache-dir", str(caches / "ruff"))
    for number in range(rounds):
        cache = caches / str(number)
        results.ruff_cold.append(run_ruff(workspace, "--no-cache"))
        results.cold.append(await_index(workspace, cache, results))
        results.ruff_warm.append(run_ruff(workspace, "--cache-dir", str(caches / "ruff")))
        results.warm.append(await_index(workspace, cache, results))
    type_meanwhile(workspace, caches / "keys", results)
    return results


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--path", type=Path, help="the folder whose files are copied, once, instead of the environment")
    parser.add_argument("--files", type=int, default=FILES, help=f"files in the workspace (default: {FILES})")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (default: 3)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--update", action="store_true", help="put the table into the README files")
    return parser.parse_args()


def main() -> int:
    options = _parse_arguments()
    warn_if_busy()
    with ExitStack() as stack:
        # Outside the repository, whose settings and .gitignore would apply to the files.
        folder, caches = (Path(stack.enter_context(tempfile.TemporaryDirectory())).resolve() for _ in range(2))
        source = options.path or installed()
        workspace = make_workspace(folder, 1 if options.path else options.files, source.resolve())
        name = options.path.name if options.path else "installed packages"
        subject = f"{name} ({describe(workspace)})"
        results = measure(workspace, caches, options.rounds)
    print(json.dumps(results.as_json(), indent=2) if options.json else results.markdown(subject))
    if options.update:
        report = results.markdown(subject)
        update_documents("bench:workspace", report, report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
