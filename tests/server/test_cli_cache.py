"""The cache: what it spares, when it must not be believed, and what is imported when it is."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from command import BOUND, BOUND_FIXED, CLEAN, Command, Result, run

from celery_language_server import __version__, processes
from celery_language_server.cache import Cache, Outcome, WalkSettings
from celery_language_server.discovery import Walker
from celery_language_server.processes import Crew

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from celery_language_server.inspection import Failure


UNLIMITED = "from celery import shared_task\n\n\n@shared_task\ndef ping(): ...\n"
"""A module with one finding, the information `missing-time-limit`."""


@pytest.fixture
def celeryls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CELERYLS_CACHE_DIR", raising=False)
    return Command(tmp_path, monkeypatch, capsys)


@pytest.fixture
def analysed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were analysed for findings, in the order of their paths."""
    seen: list[str] = []
    outcomes = Crew.outcomes

    def watched(crew: Crew, files: dict[str, str]) -> Iterator[tuple[str, Outcome | Failure]]:
        seen.extend(files)
        yield from outcomes(crew, files)

    monkeypatch.setattr(Crew, "outcomes", watched)
    return seen


def aged(path: Path, seconds: float = 10) -> Path:
    """Make a file look as if it had not changed for a while."""
    then = time.time_ns() - int(seconds * 1e9)
    os.utime(path, ns=(then, then))
    return path


def taken(analysed: list[str]) -> list[str]:
    paths = list(analysed)
    analysed.clear()
    return paths


def test_unchanged_files_are_not_analysed_again(celeryls: Command, analysed: list[str]) -> None:
    aged(celeryls.write("a.py"))
    celeryls.write("b.py")
    aged(celeryls.write("c.py", CLEAN))

    cold = celeryls.check()
    assert taken(analysed) == ["a.py", "b.py"]
    warm = celeryls.check()
    assert taken(analysed) == []
    assert warm == cold


def test_a_changed_file_is_analysed_again(celeryls: Command, analysed: list[str]) -> None:
    file = aged(celeryls.write("a.py"))
    aged(celeryls.write("b.py"))
    celeryls.check()
    taken(analysed)

    file.write_text(BOUND_FIXED)

    assert celeryls.concise() == [line for line in celeryls.concise() if line.startswith("b.py")]
    assert taken(analysed) == ["a.py"]


def test_a_touched_file_is_not_analysed_again(celeryls: Command, analysed: list[str]) -> None:
    file = aged(celeryls.write("a.py"))
    celeryls.check()
    taken(analysed)

    aged(file, 5)

    assert celeryls.check().code == 1
    assert taken(analysed) == []


