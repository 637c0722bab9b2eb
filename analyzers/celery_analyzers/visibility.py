"""How long a broker waits for a message to be acknowledged before it delivers it again.

Knows the brokers that do so, and their defaults. Must not know rules.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from celery_analyzers.expressions import Reference
from celery_analyzers.symbols import External
from celery_analyzers.values import beginning

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery_analyzers.configuration import Given
    from celery_analyzers.context import Context
    from celery_analyzers.symbols import Symbol
    from celery_analyzers.tasks import Task

_DEFAULTS = {"redis": ("Redis", 3600), "rediss": ("Redis", 3600), "sentinel": ("Redis", 3600), "sqs": ("SQS", 1800)}
"""The broker of a URL's scheme, and its timeout in seconds where no setting gives one."""
_UNITS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1, "weeks": 604800}
_POSITIONS = ("days", "seconds")


@dataclass(frozen=True, slots=True)
class Visibility:
    """A broker's visibility timeout in seconds."""

    broker: str
    seconds: float


def visibility(task: Task | None, context: Context) -> Visibility | None:
    """The visibility timeout of the broker of a task's app; None where it has none, or none that can be told."""
    known = _known_broker(task, context)
    if known is None:
        return None
    broker, default = known
    options = context.setting("broker_transport_options", task)
    if options is None:
        return Visibility(broker, default)
    if not isinstance(options, dict):
        return None
    given = cast("dict[object, object]", options).get("visibility_timeout", default)
    if isinstance(given, bool) or not isinstance(given, (int, float)) or given <= 0:
        return None
    return Visibility(broker, given)


def broker_of(task: Task | None, context: Context) -> str | None:
    """What the broker of a task's app is called, if it is one with a visibility timeout."""
    known = _known_broker(task, context)
    return None if known is None else known[0]


def _known_broker(task: Task | None, context: Context) -> tuple[str, int] | None:
    schemes = {_scheme(given, context) for given in context.given("broker_url", task)}
    known = [_DEFAULTS.get(scheme) for scheme in schemes]
    return known[0] if known and all(other == known[0] for other in known) else None


def _scheme(given: Given, context: Context) -> str:
    """The scheme of a broker's URL, of which no more may be known than how it begins; empty if not even that is."""
    url = given.value if isinstance(given.value, str) else None
    if url is None and given.place.path is not None:
        module = context.project.module_at(given.place.path)
        url = None if module is None else beginning(Reference(given.place.name), module)
    scheme, separator, _ = (url or "").partition("://")
    return scheme.partition("+")[0] if separator else ""


def seconds_from_now(
    node: ast.expr, symbol: Callable[[ast.expr], Symbol], value: Callable[[ast.expr], object]
) -> float | None:
    """How far off a time is that is written as `now() + timedelta(hours=6)`, or `timedelta(...)` itself; None where it
    cannot be told. `symbol` and `value` tell what an expression means and what its value is."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        for one, other in ((node.left, node.right), (node.right, node.left)):
            called = ast.unparse(one.func) if isinstance(one, ast.Call) else ""
            if called.rpartition(".")[2] in ("now", "utcnow"):
                return seconds_from_now(other, symbol, value)
        return None
    if not isinstance(node, ast.Call) or symbol(node.func) != External("datetime.timedelta"):
        return None
    parts = [*zip(_POSITIONS, node.args, strict=False), *((k.arg, k.value) for k in node.keywords)]
    total = 0.0
    for unit, part in parts:
        number = value(part)
        if unit not in _UNITS or isinstance(number, bool) or not isinstance(number, (int, float)):
            return None
        total += number * _UNITS[unit]
    return total if len(node.args) <= len(_POSITIONS) else None
