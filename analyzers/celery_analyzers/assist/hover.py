"""Hover: what is known of the name, the string or the call at a place.

Decides what is meant at the place, and shows its page. Must not know how an editor shows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from celery_analyzers.assist import manual
from celery_analyzers.assist.beat import time_zone
from celery_analyzers.assist.callees import is_task_member
from celery_analyzers.assist.reading import Bracket, read
from celery_analyzers.assist.retry_plan import RetryPlan, backoff_factor, duration, retry_plan, waits
from celery_analyzers.assist.schedules import Schedule, schedule_of
from celery_analyzers.assist.slots import Slot, slot_at
from celery_analyzers.assist.source_text import written_parameter, written_signature, written_value
from celery_analyzers.assist.spot import Spot
from celery_analyzers.assist.task_page import link, location, origin, task_page
from celery_analyzers.calling import task_named
from celery_analyzers.configuration import combined
from celery_analyzers.dispatch_sites import ARGUMENTS_AS_WRITTEN
from celery_analyzers.documentation import page as rule_page
from celery_analyzers.effective import Level, effective_option, settings_given
from celery_analyzers.findings import Span
from celery_analyzers.ignores import ignores
from celery_analyzers.known_names import BUILTIN_TASKS
from celery_analyzers.registry import find_rule
from celery_analyzers.resolution import CRONTAB
from celery_analyzers.setting_names import canonical
from celery_analyzers.source import LineIndex
from celery_analyzers.symbols import UNKNOWN, AppAttribute, External
from celery_analyzers.tasks import ProjectTask, task_of
from celery_analyzers.values import evaluate

_RUNS: Final = 5
_RATE: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?:/(?P<unit>[smh]))?\Z")
_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}
_POWER: Final = re.compile(r"(?:(?P<factor>\d+)[ \t]*\*[ \t]*)?(?P<base>\d+)[ \t]*\*\*[ \t]*[\w.]*\bretries\b")
_OF_RETRIES: Final = frozenset(
    {"autoretry_for", "max_retries", "retry_backoff", "retry_backoff_max", "retry_jitter", "retry_kwargs"}
    | {"default_retry_delay"}
)


@dataclass(frozen=True, slots=True)
class Hover:
    """A page in Markdown, and what it is about; the span counts from the segment's start."""

    text: str
    span: Span


def hover(spot: Spot, now: datetime | None = None) -> Hover | None:
    """What is known at a place; None where that is nothing of ours."""
    if spot.is_foreign:
        return None
    reading = spot.reading
    if reading.comment is not None:
        return _comment(spot)
    if reading.in_code and reading.word.start == reading.word.end:
        return _expression(spot)
    slot = slot_at(spot)
    return (
        (None if slot is None else _keyword(spot, slot) or _value(spot, slot, now))
        or _expression(spot)
        or (_name(spot, now) if reading.in_code else None)
    )


def _keyword(spot: Spot, slot: Slot) -> Hover | None:
    """The name of an option, a key or a setting."""
    item = slot.item
    if item is not None and item.keyword_span is not None:
        if not item.keyword_span.start <= spot.offset <= item.keyword_span.end:
            return None
        span = item.keyword_span
    elif slot.form == "variable" or (slot.name is None and slot.form == "key"):
        span = slot.span
    else:
        return None
    word = spot.own_text[span.start : span.end]
    text = _about(spot, slot, word)
    return None if text is None else Hover(text, span)


def _about(spot: Spot, slot: Slot, word: str) -> str | None:
    if slot.shelf == "setting":
        name = {"broker": "broker_url", "backend": "result_backend"}.get(word) if slot.callee else None
        return setting_text(spot, name or canonical(word, slot.namespace))
    if slot.shelf == "argument":
        parameters = () if slot.task is None else slot.task.parameters or ()
        found = next((p for p in parameters if p.name == word), None)
        task = slot.task.name if slot.task is not None else ""
        return None if found is None else f"`{written_parameter(found)}`: a parameter of the task `{task}`"
    if slot.shelf in ("routes", "annotations", "tasks"):
        named = task_named(word, spot.project)
        return None if named is None else task_page(named, spot.project)
    about = manual.topic("call" if slot.shelf == "route" else slot.shelf, word, spot.release) if _has(slot) else None
    if about is None:
        return None
    if slot.shelf == "option" and slot.callee is not None and (task := _task_below(spot)) is not None:
        return "\n\n".join([about.page(), *_effective(spot, task, word)])
    return about.page()


def _has(slot: Slot) -> bool:
    return slot.shelf in ("option", "call", "retry", "retry-policy", "crontab", "beat", "periodic", "route")