def test_a_change_within_the_clock_tick_is_seen(celeryls: Command, analysed: list[str]) -> None:
    file = celeryls.write("a.py", BOUND)
    status = file.stat()
    assert celeryls.check().code == 1

    file.write_text(BOUND.replace("bind=True", "bind=None"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.stat().st_size == status.st_size

    assert celeryls.check().code == 0


def test_files_that_are_gone(celeryls: Command, analysed: list[str]) -> None:
    file = aged(celeryls.write("a.py"))
    aged(celeryls.write("pkg/b.py"))
    aged(celeryls.write("pkg/c.py"))
    assert len(celeryls.concise()) == 3
    taken(analysed)

    file.unlink()
    (celeryls.folder / "pkg" / "b.py").unlink()

    assert len(celeryls.concise()) == 1
    assert len(celeryls.concise("pkg")) == 1
    assert taken(analysed) == []
    aged(celeryls.write("a.py"))
    assert len(celeryls.concise()) == 2


def test_a_part_of_the_project_leaves_the_rest_in_the_cache(celeryls: Command, analysed: list[str]) -> None:
    for path in ("a.py", "pkg/b.py", "other/c.py"):
        aged(celeryls.write(path))
    celeryls.check()
    taken(analysed)

    celeryls.write("pkg/d.py")
    celeryls.check("pkg")
    assert taken(analysed) == ["pkg/d.py"]
    celeryls.check()
    assert taken(analysed) == []


def test_what_a_result_depends_on(celeryls: Command, analysed: list[str]) -> None:
    aged(celeryls.write("pkg/__init__.py", ""))
    app = aged(celeryls.write("pkg/app.py", "from celery import Celery\n\napp = Celery('shop')\n"))
    tasks = "from pkg.app import app\n\n\n@app.task(bind=True)\ndef ping(): ...\n"
    aged(celeryls.write("pkg/tasks.py", tasks))
    assert len(celeryls.concise()) == 1
    taken(analysed)

    app.write_text("from flask import Flask\n\napp = Flask('shop')\n# long enough\n")
    assert celeryls.concise() == []
    assert "pkg/tasks.py" in taken(analysed)

    app.unlink()
    assert celeryls.concise() == []
    assert "pkg/tasks.py" in taken(analysed)

    app.write_text("from celery import Celery\n\napp = Celery('shop')\n")
    assert len(celeryls.concise()) == 1
    assert taken(analysed) == ["pkg/app.py", "pkg/tasks.py"]


def test_a_module_that_was_looked_for_in_vain(celeryls: Command, analysed: list[str]) -> None:
    aged(celeryls.write("tasks.py", "from app import app\n\n\n@app.task(bind=True)\ndef ping(): ...\n"))
    celeryls.check()

    aged(celeryls.write("app.py", "from celery import Celery\n\napp = Celery('shop')\n"))

    assert [line.split(":")[0] for line in celeryls.concise()] == ["tasks.py"]


def test_what_concerns_the_whole_project(celeryls: Command, analysed: list[str]) -> None:
    aged(celeryls.write("tasks.py", UNLIMITED))
    arguments = ("check", "--select", "missing-time-limit", "--min-severity", "hint")
    assert "missing-time-limit" in celeryls(*arguments).out
    assert "missing-time-limit" in celeryls(*arguments).out
    assert taken(analysed) == ["tasks.py"]

    compose = celeryls.write("docker-compose.yml", "command: celery worker --time-limit 60\n")
    assert "missing-time-limit" not in celeryls(*arguments).out
    assert taken(analysed) == ["tasks.py"]

    celeryls.write("docker-compose.yml", "command: celery worker --time-limit 60 # seconds\n")
    celeryls.write("NOTES.txt", "nothing of interest\n")
    assert "missing-time-limit" not in celeryls(*arguments).out
    assert taken(analysed) == [], "the answer is the same"

    compose.unlink()
    assert "missing-time-limit" in celeryls(*arguments).out


def test_settings_have_caches_of_their_own(celeryls: Command, analysed: list[str]) -> None:
    aged(celeryls.write("a.py"))
    celeryls.check()
    assert taken(analysed) == ["a.py"]
    assert celeryls("check", "--select", "CEL801").code == 0
    assert taken(analysed) == ["a.py"]
    configuration = celeryls.write("celeryls.toml", 'ignore = ["CEL103"]\n')
    assert celeryls("check", "--ignore", "CEL2").code == 0
    assert taken(analysed) == ["a.py"]
    configuration.unlink()
    assert celeryls.check().code == 1
    assert celeryls("check", "--select", "CEL801").code == 0
    assert taken(analysed) == []


def test_the_number_of_caches_is_limited(celeryls: Command) -> None:
    celeryls.write("a.py", CLEAN)
    for number in range(12):
        celeryls.write("celeryls.toml", f"# {number}\n")
        celeryls("check")

    kept = [file.name for file in (celeryls.folder / ".celeryls_cache" / __version__).iterdir()]
    assert len([name for name in kept if name.startswith("results-")]) == 8
    assert len([name for name in kept if name.startswith("index-")]) == 1


def test_other_code_of_ours_makes_other_results(
    celeryls: Command, analysed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    aged(celeryls.write("a.py"))
    celeryls.check()
    taken(analysed)

    monkeypatch.setattr("celery_language_server.cache.engine_key", lambda: "other")

    assert celeryls.check().code == 1
    assert taken(analysed) == ["a.py"]


def cache_file(celeryls: Command, kind: str) -> Path:
    (file,) = (celeryls.folder / ".celeryls_cache" / __version__).glob(f"{kind}-*")
    return file


@pytest.mark.parametrize("position", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_damaged_results(celeryls: Command, analysed: list[str], position: float) -> None:
    for name in "abc":
        aged(celeryls.write(f"{name}.py"))
    before = celeryls.check()
    file = cache_file(celeryls, "results")
    data = file.read_bytes()
    place = int(len(data) * position)

    for broken in (
        data[:place],
        data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :],
        data[:place] + b"\0" * 50 + data[place:],
        b"",
        b"celeryls 2 00000000\n",
    ):
        file.write_bytes(broken)
        taken(analysed)
        assert celeryls.check() == before
        assert taken(analysed) == ["a.py", "b.py", "c.py"]
        assert celeryls.check() == before
        assert taken(analysed) == []


@pytest.mark.parametrize("position", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_damaged_index(celeryls: Command, analysed: list[str], position: float) -> None:
    aged(celeryls.write("tasks.py", UNLIMITED))
    aged(celeryls.write("settings.py", "CELERY_TASK_TIME_LIMIT = 60\n"))
    arguments = ("check", "--select", "missing-time-limit", "--min-severity", "hint")
    before = celeryls(*arguments)
    assert before.code == 0
    file = cache_file(celeryls, "index")
    data = file.read_bytes()
    place = int(len(data) * position)
    for broken in (data[:place], data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :], b""):
        file.write_bytes(broken)
        assert celeryls(*arguments) == before
        assert file.read_bytes() == data


def test_a_cache_of_another_project_is_not_believed(tmp_path: Path) -> None:
    settings = WalkSettings((), True, (), ())

    def save(folder: Path) -> None:
        cache = Cache(str(folder), "key")
        cache.store("a.py", Outcome("1 1", "digest", counts="0 0 0 1 0", reports="[]"))
        cache.save(Walker(str(folder), (), True).walk([]), settings, "meaning", ())

    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    save(tmp_path / "one")
    assert Cache(str(tmp_path / "one"), "key").walk_settings

    (tmp_path / "one" / ".celeryls_cache").rename(tmp_path / "two" / ".celeryls_cache")
    folder = tmp_path / "two" / ".celeryls_cache" / __version__
    (kept,) = folder.iterdir()
    save(tmp_path / "two")
    (own,) = set(folder.iterdir()) - {kept}
    kept.replace(own)

    assert not Cache(str(tmp_path / "two"), "key").walk_settings


@pytest.mark.skipif(sys.platform == "win32", reason="needs permissions")
def test_a_cache_that_cannot_be_written(celeryls: Command) -> None:
    celeryls.write("a.py")
    celeryls.write(".celeryls_cache", "in the way\n")

    assert celeryls.check().code == 1
    assert celeryls.check().err == ""


def test_the_cache_marks_itself(celeryls: Command) -> None:
    celeryls.write("a.py")
    celeryls.check()

    folder = celeryls.folder / ".celeryls_cache"
    assert "*\n" in (folder / ".gitignore").read_text()
    assert (folder / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")


def test_the_cache_can_stand_elsewhere(
    celeryls: Command, analysed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELERYLS_CACHE_DIR", str(tmp_path / "deep" / "cache"))
    aged(celeryls.write("project/a.py"))
    aged(celeryls.write("project/celeryls.toml", ""))

    celeryls.check("project")
    celeryls.check("project")

    assert taken(analysed) == ["a.py"]
    assert not (celeryls.folder / "project" / ".celeryls_cache").exists()
    assert (tmp_path / "deep" / "cache" / "CACHEDIR.TAG").exists()


def test_processes_do_not_disturb_each_other(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"m{number}.py").write_text(BOUND)

    def check(_: int) -> Result:
        return run("check", "--select=CEL103", "--output-format=concise", cwd=tmp_path)

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(check, range(6)))

    assert all(result.code == 1 and result.out.count("CEL103") == 30 and not result.err for result in results)
    assert not list(tmp_path.glob(".celeryls_cache/*/*.tmp"))


def test_many_files_go_to_other_processes(celeryls: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_WORTH_A_PROCESS", 100)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    for number in range(10):
        celeryls.write(f"pkg/m{number}.py")
    celeryls.write("bad.py", BOUND.encode() + b"# \xe9\n")

    result = celeryls.check("--output-format", "concise")

    assert result.out.count("CEL103") == 10
    assert result.err == "warning: bad.py is not utf-8: invalid byte in line 7\n"
    assert celeryls.check("--output-format", "concise") == result


def test_processes_that_die(celeryls: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from concurrent.futures.process import BrokenProcessPool

    def run_elsewhere(crew: Crew, work: str, files: dict[str, str]) -> Iterator[tuple[str, object]]:
        first = min(files)
        yield first, getattr(crew.inspector, work)(first, files[first])
        raise BrokenProcessPool

    monkeypatch.setattr(Crew, "_run_elsewhere", run_elsewhere)
    monkeypatch.setattr(processes, "_WORTH_A_PROCESS", 100)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    for number in range(4):
        celeryls.write(f"m{number}.py")

    assert len(celeryls.concise()) == 4


def test_a_warm_run_imports_next_to_nothing(tmp_path: Path) -> None:
    for name, text in (("a.py", CLEAN), ("b.py", BOUND_FIXED), ("c.py", BOUND)):
        aged_file = tmp_path / name
        aged_file.write_text(text)
        aged(aged_file)
    (tmp_path / "celeryls.toml").write_text('select = ["CEL103"]\n')
    aged(tmp_path / "celeryls.toml")
    program = (
        "import sys; before = set(sys.modules)\n"
        "from celery_language_server.cli import main\n"
        "main(sys.argv[1:])\n"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}), file=sys.stderr)\n"
    )

    def imported(*arguments: str) -> set[str]:
        import subprocess

        finished = subprocess.run(
            [sys.executable, "-c", program, "check", *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        return set(finished.stderr.split())

    imported()
    ours = {"celery_analyzers", "celery_language_server"}
    harmless = {"zlib", "__future__", "time"}
    assert imported("a.py", "b.py") <= ours | harmless
    everything = imported()
    assert "celery_codeactions" not in everything
    assert not everything & {
        "pydantic",
        "rich",
        "libcst",
        "pygls",
        "lsprotocol",
        "pathspec",
        "tomllib",
        "tomli",
        "ast",
    }
