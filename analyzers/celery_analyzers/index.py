"""What a workspace says about Celery as a whole: tasks by their names, apps and what configures them, uses of tasks.

A file's record is made from its own analysis, whose findings do not depend on the index; put together, the records
answer the questions that no single file can. Records are frozen and go to JSON and back. Knows no files' text and no
rules.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from celery_analyzers.known_names import AboutName, KnownNames

if TYPE_CHECKING:
    from celery_analyzers.command_lines import WorkerCommand

TIME_LIMIT = "time-limit"
ASYNC_POOL = "async-pool"
OTHER_SCHEDULER = "other-scheduler"
BUILTIN_TASKS = frozenset(
    f"celery.{name}"
    for name in ("accumulate", "backend_cleanup", "chain", "chord", "chord_unlock", "chunks", "group", "map", "starmap")
)
"""The tasks that every app has."""


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """A task definition: the name of its function or class, its line, and the names that Celery may know it by.

    `names` is None where they cannot be told. `given` tells whether `name=` gives it. `app` is the path of the module
    that makes its app, None for a task of the current app. `nested` tasks are registered only where their function
    runs; `conditional` ones stand in an `if` or a `try`, perhaps beside another of the same name.
    """

    function: str
    line: int
    names: tuple[str, ...] | None
    given: bool = False
    app: str | None = None
    form: str = "decorator"
    nested: bool = False
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class UseRecord:
    """A place that sends a task or makes a signature of it. The task is the one that the module at `path` calls
    `name`; without a path, `name` is the task's name to Celery."""

    path: str | None
    name: str
    line: int
    method: str


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A module, or a class in it, that an app is configured from; without a path, Django's settings."""

    path: str | None
    owner: str | None
    namespace: str | None


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What one file adds to the index. Paths are absolute.

    `apps` counts the apps that the module makes, `sources` are what these are configured from, and `configures` the
    modules of other apps that the module configures, empty texts for apps that are not known. `names_vary` tells that
    an app of the module makes up names of its own. `django_settings` are the modules that Django's settings may be, and
    `reads` the task options that the file reads as attributes.
    """

    tasks: tuple[TaskRecord, ...] = ()
    uses: tuple[UseRecord, ...] = ()
    apps: int = 0
    names_vary: bool = False
    sources: tuple[SourceRecord, ...] = ()
    configures: tuple[str, ...] = ()
    django_settings: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()

    def is_empty(self) -> bool:
        """Whether the file adds nothing."""
        return self == _EMPTY

    def meaning(self) -> object:
        """What others can depend on: all but the lines and the uses."""
        tasks = tuple((t.function, t.names, t.given, t.app, t.form, t.nested, t.conditional) for t in self.tasks)
        rest = (self.apps, self.names_vary, self.sources, self.configures, self.django_settings, self.reads)
        return (tasks, *rest)

    def to_json(self) -> list[Any]:
        """The record as JSON takes it."""
        return [
            [[t.function, t.line, t.names, t.given, t.app, t.form, t.nested, t.conditional] for t in self.tasks],
            [[u.path, u.name, u.line, u.method] for u in self.uses],
            self.apps,
            self.names_vary,
            [[s.path, s.owner, s.namespace] for s in self.sources],
            self.configures,
            self.django_settings,
            self.reads,
        ]

    @classmethod
    def from_json(cls, value: list[Any]) -> FileRecord:
        """The record that `to_json` made the value of."""
        tasks, uses, apps, names_vary, sources, configures, django_settings, reads = value
        return cls(
            tuple(TaskRecord(f, line, None if n is None else tuple(n), *rest) for f, line, n, *rest in tasks),
            tuple(UseRecord(*use) for use in uses),
            apps,
            names_vary,
            tuple(SourceRecord(*source) for source in sources),
            tuple(configures),
            tuple(django_settings),
            tuple(reads),
        )


_EMPTY = FileRecord()


@dataclass(frozen=True, slots=True)
class NamedTask:
    """A task that goes by a name: the file and the function or class that defines it."""

    path: str
    function: str
    given: bool
    app: str | None
    form: str
    nested: bool
    conditional: bool


@dataclass(frozen=True)
class ProjectIndex:
    """The records of a workspace's files, by their absolute paths, and what deployment files say.

    `files` are all Python files of the workspace, whether they concern Celery or not.
    """

    records: Mapping[str, FileRecord] = field(default_factory=dict[str, FileRecord])
    files: frozenset[str] = frozenset()
    commands: tuple[WorkerCommand, ...] = ()
    words: frozenset[str] = frozenset()
    """What files of the workspace were found to speak of: TIME_LIMIT, ASYNC_POOL, OTHER_SCHEDULER."""
    root: str = ""

    @cached_property
    def _by_name(self) -> dict[str, list[NamedTask]]:
        found: dict[str, list[NamedTask]] = defaultdict(list)
        for path, record in self.records.items():
            for task in record.tasks:
                named = NamedTask(path, task.function, task.given, task.app, task.form, task.nested, task.conditional)
                for name in task.names or ():
                    found[name].append(named)
        return found

    @cached_property
    def _uses(self) -> dict[tuple[str | None, str], list[tuple[str, UseRecord]]]:
        found: dict[tuple[str | None, str], list[tuple[str, UseRecord]]] = defaultdict(list)
        for path, record in self.records.items():
            for use in record.uses:
                found[use.path, use.name].append((path, use))
        return found

    def tasks_named(self, name: str) -> tuple[NamedTask, ...]:
        """The tasks that Celery may know by a name."""
        return tuple(self._by_name.get(name, ()))

    def names(self) -> frozenset[str]:
        """All names that tasks may have."""
        return frozenset(self._by_name)

    def about_name(self, name: str) -> AboutName:
        """What is known of a name that a task may have."""
        return self._known_names.about(name)

    def matches_task(self, pattern: str) -> bool:
        """Whether a pattern with `*` matches the name of a task, or may match one."""
        return self._known_names.matches(pattern)

    @cached_property
    def _known_names(self) -> KnownNames:
        tasks = {self._inside(path): record.tasks for path, record in self.records.items()}
        tests = frozenset(self._inside(path) for path in self.records if in_tests(path, self.root))
        return KnownNames(tasks, map(self._inside, self.files), tests)

    def _inside(self, path: str) -> str:
        """The path of a file inside the workspace, with slashes."""
        return path[len(self.root) + 1 :].replace(os.sep, "/")

    def names_are_certain(self) -> bool:
        """Whether no app of the workspace makes up names of its own."""
        return not any(record.names_vary for record in self.records.values())

    def uses_of(self, path: str, function: str, names: Iterable[str]) -> list[tuple[str, UseRecord]]:
        """Where a task is sent or signed, as (file, use), by the function or by any of its names."""
        found = list(self._uses.get((path, function), ()))
        for name in names:
            found += self._uses.get((None, name), ())
        return found

    def apps_for(self, path: str) -> tuple[str, ...]:
        """The modules that make the apps whose tasks `shared_task` in a file may become: the nearest in the tree of
        folders, and several where they are equally near."""
        made = [other for other, record in self.records.items() if record.apps and not in_tests(other, self.root)]
        near = [(len(os.path.commonpath((path, other))), other) for other in made]
        nearest = max((depth for depth, _ in near), default=0)
        return tuple(sorted(other for depth, other in near if depth == nearest))

    def configuring(self, app: str) -> tuple[str, ...]:
        """The modules that configure the app of another one."""
        return tuple(sorted(path for path, record in self.records.items() if app in record.configures and path != app))

    def django_settings(self, path: str) -> tuple[str, ...]:
        """The modules that may be the settings of the Django project that a file is in."""
        found = {
            (len(os.path.commonpath((path, module))), module)
            for record in self.records.values()
            for module in record.django_settings
        }
        nearest = max((depth for depth, _ in found), default=0)
        return tuple(sorted(module for depth, module in found if depth == nearest))

    def roles(self, path: str) -> tuple[SourceRecord, ...]:
        """What a module is to the apps that are configured from it; empty where none is."""
        return self._roles.get(path, ())

    @cached_property
    def _roles(self) -> dict[str, tuple[SourceRecord, ...]]:
        found: dict[str, tuple[SourceRecord, ...]] = {}
        for other, record in self.records.items():
            for source in record.sources:
                for path in (source.path,) if source.path else self.django_settings(other):
                    known = found.get(path, ())
                    found[path] = known if source in known else (*known, source)
        return found

    def reads(self, attribute: str) -> bool:
        """Whether code of the workspace reads a task option as an attribute."""
        return any(attribute in record.reads for record in self.records.values())

    def command_values(self, option: str) -> tuple[object, ...]:
        """The values that the workspace's command lines give a worker's option, None for one that cannot be told."""
        return tuple(value for command in self.commands for name, value in command.options if name == option)

    def mentions(self, word: str) -> bool:
        """Whether any file of the workspace speaks of something, in whatever form."""
        return word in self.words

    def has_module(self, name: str) -> bool:
        """Whether the workspace has a module of this dotted name, under whatever folder."""
        stem = name.replace(".", "/")
        return f"{stem}.py" in self._suffixes or f"{stem}/__init__.py" in self._suffixes

    def has_package(self, name: str) -> bool:
        """Whether the workspace has a folder of this dotted name with Python files in it."""
        return name.replace(".", "/") + "/" in self._suffixes

    @cached_property
    def _suffixes(self) -> frozenset[str]:
        """The paths of the files, and of the folders they stand in, from every folder on."""
        found: set[str] = set()
        start = len(self.root) + 1
        for path in self.files:
            parts = path[start:].replace(os.sep, "/").split("/")
            for position in range(len(parts)):
                found.add("/".join(parts[position:]))
                folder = parts[position:-1]
                found.update("/".join(folder[: end + 1]) + "/" for end in range(len(folder)))
        return frozenset(found)

    def meaning(self) -> object:
        """What findings can depend on: equal meanings give equal answers to all questions of rules."""
        records = sorted((path, record.meaning()) for path, record in self.records.items() if not record.is_empty())
        return records, sorted(self.files), sorted(self.words), [(c.kind, c.options) for c in self.commands]


def in_tests(path: str, root: str) -> bool:
    """Whether a file is a test, or stands among tests, by the names in its path inside the project."""
    from celery_analyzers.test_files import is_test

    return is_test(Path(path), Path(root) if root else None)
