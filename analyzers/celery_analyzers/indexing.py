"""Makes the records of the index: of a Python file from its analysis, of others from the words in them.

Knows how to find a workspace's files where nobody names them. Must not know rules, nor who keeps what is found.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.bindings import STAR, ImportBinding
from celery_analyzers.call_facts import Dispatch
from celery_analyzers.command_lines import commands_in, is_deployment_file
from celery_analyzers.configuration import app_attributes
from celery_analyzers.configuration_files import ALL_WORDS, is_configuration, words_in
from celery_analyzers.configuration_sources import apps_configured, apps_made, sources_of
from celery_analyzers.effective import may_be_limited, names_of
from celery_analyzers.environment_files import example_words, is_example
from celery_analyzers.expressions import Expression, Reference
from celery_analyzers.index import ProjectIndex
from celery_analyzers.index_records import ANY_CLASS, FileRecord, SourceRecord, TaskRecord, UseRecord
from celery_analyzers.long_text import LARGEST_MODULE
from celery_analyzers.project import Project
from celery_analyzers.registry import RuleSet
from celery_analyzers.relevance import concerns_celery
from celery_analyzers.resolution import resolve
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.symbols import External, ProjectClass, ProjectFunction, Scope, Symbol
from celery_analyzers.task_facts import TaskClass, TaskDefinition
from celery_analyzers.tasks import ProjectTask

NO_RULES = RuleSet(())
SKIPPED = frozenset({"__pycache__", "build", "dist", "env", "node_modules", "site-packages", "venv"})
"""Folders that hold no code of a project."""
MOST_FILES = 50_000
"""Files that a workspace is searched for at most."""
_DJANGO_SETTINGS = re.compile(r"""DJANGO_SETTINGS_MODULE["']?\s*[,\]=:)]+\s*=?\s*["']([\w.]+)["']""")
_READS = re.compile(r"\.(retry_backoff|retry_jitter|retry_backoff_max|max_retries|default_retry_delay|retry_kwargs)\b")
_SETTING = re.compile(r"\b(?:CELERY|BROKER)\w*")
_LIMITING_DECORATOR = re.compile(r"time_?(?:out|limit)", re.IGNORECASE)
_LOCKS = re.compile(
    r"lock|mutex|semaphore|setnx|\bnx\b|cache\.add|once|single|unique|overlap|concurren|already|running", re.IGNORECASE
)
"""What the code of a task holds that may take care that it does not run twice at a time."""
SERIALIZES = re.compile(r"\bkombu\.(?:serialization|utils\.json)\b|\bkombu\b.*\bserialization\b|\bregister_type\b")
"""What a file holds that may teach kombu to write what it cannot write by itself."""
_NAMING = re.compile(r"\bdef[ \t]+gen_task_name\b|\bgen_task_name[ \t]*=")
_REGISTERS = re.compile(r"(?<!def )\b(?:register_task|tasks\.register)[ \t]*\(\s*([\w.]*)")
_LOADS = re.compile(
    r"^[ \t]*from[ \t]+[\w.]*\.(\w*celery\w*)[ \t]+import"
    r"|^[ \t]*from[ \t]+(\w+celery\w*|celery\w+)[ \t]+import"
    r"|^[ \t]*from[ \t]+[\w.]+[ \t]+import[^\n]*?\b(\w*celery\w*)\b"
    r"|^[ \t]*import[ \t]+(?:[\w.]*\.)?(\w*celery\w*)"
    r"|[\"'][\w.]+\.(\w*celery\w*)[\"':]",
    re.MULTILINE | re.IGNORECASE,
)
"""Imports of modules that are called after Celery; of Celery itself some are taken for such, which does no harm."""
_DEEPEST = 8


def record_of(analysis: FileAnalysis, project: Project) -> FileRecord:
    """What a Python file adds to the index by what its code says. `project` has no index."""
    scope = analysis.scope
    # Afterwards the project tells what the record depends on.
    scope.begin()
    project.begin()
    tasks: list[TaskRecord] = []
    uses: list[UseRecord] = []
    classes = set(_registered_classes(analysis.text))
    for index, segment in enumerate(analysis.segments):
        for fact in segment.facts:
            if isinstance(fact, TaskDefinition) and fact.function is not None:
                line = analysis.line_starts[index] + segment.lines.position(fact.span.start)[0]
                locks = _LOCKS.search(segment.segment.text) is not None
                tasks.append(_task(fact, line, scope, project, locks=locks))
            elif isinstance(fact, TaskDefinition) and (home := _home(fact, scope)) is not None:
                line = analysis.line_starts[index] + segment.lines.position(fact.span.start)[0]
                tasks.append(_task(fact, line, home, project, locks=True))
            elif isinstance(fact, Dispatch) and (use := _use(fact)) is not None:
                line = analysis.line_starts[index] + segment.lines.position(fact.span.start)[0]
                uses.append(UseRecord(*use, line, fact.method))
            if isinstance(fact, TaskClass):
                classes.update(path.rpartition(".")[2] for path in map(_path_of, fact.owner.binding.bases) if path)
            elif isinstance(fact, TaskDefinition) and isinstance(fact.base, ProjectClass):
                classes.add(fact.base.binding.name)
    text = analysis.text
    apps = list(apps_made(scope))
    return FileRecord(
        tuple(tasks),
        tuple(uses),
        len(apps),
        _NAMING.search(text) is not None or (bool(apps) and "gen_task_name" in app_attributes(scope)),
        tuple(dict.fromkeys(_sources(scope))),
        tuple(dict.fromkeys(_path(module) for module in apps_configured(scope))),
        tuple(_django_settings(text, scope)),
        tuple(sorted(set(_READS.findall(text)))),
        SERIALIZES.search(text) is not None,
        tuple(sorted(set(_SETTING.findall(text)))),
        bool(analysis.problems()) or "\ufffd" in text,
        classes=tuple(sorted(classes)),
        loads=tuple(sorted({name for match in _LOADS.finditer(text) for name in match.groups() if name})),
    )


def _registered_classes(text: str) -> Iterator[str]:
    """The names of classes that a text registers as tasks; ANY_CLASS where it may be any."""
    if "__subclasses__" in text:
        yield ANY_CLASS
    for match in _REGISTERS.finditer(text):
        name = match[1].rpartition(".")[2]
        yield name if name[:1].isupper() else ANY_CLASS


def _path_of(value: Expression) -> str:
    return value.path if isinstance(value, Reference) else ""


def _home(task: TaskDefinition, scope: ModuleScope) -> Scope | None:
    """The scope of the other module whose function a call here makes a task of."""
    symbol = resolve(task.name, scope)
    return symbol.scope if isinstance(symbol, ProjectFunction) and symbol.scope.module_scope is not scope else None


def _task(task: TaskDefinition, line: int, scope: Scope, project: Project, *, locks: bool) -> TaskRecord:
    app = task.maker.app
    names = names_of(task, scope, project)
    if names is not None:
        further = [name for name in task.also_named if name is not None]
        names = (*names, *cast("list[str]", further)) if all(isinstance(name, str) for name in further) else None
    return TaskRecord(
        task.name,
        line,
        names,
        isinstance(task.value("name"), str),
        _path(app) if app is not None else None,
        task.form,
        nested=task.nested,
        limited=may_be_limited(task, scope, project) or any(map(_limits_time, task.inner)),
        conditional=task.conditional,
        locks=locks,
    )


def _limits_time(decorator: Symbol) -> bool:
    """Whether a decorator is called like one that ends a function in time."""
    if isinstance(decorator, (ProjectFunction, ProjectClass)):
        return _LIMITING_DECORATOR.search(decorator.binding.name) is not None
    return isinstance(decorator, External) and _LIMITING_DECORATOR.search(decorator.path) is not None


def _use(dispatch: Dispatch) -> tuple[str | None, str] | None:
    task = dispatch.task
    if isinstance(task, ProjectTask):
        return _path(task.scope), task.name
    return (None, dispatch.target) if isinstance(dispatch.target, str) else None


def _path(scope: Scope | None) -> str:
    module = scope.module_scope if scope is not None else None
    return str(module.path) if isinstance(module, ModuleScope) and module.path is not None else ""


def _sources(scope: ModuleScope) -> Iterator[SourceRecord]:
    for source in sources_of(scope):
        if source.kind == "django":
            yield SourceRecord(None, None, source.namespace)
        elif source.kind == "module" and source.scope is not None:
            for path in star_imports(source.scope):
                yield SourceRecord(path, None, source.namespace)
        elif source.kind == "class" and isinstance(source.values, ProjectClass):
            yield SourceRecord(_path(source.scope), source.values.binding.name, source.namespace)


def star_imports(module: Scope, depth: int = _DEEPEST) -> list[str]:
    """The paths of a module and of those whose names it takes over by `from ... import *`."""
    found = [_path(module)]
    stars, where = module.module_scope.lookup(STAR)
    for star in stars if depth > 0 else ():
        assert isinstance(star, ImportBinding)
        inner = where.modules.module(where.module_scope, star.module, star.level) if where.modules else None
        if inner is not None and _path(inner) not in found:
            found.extend(path for path in star_imports(inner, depth - 1) if path not in found)
    return found


def _django_settings(text: str, scope: ModuleScope) -> list[str]:
    """The modules of the settings that a file names, those that they take over, and those beside them, of which the
    environment chooses one."""
    found: list[str] = []
    modules = scope.modules
    if "DJANGO_SETTINGS_MODULE" not in text or not isinstance(modules, Project):
        return found
    for name in _DJANGO_SETTINGS.findall(text):
        package, _, own = name.rpartition(".")
        named = modules.module(scope, name, 0)
        beside = named or (modules.module(scope, package, 0) if package else None)
        if beside is None:
            continue
        folder = Path(_path(beside)).parent
        pattern = "*.py" if folder.name == "settings" else f"{own}*.py"
        paths = ([Path(_path(named))] if named else []) + sorted(folder.glob(pattern))
        for path in paths:
            module = modules.module_at(path)
            found.extend(p for p in (star_imports(module) if module else ()) if p not in found)
    return found


def concerns_index(inside: str) -> bool:
    """Whether a file, by its path inside the workspace, may add something to the index."""
    named = is_configuration(inside) or is_deployment_file(inside) or is_example(inside)
    return inside.endswith(".py") or named


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file adds to the index, and the other files that this depends on. `analysis` is what it was read from,
    for who has use for it."""

    record: FileRecord
    dependencies: frozenset[Path] = frozenset()
    analysis: FileAnalysis | None = None


