"""What a workspace says about Celery as a whole: tasks by their names, apps and what configures them, uses of tasks.

A file's record is made from its own analysis, whose findings do not depend on the index; put together, the records
answer the questions that no single file can. Knows no files' text and no rules.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from celery_analyzers.deployed_workers import DeployedWorkers
from celery_analyzers.environment_files import NEW_FILE, lacks, shows_variables
from celery_analyzers.index_records import ANY_CLASS, FileRecord, SourceRecord, UseRecord
from celery_analyzers.known_names import AboutName, KnownNames
from celery_analyzers.test_files import TEST_FILES, is_test
from celery_analyzers.workspace_modules import WorkspaceModules

if TYPE_CHECKING:
    from celery_analyzers.celery_commands import WorkerCommand


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
    """The records of a workspace's files, by their absolute paths.

    `files` are all Python files of the workspace, whether they concern Celery or not.
    """

    records: Mapping[str, FileRecord] = field(default_factory=dict[str, FileRecord])
    files: frozenset[str] = frozenset()
    root: str = ""
    test_files: tuple[str, ...] = TEST_FILES

    @classmethod
    def of(
        cls,
        records: Mapping[str, FileRecord],
        files: Iterable[str],
        root: str,
        test_files: tuple[str, ...] = TEST_FILES,
    ) -> ProjectIndex:
        """The index of a workspace, in the order of its paths, whatever order they were found in."""
        return cls({path: records[path] for path in sorted(records)}, frozenset(files), root, test_files)

    def with_records(self, records: Mapping[str, FileRecord]) -> ProjectIndex:
        """The index of the same files with other records."""
        index = replace(self, records=records)
        if "_modules" in self.__dict__:
            index.__dict__["_modules"] = self._modules
        return index

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

    def locks(self, path: str, function: str) -> bool:
        """Whether a task takes care that it does not run twice at a time, or may do so."""
        record = self.records.get(path)
        return record is None or any(task.locks for task in record.tasks if task.function == function)

    def names(self) -> frozenset[str]:
        """All names that tasks may have."""
        return frozenset(self._by_name)

    def names_of_tasks(self) -> tuple[tuple[tuple[str, ...], str], ...]:
        """The names of each task whose names can be told, the likeliest first, and its file inside the workspace."""
        return self._names_of_tasks

    @cached_property
    def _names_of_tasks(self) -> tuple[tuple[tuple[str, ...], str], ...]:
        return tuple(
            (task.names, self._inside(path))
            for path, record in self.records.items()
            for task in record.tasks
            if task.names
        )

    def about_name(self, name: str) -> AboutName:
        """What is known of a name that a task may have."""
        return self._known_names.about(name)

    def matches_task(self, pattern: str) -> bool:
        """Whether a pattern with `*` matches the name of a task, or may match one."""
        return self._known_names.matches(pattern)

    @cached_property
    def _known_names(self) -> KnownNames:
        tasks = {self._inside(path): record.tasks for path, record in self.records.items()}
        tests = frozenset(self._inside(path) for path in self.records if self._in_tests(path))
        return KnownNames(tasks, map(self._inside, self.files), tests)

    def _in_tests(self, path: str) -> bool:
        """Whether a file is a test, or stands among tests, by the names in its path inside the project."""
        return is_test(Path(path), Path(self.root) if self.root else None, self.test_files)

    def _inside(self, path: str) -> str:
        """The path of a file inside the workspace, with slashes."""
        return path[len(self.root) + 1 :].replace(os.sep, "/")

    def names_are_certain(self) -> bool:
        """Whether no app of the workspace makes up names of its own, and no file was left unread."""
        return self._names_are_certain

    @cached_property
    def _names_are_certain(self) -> bool:
        return not (self._has_unread_code or any(record.names_vary for record in self.records.values()))

    @cached_property
    def _has_unread_code(self) -> bool:
        return any(record.unread for path, record in self.records.items() if path.endswith(".py"))

    def uses_of(self, path: str, function: str, names: Iterable[str]) -> list[tuple[str, UseRecord]]:
        """Where a task is sent or signed, as (file, use), by the function or by any of its names."""
        found = list(self._uses.get((path, function), ()))
        for name in names:
            found += self._uses.get((None, name), ())
        return found

    def apps_for(self, path: str) -> tuple[str, ...]:
        """The modules that make the apps whose tasks `shared_task` in a file may become: the nearest in the tree of
        folders, and several where they are equally near."""
        return _nearest(path, self._apps)

    @cached_property
    def _apps(self) -> tuple[str, ...]:
        return tuple(path for path, record in self.records.items() if record.apps and not self._in_tests(path))

    def apps(self) -> tuple[str, ...]:
        """The modules that make apps."""
        return tuple(sorted(path for path, record in self.records.items() if record.apps))

    def unlimited_tasks(self, app: str) -> int:
        """How many tasks of the app that the module at `app` makes have no time limit of their own."""
        return self._unlimited_tasks.get(app, 0)

    @cached_property
    def _unlimited_tasks(self) -> dict[str, int]:
        found: dict[str, int] = defaultdict(int)
        for path, record in self.records.items():
            unlimited = [task for task in record.tasks if not task.limited]
            if not unlimited or self._in_tests(path):
                continue
            shared = self.apps_for(path)
            for task in unlimited:
                for app in (task.app,) if task.app is not None else shared:
                    found[app] += 1
        return dict(found)

    def apps_from(self, path: str) -> tuple[str, ...]:
        """The modules that make the apps which are configured from the module at `path`."""
        return self._apps_from.get(path, ())

    @cached_property
    def _apps_from(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for other, record in sorted(self.records.items()):
            modules = (path for source in record.sources for path in self._modules_of(source, other))
            for path in dict.fromkeys(modules) if record.apps else ():
                found[path] = (*found.get(path, ()), other)
        return found

    def _modules_of(self, source: SourceRecord, app: str) -> tuple[str, ...]:
        return (source.path,) if source.path else self.django_settings(app)

    def configuring(self, app: str) -> tuple[str, ...]:
        """The modules that configure the app of another one."""
        return tuple(path for path in self._configuring.get(app, ()) if path != app)

    @cached_property
    def _configuring(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for path, record in sorted(self.records.items()):
            for app in record.configures:
                found[app].append(path)
        return found

    def django_settings(self, path: str) -> tuple[str, ...]:
        """The modules that may be the settings of the Django project that a file is in."""
        return _nearest(path, self._django_settings)

    @cached_property
    def _django_settings(self) -> tuple[str, ...]:
        return tuple({module for record in self.records.values() for module in record.django_settings})

    def roles(self, path: str) -> tuple[SourceRecord, ...]:
        """What a module is to the apps that are configured from it; empty where none is."""
        return self._roles.get(path, ())

    def configuration_modules(self) -> frozenset[str]:
        """The modules that apps are configured from."""
        return frozenset(self._roles)

    @cached_property
    def _roles(self) -> dict[str, tuple[SourceRecord, ...]]:
        found: dict[str, tuple[SourceRecord, ...]] = {}
        for other, record in self.records.items():
            for source in record.sources:
                for path in self._modules_of(source, other):
                    known = found.get(path, ())
                    found[path] = known if source in known else (*known, source)
        return found

    def loads_module(self, path: str) -> bool:
        """Whether any other file, tests apart, may import the module at `path`, which is called after Celery."""
        name = Path(path).stem
        others = ((other, record) for other, record in self.records.items() if name in record.loads and other != path)
        return self._has_unread_code or any(not self._in_tests(other) for other, _ in others)

    def shared_tasks(self, app: str) -> int:
        """How many tasks are made by `shared_task`, or a wrapper of it, where the app that the module at `app` makes is
        the nearest."""
        return self._shared_tasks.get(app, 0)

    @cached_property
    def _shared_tasks(self) -> dict[str, int]:
        found: dict[str, int] = defaultdict(int)
        for path, record in self.records.items():
            shared = sum(task.app is None and task.form == "decorator" for task in record.tasks)
            for app in self.apps_for(path) if shared and not self._in_tests(path) else ():
                found[app] += shared
        return dict(found)

    def uses_class(self, name: str) -> bool:
        """Whether a task class of this name is registered, subclassed or the base of a task somewhere, or may be."""
        return self._has_unread_code or not self._classes.isdisjoint((name, ANY_CLASS))

    @cached_property
    def _classes(self) -> frozenset[str]:
        return frozenset(name for record in self.records.values() for name in record.classes)

    def speaks_of(self, name: str, path: str) -> bool:
        """Whether any other file than the one at `path` holds a name that looks like a setting of Celery's."""
        return any(name in record.speaks_of for other, record in self.records.items() if other != path)

    def reads(self, attribute: str) -> bool:
        """Whether code of the workspace reads a task option as an attribute, or may do so unseen."""
        return self._has_unread_code or attribute in self._reads

    @cached_property
    def _reads(self) -> frozenset[str]:
        return frozenset(attribute for record in self.records.values() for attribute in record.reads)

    def serializes_in_own_ways(self) -> bool:
        """Whether code of the workspace has a say in how messages are written."""
        return any(record.serializes for record in self.records.values())

    def command_values(self, option: str) -> tuple[object, ...]:
        """The values that the workspace's command lines give a worker's option, None for one that cannot be told."""
        return self._workers.values(option)

    def worker_pools(self) -> tuple[str | None, ...]:
        """The pools that the workspace's workers are started with: None where that cannot be told, empty texts where
        the settings decide."""
        return self._workers.pools

    def queues_consumed(self) -> tuple[tuple[str, ...], bool] | None:
        """The queues that the workers of deployment files are started with, and whether some worker is started without
        any, so that it takes those of its app's settings; None where no worker is started, or not all can be told."""
        return self._workers.queues()

    @property
    def commands(self) -> tuple[WorkerCommand, ...]:
        """The workers that deployment files start."""
        return self._workers.commands

    @cached_property
    def _workers(self) -> DeployedWorkers:
        return DeployedWorkers(self.records)

    def environment_example(self, variable: str, path: str) -> str | None:
        """The file nearest to another that shows the project's environment variables and lacks this one; where the
        project has no such file, the path of one to be created."""
        shown = {each: record.words for each, record in self.records.items() if shows_variables(record.words)}
        if not path or not shown:
            return os.path.join(self.root, NEW_FILE) if path and self.root else None
        return next(iter(_nearest(path, (each for each, words in shown.items() if lacks(words, variable)))), None)

    def mentions(self, word: str) -> bool:
        """Whether any file of the workspace speaks of TIME_LIMIT, RESULT_BACKEND or the like, in whatever form."""
        return word in self._words

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(word for record in self.records.values() for word in record.words)

    def has_module(self, name: str) -> bool:
        """Whether the workspace has a module of this dotted name, under whatever folder."""
        return self._modules.has_module(name)

    def has_package(self, name: str) -> bool:
        """Whether the workspace has a folder of this dotted name with Python files in it."""
        return self._modules.has_package(name)

    @cached_property
    def _modules(self) -> WorkspaceModules:
        return WorkspaceModules(self.files, self.root)

    def meaning(self) -> object:
        """What findings can depend on: equal meanings give equal answers to all questions of rules."""
        records = [(path, record.meaning()) for path, record in sorted(self.records.items()) if not record.is_empty()]
        return records, sorted(self.files)


def _nearest(path: str, modules: Iterable[str]) -> tuple[str, ...]:
    """Those modules that share most folders with a file."""
    near = [(len(os.path.commonpath((path, module))), module) for module in modules]
    nearest = max((depth for depth, _ in near), default=0)
    return tuple(sorted(module for depth, module in near if depth == nearest))
