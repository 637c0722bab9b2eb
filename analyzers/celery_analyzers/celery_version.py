"""Which version of Celery applies to a project, read from its files and never from the Celery beside us.

A lock file says it best, then an exact pin, then an environment in the project's folder, then a range. Knows where
such files stand. Must not know how they are written (`celery_requirements.py`), nor rules.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from celery_analyzers.celery_requirements import (
    FIXED_NAMES,
    Kind,
    Requirement,
    Version,
    includes_in,
    intersection,
    kind_of,
    requirements_in,
    union,
)

LARGEST_FILE = 16_000_000
"""Bytes above which a file is not read; lock files with hashes have a few millions."""
_MOST_FILES = 200
"""Files that are read for one answer at most."""
_MOST_ENTRIES = 5_000
"""Directory entries that are looked at below the root, where nothing else says a version."""
_DEPTH = 2
_SKIPPED = frozenset({"node_modules", "venv", "env", "site-packages", "__pycache__", "build", "dist", "vendor"})
_REQUIREMENT_FOLDERS = ("requirements", "reqs", "requirement", "dependencies", "deps")
_ENVIRONMENTS = (".venv", "venv", "env", ".env")
_INSTALLED = re.compile(r"celery-(\d+(?:\.\d+)*)[^-]*(?:-[^-]*)?\.(?:dist|egg)-info", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CeleryVersion:
    """The versions that a project may run on: from `lowest` to `highest`, both among them; None is no limit known.

    `highest` stands for all versions that begin with it: `<5.5` is up to 5.4, 5.4.9 too. `source` and `line`, which
    counts from 0, tell where it is written. `consulted` are the files and folders that the answer depends on, those
    that were looked for in vain among them; of a folder it depends on which files it has.
    """

    lowest: Version | None = None
    highest: Version | None = None
    source: Path | None = None
    line: int | None = None
    consulted: frozenset[Path] = frozenset()

    @property
    def is_exact(self) -> bool:
        """Whether one version is meant, or one release."""
        return self.lowest is not None and self.lowest == self.highest

    @property
    def release(self) -> tuple[int, int] | None:
        """The one release that it can be, `(5, 5)`; None if it may be one of several."""
        if self.lowest is None or self.highest is None or min(len(self.lowest), len(self.highest)) < 2:
            return None
        lowest, highest = self.lowest[:2], self.highest[:2]
        return (lowest[0], lowest[1]) if lowest == highest else None

    def at_least(self, *version: int) -> bool | None:
        """Whether it is this version or a later one: `at_least(5, 5)`; None if that cannot be told."""
        if self.lowest is not None and _padded(self.lowest, len(version)) >= version:
            return True
        if self.highest is not None:
            length = min(len(self.highest), len(version))
            if self.highest[:length] < version[:length]:
                return False
        return None

    def below(self, *version: int) -> bool | None:
        """Whether it is an earlier version; None if that cannot be told."""
        later = self.at_least(*version)
        return None if later is None else not later


@dataclass(frozen=True, slots=True)
class _Found:
    requirement: Requirement
    path: Path
    kind: Kind | None
    """None if it is installed."""


def find_version(root: Path, files: Iterable[Path] | None = None) -> CeleryVersion:
    """The version that applies to the project at `root`, from its own folder or, if that says nothing, from below.

    `files` are read instead where they are given.
    """
    search = _Search(root)
    if files is not None:
        return search.answer(_chosen(list(search.read(files))))
    return search.answer(_chosen(list(search.folder(search.root)) or list(search.below())))


def version_for(path: Path, root: Path) -> CeleryVersion:
    """The version that applies to one file of the project at `root`: what is written nearest to it, upwards.

    A range gives way to an exact version inside it that is written further up, as the members of a workspace
    have one lock file. If nothing is found upwards, it is what `find_version` says.
    """
    search = _Search(root)
    nearest: CeleryVersion | None = None
    for folder in search.upwards(path):
        version = _chosen(list(search.folder(folder)))
        if version is None:
            continue
        if version.is_exact and (nearest is None or _agree(nearest, version)):
            return search.answer(version)
        nearest = nearest or version
    return search.answer(nearest or _chosen(list(search.below())))


def is_version_file(name: str) -> bool:
    """Whether a file of this name may say which version applies: for those who watch files."""
    return kind_of(name) is not None


class _Search:
    """One search, which keeps what it looked at."""

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.abspath(root))
        self._consulted: set[Path] = set()
        self._read: set[Path] = set()

    def answer(self, version: CeleryVersion | None) -> CeleryVersion:
        return replace(version or CeleryVersion(), consulted=frozenset(self._consulted))

    def upwards(self, path: Path) -> Iterator[Path]:
        """The folders from that of `path` to the root."""
        folder = Path(os.path.abspath(path)).parent
        if folder != self.root and self.root not in folder.parents:
            return
        while folder != self.root:
            yield folder
            folder = folder.parent
        yield folder

    def folder(self, folder: Path) -> Iterator[_Found]:
        """What is written in the files of a folder, or installed beside them."""
        self._consulted.update(folder / name for name in FIXED_NAMES)
        for listed in (folder, *(folder / name for name in _REQUIREMENT_FOLDERS)):
            inside = listed != folder
            for name in self._names(listed):
                if kind_of(name) is not None or (inside and name.endswith((".txt", ".in"))):
                    yield from self._file(listed / name, kind_of(name) or Kind.REQUIREMENTS)
        yield from self._installed(folder)

    def read(self, files: Iterable[Path]) -> Iterator[_Found]:
        """What is written in these files."""
        for path in files:
            yield from self._file(Path(os.path.abspath(path)), kind_of(path.name) or Kind.REQUIREMENTS)

    def below(self) -> Iterator[_Found]:
        """What is written in the folders below the root, the nearest only."""
        level, entries = [self.root], 0
        for _ in range(_DEPTH):
            level = [
                folder / name
                for folder in level
                for name in self._names(folder)
                if not name.startswith(".") and name not in _SKIPPED and os.path.isdir(folder / name)
            ]
            entries += len(level)
            if entries > _MOST_ENTRIES:
                return
            found = [each for folder in level for each in self.folder(folder)]
            if found:
                yield from found
                return

    def _names(self, folder: Path) -> list[str]:
        self._consulted.add(folder)
        try:
            return sorted(os.listdir(folder))[:_MOST_ENTRIES]
        except (OSError, ValueError):
            return []

    def _file(self, path: Path, kind: Kind) -> Iterator[_Found]:
        self._consulted.add(path)
        if path in self._read or len(self._read) >= _MOST_FILES:
            return
        self._read.add(path)
        requirements, includes = _content(path)
        yield from (_Found(requirement, path, kind) for requirement in requirements)
        for included, its_kind in includes if kind is not Kind.LOCK else ():
            inner = Path(os.path.normpath(path.parent / included))
            if self.root in inner.parents:
                yield from self._file(inner, Kind.CONSTRAINTS if kind is Kind.CONSTRAINTS else its_kind)

    def _installed(self, folder: Path) -> Iterator[_Found]:
        for environment in (folder / name for name in _ENVIRONMENTS):
            if not environment.is_dir():
                continue
            libraries = [environment / "lib" / name for name in self._names(environment / "lib")]
            for packages in (*(each / "site-packages" for each in libraries), environment / "Lib" / "site-packages"):
                for name in self._names(packages):
                    match = _INSTALLED.fullmatch(name)
                    if match is not None:
                        version = tuple(int(part[:9]) for part in match[1].split("."))
                        yield _Found(Requirement(version, version), packages / name, None)


def _content(path: Path) -> tuple[tuple[Requirement, ...], tuple[tuple[str, Kind], ...]]:
    try:
        status = path.stat()
        if status.st_size > LARGEST_FILE or not path.is_file():
            return (), ()
        return _parsed(path, status.st_mtime_ns, status.st_size)
    except (OSError, ValueError):
        return (), ()


@lru_cache(maxsize=256)
def _parsed(path: Path, *_: int) -> tuple[tuple[Requirement, ...], tuple[tuple[str, Kind], ...]]:
    """What a file says, kept as long as its time and size do not change: files are many that depend on one lock."""
    data = path.read_bytes()
    listing = path.suffix in {".txt", ".in", ".pip"}
    return requirements_in(path.name, data), includes_in(data) if listing else ()


def _chosen(found: list[_Found]) -> CeleryVersion | None:
    """What several places come to; None if there are none."""
    locked = [each for each in found if each.kind is Kind.LOCK]
    written = [each for each in found if each.kind in {Kind.REQUIREMENTS, Kind.CONSTRAINTS}]
    # A file may pin one version for old Pythons and allow a range for newer ones: all that it says counts.
    pinning = {each.path for each in written if each.requirement.is_exact}
    pinned = [each for each in written if each.path in pinning]
    installed = [each for each in found if each.kind is None]
    for exact in (locked, pinned, installed):
        if exact:
            return _version(exact, *union(each.requirement for each in exact))
    asked = [each for each in written if each.kind is Kind.REQUIREMENTS]
    limits = [each.requirement for each in written if each.kind is Kind.CONSTRAINTS]
    lowest, highest = union(each.requirement for each in asked)
    lowest, highest = intersection(
        [lowest, *(each.lowest for each in limits)], [highest, *(each.highest for each in limits)]
    )
    return _version(asked or written, lowest, highest) if written else None


def _version(found: list[_Found], lowest: Version | None, highest: Version | None) -> CeleryVersion:
    telling = next((each for each in found if each.requirement.lowest == lowest), found[0])
    return CeleryVersion(lowest, highest, telling.path, telling.requirement.line)


def _agree(version: CeleryVersion, exact: CeleryVersion) -> bool:
    """Whether an exact version lies in a range."""
    assert exact.lowest is not None
    if version.lowest is not None and exact.at_least(*version.lowest) is False:
        return False
    return version.highest is None or exact.lowest[: len(version.highest)] <= version.highest


def _padded(version: Version, length: int) -> Version:
    return version + (0,) * (length - len(version))
