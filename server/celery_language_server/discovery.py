"""Finds the Python files to check under a folder, past those that Git or the configuration leaves out, and other files
that may tell how the code is run.

Knows files and folders. Must not know what is in the files. On a run that finds everything as it was, the
decisions of the last run are taken over and no pattern is read.

Paths are relative to the root and have slashes; those of folders end in one, but for the root's, which is
empty.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from celery_language_server.gitignore import Matcher

EXCLUDED = frozenset(
    {
        "__pycache__",
        "__pypackages__",
        "_build",
        "buck-out",
        "build",
        "dist",
        "node_modules",
        "site-packages",
        "venv",
    }
)
"""Folders that hold no code of the project, as ruff has them; so are all whose names begin with a dot."""
GITIGNORE = ".gitignore"
_BESIDE_THE_POINT = (
    *(".avif", ".bin", ".bmp", ".c", ".cc", ".cpp", ".css", ".csv", ".eot", ".gif", ".go", ".gz", ".h", ".html"),
    *(".ico", ".ipynb", ".java", ".jpeg", ".jpg", ".js", ".json", ".jsx", ".less", ".log", ".map", ".md", ".mo"),
    *(".mp3", ".mp4", ".parquet", ".pdf", ".png", ".po", ".pyc", ".pyd", ".pyi", ".pyx", ".rb", ".rs", ".rst"),
    *(".scss", ".so", ".sql", ".svg", ".ts", ".tsx", ".ttf", ".vue", ".webp", ".whl", ".woff", ".woff2", ".xml"),
    *(".zip", "~"),
)
"""Ends of the names of files that tell nothing about Celery: the most, so that others cost no look."""
_MOST_OTHERS = 20_000


def stamp(status: os.stat_result) -> str:
    """What tells a file's version without reading it."""
    return f"{status.st_mtime_ns} {status.st_size}"


def stamp_of(path: str) -> str:
    """The stamp of the file at `path`; empty where there is none."""
    try:
        return stamp(os.stat(path))
    except (OSError, ValueError):
        return ""


def _has_patterns(path: str) -> bool:
    """Whether an ignore file says anything: the one that Git makes in each repository does not."""
    try:
        with open(path, "rb") as file:
            return any(line.strip() and line[:1] != b"#" for line in file)
    except OSError:
        return False


class Decisions:
    """What is left out, and the ignore files that say so, by their absolute paths and stamps.

    `verdicts` tell of the paths that patterns were asked about whether they are left out.
    """

    __slots__ = ("ignore_files", "verdicts")

    def __init__(self) -> None:
        self.ignore_files: dict[str, str] = {}
        self.verdicts: dict[str, bool] = {}

    def hold(self) -> bool:
        """Whether no ignore file changed or vanished since."""
        return all(stamp_of(path) == known for path, known in self.ignore_files.items())


class Found:
    """What a walk found: Python files with their stamps, others that may matter, with theirs, the folders it went
    through, and what it could not read."""

    __slots__ = ("_folders", "base", "decisions", "files", "others", "problems", "walked")

    def __init__(self, base: str, decisions: Decisions) -> None:
        self.base = base
        self.files: dict[str, str] = {}
        self.others: dict[str, str] = {}
        self.walked: set[str] = set()
        self.problems: list[tuple[str, str]] = []
        self.decisions = decisions
        self._folders: dict[str, bool] = {"": True}

    def stamp_of(self, path: str) -> str:
        """The stamp of any file or folder by its absolute path, without a look at the disk where the walk tells."""
        if not path.startswith(self.base):
            return stamp_of(path)
        inside = path[len(self.base) :].replace(os.sep, "/")
        known = self.files.get(inside) or self.others.get(inside)
        if known is not None:
            return known
        folder = inside[: inside.rfind("/") + 1]
        if folder in self.walked:
            is_missing = inside.endswith(".py") and inside not in self.decisions.verdicts
        else:
            is_missing = not self._is_folder(folder)
        return "" if is_missing else stamp_of(path)

    def _is_folder(self, folder: str) -> bool:
        """Whether there is a folder that was not walked: most are looked for in vain, again and again."""
        if folder not in self._folders:
            above = folder[: folder.rstrip("/").rfind("/") + 1]
            is_known = above in self.walked or self._is_folder(above)
            self._folders[folder] = is_known and os.path.isdir(self.base + folder)
        return self._folders[folder]


class _StaleError(Exception):
    """There is an ignore file that the decisions of an earlier run do not know of."""


