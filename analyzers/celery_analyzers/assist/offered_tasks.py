"""The tasks that completion offers: by their names where a string names one, and as signatures in canvases.

Knows the index and the module's names. Must not know where either is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

from celery_analyzers.assist.offers import Offer
from celery_analyzers.assist.source_text import written_signature
from celery_analyzers.assist.spot import Spot
from celery_analyzers.bindings import FunctionBinding, ImportBinding, ValueBinding
from celery_analyzers.effective import names_of
from celery_analyzers.expressions import Reference
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.tasks import ProjectTask, task_of

MOST: Final = 300
"""Names that are offered at once: with more, the list is told to be incomplete."""
_MOST_IMPORTS: Final = 60
"""Imports that are followed to see whether they are tasks."""


def offered_names_of_tasks(spot: Spot, typed: str) -> tuple[list[Offer], bool]:
    """The names of the project's tasks, and whether these are all."""
    index = spot.project.index
    if index is None:
        own = [name for _, task in tasks_here(spot, imported=False) for name in _names(task, spot)]
        return [_named(name, "") for name in own], False
    found: dict[str, Offer] = {}
    wanted = typed.lower()
    for names, place in index.names_of_tasks():
        name = _best(names, wanted)
        if name is None or name in found:
            continue
        if len(found) >= MOST:
            return list(found.values()), False
        found[name] = _named(name, place)
    return list(found.values()), True


def _best(names: tuple[str, ...], typed: str) -> str | None:
    """The likeliest name of a task that goes on as what is typed; None where none has its letters."""
    begun = (name for name in names if name.lower().startswith(typed))
    return next(begun, None) or next((name for name in names if _matches(typed, name.lower())), None)


def _matches(typed: str, name: str) -> bool:
    """Whether the letters that are typed stand in a name, in their order."""
    position = 0
    for letter in typed:
        position = name.find(letter, position) + 1
        if not position:
            return False
    return True


def _named(name: str, detail: str) -> Offer:
    return Offer(name, "task", name, detail=detail, rank=10, topic=("task-name", name))


def _names(task: ProjectTask, spot: Spot) -> tuple[str, ...]:
    return (names_of(task, task.scope, spot.project) or ())[:1]


def tasks_here(spot: Spot, *, imported: bool = True) -> Iterator[tuple[str, ProjectTask]]:
    """The tasks that a name of the module means."""
    followed = 0
    for name, bound in spot.analysis.scope.names.items():
        binding = bound[-1]
        if isinstance(binding, ImportBinding):
            followed += 1
            if not imported or followed > _MOST_IMPORTS:
                continue
        elif not (isinstance(binding, FunctionBinding) and binding.decorators) and not isinstance(
            binding, ValueBinding
        ):
            continue
        if name.isidentifier() and (task := task_of(evaluate_symbol(Reference(name), spot.scope))) is not None:
            yield name, task


def offered_signatures(spot: Spot) -> Iterator[Offer]:
    """The tasks of the module as signatures: `send.s(...)`."""
    for name, task in tasks_here(spot):
        given = () if task.parameters is None else task.parameters
        required = [p for p in given if p.default is None and p.kind in ("positional", "positional-only")]
        stops = ", ".join(f"${{{number}:{p.name}}}" for number, p in enumerate(required, start=1))
        yield Offer(
            f"{name}.s",
            "task",
            f"{name}.s()" if not required else f"{name}.s(",
            snippet=f"{name}.s({stops})",
            detail=f"({written_signature(given)})",
            rank=5,
            topic=("task", name),
        )


def queues(spot: Spot) -> dict[str, str]:
    """The queues that the project knows, with where they come from."""
    from celery_analyzers.effective import settings_given

    found: dict[str, str] = {}
    for setting in ("task_default_queue", "task_queues", "task_routes"):
        for given in settings_given(setting, None, spot.analysis.scope, spot.project):
            for name in _queues_in(given.value):
                found.setdefault(name, f"`{setting}`")
    index = spot.project.index
    for command in index.commands if index is not None else ():
        for option, value in command.options:
            if option == "queues" and value:
                for name in value.split(","):
                    found.setdefault(name.strip(), command.path.name)
    found.setdefault("celery", "Celery's default")
    return found


def _queues_in(value: object) -> Iterator[str]:
    """The queues in the value of a setting: a name, or routes."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for route in cast("dict[object, object]", value).values():
            if isinstance(route, str):
                yield route
            elif isinstance(route, dict):
                queue = cast("dict[object, object]", route).get("queue")
                if isinstance(queue, str):
                    yield queue
