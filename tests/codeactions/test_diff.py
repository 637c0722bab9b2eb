"""Diffs are what `patch` takes."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from celery_codeactions.diff import new_file_diff, unified_diff

if TYPE_CHECKING:
    from pathlib import Path


def test_same_texts_have_no_diff() -> None:
    assert unified_diff("a\n", "a\n", "a.py") == ""


def test_a_changed_line() -> None:
    assert unified_diff("a\nb\nc\n", "a\nx\nc\n", "pkg/a.py") == (
        "--- pkg/a.py\n+++ pkg/a.py\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"
    )


def test_no_final_newline() -> None:
    assert unified_diff("a\nb", "a\nx", "a.py") == (
        "--- a.py\n+++ a.py\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+x\n\\ No newline at end of file\n"
    )


def test_a_final_newline_that_comes() -> None:
    assert unified_diff("a", "a\n", "a.py") == (
        "--- a.py\n+++ a.py\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"
    )


def test_other_line_ends_stay_in_their_lines() -> None:
    assert unified_diff("a\r\nb\x0c\r\n", "a\r\nc\r\n", "a.py") == (
        "--- a.py\n+++ a.py\n@@ -1,2 +1,2 @@\n a\r\n-b\x0c\r\n+c\r\n"
    )


NEW = "diff --git .env.example .env.example\nnew file mode 100644\n--- /dev/null\n+++ .env.example\n@@ -0,0 +1,2 @@\n+a\n+b\n"


def test_a_new_file() -> None:
    assert new_file_diff("a\nb\n", ".env.example") == NEW


@pytest.mark.parametrize("command", [("git", "apply", "-p0", "-"), ("patch", "-p0")], ids=" ".join)
def test_programs_create_a_new_file(tmp_path: Path, command: tuple[str, ...]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs {command[0]}")
    (tmp_path / "my app").mkdir()
    (tmp_path / "my app/a.py").write_text("a\n")
    diff = unified_diff("a\n", "b\n", "my app/a.py") + new_file_diff("A=1\n", "my app/.env.example")

    subprocess.run(command, input=diff.encode(), cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)

    assert (tmp_path / "my app/a.py").read_text() == "b\n"
    assert (tmp_path / "my app/.env.example").read_text() == "A=1\n"


TEXTS = st.lists(st.sampled_from(["a\n", "b\r\n", "\n", "é\x0c\n", "x\u2028y\n"]), max_size=8).map("".join)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS, TEXTS, st.sampled_from(["", "end"]), st.sampled_from(["", "end", "fin"]))
def test_git_applies_it(tmp_path: Path, before: str, after: str, last: str, new_last: str) -> None:
    before, after = before + last, after + new_last
    if before == after or not before:
        return
    file = tmp_path / "a.py"
    file.write_bytes(before.encode())

    subprocess.run(
        ["git", "apply", "-p0", "--whitespace=nowarn", "--unidiff-zero", "-"],
        input=unified_diff(before, after, "a.py").encode(),
        cwd=tmp_path,
        check=True,
    )

    assert (file.read_bytes() if file.exists() else b"") == after.encode()
