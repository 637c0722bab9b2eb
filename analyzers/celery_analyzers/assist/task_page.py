"""The page of a task: its name, what its options come to and where that is said, retries, queue, schedule and callers.

Must not know who looks at it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from celery_analyzers.assist import manual
from celery_analyzers.assist.beat import entries, time_zone
from celery_analyzers.assist.retry_plan import duration, retry_plan
from celery_analyzers.assist.routing import Queue, queue_of
from celery_analyzers.assist.schedules import Schedule
from celery_analyzers.assist.source_text import written_signature, written_value
from celery_analyzers.celery_tables import tables
from celery_analyzers.configuration import Place
from celery_analyzers.effective import Effective, Level, base_of, effective_option, names_of, settings_given
from celery_analyzers.project import Project
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.symbols import UNKNOWN
from celery_analyzers.tasks import ProjectTask

_NOT_SHOWN: Final = frozenset({"name", "bind", "base", "shared", "lazy", "filter", "typing", "request_stack", "queue"})
_MOST_CALLERS: Final = 5
_MOST_ENTRIES: Final = 3


def task_page(task: ProjectTask, project: Project, now: datetime | None = None) -> str:
    """The page, as Markdown."""
    said = docstring_of(task, project)
    parts = [_head(task, project), *([said] if said else [])]
    table = list(_rows(task, project))
    if table:
        parts.append("\n".join(["| Option | Value | From |", "| --- | --- | --- |", *table]))
    facts = [*_retries(task, project), *_queue(task, project)]
    facts += schedule_lines(task, project, now)
    facts += _callers(task, project)
    if facts:
        parts.append("\n".join(f"- {fact}" for fact in facts))
    return "\n\n".join(parts)


def docstring_of(task: ProjectTask, project: Project) -> str | None:
    """What the task's function says of itself, in its first paragraph."""
    module = task.scope.module_scope
    path = module.path if isinstance(module, ModuleScope) else None
    return None if path is None or task.form == "class" else project.docstring(path, task.name)


def _head(task: ProjectTask, project: Project) -> str:
    names = names_of(task, task.scope, project)
    parameters = "…" if task.parameters is None else written_signature(task.parameters)
    code = f"```python\n{task.name}.delay({parameters})\n```"
    return f"{code}\n\n" + (f"Task `{names[0]}`" if names else "A task whose name is decided when it runs")


def _rows(task: ProjectTask, project: Project) -> Iterator[str]:
    """The options that something sets, in the order of the manual."""
    for name in _may_be_set(task, project):
        if name in _NOT_SHOWN:
            continue
        effective = effective_option(task, name, task.scope, project)
        if effective.level is not Level.DEFAULT and effective.value is not UNKNOWN:
            yield f"| `{name}` | `{_cell(effective.value)}` | {_cell_text(origin(effective, project))} |"


def _may_be_set(task: ProjectTask, project: Project) -> Iterator[str]:
    """The options that anything may set: where neither annotations nor a base class may, few are left."""
    any_of_all = base_of(task, task.scope, project) is not None or settings_given(
        "task_annotations", task, task.scope, project
    )
    own, backed = {name for name, _ in task.options}, set(tables().settings.values())
    for name in manual.names("option"):
        if any_of_all or name in own or name in backed:
            yield name


def _cell(value: object) -> str:
    return _cell_text(written_value(value))


def _cell_text(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def origin(effective: Effective, project: Project) -> str:
    """Where an effective value comes from, in words."""
    place = "" if effective.place is None or effective.level is Level.TASK else f" ({link(effective.place, project)})"
    if effective.level is Level.SETTING and effective.place is not None:
        return f"`{effective.place.name}`{place}"
    return f"{effective.level.value}{place}"


def link(place: Place, project: Project) -> str:
    """A place as a link."""
    line = project.line_of(place)
    return location(str(place.path), line, project) if place.path is not None else "?"


def location(path: str, line: int | None, project: Project) -> str:
    """A line of a file as a link: lines count from 0."""
    root = "" if project.root is None else f"{project.root}/"
    number = "" if line is None else f":{line + 1}"
    anchor = "" if line is None else f"#L{line + 1}"
    target = quote(Path(path).as_posix())
    return f"[{path.removeprefix(root)}{number}](file://{'' if target.startswith('/') else '/'}{target}{anchor})"


def _retries(task: ProjectTask, project: Project) -> Iterator[str]:
    plan = retry_plan(task, task.scope, project)
    limit = effective_option(task, "time_limit", task.scope, project).value
    if plan is not None:
        often = "without end" if plan.retries is None else f"{plan.retries} times" if plan.retries != 1 else "once"
        yield f"Retries {often}, after {plan.line()}" if plan.waits else "No retries"
        longest = plan.longest(limit)
        if longest is not None:
            yield f"At worst {duration(longest)} from the first run to the end of the last, waiting in the queue apart"
    if limit is None and is_certain(project):
        yield "No hard time limit is seen"


def is_certain(project: Project) -> bool:
    """Whether what other files say is known, so that what is not found is not there."""
    return project.index is not None or project.root is None


def _queue(task: ProjectTask, project: Project) -> Iterator[str]:
    queue = queue_of(task, task.scope, project)
    if queue.by in ("task", "route") or is_certain(project):
        yield _queue_line(queue)


def _queue_line(queue: Queue) -> str:
    if queue.name is None:
        return "Queue: decided when it is sent"
    by = {"task": "the task says so", "route": f"route `{queue.pattern}`", "setting": "`task_default_queue`"}
    return f"Queue `{queue.name}`" + (f" ({by[queue.by]})" if queue.by in by else "")


def schedule_lines(task: ProjectTask, project: Project, now: datetime | None = None) -> Iterator[str]:
    """The beat entries that send a task, with when they are due."""
    names = names_of(task, task.scope, project) or ()
    found = [entry for entry in entries(task, task.scope, project) if entry.task in names]
    for entry in found[:_MOST_ENTRIES]:
        words = None if entry.schedule is None else entry.schedule.words()
        runs = () if entry.schedule is None else run_times(entry.schedule, 3, task, project, now)
        due = f"; next {', '.join(runs)}" if runs else ""
        yield f"Beat entry `{entry.key}`: {words or 'at times that cannot be told'}{due}"


def run_times(
    schedule: Schedule, count: int, task: ProjectTask | None, project: Project, now: datetime | None
) -> tuple[str, ...]:
    """When a schedule is due next, in the time zone of the task's app."""
    found = None if task is None else time_zone(task, task.scope, project)
    if found is None:
        return ()
    zone, name = found
    runs = schedule.next_runs(count, zone, now)
    return tuple(f"{run:%a %Y-%m-%d %H:%M} {run.tzname() or name}" for run in runs)


def _callers(task: ProjectTask, project: Project) -> Iterator[str]:
    module = task.scope.module_scope
    path = str(module.path) if isinstance(module, ModuleScope) and module.path is not None else None
    index = project.index
    if index is None or path is None:
        return
    uses = index.uses_of(path, task.name, names_of(task, task.scope, project) or ())
    if not uses:
        yield "No call is seen that sends it"
        return
    shown = ", ".join(f"{location(where, use.line, project)} `{use.method}`" for where, use in uses[:_MOST_CALLERS])
    more = f" and {len(uses) - _MOST_CALLERS} more" if len(uses) > _MOST_CALLERS else ""
    yield f"Sent in {shown}{more}"
