"""Which files `celeryls check` finds, and what it says of those that it cannot read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from command import BOUND, Command, run

from celery_language_server import inspection
from celery_language_server.discovery import Walker
from celery_language_server.sources import UnreadableError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def celeryls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.chdir(tmp_path)
    return Command(tmp_path, monkeypatch, capsys)


def found(celeryls: Command, *paths: str) -> list[str]:
    """The files with findings, which must be the same with a cold cache and a warm one."""
    cold = celeryls.concise(*paths)
    assert celeryls.concise(*paths) == cold
    return [line.split(":")[0].replace(os.sep, "/") for line in cold]


def test_only_python_files(celeryls: Command) -> None:
    for path in ("a.py", "b.pyi", "c.txt", "d", "e.pyw"):
        celeryls.write(path)

    assert found(celeryls) == ["a.py"]
    assert found(celeryls, "b.pyi", "d") == ["b.pyi", "d"]


def test_folders_that_hold_no_code_of_the_project(celeryls: Command) -> None:
    for folder in (
        ".venv",
        "venv",
        "node_modules",
        "__pycache__",
        ".git",
        ".tox",
        "build",
        "dist",
        ".semgrep",
        "_build",
    ):
        celeryls.write(f"{folder}/a.py")
        celeryls.write(f"pkg/{folder}/a.py")
    celeryls.write("pkg/builder/a.py")
    celeryls.write("site-packages/a.py")

    assert found(celeryls) == ["pkg/builder/a.py"]
    assert found(celeryls, ".venv") == [".venv/a.py"]
    assert found(celeryls, "build", "dist/a.py") == ["build/a.py", "dist/a.py"]


def test_gitignore(celeryls: Command) -> None:
    for path in (
        "a.py",
        "gen.py",
        "keep_gen.py",
        "out/a.py",
        "pkg/gen.py",
        "pkg/own.py",
        "pkg/deep/own.py",
        "x/y/z.py",
    ):
        celeryls.write(path)
    celeryls.write(".gitignore", "gen.py\r\n*_gen.py\n!keep_gen.py\nout/\nx/**/z.py\n# comment\n")
    celeryls.write("pkg/.gitignore", "/own.py\n!gen.py\n")

    assert found(celeryls) == ["a.py", "keep_gen.py", "pkg/deep/own.py", "pkg/gen.py"]
    assert found(celeryls, "pkg") == ["pkg/deep/own.py", "pkg/gen.py"]
    assert found(celeryls, "gen.py") == ["gen.py"], "who names a file means it"
    assert found(celeryls, "out") == ["out/a.py"], "who names a folder means it"


def test_gitignore_that_changes(celeryls: Command) -> None:
    celeryls.write("a.py")
    celeryls.write("pkg/b.py")
    assert found(celeryls) == ["a.py", "pkg/b.py"]

    ignore = celeryls.write(".gitignore", "a.py\n")
    assert found(celeryls) == ["pkg/b.py"]

    celeryls.write("pkg/.gitignore", "*\n")
    assert found(celeryls) == []

    (celeryls.folder / "pkg/.gitignore").unlink()
    assert found(celeryls) == ["pkg/b.py"]

    ignore.write_text("pkg\n")
    assert found(celeryls) == ["a.py"]


def test_gitignore_is_not_honoured_if_so_configured(celeryls: Command) -> None:
    celeryls.write("a.py")
    celeryls.write(".gitignore", "a.py\n")
    celeryls.write("celeryls.toml", "respect-gitignore = false\n")

    assert found(celeryls) == ["a.py"]


def test_ignore_files_above_the_project(celeryls: Command) -> None:
    (celeryls.folder / ".git" / "info").mkdir(parents=True)
    celeryls.write(".git/info/exclude", "excluded.py\n")
    celeryls.write(".gitignore", "ignored.py\n")
    celeryls.write("project/celeryls.toml", 'select = ["ALL"]\n')
    for name in ("a.py", "ignored.py", "excluded.py"):
        celeryls.write(f"project/{name}")

    assert found(celeryls, "project") == ["project/a.py"]


def test_the_exclude_file_that_git_makes_means_nothing(celeryls: Command) -> None:
    celeryls.write(".git/info/exclude", "# git ls-files --others --exclude-from=.git/info/exclude\n\n")
    celeryls.write("a.py")

    walked = Walker(str(celeryls.folder), (), respect_gitignore=True).walk([""], [])

    assert list(walked.files) == ["a.py"]
    assert not walked.decisions.ignore_files
    celeryls.write(".git/info/exclude", "a.py\n")
    assert found(celeryls) == []


def test_patterns_that_nobody_understands(celeryls: Command) -> None:
    celeryls.write("a.py")
    celeryls.write("b.py")
    celeryls.write(".gitignore", b"!\n/\n\xff\n[z-a]\nb.py\n")

    assert found(celeryls) == ["a.py"]


def test_configured_excludes(celeryls: Command) -> None:
    for path in ("a.py", "migrations/a.py", "pkg/migrations/a.py", "pkg/b.py"):
        celeryls.write(path)
    celeryls.write("celeryls.toml", 'exclude = ["migrations/", "/a.py"]\n')

    assert found(celeryls) == ["pkg/b.py"]
    assert found(celeryls, "a.py", "migrations") == ["a.py", "migrations/a.py"]


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_same_files_as_git(celeryls: Command) -> None:
    paths = [
        f"{folder}{name}.py" for folder in ("", "a/", "a/b/", "c/", "c/a/") for name in ("x", "y", "test_x", "é x")
    ]
    for path in paths:
        celeryls.write(path)
    celeryls.write(".gitignore", "y.py\n/a/b/*\n!/a/b/x.py\ntest_*\n!c/test_x.py\nc/a\n")
    celeryls.write("a/.gitignore", "!y.py\n/x.py\n")
    celeryls.write("c/.gitignore", "*.py\n!*x.py\n")
    subprocess.run(["git", "init", "-q"], cwd=celeryls.folder, check=True)
    listed = subprocess.run(
        ["git", "-c", "core.quotePath=false", "ls-files", "-z", "--others", "--exclude-standard", "*.py"],
        cwd=celeryls.folder,
        capture_output=True,
        check=True,
    )

    assert found(celeryls) == sorted(os.fsdecode(listed.stdout).split("\0")[:-1])


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_links(celeryls: Command) -> None:
    celeryls.write("pkg/a.py")
    (celeryls.folder / "pkg" / "loop").symlink_to(celeryls.folder)
    (celeryls.folder / "linked").symlink_to(celeryls.folder / "pkg")
    (celeryls.folder / "b.py").symlink_to(celeryls.folder / "pkg" / "a.py")
    (celeryls.folder / "broken.py").symlink_to(celeryls.folder / "nowhere")

    assert found(celeryls) == ["b.py", "pkg/a.py"]
    assert found(celeryls, "linked") == ["linked/a.py"]


def test_odd_names(celeryls: Command) -> None:
    for name in ("with space.py", "größe.py", "a\nb.py" if sys.platform != "win32" else "c.py", "-dash.py"):
        celeryls.write(name)

    assert len(found(celeryls)) == 4
    assert found(celeryls, "--", "-dash.py") == ["-dash.py"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are no text")
def test_a_name_that_is_no_text(celeryls: Command) -> None:
    (celeryls.folder / os.fsdecode(b"bad\xff.py")).write_text(BOUND)

    assert found(celeryls) == ["bad\\udcff.py"]
    result = run("check", "--select=CEL103", "--output-format=json", cwd=celeryls.folder)
    assert '"path": "bad\\udcff.py"' in result.out
    assert result.code == 1


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="everything can be read")
def test_a_file_that_cannot_be_read(celeryls: Command) -> None:
    celeryls.write("a.py").chmod(0)
    celeryls.write("b.py")
    celeryls.write("locked/c.py").parent.chmod(0)
    try:
        result = celeryls.check("--output-format", "concise")
    finally:
        (celeryls.folder / "locked").chmod(0o700)

    assert result.code == 1
    assert "b.py:5:5" in result.out
    assert "warning: a.py could not be read: Permission denied\n" in result.err
    assert "warning: locked could not be read: Permission denied\n" in result.err


def test_a_file_that_a_broken_disk_holds(celeryls: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    celeryls.write("a.py")
    celeryls.write("b.py")
    read = inspection.read

    def failing(path: str) -> bytes:
        if path.endswith("a.py"):
            raise UnreadableError("could not be read: Input/output error")
        return read(path)

    monkeypatch.setattr(inspection, "read", failing)
    result = celeryls.check("--output-format", "concise")

    assert result.code == 1
    assert result.out.startswith("b.py:5:5")
    assert result.err == "warning: a.py could not be read: Input/output error\n"


def test_a_folder_named_like_a_file(celeryls: Command) -> None:
    celeryls.write("pkg.py/a.py")

    assert found(celeryls) == ["pkg.py/a.py"]


def test_files_that_cannot_be_decoded(celeryls: Command) -> None:
    celeryls.write("a.py", BOUND.encode() + b"# caf\xe9\n")
    celeryls.write("b.py", b"# coding: nonsense\n" + BOUND.encode())
    celeryls.write("c.py", b"# coding: latin-1\n# caf\xe9\n" + BOUND.encode())
    celeryls.write("d.py", b"\xef\xbb\xbf# coding: latin-1\n" + BOUND.encode())
    celeryls.write("e.py", b"\xef\xbb\xbf" + BOUND.encode())
    celeryls.write("f.py", BOUND.encode("utf-16"))
    celeryls.write("g.py", BOUND.encode() + b"\0")
    celeryls.write("h.py", b"# caf\xe9, nothing of Celery\n")

    result = celeryls.check("--output-format", "concise")

    assert result.code == 1
    assert [line.split(" ")[0] for line in result.out.split("\n") if "CEL" in line] == [
        "c.py:7:5:",
        "e.py:5:5:",
        "g.py:5:5:",
    ]
    assert result.err == (
        "warning: a.py is not utf-8: invalid byte in line 7\n"
        "warning: b.py could not be decoded: unknown encoding: nonsense\n"
        "warning: d.py could not be decoded: encoding problem: utf-8\n"
        "warning: f.py is not utf-8: invalid byte in line 1\n"
        "warning: h.py is not utf-8: invalid byte in line 1\n"
    )
    assert celeryls.check("--output-format", "concise") == result, "also when it was known"
