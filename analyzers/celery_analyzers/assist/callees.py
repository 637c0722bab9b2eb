"""What a call around the cursor calls, as far as Celery has a say in its arguments.

Knows Celery's calling API, as `dispatch_sites` does, but reads it from a piece of text. Must not know what help is
offered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from celery_analyzers.assist.reading import Bracket, Item
from celery_analyzers.assist.spot import Spot
from celery_analyzers.calling import task_named
from celery_analyzers.dispatch_sites import ARGUMENTS_AS_WRITTEN
from celery_analyzers.expressions import Invocation, Reference
from celery_analyzers.makers import Maker, maker_of
from celery_analyzers.resolution import CRONTAB, evaluate_symbol, is_celery_class, is_task_class
from celery_analyzers.symbols import AppAttribute, External, ProjectClass
from celery_analyzers.tasks import ProjectTask, task_of

Kind = Literal[
    "decorator", "arguments", "execution", "named", "retry", "set", "crontab", "canvas", "periodic", "app", "configure"
]
"""What a call is: `arguments` takes the task's own (`delay`, `s`), `execution` takes them as containers, with options
(`apply_async`), `named` does so after the task or its name (`send_task`, `signature`), `set` takes options alone."""
_EXECUTION = frozenset({"apply_async", "apply", "apply_async_on_commit", "signature", "subtask"})
_SIGNING = frozenset({"s", "si", "signature", "subtask"})
_CANVAS = {f"{module}.{name}": name for module in ("celery", "celery.canvas") for name in ("chain", "group", "chord")}
_BY_NAME = {
    "celery.signature": "signature",
    "celery.canvas.signature": "signature",
    "celery.subtask": "signature",
    "celery.canvas.Signature": "signature",
    "celery.execute.send_task": "send_task",
}
_CONFIGURING = frozenset({"conf.update", "conf.setdefault", "add_defaults", "config_from_object"})


@dataclass(frozen=True, slots=True)
class Callee:
    """What is called. `method` is its name, `task` the task that it concerns, where that is known."""

    kind: Kind
    method: str
    task: ProjectTask | None = None
    maker: Maker | None = None


def callee_of(spot: Spot, bracket: Bracket) -> Callee | None:
    """What a bracket around the cursor calls; None where Celery has no say in it."""
    source = bracket.callee
    if source is None or bracket.kind != "(" or bracket.is_definition:
        return None
    receiver, _, method = source.rpartition(".")
    if receiver and (found := _method(spot, receiver, method)) is not None:
        return found
    called = spot.expression(source)
    if not isinstance(called, Reference):
        return None
    symbol = evaluate_symbol(called, spot.scope)
    if isinstance(symbol, AppAttribute):
        if symbol.path in ("send_task", "signature"):
            return Callee("named", symbol.path, _target(spot, bracket))
        if symbol.path in _CONFIGURING:
            return Callee("configure", symbol.path)
        if symbol.path == "add_periodic_task":
            return Callee("periodic", symbol.path)
    elif isinstance(symbol, External):
        if symbol.path in CRONTAB:
            return Callee("crontab", "crontab")
        if symbol.path in _CANVAS:
            return Callee("canvas", _CANVAS[symbol.path])
        if symbol.path in _BY_NAME:
            return Callee("named", _BY_NAME[symbol.path], _target(spot, bracket))
    if isinstance(symbol, (External, ProjectClass)) and is_celery_class(symbol):
        return Callee("app", "Celery")
    maker = maker_of(called, spot.scope)
    return None if maker is None else Callee("decorator", source, spot.own_task, maker)


def _method(spot: Spot, receiver: str, method: str) -> Callee | None:
    """A method of a task, or of a signature that is made where it is called."""
    if method == "retry":
        return Callee("retry", method, spot.own_task) if spot.is_instance(receiver) or spot.task(receiver) else None
    if method in ARGUMENTS_AS_WRITTEN or method in _EXECUTION:
        task = spot.task(receiver)
        if task is not None:
            return Callee("arguments" if method in ARGUMENTS_AS_WRITTEN else "execution", method, task)
    if method in ("set", "apply_async", "delay", "clone") and receiver.endswith(")"):
        signed = spot.expression(receiver)
        if isinstance(signed, Invocation) and isinstance(signed.function, Reference):
            path, _, made_by = signed.function.path.rpartition(".")
            task = task_of(evaluate_symbol(Reference(path), spot.scope)) if made_by in _SIGNING else None
            if task is not None and method != "delay":
                return Callee("set" if method == "set" else "execution", method, task)
    return None


def _target(spot: Spot, bracket: Bracket) -> ProjectTask | None:
    """The task that the first argument of a call names."""
    first = next((item for item in bracket.items if item.keyword in (None, "name", "varies")), None)
    return None if first is None else task_in(spot, first)


def task_in(spot: Spot, item: Item) -> ProjectTask | None:
    """The task that an item is, by its name or by itself."""
    source = spot.own_text[item.value_start : item.end].strip()
    if item.literal is not None:
        return task_named(spot.own_text[item.literal.start : item.literal.end], spot.project)
    source = source.removesuffix(".name")
    return task_of(spot.symbol(source)) if source and is_path(source) else None


def is_path(source: str) -> bool:
    """Whether a piece of code is a name or a dotted path."""
    return all(part.isidentifier() for part in source.split("."))


def is_task_member(spot: Spot, source: str) -> bool:
    """Whether what a piece of code means has the members of a task."""
    symbol = spot.symbol(source)
    return spot.task(source) is not None or spot.is_instance(source) or is_task_class(symbol)
