"""Diffs are what `patch` takes."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from celery_codeactions.diff import unified_diff

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
