"""The index of one folder as the server has it: the records that the process beside it sends, and over them those of
open documents, whose text wins.

Must not know who sends them, nor what is asked of the index.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from celery_analyzers.index import ProjectIndex
from celery_analyzers.index_records import FileRecord

if TYPE_CHECKING:
    from pathlib import Path


class FolderIndex:
    """The index of the folder `root`; None until it is ready."""

    def __init__(self, root: str, test_files: tuple[str, ...]) -> None:
        self.root = root
        self._test_files = test_files
        self._saved: dict[str, FileRecord] = {}
        self._arriving: dict[str, FileRecord] = {}
        self._open: dict[str, FileRecord] = {}
        self._files: frozenset[str] = frozenset()
        self.is_ready = False
        """Whether all that is on disk has arrived."""
        self._is_changed = False
        self.index: ProjectIndex | None = None

    @property
    def is_due(self) -> bool:
        """Whether there is something new for `update`."""
        return self.is_ready and self._is_changed

    def receive(self, message: dict[str, Any]) -> None:
        """Take over a part of what is on disk."""
        for path, record in message.get("records", {}).items():
            self._arriving[f"{self.root}/{path}"] = FileRecord.from_json(json.loads(record))
        for path in message.get("gone", ()):
            self._saved.pop(f"{self.root}/{path}", None)
        if "files" in message:
            self._files = frozenset(f"{self.root}/{path}" for path in message["files"].split("\0") if path)
        if message.get("ready"):
            self._saved = self._arriving if message.get("all") else self._saved | self._arriving
            self._arriving = {}
            self.is_ready = self._is_changed = True

    def holds(self, path: Path) -> bool:
        """Whether a file belongs to the index: one that is left out does not."""
        return str(path) in self._files

    def set_test_files(self, patterns: tuple[str, ...]) -> None:
        """Take other files for tests."""
        if patterns != self._test_files:
            self._test_files = patterns
            self._is_changed = True

    def overlay(self, path: Path, record: FileRecord | None) -> None:
        """Let a record win over the disk's; None returns to that."""
        name = str(path)
        if self._open.get(name) != record:
            self._is_changed = True
            if record is None:
                del self._open[name]
            else:
                self._open[name] = record

    def update(self) -> bool:
        """Make the index anew if anything in it changed: whether rules may get other answers by now."""
        if not self.is_due:
            return False
        self._is_changed = False
        before = self.index
        records = {path: record for path, record in (self._saved | self._open).items() if not record.is_empty()}
        files = self._files.union(self._open)
        if before is not None and (before.files, before.test_files) == (files, self._test_files):
            self.index = before.with_records({path: records[path] for path in sorted(records)})
            return not _mean_the_same(before, self.index)
        self.index = ProjectIndex.of(records, files, self.root, self._test_files)
        return True


def _mean_the_same(one: ProjectIndex, other: ProjectIndex) -> bool:
    if one.records.keys() != other.records.keys():
        return False
    pairs = ((one.records[path], record) for path, record in other.records.items())
    return all(before is after or before.meaning() == after.meaning() for before, after in pairs)
