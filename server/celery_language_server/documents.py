"""The documents that the client has open: their text and their analysis follow its edits.

Knows the content of the synchronisation messages. The text lives in the engine's `FileAnalysis` and nowhere
else. Must not know how findings are shown.
"""

from __future__ import annotations

import math
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from celery_language_server.params import find, integer, string
from celery_language_server.positions import PositionEncoding, to_column
from celery_language_server.uris import to_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from celery_analyzers.analysis import FileAnalysis
    from celery_analyzers.project import Project
    from celery_language_server.folders import Folder

PYTHON_SUFFIXES: Final = frozenset({".py", ".pyi", ".pyw"})


class Document:
    """One open document."""

    __slots__ = (
        *("_changed", "_is_indexed", "_project", "_rules", "_shared", "_time"),
        *("analysis", "folder", "path", "uri", "version"),
    )

    def __init__(self, uri: str, version: int | None, text: str, folder: Folder) -> None:
        self.uri = uri
        self.path: Path | None = to_path(uri)
        self.version = version
        self._begin(folder, text)

    def _begin(self, folder: Folder, text: str) -> None:
        self.folder = folder
        self.analysis: FileAnalysis = folder.analyse(text, self.path)
        self._rules = folder.rules(self.path)
        self._project: Project = folder.project
        self._is_indexed = False
        self._time = folder.time
        # Whether the text changed since other files were told of it, and what of it they were told.
        self._changed = True
        self._shared: list[object] | None = None

    @property
    def is_excluded(self) -> bool:
        """Whether the settings leave the file out."""
        return self.path is not None and self.folder.excludes(self.path)

    def move(self, folder: Folder) -> None:
        """The document belongs to another folder, or perhaps the same as before."""
        if folder is not self.folder:
            self.unshare()
            self._begin(folder, self.analysis.text)

    def apply(self, change: object, encoding: PositionEncoding) -> None:
        """Apply one of `contentChanges`. Positions that do not exist are moved to what comes before."""
        text = string(change, "text")
        self._changed = True
        self._is_indexed = False
        if find(change, "range") is None:
            self.analysis.replace(text)
        else:
            start, end = (self._place(change, edge, encoding) for edge in ("start", "end"))
            self.analysis.edit(min(start, end), max(start, end), text)

    def _place(self, change: object, edge: str, encoding: PositionEncoding) -> tuple[int, int]:
        line = integer(change, "range", edge, "line")
        units = integer(change, "range", edge, "character")
        return line, to_column(self.analysis.line_text(line), units, encoding)

    def share(self) -> None:
        """Let the folder's other files see this text instead of what is on disk.

        They see no more of it than the names that it binds: typing in a function's body is nothing to them.
        """
        if self._changed and self.path is not None:
            names: list[object] = [(part.segment.kind, part.owner, part.names) for part in self.analysis.segments]
            if names != self._shared:
                self._shared = names
                self.folder.overlay(self.path, self.analysis.text)
        self._changed = False

    def unshare(self) -> None:
        """Let the folder's other files see what is on disk."""
        if self.path is not None:
            self.folder.overlay(self.path, None)
            self.folder.index_text(self.path, None)

    @property
    def is_indexed(self) -> bool:
        """Whether the index of the folder holds what this text says."""
        return self._is_indexed

    def index(self) -> None:
        """Let the index of the folder hold what this text says instead of what is on disk."""
        self._is_indexed = True
        if self.path is not None:
            self.folder.index_text(self.path, self.analysis)

    def is_behind(self) -> bool:
        """Whether the settings or any other files changed since the analysis took note of them."""
        return self._has_news() or self.analysis.is_refreshing

    def _has_news(self) -> bool:
        return self._has_other_settings() or self._time != self.folder.time

    def _has_other_settings(self) -> bool:
        return self._rules is not self.folder.rules(self.path) or self._project is not self.folder.project

    def is_right_but_for_the_index(self) -> bool:
        """Whether nothing has changed since but what the index says."""
        if not self._has_news():
            return True
        changed = self._has_other_settings() or self.folder.changed_since(self._time, self.analysis.dependencies())
        return not changed

    def catch_up(self, seconds: float = math.inf) -> bool:
        """Analyse again what the settings, other files or the index have changed, for no longer than so many seconds,
        or one segment: whether all is done."""
        if self._has_news():
            self._begin_to_catch_up()
        return self.analysis.refresh_some(seconds)

    def _begin_to_catch_up(self) -> None:
        folder, rules, project = self.folder, self.folder.rules(self.path), self.folder.project
        if project is not self._project:
            self._changed, self._shared = True, None
            self.share()
        if not self.is_right_but_for_the_index():
            # What a text adds to the index depends on other files, but not on the index.
            self._is_indexed = False
            self.analysis.begin_refresh(rules=rules, project=project)
        elif self.analysis.has_other_answers():
            self.analysis.begin_refresh()
        self._rules, self._project, self._time = rules, project, folder.time


class Documents:
    """All open documents, by the URI that the client calls them."""

    __slots__ = ("_by_uri",)

    def __init__(self) -> None:
        self._by_uri: dict[str, Document] = {}

    def __iter__(self) -> Iterator[Document]:
        return iter(tuple(self._by_uri.values()))

    def get(self, uri: str) -> Document | None:
        """The open document that the client calls `uri`."""
        return self._by_uri.get(uri)

    def open(self, uri: str, version: int | None, text: str, folder: Folder) -> Document:
        """Begin to follow a document; one that is open already begins anew."""
        for other in self._by_uri.values():
            other.share()
        document = self._by_uri[uri] = Document(uri, version, text, folder)
        return document

    def holds(self, path: Path) -> bool:
        """Whether a file is open, so that what is on disk does not count."""
        return any(document.path == path for document in self._by_uri.values())

    def close(self, uri: str) -> Document | None:
        """Stop following a document. None if it was not open."""
        document = self._by_uri.pop(uri, None)
        if document is not None:
            document.unshare()
        return document

    def share(self) -> None:
        """Let files see all open texts. A file alone need not: nobody looks at it."""
        if len(self._by_uri) > 1:
            for document in self._by_uri.values():
                document.share()


def is_python(language: object, uri: str) -> bool:
    """Whether a document is ours: clients may send the configuration files that they watch, too."""
    return language == "python" or PurePath(uri).suffix in PYTHON_SUFFIXES