def _effective(spot: Spot, task: ProjectTask, name: str) -> Iterator[str]:
    """What an option comes to for a task, and what follows from it."""
    effective = effective_option(task, name, task.scope, spot.project)
    if effective.level is not Level.DEFAULT and effective.value is not UNKNOWN:
        yield f"Here: `{written_value(effective.value)}`, from {origin(effective, spot.project)}"
    if name in _OF_RETRIES and (plan := retry_plan(task, task.scope, spot.project)) is not None:
        yield f"Retries after {plan.line()}" if plan.waits else "Never retried"
    if name == "rate_limit" and isinstance(effective.value, str) and (rate := rate_words(effective.value)):
        yield rate


def setting_text(spot: Spot, name: str | None) -> str | None:
    """The page of a setting, with the value that it is given."""
    about = None if name is None else manual.topic("setting", name, spot.release)
    if about is None or name is None:
        return None
    given = settings_given(name, None, spot.analysis.scope, spot.project)
    value = combined(given)
    if not given or value is UNKNOWN or isinstance(value, dict) or given[0].place.path is None:
        return about.page()
    if _is_secret(name, value):
        return f"{about.page()}\n\nGiven in {link(given[0].place, spot.project)}"
    return f"{about.page()}\n\nHere: `{written_value(value)}`, from {link(given[0].place, spot.project)}"


def _is_secret(name: str, value: object) -> bool:
    """Whether a value had better not be shown: passwords, keys, and URLs that hold one."""
    return any(word in name for word in ("password", "secret", "key")) or (isinstance(value, str) and "@" in value)


def _value(spot: Spot, slot: Slot, now: datetime | None) -> Hover | None:
    """A value: the name of a task, a rate limit, a backoff, a crontab."""
    item, string = slot.item, spot.reading.string
    said = None if string is None else spot.own_text[string.span.start : string.span.end]
    if said is not None and string is not None:
        if (slot.shelf, slot.name) in (("beat", "task"), ("call", "task")) or slot.shelf in ("annotations", "routes"):
            return _task_name(spot, said, string.span, now)
        if slot.name in ("rate_limit", "task_default_rate_limit") and (rate := rate_words(said)) is not None:
            return Hover(rate, string.span)
    bracket = spot.reading.bracket
    if slot.shelf == "crontab" and bracket is not None:
        about = manual.topic("crontab", slot.name or "", spot.release)
        whole = _crontab(spot, bracket, now)
        parts = [part for part in (whole, about.page() if about is not None else None) if part]
        return Hover("\n\n".join(parts), slot.span) if parts else None
    if slot.name == "retry_backoff" and item is not None and slot.shelf == "option":
        factor = backoff_factor(evaluate(spot.expression(spot.own_text[item.value_start : item.end]), spot.scope))
        task = _task_below(spot)
        plan = None if task is None else retry_plan(task, task.scope, spot.project)
        if plan is None and factor is not None:
            plan = RetryPlan(waits(factor, 3, 600), 3, jitter=True)
        if plan is not None and plan.waits:
            return Hover(f"Retries after {plan.line()}", slot.span)
    return None


def _task_name(spot: Spot, name: str, span: Span, now: datetime | None) -> Hover | None:
    task = task_named(name, spot.project)
    if task is not None:
        return Hover(task_page(task, spot.project, now), span)
    if name in BUILTIN_TASKS:
        return Hover(f"`{name}`: a task that every app has", span)
    found = spot.project.ask("tasks_named", name)
    if found:
        places = ", ".join(location(one.path, None, spot.project) for one in found)
        return Hover(f"Several tasks may go by the name `{name}`: {places}", span)
    return None


def rate_words(text: str) -> str | None:
    """A rate limit in words; None where Celery would not take it."""
    match = _RATE.match(text)
    if match is None:
        return None
    number = float(match["number"])
    if not number:
        return "No limit"
    every = _UNITS[match["unit"]] / number
    often = f"one every {duration(round(every, 3))}" if every >= 1 else f"{number / _UNITS[match['unit']]:g} a second"
    return f"At most {often}, in each worker: with three workers three times as many"


def _expression(spot: Spot) -> Hover | None:
    """A growing wait: `2 ** self.request.retries`."""
    text, offset = spot.own_text, spot.offset
    lines = spot.segment.lines if spot.segment is not None else LineIndex("")
    line = lines.position(offset)[0]
    for match in _POWER.finditer(text, lines.starts[line], lines.line_end(line)):
        if match.start() <= offset <= match.end():
            factor, base = int(match["factor"] or 1), int(match["base"])
            if base > 10_000 or factor > 10**6:
                return None
            shown = ", ".join(duration(factor * base**retry) for retry in range(6))
            return Hover(f"The first, second, ... retry waits {shown}, …", Span(match.start(), match.end()))
    return None


