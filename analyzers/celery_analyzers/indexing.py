"""Makes the index of a workspace: a file's record from its analysis, and all that is asked of other files together.

Knows how to find a workspace's files where nobody names them. Must not know rules, nor who keeps what is found.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.bindings import STAR, ImportBinding
from celery_analyzers.command_lines import WorkerCommand, commands_in, is_deployment_file
from celery_analyzers.configuration import app_attributes, apps_configured, apps_made, sources_of
from celery_analyzers.effective import names_of
from celery_analyzers.facts import Dispatch, TaskDefinition
from celery_analyzers.index import (
    ASYNC_POOL,
    OTHER_SCHEDULER,
    TIME_LIMIT,
    FileRecord,
    ProjectIndex,
    SourceRecord,
    TaskRecord,
    UseRecord,
)
from celery_analyzers.project import LARGEST_MODULE, Project
from celery_analyzers.registry import RuleSet
from celery_analyzers.relevance import concerns_celery
from celery_analyzers.resolution import resolve
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.symbols import ProjectClass, ProjectFunction, Scope
from celery_analyzers.tasks import ProjectTask

NO_RULES = RuleSet(())
SKIPPED = frozenset({"__pycache__", "build", "dist", "env", "node_modules", "site-packages", "venv"})
"""Folders that hold no code of a project."""
MOST_FILES = 50_000
"""Files that a workspace is searched for at most."""
_DJANGO_SETTINGS = re.compile(r"""DJANGO_SETTINGS_MODULE["']?\s*[,\]=:)]+\s*=?\s*["']([\w.]+)["']""")
_READS = re.compile(r"\.(retry_backoff|retry_jitter|retry_backoff_max|max_retries|default_retry_delay|retry_kwargs)\b")
_NAMING = re.compile(r"\bdef[ \t]+gen_task_name\b|\bgen_task_name[ \t]*=")
_DEEPEST = 8
_WORDS = {
    TIME_LIMIT: re.compile(
        rb"\btask_(?:soft_)?time_limit\b|(?:\b|CELERYD?_)TASK_(?:SOFT_)?TIME_LIMIT\b|--(?:soft-)?time-limit\b"
    ),
    ASYNC_POOL: re.compile(rb"celery[-_](?:aio[-_]pool|pool[-_]asyncio|asyncio)|CELERY_CUSTOM_WORKER_POOL"),
    OTHER_SCHEDULER: re.compile(
        rb"django[-_]celery[-_]beat|redbeat|celerybeat[-_]?mongo|celery[-_]sqlalchemy|(?i:beat_scheduler)\b"
        rb"|\bbeat\b[^\r\n]*(?:--scheduler|[ \t]-S\b)"
    ),
}
_CONFIGURATION = re.compile(
    r"celery|setting|config|conf\b|constant|default|procfile|compose|supervisor|\.service\Z|entrypoint|worker|app"
    r"|__init__|\.env|require|pyproject|pipfile|setup",
    re.IGNORECASE,
)
_CONFIGURATION_SUFFIXES = frozenset(
    {"", ".py", ".yml", ".yaml", ".toml", ".conf", ".ini", ".cfg", ".service", ".sh", ".txt", ".in", ".lock"}
)


def record_of(analysis: FileAnalysis, project: Project) -> FileRecord:
    """What a file adds to the index."""
    scope = analysis.scope
    tasks: list[TaskRecord] = []
    uses: list[UseRecord] = []
    for index, segment in enumerate(analysis.segments):
        for fact in segment.facts:
            if isinstance(fact, TaskDefinition) and fact.function is not None:
                line = analysis.line_starts[index] + segment.lines.position(fact.span.start)[0]
                tasks.append(_task(fact, line, scope, project))
            elif isinstance(fact, TaskDefinition) and (home := _home(fact, scope)) is not None:
                line = analysis.line_starts[index] + segment.lines.position(fact.span.start)[0]
                tasks.append(_task(fact, line, home, project))
            elif isinstance(fact, Dispatch) and (use := _use(fact)) is not None:
                line = analysis.line_starts[index] + segment.lines.position(fact.span.start)[0]
                uses.append(UseRecord(*use, line, fact.method))
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
    )


def _home(task: TaskDefinition, scope: ModuleScope) -> Scope | None:
    """The scope of the other module whose function a call here makes a task of."""
    symbol = resolve(task.name, scope)
    return symbol.scope if isinstance(symbol, ProjectFunction) and symbol.scope.module_scope is not scope else None


def _task(task: TaskDefinition, line: int, scope: Scope, project: Project) -> TaskRecord:
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
        conditional=task.conditional,
    )


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
    """The modules of the settings that a file names, those that they take over, and those beside them in a folder of
    settings, of which the environment chooses one."""
    found: list[str] = []
    for name in _DJANGO_SETTINGS.findall(text) if "DJANGO_SETTINGS_MODULE" in text else ():
        module = scope.modules.module(scope, name, 0) if scope.modules else None
        if module is None:
            continue
        path = Path(_path(module))
        beside = sorted(path.parent.glob("*.py")) if "settings" in path.parent.name else []
        for other in (path, *beside):
            sibling = scope.modules.module_at(other) if isinstance(scope.modules, Project) else None
            found.extend(p for p in (star_imports(sibling) if sibling else ()) if p not in found)
    return found


def is_configuration(path: str) -> bool:
    """Whether a file, by its path inside the workspace, may say how workers are set up."""
    folder, name = os.path.split(path)
    return os.path.splitext(name)[1] in _CONFIGURATION_SUFFIXES and (
        _CONFIGURATION.search(name) is not None or _CONFIGURATION.search(os.path.basename(folder)) is not None
    )


def words_in(data: bytes) -> frozenset[str]:
    """What a configuration file speaks of."""
    return frozenset(word for word, pattern in _WORDS.items() if pattern.search(data))


def index_of(root: Path, files: Iterable[Path] | None = None) -> ProjectIndex:
    """The index of the workspace under `root`, made here and now; of its Python `files` only, if they are given."""
    project = Project(root)
    given = None if files is None else set(files)
    records: dict[str, FileRecord] = {}
    python: set[str] = set()
    words: set[str] = set()
    commands: list[WorkerCommand] = []
    for path in _walk(root):
        inside = path.relative_to(root).as_posix()
        is_python = path.suffix == ".py" and (given is None or path in given)
        if is_python:
            python.add(str(path))
        if not (is_python or is_configuration(inside) or is_deployment_file(inside)):
            continue
        data = read(path)
        if data is None:
            continue
        if is_configuration(inside):
            words |= words_in(data)
        if is_deployment_file(inside):
            commands += commands_in(path, data)
        if is_python and concerns_celery(data):
            analysis = FileAnalysis(data.decode("utf-8", "replace"), rules=NO_RULES, project=project, path=path)
            records[str(path)] = record_of(analysis, project)
    return ProjectIndex(records, frozenset(python), tuple(commands), frozenset(words), str(root))


def read(path: Path) -> bytes | None:
    """The bytes of a file; None where it cannot be read, or is too large to be of use."""
    try:
        return None if path.stat().st_size > LARGEST_MODULE else path.read_bytes()
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