def read_record(path: Path, inside: str, data: bytes | None, project: Project) -> Reading:
    """What the file at `path` adds to the index.

    `inside` is its path inside the workspace, `data` its content, None where it cannot be read. `project` has no index:
    a record must not depend on other records.
    """
    record, dependencies, analysis = FileRecord(), set[Path](), None
    is_python = path.suffix == ".py"
    if data is None or (is_python and b"\0" in data):
        record = FileRecord(unread=is_python or is_deployment_file(inside))
    elif is_python and concerns_celery(data):
        analysis = FileAnalysis(data.decode("utf-8", "replace"), rules=NO_RULES, project=project, path=path)
        record, dependencies = record_of(analysis, project), analysis.dependencies() | project.consulted
    record = with_words(record, inside, data)
    if data is not None and is_deployment_file(inside):
        record = replace(record, commands=tuple(commands_in(path, data)))
    return Reading(record, frozenset(dependencies - {path}), analysis)


def with_words(record: FileRecord, inside: str, data: bytes | None) -> FileRecord:
    """A file's record with what the file speaks of, if it is one that may say how workers are set up."""
    if is_example(inside):
        return replace(record, words=tuple(sorted(example_words(data or b""))))
    if not is_configuration(inside):
        return record
    words = ALL_WORDS if data is None else words_in(data)
    return replace(record, words=tuple(sorted(words)))


def index_of(root: Path, files: Iterable[Path] | None = None) -> ProjectIndex:
    """The index of the workspace under `root`, made here and now; of its Python `files` only, if they are given."""
    project = Project(root)
    given = None if files is None else set(files)
    records: dict[str, FileRecord] = {}
    python: set[str] = set()
    for path in _walk(root):
        inside = path.relative_to(root).as_posix()
        if path.suffix == ".py":
            if given is not None and path not in given:
                continue
            python.add(str(path))
        if concerns_index(inside):
            record = read_record(path, inside, read(path), project).record
            if not record.is_empty():
                records[str(path)] = record
    return ProjectIndex.of(records, python, str(root))


def read(path: Path) -> bytes | None:
    """The bytes of a file; None where it cannot be read, or is too large to be of use."""
    try:
        return path.read_bytes() if path.is_file() and path.stat().st_size <= LARGEST_MODULE else None
    except OSError:
        return None


def _walk(root: Path) -> Iterator[Path]:
    """The files under a folder, past hidden ones and those of libraries."""
    seen = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in SKIPPED)
        for name in sorted(names):
            seen += 1
            if seen > MOST_FILES:
                return
            yield Path(folder, name)
