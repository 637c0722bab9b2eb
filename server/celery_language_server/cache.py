"""Keeps on disk what was found in files, so that an unchanged file costs a look at its time of change.

A result holds as long as the file, the other files that it was told by, the settings, the engine and Python
are the same. A cache that is damaged, half written or of another version counts as empty. Must not know what
results mean.

One file holds it all, as fields between NULs, which neither paths nor JSON contain. To read JSON would take
longer than the rest of a run that finds nothing changed, and pickle would run what a stranger put there.
"""

from __future__ import annotations

import os
import time
import zlib

from celery_language_server import __version__
from celery_language_server.cache_keys import engine_key, hash_of
from celery_language_server.discovery import Decisions, stamp_of
from celery_language_server.surroundings import fingerprint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAGIC = "celeryls 1"
FOLDER = ".celeryls_cache"
ENVIRONMENT = "CELERYLS_CACHE_DIR"
_SETTLED = 2_000_000_000
"""Nanoseconds after a change during which another one may leave no trace in the file's time."""
_UNSETTLED = "?"
"""In the place of a stamp: the file must be read to tell whether it is the same."""
_MOST_FILES = 8
"""Caches that are kept for one project: each set of settings has its own."""
UNDECODABLE = "-"


class Outcome:
    """What was found in one file.

    `dependencies` are the absolute paths of other files that it was told by, `counts` the numbers of
    findings from hint to error and of syntax problems, empty for none at all, and `reports` the findings as
    JSON. Where the file is no text, `counts` is UNDECODABLE and `reports` says why.
    """

    __slots__ = ("counts", "dependencies", "digest", "reports", "stamp")

    def __init__(self, stamp: str, digest: str, dependencies: tuple[str, ...], counts: str, reports: str) -> None:
        self.stamp = stamp
        self.digest = digest
        self.dependencies = dependencies
        self.counts = counts
        self.reports = reports


