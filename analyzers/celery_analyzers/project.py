"""The modules of one project: finds the file that an import means, and the names that it binds.

Files are read as text, never imported. Text that an editor has not saved wins over the disk. Knows paths and
packages. Must not know rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from celery_analyzers.bindings import Binding
from celery_analyzers.celery_version import CeleryVersion, version_for
from celery_analyzers.configuration import Given, Place, given_in
from celery_analyzers.import_paths import import_paths
from celery_analyzers.module_names import UNREADABLE, module_names, segment_names
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.segmented_text import SegmentedText
from celery_analyzers.source_texts import docstring_of, line_of_function, line_of_name, text_on_disk
from celery_analyzers.symbols import Scope
from celery_analyzers.task_names import module_names_of
from celery_analyzers.test_files import TEST_FILES, is_test
from celery_analyzers.unread_names import UnreadNames

if TYPE_CHECKING:
    from celery_analyzers.index import ProjectIndex

_Found = TypeVar("_Found")
Question = tuple[str, tuple[str, ...]]
"""A method of the index, and its arguments."""


class Project:
    """The modules under `root`; without a root every import leads outside."""

    def __init__(
        self,
        root: Path | None = None,
        index: ProjectIndex | None = None,
        extra_task_decorators: Iterable[str] = (),
        external_task_names: Iterable[str] = (),
        test_files: tuple[str, ...] = TEST_FILES,
    ) -> None:
        self.root = root.absolute() if root is not None else None
        self.generation = 0
        """Counts the changes told by `set_overlay`, `forget` and `set_index`: equal numbers mean equal answers."""
        self.consulted: set[Path] = set()
        """Files that answers depended on since `begin`, those that were looked for in vain among them."""
        self.asked: dict[Question, object] = {}
        """What the index was asked since `begin`, with its answers."""
        self.awaits_index = False
        """Whether there is to be an index, so that what asks for it cannot be told yet."""
        self._remembered: dict[tuple[int, ...], tuple[tuple[object, ...], object]] = {}
        self.is_unanswered = False
        """Whether something was asked of the index that is still to come. Whoever wants to know sets it to False."""
        self._index = index
        self._extra_task_decorators = frozenset(extra_task_decorators)
        self._external_task_names = tuple(external_task_names)
        self._test_files = test_files
        self._overlays: dict[Path, str] = {}
        self._scopes: dict[Path, ModuleScope | None] = {}
        self._given: dict[tuple[str, str], _Kept] = {}
        self._versions: dict[Path, CeleryVersion] = {}
        self._imports: dict[tuple[Path, str, int], tuple[ModuleScope | None, tuple[Path, ...]]] = {}

    def begin(self) -> None:
        """Forget what was consulted and found, so that the next answers tell what they depend on."""
        for path in self.consulted:
            scope = self._scopes.get(path)
            if scope is not None:
                scope.begin()
        self.consulted = set()
        self.asked = {}
        self._remembered = {}

    def remembered(self, key: tuple[object, ...], find: Callable[[], _Found]) -> _Found:
        """What `find` gives, found once between two calls of `begin`. Keys are told apart by their parts' identity."""
        if self.is_without_index:
            # Each who asks is to notice that it cannot be told yet.
            return find()
        known = self._remembered.get(tuple(map(id, key)))
        if known is None:
            # The key is kept, so that none of its parts gives way to another in the same place.
            known = self._remembered[tuple(map(id, key))] = (key, find())
        return cast("_Found", known[1])

    @property
    def index(self) -> ProjectIndex | None:
        """What is known of the workspace as a whole; None until somebody has found it out."""
        return self._index

    def set_index(self, index: ProjectIndex | None) -> None:
        """Take over what is known of the workspace as a whole."""
        self._index = index
        self.generation += 1
        self._given.clear()

    def replace_index(self, index: ProjectIndex | None) -> None:
        """Take over an index that answers as the one before did, but for lines and uses."""
        self._index = index

    def ask(self, question: str, *arguments: str) -> Any:
        """What the index answers to one of its methods; None where there is no index yet.

        The answer becomes one that the result depends on.
        """
        key = (question, arguments)
        if key not in self.asked:
            self.asked[key] = self._answer(key)
        self._note_unanswered()
        return self.asked[key]

    def _note_unanswered(self) -> None:
        if self.is_without_index:
            self.is_unanswered = True

    @property
    def is_without_index(self) -> bool:
        """Whether the index is still to come."""
        return self.awaits_index and self._index is None

    def _answer(self, question: Question) -> object:
        name, arguments = question
        return None if self._index is None else getattr(self._index, name)(*arguments)

    def has_other_answers(self, asked: Mapping[Question, object]) -> bool:
        """Whether the index has other answers by now."""
        return any(self._answer(question) != answer for question, answer in asked.items())

    def declares_task_decorator(self, path: str, module: Scope | None) -> bool:
        """Whether the configuration says that `path` makes tasks: a dotted path, or a name of `module`."""
        if not self._extra_task_decorators:
            return False
        if module is None:
            return path in self._extra_task_decorators
        where = module.path if isinstance(module, ModuleScope) else None
        if where is None:
            return False
        return any(f"{name}.{path}" in self._extra_task_decorators for name in module_names_of(where, self.root))

    def is_external_task(self, name: str) -> bool:
        """Whether the configuration says that tasks of this name are run by somebody else."""
        return any(fnmatchcase(name, pattern) for pattern in self._external_task_names)

    def is_test(self, path: Path) -> bool:
        """Whether a file is a test, or stands among tests, by the names in its path inside the project."""
        return is_test(path, self.root, self._test_files)

    def may_hold(self, path: Path, pattern: str) -> bool:
        """Whether the text of the file at `path` holds what matches a regular expression; True where it cannot be
        read."""
        self.consulted.add(path)
        text = self._text(path)
        return text is None or re.search(pattern, text) is not None

    def text(self, path: Path) -> str | None:
        """The text of a file, as the editor has it; None where it cannot be read."""
        self.consulted.add(path)
        try:
            return self._text(path)
        except FileNotFoundError:
            return None

    def given(self, name: str, app: str) -> Sequence[Given]:
        """The values that a setting of the app that the module at `app` makes is given, by that module, by what it is
        configured from, and by modules that configure it."""
        kept = self._given.get((app, name))
        if kept is None:
            before = self.consulted, self.asked
            self.consulted, self.asked = set(), {}
            found = tuple(self._find_given(name, app))
            kept = self._given[app, name] = _Kept(found, frozenset(self.consulted), self.asked)
            self.consulted, self.asked = before
        self.consulted |= kept.consulted
        self.asked |= kept.asked
        if kept.asked:
            self._note_unanswered()
        return kept.given

    def _find_given(self, name: str, app: str) -> Iterator[Given]:
        django = self.django_settings(app)
        for path in (app, *(self.ask("configuring", app) or ())):
            module = self.module_at(path_of(path))
            if module is not None:
                yield from given_in(name, module, django)

    def django_settings(self, path: str) -> list[Scope] | None:
        """The modules that may be the settings of the Django project that a file is in; None where that is not
        known."""
        modules = self.ask("django_settings", path)
        found = [self.module_at(path_of(module)) for module in modules or ()]
        return [module for module in found if module is not None] or None

    def celery_version(self, path: Path | None) -> CeleryVersion:
        """The version of Celery that a file's code runs on, as far as the project's files tell."""
        if self.root is None or path is None:
            return CeleryVersion()
        folder = path.parent
        if folder not in self._versions:
            self._versions[folder] = version_for(path, self.root)
        version = self._versions[folder]
        self.consulted |= version.consulted
        return version

    def line_of(self, place: Place) -> int | None:
        """The number of the line that a place is in, from 0; None where it cannot be found any more."""
        try:
            text = None if place.path is None else self._text(place.path)
        except FileNotFoundError:
            return None
        return None if text is None else line_of_name(place.name, text)

    def docstring(self, path: Path, function: str) -> str | None:
        """The first paragraph of the docstring of a function; None where it has none, or cannot be found."""
        try:
            text = self._text(path)
        except FileNotFoundError:
            return None
        return None if text is None else docstring_of(function, text)

    def line_in(self, path: Path, function: str, below: int) -> int | None:
        """The number of the line that stands `below` the first of a function of a module, from 0."""
        try:
            text = self._text(path) or ""
        except FileNotFoundError:
            return None
        first = line_of_function(function, text)
        return None if first is None else first + below

    def module_at(self, path: Path) -> ModuleScope | None:
        """The scope of the module at `path`; None where there is none."""
        self.consulted.add(path)
        return self._scope(path)

    def set_overlay(self, path: Path, text: str | None) -> None:
        """Take `text` for the content of `path`; None returns to the disk's."""
        if text is None:
            self._overlays.pop(path, None)
        else:
            self._overlays[path] = text
        self.forget(path)

    def forget(self, path: Path | None = None) -> None:
        """Tell that `path`, or anything, changed on disk."""
        self.generation += 1
        # Rarely asked for, and read in a moment.
        self._versions.clear()
        self._imports.clear()
        if path is None:
            self._scopes.clear()
            self._given.clear()
        else:
            self._scopes.pop(path, None)
            self._given = {key: kept for key, kept in self._given.items() if path not in kept.consulted}

    def module(self, importer: Scope, name: str, level: int) -> Scope | None:
        """The scope of a module as `importer` would import it; None if the project has no such module."""
        path = importer.path if isinstance(importer, ModuleScope) else None
        if path is None:
            return None
        key = (path.parent, name, level)
        kept = self._imports.get(key)
        if kept is None:
            kept = self._imports[key] = self._import(path, name, level)
        scope, consulted = kept
        self.consulted.update(consulted)
        return scope

    def _import(self, importer: Path, name: str, level: int) -> tuple[ModuleScope | None, tuple[Path, ...]]:
        """The module that a file means by a name, and what was looked at to find it."""
        consulted: list[Path] = []
        for path in import_paths(importer, name, level, self.root, consulted):
            scope = self._scope(path)
            if scope is not None:
                return scope, tuple(consulted)
        return None, tuple(consulted)

    def _scope(self, path: Path) -> ModuleScope | None:
        if path not in self._scopes:
            self._scopes[path] = self._read(path)
        return self._scopes[path]

    def _read(self, path: Path) -> ModuleScope | None:
        try:
            text = self._text(path)
        except FileNotFoundError:
            return None
        if text is None:
            return ModuleScope(UnreadNames(), self, path)
        parts = [(segment, segment_names(segment)) for segment in SegmentedText(text).segments]
        names: Mapping[str, tuple[Binding, ...]] = module_names(parts)
        broken = tuple(segment.text for segment, bound in parts if bound is UNREADABLE)
        return ModuleScope(UnreadNames(names, broken) if broken else names, self, path)

    def _text(self, path: Path) -> str | None:
        """The text of a file; None where it cannot be read. Raises FileNotFoundError where there is no file."""
        text = self._overlays.get(path)
        if text is not None:
            return text
        return text_on_disk(path)


@lru_cache(maxsize=4096)
def path_of(text: str) -> Path:
    """A path of the index: the same few are asked for again and again, and each takes a while to make."""
    return Path(text)


@dataclass(frozen=True, slots=True)
class _Kept:
    """The values that a setting is given, with what that depends on."""

    given: tuple[Given, ...]
    consulted: frozenset[Path]
    asked: Mapping[Question, object]
