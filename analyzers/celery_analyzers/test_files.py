"""Tells tests from other code, by the names in a file's path. Must not know what is in the file."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from celery_analyzers.path_patterns import is_matched

TEST_FILES = (
    *("test_*.py", "*_test.py", "*_tests.py", "test.py", "tests.py", "conftest.py"),
    *("**/test/**", "**/tests/**", "**/testing/**"),
)
"""The files in which pytest and Django look for tests, and all that stands among them."""


@lru_cache(4096)
def is_test(path: Path, root: Path | None, patterns: tuple[str, ...] = TEST_FILES) -> bool:
    """Whether a file is a test, or stands among tests, as far as its path inside the project `root` tells.

    What a pattern behind a `!` speaks of is none, whatever others say.
    """
    inside = inside_project(path, root)
    tests = tuple(pattern for pattern in patterns if not pattern.startswith("!"))
    others = tuple(pattern[1:] for pattern in patterns if pattern.startswith("!"))
    return is_matched(tests, inside) and not is_matched(others, inside)


def inside_project(path: Path, root: Path | None) -> str:
    """A file's path inside the project `root`, with slashes; its name where it stands elsewhere."""
    return path.relative_to(root).as_posix() if root is not None and path.is_relative_to(root) else path.name
