"""Finds out what there is to say of a project's files: asks the caches, and has the engine read what changed.

Two phases: what each file adds to the index of the workspace, then what is found in it, with the index at hand. Knows
the order of events. Must not know what is shown, nor how. Imports what reads code only where there is code to read.
"""

from __future__ import annotations

from celery_language_server.cache import CLEAN, UNDECODABLE, Cache, Outcome, WalkSettings
from celery_language_server.configuration_file import is_project
from celery_language_server.discovery import Found, Walker, stamp_of
from celery_language_server.workspace_index import WorkspaceIndex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from celery_analyzers.settings import Settings
    from celery_language_server.inspection import Failure, Inspector
    from celery_language_server.processes import Crew


class FileResult:
    """What was found in a file: `counts` and `reports` as in `Outcome`, and the `reason` where it was not checked, or
    not in full. `is_fault` tells that this is a fault of ours."""

    __slots__ = ("counts", "is_fault", "reason", "reports")

    def __init__(self, counts: str = "", reports: str = "", reason: str = "", is_fault: bool = False) -> None:
        self.counts = counts
        self.reports = reports
        self.reason = reason
        self.is_fault = is_fault


class Checking:
    """One run over the files of the project at `root`. `key` tells its settings from others; `settings` are asked for
    only where they must be understood. `index` and `crew` are given where they are somebody else's."""

    def __init__(
        self,
        root: str,
        key: str,
        settings: Callable[[], Settings],
        index: WorkspaceIndex | None = None,
        crew: Callable[[], Crew] | None = None,
    ) -> None:
        self._root = root
        self._settings = settings
        self._cache = Cache(root, key)
        self._walk_settings = self._cache.walk_settings or walk_settings(settings())
        self._folders = [""]
        self._index = index
        self._crew: Crew | None = None
        self._started_crew = crew or self._own_crew

    def files(self, folders: list[str], files: list[str]) -> tuple[dict[str, str], list[tuple[str, str]]]:
        """The files to check, with their stamps, and what could not be read. `files` are named one by one and therefore
        never left out."""
        self._folders = folders
        near = {path[: path.rfind("/") + 1] for path in files}
        self._index = WorkspaceIndex(self._root, self._walk_settings, folders, near)
        found = self._index.found
        chosen: dict[str, str] = {}
        problems: list[tuple[str, str]] = []
        for folder in folders:
            there = found if folder in found.walked else self._walk(folder)
            chosen |= _under(folder, there.files) if folder else there.files
            problems += [problem for problem in there.problems if problem[0].startswith(folder) or not folder]
        for path in files:
            chosen.setdefault(path, found.files.get(path) or stamp_of(f"{self._root}/{path}"))
        return chosen, problems

    def _walk(self, folder: str) -> Found:
        """What is in a folder that the index leaves out."""
        settings = self._walk_settings
        return Walker(self._root, settings.exclude, settings.respect_gitignore).walk([folder])

    def outcomes(self, files: dict[str, str]) -> dict[str, FileResult]:
        """What was found in those of these files in which there is something to speak of."""
        index = self._index
        assert index is not None
        try:
            _exhaust(_tracked(index.read(self._started_crew), "Indexing", len(index.unknown)))
            return self._outcomes(files, index)
        finally:
            if self._crew is not None:
                self._crew.__exit__()

    def inspector(self) -> Inspector:
        """Somebody who analyses texts, with the index at hand."""
        index = self._index
        assert index is not None
        crew = self._started_crew()
        try:
            _exhaust(_tracked(index.read(lambda: crew), "Indexing", len(index.unknown)))
            # Who checks a text from somewhere does not ask for a folder of ours there.
            if is_project(self._root):
                index.save()
            index.share(crew)
            return crew.inspector
        finally:
            crew.__exit__()

    def _outcomes(self, files: dict[str, str], index: WorkspaceIndex) -> dict[str, FileResult]:
        cache, found = self._cache, index.found
        cache.compare(found)
        if cache.walk_settings is not None and index.meaning != cache.meaning:
            from celery_language_server.answers import answer_of

            cache.ask_again(lambda question: answer_of(index.index, question))
        outcomes = {path: cache.lookup(path, stamp) for path, stamp in files.items()}
        unknown = {path: files[path] for path in sorted(outcomes) if outcomes[path] is None}
        unknown = {path: stamp for path, stamp in unknown.items() if index.may_hold_findings(path)}
        results: dict[str, FileResult] = {}
        if unknown:
            crew = self._started_crew()
            index.share(crew)
            for path, outcome in _tracked(crew.outcomes(unknown), "Checking", len(unknown)):
                if isinstance(outcome, Outcome):
                    outcomes[path] = outcome
                    cache.store(path, outcome)
                else:
                    outcomes[path] = outcome.outcome
                    results[path] = _failed(outcome)
        cache.save(found, self._walk_settings, index.save(), self._gone(files))
        for path, outcome in outcomes.items():
            if outcome is not None and outcome.counts and path not in results:
                results[path] = _result(outcome)
        return results

    def _gone(self, files: dict[str, str]) -> list[str]:
        """The files that the cache knows in the folders that were walked, and that are no more."""
        prefixes = tuple(self._folders)
        return [path for path in self._cache.paths() - files.keys() if path.startswith(prefixes)]

    def _own_crew(self) -> Crew:
        if self._crew is None:
            from celery_language_server.processes import Crew

            self._crew = Crew(self._root, self._settings())
        return self._crew


def walk_settings(settings: Settings) -> WalkSettings:
    """Those of the settings that tell which files there are, what is a task in them, and which of them are tests."""
    return WalkSettings(
        settings.exclude, settings.respect_gitignore, settings.extra_task_decorators, settings.test_files
    )


def _under(folder: str, files: dict[str, str]) -> dict[str, str]:
    return {path: stamp for path, stamp in files.items() if path.startswith(folder)}


def _failed(failure: Failure) -> FileResult:
    outcome = failure.outcome or CLEAN
    return FileResult(outcome.counts, outcome.reports, failure.reason, failure.internal)


def _result(outcome: Outcome) -> FileResult:
    if outcome.counts == UNDECODABLE:
        return FileResult(reason=outcome.reports)
    return FileResult(outcome.counts, outcome.reports)


def _tracked(items: Iterable[object], what: str, total: int) -> Iterator[tuple[str, Outcome | Failure]]:
    if not total:
        return iter(())
    from celery_language_server.progress import tracked

    return tracked(items, what, total)  # pyright: ignore[reportReturnType]


def _exhaust(items: Iterable[object]) -> None:
    for _ in items:
        pass
