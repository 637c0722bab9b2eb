"""Keeps on disk what each file adds to the index of the workspace, and what the walk to the files decided.

A record holds as long as the file and the other files that it was told by are the same. It depends on no settings but
those that tell which files there are and what is a task, so that all runs share it, and the server too. Records are
read from their JSON only where something changed.
"""

from __future__ import annotations

import os

from celery_language_server.cache_file import CacheFile
from celery_language_server.cache_keys import engine_key
from celery_language_server.discovery import Decisions
from celery_language_server.versions import NewVersions, Versions, has_digest, settled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from celery_language_server.cache import WalkSettings
    from celery_language_server.discovery import Found

_FIELDS = 5


class Entry:
    """What is known of one file: its record as JSON, empty for a file that adds nothing and holds no finding."""

    __slots__ = ("dependencies", "digest", "record", "stamp")

    def __init__(self, stamp: str, digest: str = "", dependencies: tuple[str, ...] = (), record: str = "") -> None:
        self.stamp = stamp
        self.digest = digest
        self.dependencies = dependencies
        self.record = record


class IndexStore:
    """The records of one project. Paths of files are relative to the root."""

    def __init__(self, root: str, settings: WalkSettings) -> None:
        self._root = root
        parts = (*settings.exclude, str(settings.respect_gitignore), *settings.decorators)
        self._file = CacheFile(root, "index", "\n".join(parts), engine_key())
        tables = self._file.read(8)
        self.is_known = tables is not None
        head, modules, ignore_files, verdicts, versions, plain, passed, self._fields = tables or [[""], *[[]] * 7]
        self.meaning = head[0]
        """Tells this index from others, as far as findings can depend on it."""
        self.configuration_modules = frozenset(modules)
        """The files that apps are configured from, whatever words they hold."""
        self.decisions = Decisions()
        self.decisions.ignore_files = dict(zip(ignore_files[::2], ignore_files[1::2], strict=True))
        self.decisions.verdicts = dict(zip(verdicts[::2], map(bool, verdicts[1::2]), strict=True))
        self._verdicts = len(self.decisions.verdicts)
        self._versions = Versions(versions)
        self._plain = dict(zip(plain[::2], plain[1::2], strict=True))
        self._passed = set(passed)
        self._places = dict(zip(self._fields[::_FIELDS], range(1, len(self._fields), _FIELDS), strict=True))
        self._new: dict[str, Entry] = {}
        self._gone: set[str] = set()
        self._found: Found | None = None

    def compare(self, found: Found) -> dict[str, str]:
        """The files whose records are to be made, with their stamps."""
        self._found = found
        self._versions.compare(found)
        unknown: dict[str, str] = {}
        for files in (found.files, found.others):
            for path, stamp in files.items() - self._plain.items():
                place = self._places.get(path)
                if place is None:
                    if path not in self._passed:
                        unknown[path] = stamp
                elif not self._holds(path, place, stamp):
                    unknown[path] = stamp
        self._passed &= found.others.keys()
        there = found.files.keys() | found.others.keys()
        self._gone = (self._plain.keys() | self._places.keys()) - there
        return unknown

    def _holds(self, path: str, place: int, stamp: str) -> bool:
        known, digest, needed = self._fields[place : place + 3]
        if not self._versions.hold(needed):
            return False
        if known == stamp:
            return True
        if not has_digest(os.path.join(self._root, path), digest):
            return False
        self._new[path] = Entry(stamp, digest, self._versions.paths(needed), self._fields[place + 3])
        return True

    def pass_over(self, path: str) -> None:
        """A file does not matter, whatever it holds."""
        self._passed.add(path)

    def store(self, path: str, entry: Entry) -> None:
        """Keep what is known of a file."""
        self._new[path] = entry

    def is_plain(self, path: str) -> bool:
        """Whether a file is known to be nothing to Celery."""
        entry = self._new.get(path)
        return not entry.record if entry is not None else path in self._plain

    def has_changed(self) -> bool:
        """Whether anything is to be written."""
        return bool(self._new or self._gone) or not self.is_known

    def records(self) -> dict[str, str]:
        """The records as JSON, by the paths of their files."""
        fields = self._fields
        known = {path: fields[place + 3] for path, place in self._places.items() if path not in self._gone}
        known |= {path: entry.record for path, entry in self._new.items()}
        return {path: record for path, record in known.items() if record}

    def save(self, found: Found, meaning: str, configuration_modules: frozenset[str]) -> None:
        """Write what there is, if it changed."""
        decided = found.decisions is self.decisions and len(found.decisions.verdicts) == self._verdicts
        if decided and not self.has_changed() and meaning == self.meaning:
            return
        entries = self._entries()
        versions = NewVersions(found, self._versions)
        plain: list[str] = []
        fields: list[str] = []
        for path, entry in entries.items():
            if entry.record:
                needed = versions.needed(entry.dependencies)
                fields += path, settled(entry.stamp), entry.digest, needed, entry.record
            else:
                plain += path, settled(entry.stamp)
        ignores = [field for pair in found.decisions.ignore_files.items() for field in pair]
        verdicts = [field for path, out in found.decisions.verdicts.items() for field in (path, "1" if out else "")]
        tables = (ignores, verdicts, versions.rows, plain, sorted(self._passed), fields)
        self._file.write(([meaning], sorted(configuration_modules), *tables))

    def _entries(self) -> Mapping[str, Entry]:
        entries = {path: Entry(stamp) for path, stamp in self._plain.items() if path not in self._gone}
        for path, place in self._places.items():
            if path not in self._gone:
                stamp, digest, needed, record = self._fields[place : place + 4]
                entries[path] = Entry(stamp, digest, self._versions.paths(needed), record)
        return entries | self._new
