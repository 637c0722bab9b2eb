"""Which queues a project has, and which of them its workers take messages from.

Knows how a worker chooses its queues, and how these are written in settings. Must not know rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from celery_analyzers.bindings import ValueBinding
from celery_analyzers.expressions import Collection, Invocation
from celery_analyzers.values import evaluate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from celery_analyzers.configuration import Given
    from celery_analyzers.context import Context
    from celery_analyzers.expressions import Expression
    from celery_analyzers.symbols import Scope
    from celery_analyzers.tasks import Task

_DEFAULT = "celery"


def queues_consumed(task: Task | None, context: Context) -> frozenset[str] | None:
    """The queues that some worker takes messages from; None where these cannot be told.

    A worker that is not told its queues takes those of `task_queues`, and without these the default queue.
    """
    answer = cast("tuple[tuple[str, ...], bool] | None", context.project.ask("queues_consumed"))
    if answer is None:
        return None
    named, takes_default = answer
    if not takes_default:
        return frozenset(named)
    if context.given("task_queues", task):
        declared = queues_declared(task, context)
        return None if declared is None else declared | frozenset(named)
    default = context.setting("task_default_queue", task)
    if default is None:
        default = _DEFAULT
    return frozenset({*named, default}) if isinstance(default, str) else None


def queues_declared(task: Task | None, context: Context) -> frozenset[str] | None:
    """The names of the queues that `task_queues` gives; None where there are none, or not all can be told."""
    found: set[str] = set()
    for given in context.given("task_queues", task):
        names = None if given.is_guess else _names(given, context)
        if names is None:
            return None
        found.update(names)
    return frozenset(found) or None


def _names(given: Given, context: Context) -> list[str] | None:
    """The names in a dict of queues, or in a list of `Queue("high")`."""
    declared = given.value
    if isinstance(declared, dict):
        keys = list(cast("dict[object, object]", declared))
        return [key for key in keys if isinstance(key, str)]
    module = None if given.place.path is None else context.project.module_at(given.place.path)
    found, where = ((), module) if module is None else module.lookup(given.place.name)
    binding = found[0] if len(found) == 1 else None
    if where is None or not isinstance(binding, ValueBinding) or not isinstance(binding.value, Collection):
        return None
    names = [_name(item, where) for item in binding.value.items]
    return [name for name in names if name is not None] if None not in names else None


def _name(item: Expression, scope: Scope) -> str | None:
    if not isinstance(item, Invocation):
        return None
    given: Iterable[Expression] = item.arguments or tuple(value for key, value in item.keywords if key == "name")
    name = next((evaluate(value, scope) for value in given), None)
    return name if isinstance(name, str) else None
