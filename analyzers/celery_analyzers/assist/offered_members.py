"""What completion offers behind a dot: the methods of a task, the fields of its request, the decorators of an app.

Must not know where else anything is offered.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from celery_analyzers.assist import manual
from celery_analyzers.assist.callees import is_task_member
from celery_analyzers.assist.offers import Offer
from celery_analyzers.assist.source_text import written_signature
from celery_analyzers.assist.spot import Spot
from celery_analyzers.celery_tables import setting_tables, tables
from celery_analyzers.effective import base_of
from celery_analyzers.operations import imports_from
from celery_analyzers.symbols import App, AppAttribute, External
from celery_analyzers.tasks import ProjectTask

_SENDING: Final = ("delay", "apply_async", "s", "si", "signature", "apply", "chunks", "map", "starmap", "AsyncResult")
_RUNNING: Final = ("request", "retry", "update_state", "replace", "name", "app")
_ON_COMMIT: Final = ("delay_on_commit", "apply_async_on_commit")
_OF_THE_TASK: Final = frozenset({"delay", "s", "si", "delay_on_commit"})
_APP: Final = {
    "task": "Make a task of the function below.",
    "send_task": "Send a task by its name.",
    "conf": "The app's settings.",
    "add_periodic_task": "Send a signature again and again.",
    "autodiscover_tasks": "Have workers import the `tasks` modules of these packages.",
    "config_from_object": "Take the settings from a module or an object.",
    "signature": "A signature of a task by its name.",
    "register_task": "Make a task of a class.",
    "control": "Commands to workers.",
    "tasks": "The tasks by their names.",
}


def offered_members(spot: Spot) -> Iterator[Offer]:
    """What may stand behind the dot in front of the cursor."""
    source = spot.reading.receiver
    if source is None:
        return
    base, _, last = source.rpartition(".")
    if last == "request" and base and is_task_member(spot, base):
        yield from _request(spot)
    elif spot.reading.text.startswith("@", spot.reading.statement) and not spot.reading.brackets:
        if isinstance(spot.symbol(source), App):
            yield Offer("task", "method", "task", snippet="task($0)", detail=_APP["task"], rank=1)
    elif is_task_member(spot, source):
        yield from _of_task(spot, source)
    elif spot.symbol(source) == AppAttribute("conf"):
        for name in setting_tables(spot.release).settings:
            about = manual.topic("setting", name, spot.release)
            detail = about.brief() if about is not None else ""
            yield Offer(name, "setting", name, detail=detail, topic=("setting", name))
    elif isinstance(spot.symbol(source), App):
        for rank, (name, text) in enumerate(_APP.items()):
            yield Offer(name, "method", name, detail=text, rank=rank)


def _request(spot: Spot) -> Iterator[Offer]:
    known = tables(spot.release).request
    for name in manual.names("request"):
        if name in known and name != "taskset":
            about = manual.topic("request", name)
            detail = about.type if about is not None else ""
            rank = 5 if name in ("id", "retries") else 20
            yield Offer(name, "field", name, detail=detail, rank=rank, topic=("request", name))


def _of_task(spot: Spot, source: str) -> Iterator[Offer]:
    task = spot.task(source)
    inside = spot.is_instance(source)
    members = (*_RUNNING, *_SENDING) if inside else (*_SENDING, *_RUNNING)
    if task is not None and has_on_commit(spot, task):
        members = (members[0], *_ON_COMMIT, *members[1:])
    for rank, name in enumerate(members):
        about = manual.topic("method", name)
        detail = "" if about is None else about.type
        if name in _OF_THE_TASK and task is not None and task.parameters is not None:
            detail = f"({written_signature(task.parameters)})"
        calls = about is not None and about.type.startswith("(")
        snippet = f"{name}($0)" if calls and not spot.own_text.startswith("(", spot.reading.word.end) else None
        kind = "method" if calls else "field"
        yield Offer(name, kind, name, snippet=snippet, detail=detail, rank=rank, topic=("method", name))
    if inside:
        for name in sorted(tables(spot.release).options & manual.names("option").keys()):
            if name not in ("bind", "name", "lazy", "shared", "filter", "base", "request_stack"):
                yield Offer(name, "field", name, rank=60, topic=("option", name))


def has_on_commit(spot: Spot, task: ProjectTask) -> bool:
    """Whether a task has `delay_on_commit`: under Django, from Celery 5.4 on, unless it has a base class of its own."""
    if spot.project.celery_version(spot.path).at_least(5, 4) is False:
        return False
    base = base_of(task, task.scope, spot.project)
    if base is not None:
        return base == External("celery.contrib.django.task.DjangoTask")
    path = "" if spot.path is None else str(spot.path)
    return bool(spot.project.ask("django_settings", path)) or imports_from("django", task.scope)
