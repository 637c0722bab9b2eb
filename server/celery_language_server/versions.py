"""Which versions of other files, and of folders, what is kept in a cache depends on.

Rows of three: the absolute path, the stamp, and the digest, which is empty where there was nothing. Must not know what
depends on them.
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from celery_language_server.discovery import Found

_SETTLED = 2_000_000_000
"""Nanoseconds after a change during which another one may leave no trace in the file's time."""
UNSETTLED = "?"
"""In the place of a stamp: the file must be read to tell whether it is the same."""


class Versions:
    """The versions that were written; of these, the `stale` ones are others by now."""

    __slots__ = ("_by_path", "_rows", "stale")

    def __init__(self, rows: list[str]) -> None:
        self._rows = rows
        self._by_path: dict[str, tuple[str, str]] | None = None
        self.stale: set[str] = set()
        """Numbers, as they are written in `needed`."""

    def compare(self, found: Found) -> None:
        """Find out what changed."""
        rows = self._rows
        self.stale = {
            str(place // 3)
            for place in range(0, len(rows), 3)
            if not _is_same(rows[place], rows[place + 1], rows[place + 2], found)
        }

    def hold(self, needed: str) -> bool:
        """Whether all that something depends on is as it was."""
        return not self.stale or self.stale.isdisjoint(needed.split())

    def digest_of(self, path: str, stamp: str) -> str | None:
        """The digest that a file had in this version; None where that is not known."""
        if self._by_path is None:
            rows = self._rows
            self._by_path = dict(zip(rows[::3], zip(rows[1::3], rows[2::3], strict=True), strict=True))
        known, digest = self._by_path.get(path, ("", ""))
        return digest if known == stamp else None

    def paths(self, needed: str) -> tuple[str, ...]:
        """What something depends on."""
        return tuple(self._rows[int(number) * 3] for number in needed.split())


class NewVersions:
    """The versions that are to be written; what is known of them from before need not be read again."""

    __slots__ = ("_before", "_found", "_numbers", "rows")

    def __init__(self, found: Found, before: Versions) -> None:
        self._found = found
        self._before = before
        self._numbers: dict[str, str] = {}
        self.rows: list[str] = []

    def needed(self, paths: Iterable[str]) -> str:
        """The numbers of the versions that these files have now."""
        numbers = self._numbers
        for path in paths:
            if path not in numbers:
                numbers[path] = str(len(numbers))
                stamp = self._found.stamp_of(path)
                digest = self._before.digest_of(path, stamp) if stamp else ""
                digest = _digest(path) if digest is None else digest
                self.rows += path, settled(stamp) if digest else "", digest
        return " ".join([numbers[path] for path in paths])


def settled(stamp: str) -> str:
    """The stamp, unless the file changed so lately that it may change again and keep it."""
    changed = stamp.partition(" ")[0]
    if not changed.isdecimal() or time.time_ns() - int(changed) > _SETTLED:
        return stamp
    return UNSETTLED


def has_digest(path: str, digest: str) -> bool:
    """Whether a file's content is the one with this digest."""
    return _digest(path) == digest


def _is_same(path: str, stamp: str, digest: str, found: Found) -> bool:
    now = found.stamp_of(path)
    if not digest or not now:
        return not digest and not now
    return now == stamp or _digest(path) == digest


def _digest(path: str) -> str:
    from celery_language_server.sources import digest_of

    return digest_of(path)
