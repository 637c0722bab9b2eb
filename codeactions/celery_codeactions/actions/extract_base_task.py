"""`extract-base-task`: moves options that tasks share into a base class."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, ClassVar

from celery_analyzers.edits import exchange_keywords
from celery_analyzers.effective import base_of
from celery_analyzers.findings import Edit, Span
from celery_analyzers.layout import comments_in, line_start, newline_of
from celery_codeactions.action import Action, Changes, Offer
from celery_codeactions.place import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_codeactions.action import Kind
    from celery_codeactions.place import TaskHere

_MOVABLE = (
    *("autoretry_for", "dont_autoretry_for", "retry_kwargs", "retry_backoff", "retry_backoff_max", "retry_jitter"),
    *("max_retries", "default_retry_delay", "rate_limit", "time_limit", "soft_time_limit", "acks_late"),
    *("acks_on_failure_or_timeout", "reject_on_worker_lost", "ignore_result", "store_errors_even_if_ignored"),
    *("track_started", "serializer", "throws", "expires", "trail", "send_events"),
)
"""Options that mean the same as an attribute of a base class."""
_NAMES = ("BaseTask", "SharedTask", "CommonTask")


class ExtractBaseTask(Action):
    """Move the options of a task into a base class, and those of the tasks that have the same.

    ## What it does

    Makes a class of the options that can be a class's attributes, in front of the task, and gives the task this class
    as its `base`. Tasks further down in the file that have the same options with the same values get it, too.

    ## Examples

        import requests
        from celery import shared_task


        @shared_task(
            bind=True,
            autoretry_for=(requests.Timeout,),
            retry_backoff=True,
            max_retries=5,
        )
        def pull$0(self, url):
            print(self.request.id, requests.get(url, timeout=5))


        @shared_task(autoretry_for=(requests.Timeout,), retry_backoff=True, max_retries=5)
        def check(url):
            print(requests.head(url, timeout=5))

    **Move 3 options of 2 tasks into a class `BaseTask`**:

        import requests
        from celery import Task, shared_task


        class BaseTask(Task):
            autoretry_for = (requests.Timeout,)
            retry_backoff = True
            max_retries = 5


        @shared_task(
            bind=True,
            base=BaseTask,
        )
        def pull(self, url):
            print(self.request.id, requests.get(url, timeout=5))


        @shared_task(base=BaseTask)
        def check(url):
            print(requests.head(url, timeout=5))

    ## Not offered

    A task that has a base class, or fewer than two such options:

        from celery import shared_task


        @shared_task(max_retries=5, name="pull")
        def pull$0(url):
            print(url)

    ## What it leaves to you

    A better name, and hooks such as `on_failure`, for which the class is the place.

    ## References

    - [Custom task classes](https://docs.celeryq.dev/en/stable/userguide/tasks.html#custom-task-classes)
    """

    kind: ClassVar[Kind] = "refactor.extract"

    def offers(self, place: Place) -> Iterator[Offer]:
        here = place.task
        options = _options(here, place) if here is not None else {}
        if here is None or len(options) < 2:
            return
        free = [name for name in _NAMES if not here.context.scope.lookup(name)[0]]
        if not free:
            return
        others = list(_others(place, options))
        tasks = f"{len(others) + 1} tasks" if others else f"`{here.task.name}`"
        title = f"Move {len(options)} options of {tasks} into a class `{free[0]}`"
        yield Offer(title, lambda: _changes(here, place, options, others, free[0]))


def _options(here: TaskHere, place: Place) -> dict[str, str]:
    """The options of a task that can be moved, as they are written."""
    if here.task.form != "decorator" or here.task.in_class or here.task.nested or here.task.maker.is_wrapper:
        return {}
    if not here.takes_options("base", *_MOVABLE) or here.task.option("base") is not None:
        return {}
    if not isinstance(here.decorator, ast.Call) or _base(here) is None:
        return {}
    whole = place.span(here.decorator)
    if comments_in(place.text, whole.start, whole.end):
        return {}
    return {k.arg: place.source(k.value) for k in here.decorator.keywords if k.arg in _MOVABLE}


def _base(here: TaskHere) -> tuple[str, str] | None:
    """The class that is the task's base now, as (module, name): Celery's own, or the one that Celery gives to tasks of
    Django's projects. None where it is another one, or cannot be told."""
    project, scope = here.context.project, here.context.scope
    if base_of(here.task, scope, project) is not None:
        return None
    if not project.django_settings(here.context.path):
        return "celery", "Task"
    version = here.context.celery_at_least(5, 4)
    if version is None:
        return None
    return ("celery.contrib.django.task", "DjangoTask") if version else ("celery", "Task")


def _others(place: Place, options: dict[str, str]) -> Iterator[tuple[TaskHere, Place]]:
    """The tasks further down that have the same options, each with its place."""
    offset = 0
    for part in place.analysis.segments:
        if offset > place.segment_start and "base" not in part.segment.text.split("def ", 1)[0]:
            for fact in part.facts:
                span = getattr(fact, "span", None)
                if span is not None and getattr(fact, "form", None) == "decorator":
                    there = Place(place.analysis, offset + span.start, offset + span.start)
                    if there.task is not None and _options(there.task, there) == options:
                        yield there.task, there
        offset += len(part.segment.text)


def _changes(
    here: TaskHere, place: Place, options: dict[str, str], others: list[tuple[TaskHere, Place]], name: str
) -> Changes:
    assert isinstance(here.decorator, ast.Call)
    base = _base(here)
    assert base is not None
    task, needed = here.context.imported(*base)
    newline = newline_of(place.analysis.text)
    first = min(place.span(decorator).start for decorator in here.function.decorator_list)
    start = line_start(place.text, first)
    while start > 0 and place.text[line_start(place.text, start - 1) : start].startswith("#"):
        start = line_start(place.text, start - 1)
    lines = [f"class {name}({task}):", *(f"    {option} = {value}" for option, value in options.items()), "", "", ""]
    edits = [Edit(Span(start, start), newline.join(lines))]
    for one, there in ((here, place), *others):
        assert one.decorator is not None
        moved = exchange_keywords(there.text, one.decorator, there.span, {"base": name}, tuple(options))
        edits += [edit.shifted(there.segment_start - place.segment_start) for edit in moved]
    return Changes(tuple(edits), (needed,) if needed else ())
