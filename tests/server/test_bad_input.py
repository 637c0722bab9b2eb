"""Files that nobody wrote for us: whatever stands in a workspace, there is no crash and no end that does not come, and
what could not be read makes answers unknown."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command import Command
from lsp_session import Session
from test_lsp_index import LIMIT, LIMITS, UNLIMITED, WATCHED, awaited, progress, watched

Start = Callable[..., Session]
APP = "from celery import Celery\n\napp = Celery('shop')\napp.config_from_object('conf')\n"
APP_TASK = UNLIMITED.replace("from celery import shared_task", "from app import app").replace("shared_task", "app.task")
HUGE = 50_000_000


def unreadable(path: Path) -> None:
    path.write_text(LIMIT)
    path.chmod(0)


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"# celery\n")
        file.truncate(HUGE)


def binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 40)


def undecodable(path: Path) -> None:
    path.write_bytes(b"# caf\xe9\nCELERY_TASK_TIME_LIMIT = 60\n")


def broken(path: Path) -> None:
    path.write_text("task_time_limit = (60\n\nimport os\n")


def fifo(path: Path) -> None:
    os.mkfifo(path)


def round_and_round(path: Path) -> None:
    path.symlink_to(path.name)


SETTINGS = {"unreadable": unreadable, "huge": huge, "undecodable": undecodable, "broken": broken}
"""Files that may hold a time limit, for all that can be told."""
OTHERS = {"binary": binary, "fifo": fifo, "loop": round_and_round}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "tasks.py").write_text(UNLIMITED)
    yield tmp_path
    for path in tmp_path.rglob("*"):
        if not path.is_symlink() and path.exists():
            path.chmod(0o700)


@pytest.fixture
def celeryls(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.chdir(project)
    monkeypatch.delenv("CELERYLS_CACHE_DIR", raising=False)
    return Command(project, monkeypatch, capsys)


def found(celeryls: Command) -> list[str]:
    """The files in which a missing time limit is found, in a cold run and in a warm one."""
    arguments = ("check", "--select", "missing-time-limit", "--min-severity", "hint", "--output-format", "concise")
    runs = [celeryls(*arguments).out.split("\n") for _ in ("cold", "warm")]
    files = [sorted(line.split(":")[0] for line in lines if "`ping`" in line) for lines in runs]
    assert files[0] == files[1]
    return files[0]


@pytest.fixture(autouse=True)
def nobody_reads_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who runs this as root is denied what others would be."""
    if sys.platform == "win32" or os.geteuid():
        return

    def denying(function: Callable[..., Any]) -> Callable[..., Any]:
        def denied(path: Any = ".", *arguments: Any, **options: Any) -> Any:
            if isinstance(path, (str, Path)) and os.path.exists(path) and not os.stat(path).st_mode & 0o777:
                raise PermissionError(13, "Permission denied", str(path))
            return function(path, *arguments, **options)

        return denied

    monkeypatch.setattr("builtins.open", denying(open))
    monkeypatch.setattr("io.open", denying(io.open))
    monkeypatch.setattr("os.scandir", denying(os.scandir))


def as_anybody() -> tuple[str, ...]:
    """What to put before a command that is to be denied what its user must not read, be it root."""
    if os.geteuid():
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("root may read everything")
    return ("setpriv", *(f"--{caps}=-dac_override,-dac_read_search" for caps in ("bounding-set", "inh-caps")))


def can(kind: str) -> None:
    if kind == "unreadable" and sys.platform == "win32":
        pytest.skip("needs permissions")
    if kind in ("fifo", "loop") and sys.platform == "win32":
        pytest.skip("needs POSIX")


@pytest.mark.parametrize("kind", SETTINGS)
def test_settings_that_cannot_be_read(celeryls: Command, project: Path, kind: str) -> None:
    can(kind)
    assert found(celeryls) == ["tasks.py"]
    SETTINGS[kind](project / "settings.py")
    assert found(celeryls) == []
    (project / "settings.py").chmod(0o600)
    (project / "settings.py").write_text("DEBUG = True\n")
    assert found(celeryls) == ["tasks.py"]


@pytest.mark.parametrize("kind", SETTINGS)
def test_settings_of_an_app_that_cannot_be_read(celeryls: Command, project: Path, kind: str) -> None:
    can(kind)
    celeryls.write("app.py", APP)
    celeryls.write("tasks.py", APP_TASK)
    celeryls.write("conf.py", "task_acks_late = True\n")
    assert found(celeryls) == ["tasks.py"]
    SETTINGS[kind](project / "conf.py")
    assert found(celeryls) == []


