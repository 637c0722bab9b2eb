"""Workspace folders: each with its configuration, its rules, its project and the index of that.

Knows where settings come from and which of them hold: a configuration that cannot be read is reported once,
and the last good one stays in force. Must not know what rules or findings are.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from celery_analyzers.settings import Settings
from celery_language_server.configuration import Configuration, ConfigurationError, from_client, load
from celery_language_server.configuration_file import OWN_FILES, PYPROJECT, find, is_project, parents_of
from celery_language_server.folder_index import FolderIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from celery_analyzers.analysis import FileAnalysis
    from celery_analyzers.project import Project
    from celery_analyzers.registry import RuleSet
    from celery_analyzers.rule_choice import RuleChoice

CONFIGURATION_FILES: Final = frozenset({*OWN_FILES, PYPROJECT})


def _understanding(settings: Settings) -> object:
    """The settings by which code is understood, whatever rules are chosen."""
    return settings.extra_task_decorators, settings.external_task_names, settings.test_files


class Folder:
    """One folder. What it needs is loaded when it is first asked for."""

    def __init__(self, path: Path | None, report: Callable[[str], None], is_workspace: bool = False) -> None:
        self.path = path
        """None for documents that stand nowhere."""
        self.is_workspace = is_workspace
        """Whether the client opened it as a folder, and not only files in it."""
        self.time = 0
        """Counts the changes of files."""
        self._report = report
        self._told: dict[str, str] = {}
        self._client_settings: dict[str, Any] = {}
        # The last good ones of each source, and both together.
        self._written = Configuration(Settings(), path or Path())
        self._sent: dict[str, Any] = {}
        self._configuration: Configuration | None = None
        # A document's rules stay the same object until the settings change.
        self._rules: dict[Path | None, RuleSet] = {}
        self._choice: RuleChoice | None = None
        self._excluded: dict[Path, bool] = {}
        self._project: Project | None = None
        self._touched: dict[Path, int] = {}
        self._all_touched = 0
        self._index: FolderIndex | None = None
        self._awaits_index = path is not None and path.is_dir()

    @property
    def configuration(self) -> Configuration:
        """The settings in force."""
        if self._configuration is None:
            self._configuration = self._load()
        return self._configuration

    def rules(self, path: Path | None) -> RuleSet:
        """The rules that run in a file: none where it is excluded."""
        if path not in self._rules:
            from celery_analyzers.registry import RuleSet
            from celery_analyzers.rule_choice import RuleChoice

            if self._choice is None:
                self._choice = RuleChoice(self.configuration.settings, self.root)
            excluded = path is not None and self.excludes(path)
            self._rules[path] = RuleSet(()) if excluded else self._choice.of(path)
        return self._rules[path]

    def excludes(self, path: Path) -> bool:
        """Whether the settings leave a file out."""
        if path not in self._excluded:
            self._excluded[path] = self._is_excluded(path)
        return self._excluded[path]

    def _is_excluded(self, path: Path) -> bool:
        root, patterns = self.configuration.root, self.configuration.settings.exclude
        if not patterns or not path.is_relative_to(root):
            return False
        from celery_language_server.gitignore import Matcher

        # What Git ignores is shown all the same: somebody has it open.
        matcher = Matcher(f"{root.as_posix()}/", patterns)
        return matcher.leaves_out(path.relative_to(root).as_posix(), (), None)

    @property
    def root(self) -> Path | None:
        """The root of the project that the folder belongs to."""
        if self.path is None or self.is_workspace or self.configuration.file is not None:
            return self.configuration.root if self.path is not None else None
        above = (Path(parent) for parent in parents_of(str(self.path)) if is_project(parent))
        return next((parent for parent in above if not _is_everything(parent)), self.path)

    def in_root(self, inside: str) -> Path:
        """A file by its path inside the project."""
        return (self.root or Path()) / inside

    @property
    def is_deep(self) -> bool:
        """Whether what is below the root belongs to the project, which does not hold of somebody's home directory."""
        root = self.root
        return root is not None and not _is_everything(root) and (self.is_workspace or is_project(str(root)))

    @property
    def project(self) -> Project:
        """The files of this folder, as far as they matter to each other."""
        if self._project is None:
            from celery_analyzers.project import Project

            settings = self.configuration.settings
            decorators, names = settings.extra_task_decorators, settings.external_task_names
            tests = settings.test_files
            self._project = Project(self.root, self.index.index, decorators, names, tests)
            self._project.awaits_index = self._awaits_index
            self._records = Project(self.root, None, decorators, (), tests)
        return self._project

    def give_up_index(self) -> None:
        """There will be no index: what is known without it has to do."""
        self._awaits_index = False
        if self._project is not None and self._project.is_without_index:
            self._project.awaits_index = False
            self.time += 1

    @property
    def index(self) -> FolderIndex:
        """The index of the project."""
        if self._index is None:
            self._index = FolderIndex(str(self.root), self.configuration.settings.test_files)
        return self._index

    def index_text(self, path: Path, analysis: FileAnalysis | None) -> None:
        """Let the index hold what an open text says, or what is on disk again."""
        if analysis is None:
            self.index.overlay(path, None)
        elif self._belongs(path) and not analysis.problems():
            # What is being typed does not parse: until it does, what it said last holds.
            from celery_analyzers.indexing import record_of, with_words

            project, root = self.project, self.project.root
            assert root is not None
            inside = path.relative_to(root).as_posix()
            self._records.begin()
            record = record_of(analysis, self._records)
            project.begin()
            self.index.overlay(path, with_words(record, inside, analysis.text.encode("utf-8", "surrogatepass")))

    def _belongs(self, path: Path) -> bool:
        """Whether a file is part of the index: one that is left out is not, one that is not on disk yet is."""
        root = self.root
        if root is None or path.suffix != ".py" or not path.is_relative_to(root):
            return False
        return self.index.holds(path) or not (path.exists() or self.excludes(path))

    def update_index(self) -> bool:
        """Take over what is new in the index: whether rules may get other answers by now."""
        index = self.index
        if index.update():
            self.project.set_index(index.index)
            self.time += 1
            return True
        if index.index is not self.project.index:
            self.project.replace_index(index.index)
        return False

    def results_key(self) -> str:
        """Tells the settings from others in the cache, as `celeryls check` does where the editor has sent none."""
        from celery_language_server.cache_keys import settings_key

        file = find(str(self.path)) if self.path is not None else None
        content = file.content if file is not None else b""
        sent = repr(sorted(self._sent.items())).encode() if self._sent else b""
        return settings_key(content + sent)

    def overlay(self, path: Path, text: str | None) -> None:
        """A file's text is this one, whatever is on disk; None means the disk's again."""
        self.project.set_overlay(path, text)
        self._touch(path)

    def forget(self, path: Path) -> None:
        """A file changed on disk."""
        self.project.forget(path)
        self._touch(path)

    def forget_all(self) -> None:
        """Any file may have changed on disk."""
        self.project.forget()
        self.time += 1
        self._all_touched = self.time

    def changed_since(self, time: int, paths: Iterable[Path]) -> bool:
        """Whether one of the files changed after `time`."""
        return self._all_touched > time or any(self._touched.get(path, 0) > time for path in paths)

    def _touch(self, path: Path) -> None:
        self.time += 1
        self._touched[path] = self.time
        # Some answers depend on which files a folder has.
        self._touched[path.parent] = self.time

    def analyse(self, text: str, path: Path | None) -> FileAnalysis:
        """Begin to analyse a document of this folder."""
        from celery_analyzers.analysis import FileAnalysis

        return FileAnalysis(text, rules=self.rules(path), project=self.project, path=path)

    def configure(self, client_settings: dict[str, Any]) -> None:
        """Take over what the client has set for this folder."""
        if client_settings != self._client_settings:
            self._client_settings = client_settings
            self.reload()

    def reload(self) -> bool:
        """Read the configuration again, if it has been read at all: whether it is another one now."""
        before = self._configuration
        if before is not None:
            self._configuration = self._load()
            if self._configuration != before:
                self._rules.clear()
                self._choice = None
                self._excluded.clear()
                self._renew_project(before)
        return self._configuration != before

    def _renew_project(self, before: Configuration) -> None:
        """Begin anew where the settings are others by which code is understood."""
        if self._index is not None and self._index.root != str(self.root):
            self._project = self._index = None
        elif _understanding(self.configuration.settings) != _understanding(before.settings):
            self._project = None
            if self._index is not None:
                self._index.set_test_files(self.configuration.settings.test_files)

    def _load(self) -> Configuration:
        """What is written now and what the client sent last; of either the last that was good."""
        if self.path is not None:
            with self._telling("written"):
                self._written = load(self.path)
        with self._telling("sent"):
            from_client(self._client_settings, self._written)
            self._sent = self._client_settings
        return replace(self._written, settings=from_client(self._sent, self._written))

    @contextmanager
    def _telling(self, source: str) -> Generator[None, None, None]:
        """Tell the user what is wrong with settings, but not twice the same."""
        try:
            yield
        except ConfigurationError as error:
            if self._told.get(source) != str(error):
                self._told[source] = str(error)
                self._report(str(error))
        else:
            self._told.pop(source, None)


