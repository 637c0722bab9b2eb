"""Signature help: the parameters of the call around the cursor, and which of them is being written.

Where Celery takes a task's own arguments, be it in `args=[…]` or `kwargs={…}`, they are the task's. Must not know how
an editor shows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from celery_analyzers.assist import manual
from celery_analyzers.assist.callees import Callee, callee_of
from celery_analyzers.assist.offered_names import ORDER_OF_CALLS, known_names
from celery_analyzers.assist.reading import Bracket
from celery_analyzers.assist.slots import Slot, slot_at
from celery_analyzers.assist.source_text import written_parameters
from celery_analyzers.assist.spot import Spot
from celery_analyzers.assist.task_page import docstring_of
from celery_analyzers.bindings import ParameterBinding
from celery_analyzers.celery_tables import Parameter, tables
from celery_analyzers.tasks import ProjectTask

_OF_CELERY: Final = {
    "retry": ("Task.retry", "retry"),
    "crontab": ("crontab.__init__", "crontab"),
    "periodic": ("Celery.add_periodic_task", "periodic"),
}
"""The functions whose parameters the tables have, with the shelf that tells of them."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A parameter: where it stands in the label, and what is known of it."""

    name: str
    start: int
    end: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class SignatureHelp:
    """The signature of a call. `active` is the number of the parameter that is being written, if it is known."""

    label: str
    parameters: tuple[Shown, ...]
    active: int | None
    text: str = ""


def signature_help(spot: Spot) -> SignatureHelp | None:
    """The signature of the call around the cursor; None where Celery has no say in it."""
    if spot.is_foreign:
        return None
    reading = spot.reading
    if reading.comment is not None:
        return None
    for number in range(len(reading.brackets) - 1, -1, -1):
        bracket = reading.brackets[number]
        if bracket.kind == "(" and bracket.callee is not None:
            callee = None if bracket.is_definition else callee_of(spot, bracket)
            return None if callee is None else _of_call(spot, bracket, callee)
        if number == len(reading.brackets) - 1 and (found := _of_container(spot, bracket)) is not None:
            return found
    return None


def _of_container(spot: Spot, bracket: Bracket) -> SignatureHelp | None:
    """In `args=[…]` and `kwargs={…}` the task's own parameters."""
    slot = slot_at(spot)
    if slot is None or slot.shelf != "argument" or slot.task is None or slot.task.parameters is None:
        return None
    keyword = bracket.item.keyword if bracket.kind == "{" else None
    if bracket.kind == "{" and keyword is None and spot.reading.string is not None:
        keyword = spot.own_text[spot.reading.string.span.start : spot.reading.string.span.end]
    shown = _of_task(slot.task, slot.task.name, bracket, keyword, by_name=bracket.kind == "{")
    return replace(shown, text=docstring_of(slot.task, spot.project) or "")


def _of_call(spot: Spot, bracket: Bracket, callee: Callee) -> SignatureHelp | None:
    keyword = bracket.item.keyword
    if callee.kind == "arguments":
        task = callee.task
        if task is None or task.parameters is None:
            return None
        shown = _of_task(task, f"{task.name}.{callee.method}", bracket, keyword)
        return replace(shown, text=docstring_of(task, spot.project) or "")
    if callee.kind in _OF_CELERY:
        signature, shelf = _OF_CELERY[callee.kind]
        parameters = [p for p in tables(spot.release).signature(signature) or () if not p.kind.startswith("VAR_")]
        parts = [(p.name, _written(p), _text(shelf, p.name, spot)) for p in parameters]
        return _put_together(callee.method, parts, _active([p.name for p in parameters], bracket, keyword))
    if callee.kind == "canvas":
        label = {"chord": (("header", "header"), ("body", "body=None"))}.get(callee.method, (("*tasks", "*tasks"),))
        active = min(bracket.position, len(label) - 1)
        return _put_together(callee.method, [(name, text, "") for name, text in label], active)
    if callee.kind in ("decorator", "execution", "named", "set"):
        return _of_options(spot, bracket, callee, keyword)
    return None