class Cache:
    """The cache of one project under one set of settings. Paths of files are relative to the root."""

    def __init__(self, root: str, key: str) -> None:
        self._root = root
        self._key = f"{key}\0{engine_key()}"
        directory = os.environ.get(ENVIRONMENT) or os.path.join(root, FOLDER)
        self._top = directory
        self._name = f"{hash_of(os.fsencode(root))}-{hash_of(key.encode('utf-8', 'surrogateescape'))}"
        self._path = os.path.join(directory, __version__, self._name)
        self._outcomes: dict[str, Outcome] = {}
        self._changed = False
        self._verdicts = 0
        self.known = False
        """Whether a run with the same settings was kept."""
        self.exclude: tuple[str, ...] = ()
        self.respect_gitignore = True
        self.decisions = Decisions()
        self._fields: list[str] = []
        self._places: dict[str, int] = {}
        self._versions: list[tuple[str, str, str]] = []
        self._stale: set[str] = set()
        self._files: Mapping[str, str] = {}
        self._surroundings: str = ""
        self._answers: str = ""
        try:
            self._load()
        except (OSError, ValueError, IndexError):
            self._fields, self._places, self._versions = [], {}, []
            self.decisions = Decisions()
            self.known = False

    def paths(self) -> set[str]:
        """The files that something is known of."""
        return set(self._places)

    def compare(self, files: Mapping[str, str]) -> None:
        """Find out what changed that results depend on; of `files` the stamps are known."""
        self._files = files
        self._stale = {str(index) for index, version in enumerate(self._versions) if not self._is_same(*version)}

    def lookup(self, path: str, stamp: str) -> Outcome | None:
        """What is known of the file at `path` in the version `stamp`, if that still holds."""
        place = self._places.get(path)
        if place is None:
            return None
        fields = self._fields
        touched = fields[place] != stamp
        if touched and _digest(os.path.join(self._root, path)) != fields[place + 1]:
            return None
        dependencies = fields[place + 2].split()
        if self._stale and not self._stale.isdisjoint(dependencies):
            return None
        if touched or fields[place + 3]:
            paths = tuple(self._versions[int(index)][0] for index in dependencies)
            outcome = Outcome(stamp, fields[place + 1], paths, fields[place + 3], fields[place + 4])
            if touched:
                self.store(path, outcome)
            return outcome
        return CLEAN

    def store(self, path: str, outcome: Outcome) -> None:
        """Keep what was found in a file."""
        self._outcomes[path] = outcome
        self._changed = True

    def save(
        self, decisions: Decisions, exclude: tuple[str, ...], respect_gitignore: bool, gone: Iterable[str]
    ) -> None:
        """Write what there is, if it changed. `gone` are files that are no more. To fail does no harm."""
        gone = set(gone) & self._places.keys()
        decided = decisions is self.decisions and len(decisions.verdicts) == self._verdicts
        if self.known and decided and not self._changed and not gone:
            return
        for path, place in self._places.items():
            if path not in self._outcomes and path not in gone:
                stamp, digest, dependencies, counts, reports = self._fields[place : place + 5]
                paths = tuple(self._versions[int(index)][0] for index in dependencies.split())
                self._outcomes[path] = Outcome(stamp, digest, paths, counts, reports)
        body = self._body(decisions, exclude, respect_gitignore)
        try:
            self._write(body.encode("utf-8", "surrogateescape"))
        except OSError:
            return

    def _load(self) -> None:
        with open(self._path, "rb") as file:
            data = file.read()
        head, _, body = data.partition(b"\n")
        if head != f"{MAGIC} {zlib.crc32(body):08x}".encode():
            raise ValueError("not a cache, or a damaged one")
        fields = body.decode("utf-8", "surrogateescape").split("\0")
        if fields[:3] != [self._root, *self._key.split("\0")]:
            raise ValueError("another cache")
        start = 7
        tables: list[list[str]] = []
        self._surroundings, self._answers = fields[4:6]
        for size in fields[6].split():
            tables.append(fields[start : start + int(size)])
            start += int(size)
        exclude, ignore_files, verdicts, dependencies, entries = tables
        self.respect_gitignore = bool(fields[3])
        self.exclude = tuple(exclude)
        self.decisions.ignore_files = dict(zip(ignore_files[::2], ignore_files[1::2], strict=True))
        self.decisions.verdicts = dict(zip(verdicts[::2], map(bool, verdicts[1::2]), strict=True))
        self._verdicts = len(self.decisions.verdicts)
        self._versions = list(zip(dependencies[::3], dependencies[1::3], dependencies[2::3], strict=True))
        self._places = dict(zip(entries[::6], range(1, len(entries), 6), strict=True))
        self._fields = entries
        self.known = True

    def _body(self, decisions: Decisions, exclude: tuple[str, ...], respect_gitignore: bool) -> str:
        numbers: dict[str, str] = {}
        dependencies: list[str] = []
        entries: list[str] = []
        for path, outcome in self._outcomes.items():
            for dependency in outcome.dependencies:
                if dependency not in numbers:
                    numbers[dependency] = str(len(numbers))
                    dependencies += self._version(dependency)
            needed = " ".join(numbers[dependency] for dependency in outcome.dependencies)
            entries += path, _settled(outcome.stamp), outcome.digest, needed, outcome.counts, outcome.reports
        ignores = [field for pair in decisions.ignore_files.items() for field in pair]
        verdicts = [field for path, out in decisions.verdicts.items() for field in (path, "1" if out else "")]
        tables = (list(exclude), ignores, verdicts, dependencies, entries)
        sizes = " ".join(str(len(table)) for table in tables)
        head = [self._root, *self._key.split("\0"), "1" if respect_gitignore else ""]
        head += self._surroundings, self._answers, sizes
        return "\0".join(head + [field for table in tables for field in table])

    def _is_same(self, path: str, stamp: str, digest: str) -> bool:
        """Whether a file that results depend on is as it was: missing, where there is no digest."""
        if path == self._root:
            return self._has_same_surroundings()
        version = self._stamp_of(path)
        if not digest or not version:
            return not digest and not version
        return version == stamp or _digest(path) == digest

    def _has_same_surroundings(self) -> bool:
        """Whether what the engine asks of the project as a whole has the answers that it had."""
        found = fingerprint(self._root, self._files)
        if found != self._surroundings:
            answers = _answers(self._root)
            same = answers == self._answers
            self._surroundings, self._answers = found, answers
            self._changed = True
            return same
        return True

    def _version(self, path: str) -> tuple[str, str, str]:
        """What tells the version of a file that results depend on."""
        if path == self._root:
            if not self._answers:
                self._surroundings = fingerprint(self._root, self._files)
                self._answers = _answers(self._root)
            return path, "", ""
        digest = _digest(path)
        return path, _settled(self._stamp_of(path)) if digest else "", digest

    def _stamp_of(self, path: str) -> str:
        known = self._files.get(path[len(self._root) + 1 :]) if path.startswith(self._root) else None
        return stamp_of(path) if known is None else known

    def _write(self, body: bytes) -> None:
        folder = os.path.dirname(self._path)
        os.makedirs(folder, exist_ok=True)
        _mark_as_cache(self._top)
        temporary = f"{self._path}.{os.getpid()}.tmp"
        try:
            with open(temporary, "wb") as file:
                file.write(f"{MAGIC} {zlib.crc32(body):08x}\n".encode() + body)
            os.replace(temporary, self._path)
        except OSError:
            if os.path.exists(temporary):
                os.unlink(temporary)
            raise
        self._discard_old(folder)

    def _discard_old(self, folder: str) -> None:
        """Delete the caches of settings that were used longest ago."""
        prefix = self._name.partition("-")[0]
        with os.scandir(folder) as scanned:
            own = [entry for entry in scanned if entry.name.startswith(prefix)]
        own.sort(key=lambda entry: entry.stat().st_mtime_ns, reverse=True)
        for entry in own[_MOST_FILES:]:
            os.unlink(entry.path)


CLEAN = Outcome("", "", (), "", "")
"""What is found in a file in which nothing is."""


def _settled(stamp: str) -> str:
    """The stamp, unless the file changed so lately that it may change again and keep it."""
    changed = stamp.partition(" ")[0]
    if not changed.isdecimal() or time.time_ns() - int(changed) > _SETTLED:
        return stamp
    return _UNSETTLED


def _digest(path: str) -> str:
    from celery_language_server.sources import digest_of

    return digest_of(path)


def _answers(root: str) -> str:
    from celery_language_server.inspection import answers_of

    return answers_of(root)


def _mark_as_cache(folder: str) -> None:
    """Tell Git and backup programs that the folder is not worth keeping."""
    for name, content in (
        (".gitignore", "# Made by celeryls.\n*\n"),
        ("CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# Made by celeryls.\n"),
    ):
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            with open(path, "w", encoding="utf-8") as file:
                file.write(content)
