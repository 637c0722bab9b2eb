"""Inlay hints: what code means but does not say, beside the code.

Made of the facts of segments that parse, so that they cost no more than what is on the screen. Must not know how an
editor shows them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.assist.beat import time_zone
from celery_analyzers.assist.retry_plan import retry_plan
from celery_analyzers.assist.routing import queue_of
from celery_analyzers.assist.schedules import Schedule
from celery_analyzers.assist.source_text import written_value
from celery_analyzers.bindings import ParameterBinding
from celery_analyzers.call_facts import Argument, Dispatch
from celery_analyzers.effective import Level, effective_option
from celery_analyzers.findings import Span
from celery_analyzers.schedule_facts import BeatEntry, CrontabCall
from celery_analyzers.segment_analysis import SegmentAnalysis
from celery_analyzers.settings import INLAY_HINTS
from celery_analyzers.symbols import UNKNOWN
from celery_analyzers.task_facts import TaskDefinition

_EFFECTIVE: Final = ("time_limit", "soft_time_limit", "rate_limit")
_RETRYING: Final = frozenset({"autoretry_for", "retry_backoff", "retry_backoff_max", "retry_jitter", "max_retries"})
_GETS_RESULT: Final = frozenset({"following", "body", "callback"})
_GETS_NOTHING: Final = frozenset({"send", "sent", "first", "member"})


@dataclass(frozen=True, slots=True)
class Hint:
    """A text at an offset of the file's segment number `segment`. `names` tells that it is an argument's name, and not
    what something comes to; `tip` says more."""

    segment: int
    offset: int
    label: str
    names: bool = False
    tip: str = ""


def hints(
    analysis: FileAnalysis,
    first: int,
    last: int,
    wanted: Collection[str] = INLAY_HINTS,
    now: datetime | None = None,
) -> Iterator[Hint]:
    """The hints of the segments that stand in the lines from `first` to `last`."""
    analysis.scope.begin()
    analysis.project.begin()
    starts = analysis.line_starts
    for number, segment in enumerate(analysis.segments):
        if starts[number] > last:
            break
        if segment.facts and starts[number] + segment.segment.line_count >= first:
            yield from _of_segment(analysis, number, segment, wanted, now)


def has_schedules(analysis: FileAnalysis, first: int, last: int) -> bool:
    """Whether a crontab stands in the lines, so that its next run is to be told."""
    starts = analysis.line_starts
    return any(
        isinstance(fact, CrontabCall)
        for number, segment in enumerate(analysis.segments)
        if segment.facts and starts[number] <= last and starts[number] + segment.segment.line_count >= first
        for fact in segment.facts
    )


def _of_segment(
    analysis: FileAnalysis, number: int, segment: SegmentAnalysis, wanted: Collection[str], now: datetime | None
) -> Iterator[Hint]:
    crontabs = {fact.span: fact for fact in segment.facts if isinstance(fact, CrontabCall)}
    for fact in segment.facts:
        if isinstance(fact, TaskDefinition):
            if "effective-options" in wanted:
                yield from _effective(analysis, number, fact)
            if "retry-schedule" in wanted:
                yield from _retries(analysis, number, fact)
        elif isinstance(fact, Dispatch) and "argument-names" in wanted:
            yield from _arguments(number, segment, fact)
        elif isinstance(fact, BeatEntry) and "next-run" in wanted:
            yield from _next_run(analysis, number, fact, crontabs, now)


def _effective(analysis: FileAnalysis, number: int, task: TaskDefinition) -> Iterator[Hint]:
    """Limits and queue that something else than the task sets."""
    if task.decorator_span is None:
        return
    found: list[str] = []
    tips: list[str] = []
    for name in _EFFECTIVE:
        effective = effective_option(task, name, analysis.scope, analysis.project)
        if effective.level in (Level.TASK, Level.DEFAULT) or effective.value in (UNKNOWN, None):
            continue
        found.append(f"{name}={written_value(effective.value)}")
        place = "" if effective.place is None else f" `{effective.place.name}`"
        tips.append(f"`{name}`: from {effective.level.value}{place}")
    queue = queue_of(task, analysis.scope, analysis.project)
    if queue.name is not None and queue.by in ("route", "setting"):
        found.append(f'queue="{queue.name}"')
        by = f"the route `{queue.pattern}`" if queue.by == "route" else "the setting `task_default_queue`"
        tips.append(f"`queue`: from {by}")
    if found:
        yield Hint(number, task.decorator_span.end, f"# {', '.join(found)}", tip="\n\n".join(tips))


def _retries(analysis: FileAnalysis, number: int, task: TaskDefinition) -> Iterator[Hint]:
    """When the task is tried again, behind the last option that says so."""
    spans = [option.span for option in task.options if option.name in _RETRYING and option.span is not None]
    plan = retry_plan(task, analysis.scope, analysis.project) if spans else None
    if plan is not None and plan.waits:
        yield Hint(number, max(span.end for span in spans), f"→ {plan.line()}", tip="The waits before each retry")


def _arguments(number: int, segment: SegmentAnalysis, dispatch: Dispatch) -> Iterator[Hint]:
    """The names of the parameters that positional arguments reach."""
    task = dispatch.task
    if task is None or task.parameters is None or not dispatch.complete or not dispatch.positional:
        return
    reached = [p for p in task.parameters if p.kind in ("positional", "positional-only")]
    first = _first(dispatch, reached)
    if first is None:
        return
    for argument, parameter in zip(dispatch.positional, reached[first:], strict=False):
        if not _says_so(argument, parameter, segment.segment.text):
            yield Hint(number, argument.value_span.start, f"{parameter.name}=", names=True)


def _first(dispatch: Dispatch, reached: list[ParameterBinding]) -> int | None:
    """The parameter that the first argument reaches: a result may come before it. None where that is not known."""
    if dispatch.immutable or dispatch.role in _GETS_NOTHING:
        return 0
    if dispatch.role in _GETS_RESULT:
        return 1
    required = sum(p.default is None for p in reached)
    return 0 if dispatch.role == "alone" and len(dispatch.positional) >= required else None


def _says_so(argument: Argument, parameter: ParameterBinding, text: str) -> bool:
    """Whether an argument is called as the parameter: `user_id`, `user.user_id`."""
    source = text[argument.value_span.start : argument.value_span.end]
    return source.rpartition(".")[2] == parameter.name


def _next_run(
    analysis: FileAnalysis,
    number: int,
    entry: BeatEntry,
    crontabs: dict[Span, CrontabCall],
    now: datetime | None,
) -> Iterator[Hint]:
    """When a crontab of a beat entry is due next."""
    given = entry.field("schedule")
    crontab = None if given is None else crontabs.get(given.value_span)
    if crontab is None or not crontab.complete:
        return
    fields = tuple((name, field.value) for name, field in crontab.fields)
    if any(not isinstance(value, (int, str, list, tuple)) for _, value in fields):
        return
    schedule = Schedule(fields=fields)
    found = time_zone(None, analysis.scope, analysis.project)
    if found is None:
        return
    zone, name = found
    for run in schedule.next_runs(1, zone, now):
        label = f"next {run:%a %Y-%m-%d %H:%M} {run.tzname() or name}"
        yield Hint(number, crontab.span.end, label, tip=(schedule.words() or "").capitalize())
