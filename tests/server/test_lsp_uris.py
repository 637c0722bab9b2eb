"""URIs and paths, as Windows and as others write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from celery_language_server.uris import path_text, to_path, to_uri

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("uri", "posix", "windows"),
    [
        ("file:///home/me/a%20b.py", "/home/me/a b.py", "\\home\\me\\a b.py"),
        ("file:///c%3A/Users/me/a.py", "/c:/Users/me/a.py", "c:\\Users\\me\\a.py"),
        ("file:///C:/Users/me/a.py", "/C:/Users/me/a.py", "C:\\Users\\me\\a.py"),
        ("file://server/share/a.py", "/share/a.py", "\\\\server\\share\\a.py"),
        ("file://localhost/tmp/a.py", "/tmp/a.py", "\\tmp\\a.py"),
        ("file:/tmp/a.py", "/tmp/a.py", "\\tmp\\a.py"),
        ("FILE:///tmp/%C3%A9.py", "/tmp/é.py", "\\tmp\\é.py"),
        ("file:///tmp/a#b?c.py", "/tmp/a#b?c.py", "\\tmp\\a#b?c.py"),
        ("file:///tmp/a%23b%3Fc%25.py", "/tmp/a#b?c%.py", "\\tmp\\a#b?c%.py"),
        ("file:///tmp/%ff.py", "/tmp/\udcff.py", "\\tmp\\\udcff.py"),
        ("file:///tmp/%00.py", None, None),
        ("untitled:Untitled-1", None, None),
        ("git:/tmp/a.py?ref", None, None),
        ("file:", None, None),
        ("", None, None),
        ("file://[", None, None),
    ],
)
def test_paths_of_uris(uri: str, posix: str | None, windows: str | None) -> None:
    assert path_text(uri, windows=False) == posix
    assert path_text(uri, windows=True) == windows


@pytest.mark.parametrize("name", ["a b.py", "é.py", "#?%.py", "字😀.py", "c:.py"])
def test_there_and_back(tmp_path: Path, name: str) -> None:
    assert to_path(to_uri(tmp_path / name)) == tmp_path / name
