"""`keep-task-name`: writes down the name that Celery generates for a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.edits import set_keyword
from celery_codeactions.action import Action, Changes, Offer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_codeactions.place import Place


class KeepTaskName(Action):
    """Write down a task's name, so that the function can be renamed or moved.

    ## What it does

    Sets `name=` to the name that Celery generates from the module and the function. Messages carry this name: with it
    written down, those that wait in a queue, beat entries and other services still reach the task under its new roof.

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

    A task with a name, and one whose name depends on how it is imported:

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
        names = here.context.names(here.task)
        if not names or here.decorator is None:
            return
        value = f"{place.quote}{names[0]}{place.quote}"
        edits = set_keyword(place.text, here.decorator, place.span, "name", value)
        yield Offer(f"Write down the name `{names[0]}`", lambda: Changes(edits))
