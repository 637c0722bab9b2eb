"""`--fix`, `--unsafe-fixes`, `--diff` and stdin: what is changed, and that nothing else is."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest
from command import BOUND, BOUND_FIXED, CLEAN, MISSPELT, Command, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MISSPELT_FIXED = MISSPELT.replace("max_retrys", "max_retries")


@pytest.fixture
def celeryls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.chdir(tmp_path)
    return Command(tmp_path, monkeypatch, capsys)


def test_safe_fixes(celeryls: Command) -> None:
    bound, misspelt = celeryls.write("a.py", BOUND), celeryls.write("b.py", MISSPELT)

    result = celeryls.check("--fix")

    assert bound.read_text() == BOUND_FIXED
    assert misspelt.read_text() == MISSPELT
    assert result.code == 1
    assert "bind-without-self" not in result.out
    assert result.out.endswith("Found 2 findings (1 fixed, 1 remaining).\n1 fix available with --unsafe-fixes.\n")


def test_unsafe_fixes(celeryls: Command) -> None:
    bound, misspelt = celeryls.write("a.py", BOUND), celeryls.write("b.py", MISSPELT)

    result = celeryls.check("--fix", "--unsafe-fixes")

    assert bound.read_text() == BOUND_FIXED
    assert misspelt.read_text() == MISSPELT_FIXED
    assert result == type(result)(0, "Found 2 findings (2 fixed, 0 remaining).\n", "")


def test_unsafe_fixes_alone_change_nothing(celeryls: Command) -> None:
    misspelt = celeryls.write("b.py", MISSPELT)

    result = celeryls.check("--unsafe-fixes")

    assert misspelt.read_text() == MISSPELT
    assert result.out.endswith("1 fix available with --fix.\n")


def test_nothing_to_fix(celeryls: Command) -> None:
    file = celeryls.write("a.py", CLEAN)
    before = file.stat().st_mtime_ns

    assert celeryls.check("--fix").out == "All checks passed!\n"
    assert file.stat().st_mtime_ns == before


def test_what_is_not_shown_is_not_fixed(celeryls: Command) -> None:
    file = celeryls.write("b.py", MISSPELT)

    celeryls.check("--fix", "--unsafe-fixes", "--min-severity", "error")
    assert file.read_text() == MISSPELT

    celeryls("check", "--select=CEL103", "--fix", "--unsafe-fixes")
    assert file.read_text() == MISSPELT


FORMS: dict[str, Callable[[str], bytes]] = {
    "windows": lambda text: text.replace("\n", "\r\n").encode(),
    "old mac": lambda text: text.replace("\n", "\r").encode(),
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "no final newline": lambda text: text.rstrip("\n").encode(),
    "latin-1": lambda text: ("# coding: latin-1\n# café\n" + text).encode("latin-1"),
    "cp1252": lambda text: ("#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n# €\n" + text).encode("cp1252"),
    "odd characters": lambda text: (text + "# größe 🐇\x0c\x85\u2028\n\x0c\ndef f(): ...\n").encode(),
    "space": lambda text: (text + "\t \n\n\n   ").encode(),
    "mixed": lambda text: text.replace("\n\n\n", "\r\n\n\r").encode(),
}


@pytest.mark.parametrize("name", FORMS)
def test_all_other_bytes_stay(celeryls: Command, name: str) -> None:
    file = celeryls.write("a.py", FORMS[name](BOUND))

    result = celeryls.check("--fix")

    assert file.read_bytes() == FORMS[name](BOUND_FIXED)
    assert "Found 1 finding (1 fixed, 0 remaining)." in result.out


def test_an_encoding_that_is_not_written_back_alike(celeryls: Command) -> None:
    data = b"# coding: utf-7\n# +AGEAYg-\n" + BOUND.replace("=", "+AD0-").encode()
    file = celeryls.write("a.py", data)

    result = celeryls.check("--fix")

    assert file.read_bytes() == data
    assert "a.py is left as it is: utf-7 does not give the same bytes back" in result.err


@pytest.mark.skipif(sys.platform == "win32", reason="needs permissions and links")
def test_permissions_and_links_stay(celeryls: Command) -> None:
    file = celeryls.write("pkg/a.py", BOUND)
    file.chmod(0o751)
    link = celeryls.folder / "link.py"
    link.symlink_to(file)

    celeryls.check("--fix", "link.py")

    assert link.is_symlink()
    assert file.read_text() == BOUND_FIXED
    assert file.stat().st_mode & 0o7777 == 0o751
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_cannot_be_written(celeryls: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    file = celeryls.write("a.py", BOUND)
    celeryls.write("b.py", BOUND)

    replace = os.replace

    def failing(path: str, target: str) -> None:
        if target.endswith("a.py"):
            raise PermissionError(13, "Permission denied")
        replace(path, target)

    monkeypatch.setattr(os, "replace", failing)
    result = celeryls.check("--fix")

    assert file.read_text() == BOUND
    assert (celeryls.folder / "b.py").read_text() == BOUND_FIXED
    assert "warning: a.py could not be written: Permission denied\n" in result.err
    assert "(1 fixed, 1 remaining)" in result.out
    assert sorted(path.name for path in celeryls.folder.glob("*.py*")) == ["a.py", "b.py"]
    assert not list(celeryls.folder.glob(".*.tmp"))


def test_several_fixes_in_one_file(celeryls: Command) -> None:
    text = "from celery import shared_task\n" + "".join(
        f"\n\n@shared_task(bind=True)\ndef task{number}(): ...\n" for number in range(5)
    )
    file = celeryls.write("a.py", text)

    result = celeryls.check("--fix")

    assert file.read_text() == text.replace("()", "(self)")
    assert "(5 fixed, 0 remaining)" in result.out


def test_a_broken_statement_elsewhere_is_no_obstacle(celeryls: Command) -> None:
    file = celeryls.write("a.py", BOUND + "\n\nx = = 1\n")

    result = celeryls.check("--fix")

    assert file.read_text() == BOUND_FIXED + "\n\nx = = 1\n"
    assert result.code == 0


DIFF = (
    "--- pkg/a.py\n+++ pkg/a.py\n@@ -2,5 +2,5 @@\n \n \n @shared_task(bind=True)\n"
    "-def ping():\n+def ping(self):\n     return 'pong'\n"
)


def test_diff(celeryls: Command) -> None:
    file = celeryls.write("pkg/a.py", BOUND)
    celeryls.write("b.py", MISSPELT)

    result = celeryls.check("--diff")

    assert file.read_text() == BOUND
    assert result.code == 1
    assert result.out == DIFF
    assert result.err == "Would fix 1 finding.\n1 fix available with --unsafe-fixes.\n"

    result = celeryls.check("--diff", "--unsafe-fixes")
    assert "+@shared_task(max_retries=3)\n" in result.out
    assert result.err == "Would fix 2 findings.\n"


def test_diff_of_a_clean_folder(celeryls: Command) -> None:
    celeryls.write("a.py", CLEAN)

    assert celeryls.check("--diff") == type(celeryls.check())(0, "", "No fixes to apply.\n")


def test_diff_wins_over_fix(celeryls: Command) -> None:
    file = celeryls.write("pkg/a.py", BOUND)

    assert celeryls.check("--diff", "--fix").out == DIFF
    assert file.read_text() == BOUND


def test_diff_keeps_windows_line_ends(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(BOUND.replace("\n", "\r\n").encode())

    result = run("check", "--select=CEL103", "--diff", cwd=tmp_path)

    assert "-def ping():\r\n+def ping(self):\r\n" in result.out


def test_stdin(celeryls: Command) -> None:
    result = celeryls.check("-", stdin=BOUND.encode())

    assert result.code == 1
    assert " --> -:5:5\n" in result.out
    assert "5 | def ping():\n" in result.out
    assert not (celeryls.folder / ".celeryls_cache").exists()


def test_stdin_with_a_name(celeryls: Command) -> None:
    celeryls.write("pkg/celeryls.toml", '[severity]\nbind-without-self = "warning"\n')

    for arguments in (["-", "--stdin-filename", "pkg/new.py"], ["--stdin-filename=pkg/new.py"]):
        result = celeryls.check(*arguments, "--output-format", "json", stdin=BOUND.encode())
        (report,) = json.loads(result.out)
        assert report["path"] == "pkg/new.py"
        assert report["severity"] == "warning"


def test_clean_stdin(celeryls: Command) -> None:
    result = celeryls.check("-", stdin=CLEAN.encode())

    assert (result.code, result.out) == (0, "All checks passed!\n")


def test_stdin_that_is_no_text(tmp_path: Path) -> None:
    result = run("check", "-", cwd=tmp_path, stdin=b"# caf\xe9\n")

    assert (result.code, result.out) == (0, "")
    assert result.err == "warning: - is not utf-8: invalid byte in line 1\n"


def test_fixing_stdin(tmp_path: Path) -> None:
    text = BOUND + MISSPELT
    data = b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()

    result = run("check", "--select=CEL103,CEL801", "--fix", "-", cwd=tmp_path, stdin=data)

    assert result.out.encode() == data.replace(b"ping()", b"ping(self)", 1)
    assert result.code == 1
    assert "unknown-task-option (CEL801)" in result.err
    assert "Found 2 findings (1 fixed, 1 remaining).\n" in result.err


def test_fixing_clean_stdin_passes_it_on(tmp_path: Path) -> None:
    data = "# größe\r\nx = 1".encode()

    result = run("check", "--fix", "-", cwd=tmp_path, stdin=data)

    assert (result.code, result.out.encode()) == (0, data)


def test_diff_of_stdin(celeryls: Command) -> None:
    result = celeryls.check("-", "--diff", "--stdin-filename", "pkg/a.py", stdin=BOUND.encode())

    assert result.out == DIFF
    assert result.err == "Would fix 1 finding.\n"
    assert result.code == 1