def _of_options(spot: Spot, bracket: Bracket, callee: Callee, keyword: str | None) -> SignatureHelp:
    """Of a call that takes options by their names: those that are used most, and the one that is being written."""
    shelf = "option" if callee.kind == "decorator" else "call"
    positional = {"execution": ("args", "kwargs"), "named": ("name", "args", "kwargs")}.get(callee.kind, ())
    slot = Slot(shelf, spot.reading.word, callee=callee)
    known = set(known_names(slot, spot))
    given = [item.keyword for item in bracket.items if item.keyword in known]
    names = list(dict.fromkeys((*positional, *(n for n in ORDER_OF_CALLS[shelf] if n in known), *filter(None, given))))
    parts = [(name, _with_default(shelf, name, positional, spot), _text(shelf, name, spot)) for name in names]
    active: int | None = None
    if keyword in names:
        active = names.index(keyword)
    elif keyword is None and bracket.position < len(positional):
        active = bracket.position
    name = callee.method if callee.task is None or callee.kind == "named" else f"{callee.task.name}.{callee.method}"
    return _put_together(callee.method if callee.kind == "decorator" else name, [*parts, ("…", "…", "")], active)


def _of_task(
    task: ProjectTask, name: str, bracket: Bracket, keyword: str | None, *, by_name: bool = False
) -> SignatureHelp:
    parameters = task.parameters or ()
    parts = [(parameter, text, "") for parameter, text in written_parameters(parameters)]
    active = _active_of_task(parameters, bracket, keyword, by_name)
    if active is not None:
        active = [part[0] for part in parts].index(parameters[active].name)
    return _put_together(name, parts, active)


def _active_of_task(
    parameters: Sequence[ParameterBinding], bracket: Bracket, keyword: str | None, by_name: bool
) -> int | None:
    if keyword is not None or by_name:
        named = (n for n, p in enumerate(parameters) if p.name == keyword and p.kind != "positional-only")
        return next(named, None) if keyword is None else next(named, _number(parameters, "**"))
    position = bracket.position
    reached = [n for n, p in enumerate(parameters) if p.kind in ("positional", "positional-only")]
    if position < len(reached):
        return reached[position]
    return _number(parameters, "*")


def _number(parameters: Iterable[ParameterBinding], kind: str) -> int | None:
    return next((number for number, p in enumerate(parameters) if p.kind == kind), None)


def _active(names: Sequence[str], bracket: Bracket, keyword: str | None) -> int | None:
    if keyword is not None:
        return names.index(keyword) if keyword in names else None
    return bracket.position if bracket.position < len(names) else None


def _written(parameter: Parameter) -> str:
    default = parameter.default
    return parameter.name if default is None else f"{parameter.name}={manual.shown(default.value)}"


def _with_default(shelf: str, name: str, positional: Sequence[str], spot: Spot) -> str:
    if name == "name" and positional:
        return name
    about = manual.topic(shelf, name, spot.release)
    default = None if about is None else about.default
    if default is not None and not default.is_plain:
        return f"{name}=…"
    return f"{name}={manual.shown(None if default is None or shelf == 'call' else default.value)}"


def _text(shelf: str, name: str, spot: Spot) -> str:
    about = manual.topic(shelf, name, spot.release)
    if about is None:
        return ""
    text = f"`{about.type}`: {about.text}" if about.type else about.text
    return f"{text}\n\n**Mind:** {about.trap}" if about.trap else text


def _put_together(name: str, parts: Sequence[tuple[str, str, str]], active: int | None) -> SignatureHelp:
    label, shown = f"{name}(", list[Shown]()
    for number, (parameter, text, documentation) in enumerate(parts):
        label += ", " if number else ""
        shown.append(Shown(parameter, len(label), len(label) + len(text), documentation))
        label += text
    return SignatureHelp(f"{label})", tuple(shown), active)