class Folders:
    """The client's workspace folders, and the folders of files that stand in none of them."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._workspace: dict[Path, Folder] = {}
        self._others: dict[Path | None, Folder] = {}
        # What the client sent for everything, and what it answered for each folder and for files in none.
        self._common: dict[str, Any] = {}
        self._own: dict[Path | None, dict[str, Any]] = {}

    def __iter__(self) -> Iterator[Folder]:
        return iter((*self._workspace.values(), *self._others.values()))

    @property
    def workspace(self) -> tuple[Path, ...]:
        """The client's own folders."""
        return tuple(self._workspace)

    def add(self, path: Path) -> None:
        """The client opened a folder."""
        if path not in self._workspace:
            self._workspace[path] = Folder(path, self._report, is_workspace=True)
            self._configure()

    def remove(self, path: Path) -> Folder | None:
        """The client closed a folder. None if it was not open."""
        return self._workspace.pop(path, None)

    def of(self, path: Path | None) -> Folder:
        """The innermost folder that a file is in. A document without a path belongs to the first folder."""
        if path is None:
            return next(iter(self._workspace.values()), None) or self._other(None)
        inside = [parent for parent in self._workspace if path.is_relative_to(parent)]
        if not inside:
            return self._other(path.parent)
        return self._workspace[max(inside, key=lambda parent: len(parent.parts))]

    def configure(
        self, *, common: dict[str, Any] | None = None, own: dict[Path | None, dict[str, Any]] | None = None
    ) -> None:
        """Take over what the client has set for everything, or for each folder."""
        self._common = self._common if common is None else common
        self._own = self._own if own is None else own
        self._configure()

    def _configure(self) -> None:
        for path, folder in self._workspace.items():
            folder.configure(self._own.get(path) or self._common)
        for folder in self._others.values():
            folder.configure(self._own.get(None) or self._common)

    def _other(self, path: Path | None) -> Folder:
        if path not in self._others:
            self._others[path] = Folder(path, self._report)
            self._configure()
        return self._others[path]


def _is_everything(folder: Path) -> bool:
    """Whether a folder holds far more than a project, whatever stands in it: a home directory, or the root of all."""
    return folder == folder.parent or folder == Path.home()
