"""Runs `celeryls` for tests: as a command of its own, or in this process where that is enough."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from celery_language_server.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

BOUND = "from celery import shared_task\n\n\n@shared_task(bind=True)\ndef ping():\n    return 'pong'\n"
"""A module with one finding, the error `bind-without-self` at 5:5, that has a safe and an unsafe fix."""
BOUND_FIXED = BOUND.replace("ping()", "ping(self)")
MISSPELT = "from celery import shared_task\n\n\n@shared_task(max_retrys=3)\ndef ping():\n    return 'pong'\n"
"""A module with one finding, the warning `unknown-task-option` at 4:14, that has an unsafe fix."""
CLEAN = "import os\n"
QUIET = ("--select", "bind-without-self,unknown-task-option")
"""The rules that these tests are about."""


@dataclass(frozen=True)
class Result:
    """What a command did."""

    code: int
    out: str
    err: str


def run(*arguments: str, cwd: Path, stdin: bytes = b"", **environment: str) -> Result:
    """Run the command in a process of its own. Keyword arguments are environment variables."""
    inherited = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    finished = subprocess.run(
        [sys.executable, "-m", "celery_language_server.cli", *arguments],
        cwd=cwd,
        check=False,
        input=stdin,
        capture_output=True,
        env=inherited | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"} | environment,
        timeout=100,
    )
    return Result(finished.returncode, finished.stdout.decode("utf-8", "replace"), finished.stderr.decode())


class Command:
    """The command in this process, in a folder of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Result:
        """Run the command."""
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        self._capsys.readouterr()
        code = main(arguments)
        out, err = self._capsys.readouterr()
        return Result(code, out, err)

    def check(self, *arguments: str, stdin: bytes = b"") -> Result:
        """Run `celeryls check` with a few rules."""
        return self("check", *QUIET, *arguments, stdin=stdin)

    def concise(self, *arguments: str) -> list[str]:
        """The lines of `celeryls check --output-format concise` that are findings."""
        lines = self.check("--output-format", "concise", *arguments).out.split("\n")
        return [line for line in lines if ": error " in line or ": warning " in line]

    def write(self, path: str, content: str | bytes = BOUND) -> Path:
        """Write a file in the folder."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file
