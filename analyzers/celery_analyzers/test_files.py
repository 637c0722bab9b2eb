"""Tells tests from other code, by the names in a file's path. Must not know what is in the file."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

_FILE = re.compile(r"(?:test_.*|.*_tests?|tests?|conftest)\.py\Z")
_FOLDERS = frozenset({"test", "tests", "testing"})


@lru_cache(4096)
def is_test(path: Path, root: Path | None) -> bool:
    """Whether a file is a test, or stands among tests, as far as its path inside the project `root` tells."""
    inside = path.relative_to(root) if root is not None and path.is_relative_to(root) else Path(path.name)
    return _FILE.match(inside.name) is not None or not _FOLDERS.isdisjoint(inside.parts[:-1])