@pytest.mark.parametrize("kind", SETTINGS)
def test_an_app_that_cannot_be_read(celeryls: Command, project: Path, kind: str) -> None:
    can(kind)
    celeryls.write("app.py", APP)
    celeryls.write("tasks.py", APP_TASK)
    SETTINGS[kind](project / "app.py")
    assert found(celeryls) == []


@pytest.mark.parametrize("kind", OTHERS)
def test_files_that_are_no_code(celeryls: Command, project: Path, kind: str) -> None:
    can(kind)
    OTHERS[kind](project / "thing.py")
    OTHERS[kind](project / "Procfile")
    assert set(found(celeryls)) <= {"tasks.py"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_folders_that_go_round_in_circles(celeryls: Command, project: Path) -> None:
    (project / "pkg").mkdir()
    (project / "pkg" / "again").symlink_to(project, target_is_directory=True)
    (project / "pkg" / "here").symlink_to(".", target_is_directory=True)
    assert found(celeryls) == ["tasks.py"]


def test_a_folder_that_may_not_be_entered(celeryls: Command, project: Path) -> None:
    can("unreadable")
    (project / "secret").mkdir(mode=0)
    assert found(celeryls) == ["tasks.py"]


def test_modules_that_import_each_other(celeryls: Command, project: Path) -> None:
    celeryls.write(
        "one.py", "from two import *\nfrom two import app\nfrom celery import Celery\napp = app or Celery()\n"
    )
    celeryls.write("two.py", "from one import *\nfrom one import app as app\nfrom three import app\n")
    celeryls.write("three.py", "from .three import app\nfrom three import *\nimport three as app\napp = app.app\n")
    celeryls.write("more.py", "from two import app\n\n\n@app.task\ndef ping(): ...\n")
    assert "tasks.py" in found(celeryls)


def test_settings_behind_stars(celeryls: Command, project: Path) -> None:
    celeryls.write("app.py", APP)
    celeryls.write("tasks.py", APP_TASK)
    celeryls.write("conf.py", "from common import *\n")
    celeryls.write("common.py", "from local import *\nfrom nowhere import *\n")
    celeryls.write("local.py", "")
    assert found(celeryls) == ["tasks.py"]
    celeryls.write("local.py", "from conf import *\n")
    assert found(celeryls) == [], "where a circle ends nobody can tell"


def test_a_module_that_hides_another(celeryls: Command, project: Path) -> None:
    celeryls.write("celery.py", "def shared_task(function): return function\n")
    assert set(found(celeryls)) <= {"tasks.py"}
    celeryls.write("celery/__init__.py", "raise SystemExit\n")
    assert set(found(celeryls)) <= {"tasks.py"}


def test_a_name_that_is_bound_twice(celeryls: Command, project: Path) -> None:
    celeryls.write("app.py", APP + "app = object()\n")
    celeryls.write("tasks.py", APP_TASK)
    assert found(celeryls) == []


def test_nesting_without_end(celeryls: Command, project: Path) -> None:
    celeryls.write("deep.py", "from celery import Celery\nx = " + "(" * 5000 + ")" * 5000 + "\n")
    celeryls.write("sum.py", "from celery import Celery\nx = " + "+".join("1" * 20000) + "\n")
    assert "tasks.py" in found(celeryls)


@pytest.mark.parametrize("kind", [*SETTINGS, *OTHERS])
def test_the_server_copes(start: Start, project: Path, kind: str) -> None:
    can(kind)
    session = start(prefix=as_anybody() if kind == "unreadable" else ())
    session.initialize(project, capabilities=WATCHED, options=LIMITS)
    session.open((project / "tasks.py").as_uri(), UNLIMITED)
    progress(session, "end")
    awaited(session, project / "tasks.py", 1)
    seen = len(session.heard)
    path = project / ("settings.py" if kind in SETTINGS else "thing.py")
    (SETTINGS | OTHERS)[kind](path)
    watched(session, path)
    if kind in SETTINGS:
        awaited(session, project / "tasks.py", 0, seen)
    path.unlink()
    (project / "config.py").write_text(LIMIT)
    watched(session, path, project / "config.py")
    awaited(session, project / "tasks.py", 0, seen)
    assert session.stop() == 0
    assert b"Traceback" not in session.stderr
