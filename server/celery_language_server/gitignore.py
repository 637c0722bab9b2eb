"""Tells by the patterns of .gitignore files and of the configuration what is left out.

Knows which patterns speak of a path, and which of them wins. Must not walk folders.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

INFO_EXCLUDE = ".git/info/exclude"


class Matcher:
    """The patterns that hold under a root, `base`, whose path ends in a slash."""

    def __init__(self, base: str, exclude: Iterable[str]) -> None:
        self._base = base
        self._exclude = _spec(exclude)
        self._specs: dict[str, GitIgnoreSpec] = {}

    def leaves_out(self, path: str, ignore_files: Container[str], within: str | None) -> bool:
        """Whether a path, relative to the root, is left out.

        `ignore_files` are the absolute paths of the ignore files that there are. Where `within` is given,
        only those in that folder and below count, and the configuration does not.
        """
        if within is None and self._exclude.match_file(path):
            return True
        absolute = self._base + path
        folder = _parent(absolute.rstrip("/"))
        while True:
            # The ignore file that is nearest to the path and speaks of it decides.
            for name in (".gitignore", INFO_EXCLUDE):
                if folder + name in ignore_files:
                    verdict = self._spec_of(folder + name).check_file(absolute[len(folder) :]).include
                    if verdict is not None:
                        return verdict
            if folder == "/" or folder == _parent(folder[:-1]) or (within and folder == self._base + within):
                return False
            folder = _parent(folder[:-1])

    def _spec_of(self, file: str) -> GitIgnoreSpec:
        if file not in self._specs:
            self._specs[file] = _spec(_lines(Path(file)))
        return self._specs[file]


def _parent(path: str) -> str:
    """The folder of a path, with its slash."""
    return path[: path.rfind("/") + 1]


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8-sig", errors="surrogateescape").split("\n")
    except OSError:
        return []


def _spec(patterns: Iterable[str]) -> GitIgnoreSpec:
    """The patterns that can be understood; Git passes over others as well."""
    patterns = list(patterns)
    try:
        return GitIgnoreSpec.from_lines(patterns)
    except (ValueError, re.error):
        return GitIgnoreSpec.from_lines([pattern for pattern in patterns if _is_valid(pattern)])


def _is_valid(pattern: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([pattern])
    except (ValueError, re.error):
        return False
    return True
