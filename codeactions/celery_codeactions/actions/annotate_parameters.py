"""`annotate-parameters`: writes down the types of what a task takes, as far as they show."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.call_facts import Dispatch
from celery_analyzers.function_edits import annotate_parameter
from celery_analyzers.symbols import UNKNOWN
from celery_analyzers.values import evaluate
from celery_codeactions.action import Action, Changes, Offer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from celery_analyzers.findings import Edit
    from celery_analyzers.task_facts import Parameter
    from celery_codeactions.place import Place, TaskHere

_PLAIN = (bool, int, float, str, bytes)
_CONTAINERS = (list, dict, tuple, set)
_MOST_NAMED = 3


class AnnotateParameters(Action):
    """Annotate a task's parameters by their defaults and by what callers pass.

    ## What it does

    Annotates the parameters whose types show: by a default, or by the values that calls in the same file send. With
    types, editors and type checkers see a call that sends the wrong thing, and `pydantic=True` can check messages.

    ## Examples

        from celery import shared_task


        @shared_task
        def report$0(day, days=7, *, final=False, format=None):
            print(day)


        def close():
            report.delay("2026-11-27", 1, format="pdf")

    **Annotate `day: str`, `days: int`, `final: bool` and 1 more**:

        from celery import shared_task


        @shared_task
        def report(day: str, days: int = 7, *, final: bool = False, format: str | None = None):
            print(day)


        def close():
            report.delay("2026-11-27", 1, format="pdf")

    ## Not offered

    Where nothing shows what is passed:

        from celery import shared_task


        @shared_task
        def report$0(day, final: bool = False):
            print(day)

    ## What it leaves to you

    To check what other files pass. `str | None` needs Python 3.10 or `from __future__ import annotations`.

    ## References

    - [Argument validation](https://docs.celeryq.dev/en/stable/userguide/tasks.html#argument-validation-with-pydantic)
    """

    def offers(self, place: Place) -> Iterator[Offer]:
        here = place.task
        if here is None or here.task.function is None:
            return
        found = dict(_types(here, place))
        if not found:
            return
        named = [f"`{name}: {written}`" for name, written in found.items()]
        title = f"Annotate {_listed(named)}"
        yield Offer(title, lambda: Changes(_edits(here, place, found)))


def _types(here: TaskHere, place: Place) -> Iterator[tuple[str, str]]:
    """The parameters without an annotation whose types show."""
    assert here.task.function is not None
    bound = here.task.value("bind") is True or here.task.form == "class"
    parameters = here.task.function.parameters[1 if bound else 0 :]
    if not here.task.options_known or here.context.may_be_wrapped(here.task):
        return
    sent = _sent(parameters, here, place)
    for parameter in parameters:
        if parameter.annotation is None and parameter.kind not in ("*", "**"):
            default = [] if parameter.default is None else [evaluate(parameter.default, here.context.scope)]
            written = _type([*default, *sent.get(parameter.name, ())])
            if written is not None:
                yield parameter.name, written


def _sent(parameters: Iterable[Parameter], here: TaskHere, place: Place) -> dict[str, list[object]]:
    """What the calls in the file pass for each parameter."""
    names = [p.name for p in parameters if p.kind in ("positional", "positional-only")]
    found: dict[str, list[object]] = {}
    for part in place.analysis.segments:
        for fact in part.facts:
            if not isinstance(fact, Dispatch) or fact.task is None or fact.task.name != here.task.name:
                continue
            if fact.task.scope.module_scope is not place.analysis.scope or fact.role in (
                "following",
                "body",
                "errback",
            ):
                continue
            values = [*zip(names, fact.positional, strict=False), *fact.keywords]
            for name, argument in values:
                found.setdefault(name, []).append(argument.value)
    return found


def _type(values: list[object]) -> str | None:
    """The type of what a parameter is given; None where that does not show."""
    known = [value for value in values if value != UNKNOWN]
    types = {type(value) for value in known if value is not None}
    if types == {int, float}:
        types = {float}
    if len(types) != 1:
        return None
    (found,) = types
    if found not in (*_PLAIN, *_CONTAINERS):
        return None
    return f"{found.__name__} | None" if None in known else found.__name__


def _edits(here: TaskHere, place: Place, found: dict[str, str]) -> tuple[Edit, ...]:
    arguments = here.function.args
    nodes: list[ast.arg] = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    edits = (annotate_parameter(place.text, n, place.span, found[n.arg]) for n in nodes if n.arg in found)
    return tuple(edit for group in edits for edit in group)


def _listed(named: list[str]) -> str:
    if len(named) > _MOST_NAMED:
        return f"{', '.join(named[:_MOST_NAMED])} and {len(named) - _MOST_NAMED} more"
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
