"""Converts between file URIs and paths.

Other schemes (`untitled:`, `git:`) have no path. Must not look at the file system.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote

# "?" and "#" would end the path in a proper URI. Left unquoted by a client, they are part of a name.
FILE: Final = re.compile(r"file:(?://(?P<host>[^/]*)(?=/)|(?!//))(?P<path>/.*)", re.IGNORECASE | re.DOTALL)
DRIVE: Final = re.compile(r"/[A-Za-z]:")


def to_path(uri: str) -> Path | None:
    """The path of a `file:` URI; None for any other."""
    text = path_text(uri, windows=os.name == "nt")
    return None if text is None else Path(text)


def path_text(uri: str, *, windows: bool) -> str | None:
    """The path of a `file:` URI as text, as Windows or as other systems write it."""
    parts = FILE.fullmatch(uri)
    if parts is None:
        return None
    # Names that are not UTF-8 come out as `os.fsdecode` has them.
    path = unquote(parts["path"], errors="surrogateescape")
    if "\0" in path:
        return None
    if not windows:
        return path
    if parts["host"] and parts["host"] != "localhost":
        path = f"//{unquote(parts['host'])}{path}"
    elif DRIVE.match(path):
        path = path[1:]
    return path.replace("/", "\\")


def to_uri(path: Path) -> str:
    """The `file:` URI of an absolute path."""
    return path.as_uri()
