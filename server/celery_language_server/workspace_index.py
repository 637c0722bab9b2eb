"""Brings the index of a project up to date: walks to its files, has those read that changed, and keeps what they add.

Knows the order of events. Must not know what records mean, nor who asks. Imports what reads code only where something
changed.
"""

from __future__ import annotations

from celery_language_server.configuration_file import is_project
from celery_language_server.discovery import Walker
from celery_language_server.index_store import IndexStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from celery_analyzers.index import ProjectIndex
    from celery_language_server.cache import WalkSettings
    from celery_language_server.discovery import Found
    from celery_language_server.index_store import Entry
    from celery_language_server.processes import Crew


class WorkspaceIndex:
    """The index of the project at `root`, and the files that it is made of.

    These are all files of a project. Where nothing marks one, they are what is in `folders`, and what stands `near`.
    """

    def __init__(
        self, root: str, settings: WalkSettings, folders: Iterable[str] = (), near: Iterable[str] = ("",)
    ) -> None:
        self._root = root
        self._settings = settings
        self._folders, self._near = (list(folders), list(near)) if not is_project(root) else ([""], list[str]())
        self._meaning: str | None = None
        self._is_saved = False
        self._modules: frozenset[str] | None = None
        self._index: ProjectIndex | None = None
        self.store = IndexStore(root, settings)
        self.found: Found = self._walk()
        self.unknown = self.store.compare(self.found)
        """The files that are to be read, with their stamps."""

    def _walk(self) -> Found:
        settings = self._settings
        known = self.store.decisions if self.store.is_known and self.store.decisions.hold() else None
        return Walker(self._root, settings.exclude, settings.respect_gitignore, known).walk(self._folders, self._near)

    @property
    def is_current(self) -> bool:
        """Whether `meaning` is told without a look into any file or record."""
        return not self.unknown and not self.store.has_changed()

    @property
    def meaning(self) -> str:
        """Tells this index from others, as far as findings can depend on it."""
        if self.is_current:
            return self.store.meaning
        if self._meaning is None:
            from celery_language_server.answers import meaning_of

            self._meaning = meaning_of(self.index)
        return self._meaning

    @property
    def index(self) -> ProjectIndex:
        """The index itself. All files have been read."""
        if self._index is None:
            from celery_language_server.answers import index_from

            self._index = index_from(self._root, self.store.records(), self.found.files, self._settings.test_files)
        return self._index

    def may_hold_findings(self, path: str) -> bool:
        """Whether there may be something to find in a file: it speaks of Celery, or an app is configured from it."""
        return not self.store.is_plain(path) or path in self.configuration_modules

    @property
    def configuration_modules(self) -> frozenset[str]:
        """The files that apps are configured from."""
        if self._modules is None:
            self._modules = self.store.configuration_modules if self.is_current else self._found_modules()
        return self._modules

    def _found_modules(self) -> frozenset[str]:
        start = len(self._root) + 1
        return frozenset(path[start:] for path in self.index.configuration_modules())

    def read(self, crew: Callable[[], Crew]) -> Iterator[tuple[str, Entry | None]]:
        """Have the files read that changed; what is known of each, as soon as it is."""
        if not self.unknown:
            return
        for path, entry in crew().entries(self.unknown):
            if entry is None:
                self.store.pass_over(path)
            else:
                self.store.store(path, entry)
            yield path, entry
        self.unknown = {}

    def share(self, crew: Crew) -> None:
        """Let those who analyse files ask the index."""
        crew.set_index(self.index, self.store.records(), self.found.files)

    def save(self) -> str:
        """Keep what was read; returns the meaning of the index."""
        if not self._is_saved:
            self._is_saved = True
            self.store.save(self.found, self.meaning, self.configuration_modules)
        return self.meaning
