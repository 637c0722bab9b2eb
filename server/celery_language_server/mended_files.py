"""The files of a project while they are mended: each as it was, and as the fixes so far have made it.

A fix may change several files, and several fixes the same one, so that nothing is written before all are done. Knows
files. Must not know what is changed in them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from celery_language_server.sources import Source, UnreadableError, create, decode, read, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from celery_language_server.inspection import Inspector


@dataclass(slots=True)
class Change:
    """What becomes of a file, and how many of its own findings are fixed. One that `is_new` has yet to be created."""

    path: Path
    shown_as: str
    before: Source
    after: str
    fixed: int = 0
    is_new: bool = False


class MendedFiles:
    """The files of one project. `shown_as` tells how the user sees a path inside it."""

    def __init__(self, inspector: Inspector, shown_as: Callable[[str], str]) -> None:
        self.inspector = inspector
        self._shown_as = shown_as
        self._files: dict[Path, Change] = {}

    def read(self, path: Path) -> str:
        """The text of a file after the fixes so far. Raises UnreadableError where it could not be written back."""
        if path not in self._files:
            data = read(str(path))
            source = decode(data)
            if source.encoded(source.text) != data:
                raise UnreadableError(f"is left as it is: {source.encoding} does not give the same bytes back")
            self._take(path, source)
        return self._files[path].after

    def text(self, path: Path, creates: bool = False) -> str | None:
        """The text of a file of the project, empty where it `creates` one that is not there; None where it cannot be
        read or is none of the project's."""
        if not path.is_relative_to(self.inspector.root):
            return None
        if creates and path not in self._files and not os.path.lexists(path):
            self._take(path, Source("", "utf-8"), is_new=True)
        try:
            return self.read(path)
        except UnreadableError:
            return None

    def _take(self, path: Path, source: Source, *, is_new: bool = False) -> None:
        shown_as = self._shown_as(path.relative_to(self.inspector.root).as_posix())
        self._files[path] = Change(path, shown_as, source, source.text, is_new=is_new)

    def change(self, path: Path, text: str, fixed: int = 0) -> None:
        """Take another text for a file that was read, for others to see."""
        file = self._files[path]
        file.after = text
        file.fixed += fixed
        self.inspector.project.set_overlay(path, text)

    def changes(self) -> Iterator[Change]:
        """The files that have another text, in the order in which they were read."""
        return (file for file in self._files.values() if file.after != file.before.text)

    def write(self, change: Change) -> None:
        """Write a file. Raises UnreadableError."""
        put = create if change.is_new else write
        put(str(change.path), change.before.encoded(change.after))
