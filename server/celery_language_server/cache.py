"""Keeps on disk what was found in files, so that an unchanged file costs a look at its time of change.

A result holds as long as the file, the other files that it was told by, the settings, the engine and Python are the
same, and the index of the workspace answers as it did. Must not know what results mean.
"""

from __future__ import annotations

import os

from celery_language_server.cache_file import CacheFile
from celery_language_server.cache_keys import engine_key
from celery_language_server.versions import NewVersions, Versions, has_digest, settled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from celery_language_server.discovery import Found

UNDECODABLE = "-"
_FIELDS = 7


class Outcome:
    """What was found in one file.

    `dependencies` are the absolute paths of other files that it was told by, and `asked` the questions that the index
    of the workspace was asked, each with what tells its answer from others. `counts` are the numbers of findings from
    hint to error and of syntax problems, empty for none at all, and `reports` the findings as JSON. Where the file is
    no text, `counts` is UNDECODABLE and `reports` says why.
    """

    __slots__ = ("asked", "counts", "dependencies", "digest", "reports", "stamp")

    def __init__(
        self,
        stamp: str,
        digest: str,
        dependencies: tuple[str, ...] = (),
        asked: tuple[tuple[str, str], ...] = (),
        counts: str = "",
        reports: str = "",
    ) -> None:
        self.stamp = stamp
        self.digest = digest
        self.dependencies = dependencies
        self.asked = asked
        self.counts = counts
        self.reports = reports


class WalkSettings:
    """The settings that tell which files there are, what is a task in them, and which of them are tests."""

    __slots__ = ("decorators", "exclude", "respect_gitignore", "test_files")

    def __init__(
        self,
        exclude: tuple[str, ...],
        respect_gitignore: bool,
        decorators: tuple[str, ...],
        test_files: tuple[str, ...],
    ) -> None:
        self.exclude = exclude
        self.respect_gitignore = respect_gitignore
        self.decorators = decorators
        self.test_files = test_files


class Cache:
    """The results of one project under one set of settings. Paths of files are relative to the root."""

    def __init__(self, root: str, key: str) -> None:
        self._root = root
        self._file = CacheFile(root, "results", key, engine_key())
        self._outcomes: dict[str, Outcome] = {}
        self._places: dict[str, int] = {}
        self._changed = False
        self.walk_settings: WalkSettings | None = None
        """Those of the last run with the same settings; None if none was kept."""
        self.meaning = ""
        """Tells the index that results hold under."""
        tables = self._file.read(7) or [[], [], [], [], [], [], []]
        head, exclude, decorators, tests, versions, self._answers, self._fields = tables
        if head:
            self.walk_settings = WalkSettings(tuple(exclude), bool(head[0]), tuple(decorators), tuple(tests))
            self.meaning = head[1]
        self._versions = Versions(versions)
        self._other_answers: set[str] = set()
        self._places = dict(zip(self._fields[::_FIELDS], range(1, len(self._fields), _FIELDS), strict=True))

    def paths(self) -> set[str]:
        """The files that something is known of."""
        return set(self._places)

    def compare(self, found: Found) -> None:
        """Find out what changed that results depend on."""
        self._versions.compare(found)

    def ask_again(self, answer: Callable[[str], str]) -> None:
        """The index is another one: find out which of its answers are others now."""
        self._other_answers = {
            str(place // 2)
            for place in range(0, len(self._answers), 2)
            if answer(self._answers[place]) != self._answers[place + 1]
        }

    def lookup(self, path: str, stamp: str) -> Outcome | None:
        """What is known of the file at `path` in the version `stamp`, if that still holds."""
        place = self._places.get(path)
        if place is None:
            return None
        fields = self._fields
        touched = fields[place] != stamp
        if touched and not has_digest(os.path.join(self._root, path), fields[place + 1]):
            return None
        if not self._versions.hold(fields[place + 2]):
            return None
        if self._other_answers and not self._other_answers.isdisjoint(fields[place + 3].split()):
            return None
        if touched or fields[place + 4]:
            outcome = self._outcome(place, stamp)
            if touched:
                self.store(path, outcome)
            return outcome
        return CLEAN

    def _outcome(self, place: int, stamp: str) -> Outcome:
        _, digest, needed, asked, counts, reports = self._fields[place : place + 6]
        answers = self._answers
        questions = tuple((answers[2 * int(number)], answers[2 * int(number) + 1]) for number in asked.split())
        return Outcome(stamp, digest, self._versions.paths(needed), questions, counts, reports)

    def store(self, path: str, outcome: Outcome) -> None:
        """Keep what was found in a file."""
        self._outcomes[path] = outcome
        self._changed = True

    def save(self, found: Found, settings: WalkSettings, meaning: str, gone: Iterable[str]) -> None:
        """Write what there is, if it changed. `gone` are files that are no more."""
        gone = set(gone) & self._places.keys()
        if self.walk_settings is not None and not self._changed and not gone and meaning == self.meaning:
            return
        for path, place in self._places.items():
            if path not in self._outcomes and path not in gone:
                outcome = self._outcome(place, self._fields[place])
                # What does not hold any more and was not looked for in this run.
                if self._versions.hold(self._fields[place + 2]) and self._other_answers.isdisjoint(
                    self._fields[place + 3].split()
                ):
                    self._outcomes[path] = outcome
        versions = NewVersions(found, self._versions)
        questions: dict[str, str] = {}
        answers: list[str] = []
        entries: list[str] = []
        for path, outcome in self._outcomes.items():
            for question, answer in outcome.asked:
                if question not in questions:
                    questions[question] = str(len(questions))
                    answers += question, answer
            asked = " ".join([questions[question] for question, _ in outcome.asked])
            needed = versions.needed(outcome.dependencies)
            stamp = settled(outcome.stamp)
            entries += path, stamp, outcome.digest, needed, asked, outcome.counts, outcome.reports
        head = ["1" if settings.respect_gitignore else "", meaning]
        walk = (settings.exclude, settings.decorators, settings.test_files)
        tables = (head, *walk, versions.rows, answers, entries)
        self._file.write(tables)


CLEAN = Outcome("", "")
"""What is found in a file in which nothing is."""
