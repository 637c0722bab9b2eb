"""`keep-task-name`: writes down the name that Celery generates for a task."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from celery_analyzers.edits import set_keyword
from celery_codeactions.action import Action, Changes, Offer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_codeactions.place import Place, TaskHere

_MOST = 3


class KeepTaskName(Action):
    """Write down a task's name, so that the function can be renamed or moved.

    ## What it does

    Sets `name=` to the name that Celery generates from the module and the function. Messages carry this name: with it
    written down, those that wait in a queue, beat entries and other services still reach the task under its new roof.
    Where it depends on the folder that Python is started in, each name that is possible is offered.

    ## Examples

        from celery import shared_task


        @shared_task
        def report$0(day):
            return day

    **Write down the name `shop.tasks.report`**:

        from celery import shared_task


        @shared_task(name="shop.tasks.report")
        def report(day):
            return day

    ## Not offered

    A task with a name:

        from celery import shared_task


        @shared_task(name="report")
        def report$0(day):
            return day

    ## What it leaves to you

    To rename or move the function.

    ## References

    - [Names](https://docs.celeryq.dev/en/stable/userguide/tasks.html#names)
    """

    def offers(self, place: Place) -> Iterator[Offer]:
        here = place.task
        if here is None or not here.takes_options("name") or here.task.option("name") is not None:
            return
        if here.task.nested or here.task.in_class:
            return
        names = here.context.names(here.task) or ()
        for name in [one for one in names if not one.startswith("__main__.")][:_MOST]:
            yield Offer(f"Write down the name `{name}`", partial(_changes, place, here, name), name)


def _changes(place: Place, here: TaskHere, name: str) -> Changes:
    assert here.decorator is not None
    value = f"{place.quote}{name}{place.quote}"
    return Changes(set_keyword(place.text, here.decorator, place.span, "name", value))