class Walker:
    """Walks folders under `root`. `known` are the decisions of an earlier run, where they still hold."""

    __slots__ = ("_base", "_exclude", "_found", "_known", "_matcher", "_respect")

    def __init__(
        self, root: str, exclude: tuple[str, ...], respect_gitignore: bool, known: Decisions | None = None
    ) -> None:
        self._base = root.replace(os.sep, "/").rstrip("/") + "/"
        self._exclude = exclude
        self._respect = respect_gitignore
        self._known = known is not None
        self._found = Found(self._base, known or Decisions())
        self._matcher: Matcher | None = None

    def walk(self, folders: list[str], near: list[str] | None = None) -> Found:
        """What is in `folders`, and what stands in those that are `near`, but not below them."""
        try:
            self._walk_all(folders, near or [])
        except _StaleError:
            self._known = False
            self._found = Found(self._base, Decisions())
            self._walk_all(folders, near or [])
        return self._found

    def _walk_all(self, folders: list[str], near: list[str]) -> None:
        for folder in (*folders, *near):
            if self._respect:
                self._note_ignore_files_above(folder)
            parts = folder.split("/")[:-1]
            above = ["/".join(parts[: index + 1]) + "/" for index in range(len(parts))]
            # Who names a folder that is left out means it: then only what stands in it can leave out more.
            patterns = self._exclude or self._found.decisions.ignore_files
            left_out = bool(patterns) and any(self._is_left_out(path, None) for path in above)
            within = folder if left_out else None
            self._walk(folder, within, deeper=folder in folders)

    def _note_ignore_files_above(self, folder: str) -> None:
        """Note the ignore files above a folder, up to the top of its Git repository or else the root."""
        directory = (self._base + folder).rstrip("/") or "/"
        above: list[str] = []
        while not os.path.exists(f"{directory}/.git"):
            parent = os.path.dirname(directory)
            if parent == directory:
                above = [path for path in above if path.startswith(self._base)]
                break
            directory = parent
            above.append(f"{directory.rstrip('/')}/{GITIGNORE}")
        else:
            exclude = f"{directory}/.git/info/exclude"
            if _has_patterns(exclude):
                above.append(exclude)
        for path in above:
            if version := stamp_of(path):
                self._note_ignore_file(path, version)

    def _note_ignore_file(self, path: str, version: str) -> None:
        ignore_files = self._found.decisions.ignore_files
        if ignore_files.get(path) != version:
            if self._known:
                raise _StaleError
            ignore_files[path] = version

    def _walk(self, start: str, within: str | None, deeper: bool) -> None:
        found = self._found
        files, others = found.files, found.others
        folders = [start]
        while folders:
            folder = folders.pop()
            if folder in found.walked:
                continue
            found.walked.add(folder)
            try:
                with os.scandir(self._base + folder) as scanned:
                    entries = list(scanned)
            except OSError as error:
                found.problems.append((folder.rstrip("/") or ".", error.strerror or str(error)))
                continue
            if self._respect:
                for entry in entries:
                    # It speaks of the other entries, and may come after them.
                    if entry.name == GITIGNORE and entry.is_file():
                        self._note_ignore_file(self._base + folder + GITIGNORE, stamp(entry.stat()))
            patterns = bool(self._exclude or found.decisions.ignore_files)
            for entry in entries:
                name = entry.name
                try:
                    if name.endswith(".py") and entry.is_file():
                        path = folder + name
                        if not patterns or not self._is_left_out(path, within):
                            status = entry.stat()
                            # The stamp, without a call: most of a run that finds no changes is this loop.
                            files[path] = f"{status.st_mtime_ns} {status.st_size}"
                    elif name.endswith(_BESIDE_THE_POINT):
                        continue
                    # Links to folders are not followed: they may lead round in circles, or to others' code.
                    elif name[0] != "." and name not in EXCLUDED and entry.is_dir(follow_symlinks=False):
                        if not deeper:
                            continue
                        path = f"{folder}{name}/"
                        if not patterns or not self._is_left_out(path, within):
                            folders.append(path)
                    elif len(others) < _MOST_OTHERS and entry.is_file(follow_symlinks=False):
                        path = folder + name
                        if not patterns or not self._is_left_out(path, within):
                            others[path] = stamp(entry.stat())
                except OSError as error:
                    found.problems.append((folder + name, error.strerror or str(error)))

    def _is_left_out(self, path: str, within: str | None) -> bool:
        decisions = self._found.decisions
        verdict = decisions.verdicts.get(path) if within is None else None
        if verdict is None:
            if self._matcher is None:
                from celery_language_server.gitignore import Matcher

                self._matcher = Matcher(self._base, self._exclude)
            verdict = self._matcher.leaves_out(path, decisions.ignore_files, within)
            if within is None:
                decisions.verdicts[path] = verdict
        return verdict
