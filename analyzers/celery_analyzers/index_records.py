"""What one file adds to the index of a workspace: tasks, uses of tasks, what apps are configured from.

Records are frozen and go to JSON and back. Knows no file's text, no other record and no rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from celery_analyzers.celery_commands import WorkerCommand


TIME_LIMIT = "time-limit"
ASYNC_POOL = "async-pool"
OTHER_SCHEDULER = "other-scheduler"
RECYCLING = "recycling"
RESULT_BACKEND = "result-backend"
ANY_CLASS = "*"
"""Stands among the names of classes for those that code which cannot be told may register."""


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
    limited: bool = False
    """Whether the task or its base class sets a time limit, or may."""
    conditional: bool = False
    locks: bool = False
    """Whether its code, or a decorator, says something of a lock or the like."""


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
    `reads` the task options that the file reads as attributes, and `speaks_of` the names in it that look like settings
    of Celery's. `serializes` tells that the file has a say in how messages are written, `unread` that not all of it
    could be read, so that it may hold more. `words` are what a configuration file speaks of, TIME_LIMIT and ASYNC_POOL,
    `commands` the workers that a deployment file starts, and `classes` the names of task classes that are registered,
    subclassed or the base of a task, and `loads` the modules that the file may import and that are called after Celery,
    by the last part of their names.
    """

    tasks: tuple[TaskRecord, ...] = ()
    uses: tuple[UseRecord, ...] = ()
    apps: int = 0
    names_vary: bool = False
    sources: tuple[SourceRecord, ...] = ()
    configures: tuple[str, ...] = ()
    django_settings: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    serializes: bool = False
    speaks_of: tuple[str, ...] = ()
    unread: bool = False
    words: tuple[str, ...] = ()
    commands: tuple[WorkerCommand, ...] = ()
    classes: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()

    def is_empty(self) -> bool:
        """Whether the file adds nothing."""
        return self == _EMPTY

    def meaning(self) -> object:
        """What others can depend on: all but the lines and the uses."""
        tasks = tuple(replace(task, line=0) for task in self.tasks)
        commands = tuple((command.kind, command.options) for command in self.commands)
        return replace(self, tasks=(), uses=(), commands=()), tasks, commands

    def to_json(self) -> list[Any]:
        """The record as JSON takes it."""
        return [_plain(getattr(self, field.name)) for field in fields(self)]

    @classmethod
    def from_json(cls, value: list[Any]) -> FileRecord:
        """The record that `to_json` made the value of."""
        return cls(*(_made(_PARTS.get(field.name), item) for field, item in zip(fields(cls), value, strict=True)))


_PARTS: dict[str, Callable[..., Any]] = {"tasks": TaskRecord, "uses": UseRecord, "sources": SourceRecord}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in cast("tuple[Any, ...]", value)]
    if isinstance(value, (TaskRecord, UseRecord, SourceRecord)):
        return [_plain(getattr(value, field.name)) for field in fields(value)]
    if is_dataclass(value):
        # A command: by name, so that only a file that has one costs the import of what knows commands.
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return str(value) if isinstance(value, Path) else value


def _made(part: Callable[..., Any] | None, value: Any) -> Any:
    if isinstance(value, dict):
        return _command(cast("dict[str, Any]", value))
    if not isinstance(value, list):
        return value
    items = cast("list[Any]", value)
    if part is None:
        return tuple(_made(None, item) for item in items)
    return tuple(part(*(_made(None, field) for field in item)) for item in items)


def _command(values: dict[str, Any]) -> WorkerCommand:
    from celery_analyzers.celery_commands import WorkerCommand

    given: dict[str, Any] = {name: _made(None, value) for name, value in values.items()}
    given["path"] = Path(values["path"])
    return WorkerCommand(**given)


_EMPTY = FileRecord()
