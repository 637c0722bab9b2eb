"""Finds the file that configures a folder, and the folder's root.

Knows names and places. Must not know what settings mean, and imports next to nothing: every run of
`celeryls check` starts here, and pathlib or tomllib cost as much as all else in a run that finds no changes.
"""

from __future__ import annotations

import os

OWN_FILES = ("celeryls.toml", ".celeryls.toml")
PYPROJECT = "pyproject.toml"
_ROOT_MARKERS = (".git", ".hg", PYPROJECT, "setup.cfg", "setup.py")
_PART_MARKERS = ("manage.py", *OWN_FILES)
"""Names of what stands at the root of a project, or of a part of one."""


class ConfigurationError(Exception):
    """A configuration that cannot be understood. The text tells the file, the key and what was expected."""


class ConfigurationFile:
    """The file that configures the folder `root`, and its content."""

    __slots__ = ("content", "path", "root")

    def __init__(self, path: str, content: bytes) -> None:
        self.path = path
        self.root = os.path.dirname(path)
        self.content = content


def find(folder: str) -> ConfigurationFile | None:
    """The file that configures `folder`: the nearest of its own and its parents', a file of our own before
    pyproject.toml. Raises ConfigurationError where it cannot be read.
    """
    for directory in parents_of(folder):
        for name in (*OWN_FILES, PYPROJECT):
            path = os.path.join(directory, name)
            content = _read(path)
            if content is not None and (name != PYPROJECT or _has_table(path, content)):
                return ConfigurationFile(path, content)
    return None


def root_of(folder: str) -> str:
    """The root of the project that `folder` belongs to, where no configuration says so."""
    for markers in (_ROOT_MARKERS, _PART_MARKERS):
        for directory in parents_of(folder):
            if _holds(directory, markers):
                return directory
    here = os.getcwd()
    return here if os.path.commonpath((here, folder)) == here else folder


def is_project(folder: str) -> bool:
    """Whether a folder is the root of a project, whose files belong together: a home directory is none."""
    return _holds(folder, (*_ROOT_MARKERS, *_PART_MARKERS))


def _holds(folder: str, names: tuple[str, ...]) -> bool:
    return any(os.path.exists(os.path.join(folder, name)) for name in names)


def parse(path: str, content: bytes) -> dict[str, object]:
    """What a TOML file holds. Raises ConfigurationError, with the line where there is one."""
    try:
        from tomllib import loads  # pyright: ignore[reportMissingImports, reportUnknownVariableType]
    except ModuleNotFoundError:  # Python 3.10
        from tomli import loads  # pyright: ignore[reportMissingImports, reportUnknownVariableType]

    try:
        return loads(content.decode("utf-8-sig"))  # pyright: ignore[reportUnknownVariableType]
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{path}:{line}: not valid TOML: this is not UTF-8") from None
    except ValueError as error:
        reason, _, place = str(error).rpartition(" (at ")
        where = place.rstrip(")").removeprefix("line ").partition(",")[0]
        line = int(where) if where.isdecimal() else content.rstrip().count(b"\n") + 1
        raise ConfigurationError(f"{path}:{line}: not valid TOML: {reason or error}") from None


def parents_of(folder: str) -> list[str]:
    """A folder and those that it stands in, from the inside out."""
    folders = [folder]
    while (parent := os.path.dirname(folders[-1])) != folders[-1]:
        folders.append(parent)
    return folders


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        if os.path.basename(path) == PYPROJECT:
            return None
        raise ConfigurationError(f"{path}: could not be read: {error.strerror}") from None


def _has_table(path: str, content: bytes) -> bool:
    if b"celeryls" not in content:
        return False
    if b"\n[tool.celeryls]" in content:
        return True
    tool = parse(path, content).get("tool")
    return isinstance(tool, dict) and "celeryls" in tool
