"""The programs that are compared, where they are and how they are started.

Ours, ruff and pylsp come from the environment that runs the benchmark, where they are development
dependencies. Fixit's server needs an older pygls than ours, so Fixit gets an environment of its own in
`bench/.cache`; so does any other that is not installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CACHE = Path(__file__).parent / ".cache"


@dataclass(frozen=True, slots=True)
class Program:
    """A command-line program. One without a `requirement` is our own, which is not installed from here."""

    name: str
    executable: str
    requirement: str = ""
    isolated: bool = False

    def find(self) -> str | None:
        """The path of the executable, installed if need be; None if there is none."""
        scripts = sysconfig.get_path("scripts")
        if not self.isolated:
            # One beside the interpreter wins over one that happens to be on the path.
            found = shutil.which(self.executable, path=os.pathsep.join((scripts, os.environ.get("PATH", ""))))
            if found or not self.requirement:
                return found
        scripts = CACHE / self.name / ("Scripts" if os.name == "nt" else "bin")
        found = shutil.which(self.executable, path=str(scripts))
        if found is None:
            print(f"Installing {self.requirement} ...", file=sys.stderr)
            venv.create(CACHE / self.name, with_pip=True)
            subprocess.run([scripts / "python", "-m", "pip", "install", "-q", *self.requirement.split()], check=True)
            found = shutil.which(self.executable, path=str(scripts))
        return found

    def version(self) -> str:
        """The program's name and version, as it says; a server that says none is asked by its other command."""
        executable = self.find()
        if executable is not None and executable.endswith("-langserver"):
            executable = executable.removesuffix("-langserver")
        if executable is None:
            return self.name
        said = subprocess.run([executable, "--version"], capture_output=True, text=True, check=False).stdout
        number = next((word for word in said.replace(",", " ").split() if word[:1].isdigit()), "")
        return f"{self.name} {number.removeprefix('v')}".strip()


CELERYLS = Program("celeryls", "celeryls")
CELERYLS_SERVER = Program("celeryls", "celery-language-server")
RUFF = Program("ruff", "ruff", "ruff")
FIXIT = Program("Fixit", "fixit", "fixit[lsp]>=2.2", isolated=True)
# These complete and hover by what they can import: Celery, with the stubs that there are for it.
BASEDPYRIGHT = Program(
    "basedpyright", "basedpyright-langserver", "basedpyright celery celery-types requests", isolated=True
)
JEDI = Program("jedi-language-server", "jedi-language-server", "jedi-language-server celery requests", isolated=True)
PYLSP = Program("pylsp", "pylsp", "python-lsp-server")

# Fixit's server waits half a second for the next key before it begins. What it then needs is what counts.
SERVERS: dict[str, tuple[Program, Sequence[str]]] = {
    "celeryls": (CELERYLS_SERVER, ()),
    "ruff": (RUFF, ("server",)),
    "fixit": (FIXIT, ("lsp", "--debounce-interval", "0")),
    "pylsp": (PYLSP, ()),
}
