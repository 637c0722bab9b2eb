"""The names that the tasks of a workspace go by, and what may be said of a name that none of them has.

Knows files, functions and names. Must not know texts, nor rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from celery_analyzers.spelling import correction

if TYPE_CHECKING:
    from celery_analyzers.index_records import TaskRecord

BUILTIN_TASKS = frozenset(
    f"celery.{name}"
    for name in ("accumulate", "backend_cleanup", "chain", "chord", "chord_unlock", "chunks", "group", "map", "starmap")
)
"""The tasks that every app has."""
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class AboutName:
    """What a workspace knows of a task's name.

    `is_known` tells that a task has it, and `may_be` that one may have whose names cannot be told. Where neither is so,
    `is_certain` tells that the names of all tasks are known, `modules` are the files that the module in the name may
    be, and `meant` is the name that was probably meant. `is_own` tells that this is the same task by its right name.
    """

    is_known: bool
    may_be: bool = False
    is_certain: bool = True
    modules: tuple[str, ...] = ()
    meant: str | None = None
    is_own: bool = False


KNOWN = AboutName(True)
UNTOLD = AboutName(False, may_be=True)


class KnownNames:
    """The names of `tasks`, by the path of their file inside the workspace, among its `files`. Those of `tests` may be
    used, but leave nothing open."""

    def __init__(
        self, tasks: Mapping[str, Iterable[TaskRecord]], files: Iterable[str], tests: frozenset[str] = frozenset()
    ) -> None:
        self._files = tuple(files)
        self._all: set[str] = set()
        self._generated: list[tuple[str, str]] = []
        self._given: list[tuple[str, str, str]] = []
        self._untold: list[tuple[str, str]] = []
        for path, records in tasks.items():
            module = _module_of(path)
            for task in records:
                if task.names is not None:
                    self._add(module, task.function, task.names, task.given)
                elif path not in tests:
                    self._untold.append((module, task.function))

    def _add(self, module: str, function: str, names: Iterable[str], given: bool) -> None:
        self._all.update(names)
        if given:
            self._given.extend((module, function, name) for name in names)
        else:
            self._generated.append((module, function))
            self._all.update(_names_of(module, function))

    def about(self, name: str) -> AboutName:
        """What is known of a name."""
        if name in self._all:
            return KNOWN
        module, _, function = name.rpartition(".")
        modules = tuple(path for path in self._files if _ends_with(_module_of(path), module)) if module else ()
        if any(function == other or (module and _ends_with(home, module)) for home, other in self._untold):
            return UNTOLD
        own = [given for home, other, given in self._given if other == function and module and _ends_with(home, module)]
        meant = own[0] if len(own) == 1 else self._meant(name, module, function)
        return AboutName(False, False, not self._untold, modules, meant, len(own) == 1)

    def _meant(self, name: str, module: str, function: str) -> str | None:
        given = [known for _, _, known in self._given]
        if not module:
            return _slip(name, (known for known in given if "." not in known))
        beside = {other for home, other in self._generated if _ends_with(home, module)}
        beside.update(known.rpartition(".")[2] for known in given if known.rpartition(".")[0] == module)
        near = _slip(function, beside)
        if near is not None:
            return f"{module}.{near}"
        homes = [home for home, other in self._generated if other == function]
        same = [[known for known in given if known.rpartition(".")[2] == function and known != function]]
        same += [list(_names_of(home, function)) for home in homes]
        package = f"{module.partition('.')[0]}."
        moved = [known for names in same for known in names if known.startswith(package)]
        if moved:
            return moved[0] if len(moved) == 1 else None
        return _slip(name, (known for names in same for known in names))

    def matches(self, pattern: str) -> bool:
        """Whether a pattern with `*` matches the name of a task, or may match one."""
        if any(fnmatchcase(name, pattern) for name in self._all):
            return True
        start = re.split(r"[*?\[]", pattern)[0].rpartition(".")[0]
        return any(f".{start}." in f".{home}." for home, _ in self._untold)


def _slip(name: str, known: Iterable[str]) -> str | None:
    """The name that this is a slip of. Another number is no slip."""
    right = correction(name, known)
    return None if right is None or _DIGITS.sub("", right) == _DIGITS.sub("", name) else right


def _names_of(module: str, function: str) -> Iterator[str]:
    """The names that a task may have, as Python may be started in any folder."""
    parts = [*module.split("."), function]
    return (".".join(parts[start:]) for start in range(len(parts) - 1))


def _module_of(path: str) -> str:
    """The dotted name of a file inside the workspace."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _ends_with(module: str, end: str) -> bool:
    return module == end or module.endswith(f".{end}")