def _name(spot: Spot, now: datetime | None) -> Hover | None:
    """A name, with what it is an attribute of."""
    reading = spot.reading
    word = reading.source(reading.word)
    receiver = reading.receiver
    if receiver is not None:
        return _member(spot, receiver, word, now)
    if re.compile(r"def[ \t]+\Z").search(reading.text, max(0, reading.word.start - 20), reading.word.start):
        return _page_of(spot, task_of(spot.symbol(word)), reading.word, now)
    symbol = spot.symbol(word)
    if isinstance(symbol, External) and symbol.path in CRONTAB:
        return _called(spot, reading.word.end, now)
    if _is_decorator(spot):
        return _page_of(spot, _task_below(spot), reading.word, now)
    return _page_of(spot, spot.task(word), reading.word, now)


def _member(spot: Spot, receiver: str, word: str, now: datetime | None) -> Hover | None:
    reading = spot.reading
    base, _, last = receiver.rpartition(".")
    if last == "request" and base and is_task_member(spot, base):
        about = manual.topic("request", word)
        return None if about is None else Hover(about.page(), reading.word)
    if spot.symbol(receiver) == AppAttribute("conf"):
        text = setting_text(spot, canonical(word, None))
        return None if text is None else Hover(text, reading.word)
    if _is_decorator(spot):
        return _page_of(spot, _task_below(spot), reading.word, now)
    if is_task_member(spot, receiver):
        shelf = "method" if word in manual.names("method") else "option"
        about = manual.topic(shelf, word, spot.release)
        task = spot.task(receiver)
        if about is None:
            return None
        own = [] if task is None or shelf != "method" else [signature_line(task, word)]
        return Hover("\n\n".join([*own, about.page()]), reading.word)
    symbol = spot.symbol(f"{receiver}.{word}")
    if isinstance(symbol, External) and symbol.path in CRONTAB:
        return _called(spot, reading.word.end, now)
    return _page_of(spot, task_of(symbol), reading.word, now)


def signature_line(task: ProjectTask, method: str) -> str:
    """A method with the task's own parameters, where it takes these."""
    if method not in ARGUMENTS_AS_WRITTEN or task.parameters is None:
        return f"```python\n{task.name}.{method}\n```"
    parameters = written_signature(task.parameters)
    return f"```python\n{task.name}.{method}({parameters})\n```"


def _page_of(spot: Spot, task: ProjectTask | None, span: Span, now: datetime | None) -> Hover | None:
    return None if task is None else Hover(task_page(task, spot.project, now), span)


def _is_decorator(spot: Spot) -> bool:
    """Whether the word is what a decorator calls."""
    reading = spot.reading
    return not reading.brackets and reading.text.startswith("@", reading.statement)


def _task_below(spot: Spot) -> ProjectTask | None:
    head = spot.head_below
    return None if head is None else task_of(spot.symbol(head.name))


def _called(spot: Spot, end: int, now: datetime | None) -> Hover | None:
    """The crontab whose parenthesis stands behind its name."""
    if not spot.own_text.startswith("(", end):
        return None
    inside = read(spot.own_text, end + 1, spot.reading.statement)
    text = None if inside.bracket is None else _crontab(spot, inside.bracket, now)
    return None if text is None else Hover(text, Span(spot.reading.word.start, end))


def _crontab(spot: Spot, bracket: Bracket, now: datetime | None) -> str | None:
    """A crontab in words, with when it is due next."""
    if bracket.end is None:
        return None
    schedule = schedule_of(spot.expression(spot.own_text[bracket.callee_start : bracket.end + 1]), spot.scope)
    words = None if schedule is None else schedule.words()
    if schedule is None or words is None:
        return None
    return schedule_text(schedule, words, spot, now)


def schedule_text(schedule: Schedule, words: str, spot: Spot, now: datetime | None) -> str:
    """A schedule in words, with when it is due next."""
    head = f"{words[0].upper()}{words[1:]}"
    found = time_zone(None, spot.analysis.scope, spot.project)
    if found is None:
        return f"{head}, in a time zone that cannot be told"
    zone, name = found
    runs = schedule.next_runs(_RUNS, zone, now)
    listed = "\n".join(f"- {run:%a %Y-%m-%d %H:%M} {run.tzname() or name}" for run in runs)
    return f"{head} ({name})\n\n{listed}" if runs else head


def _comment(spot: Spot) -> Hover | None:
    """The rule that a comment names."""
    for ignore in ignores(spot.own_text):
        for name, span in ignore.names:
            if span.start <= spot.offset <= span.end and (rule := find_rule(name)) is not None:
                return Hover(rule_page(rule), span)
    return None
