"""`unbind-task`: takes the instance away from a task that does not use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.edits import remove_keyword
from celery_analyzers.function_edits import remove_parameter
from celery_codeactions.action import Action, Changes, Offer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_codeactions.place import Place


class UnbindTask(Action):
    """Take `bind=True` and `self` from a task that does not use its instance.

    ## What it does

    Removes `bind=True` and the first parameter. Who calls the task passes what was passed before.

    ## Examples

        from celery import shared_task


        @shared_task(bind=True, ignore_result=True)
        def report$0(self, day):
            print(day)

    **Unbind `report`, which does not use `self`**:

        from celery import shared_task


        @shared_task(ignore_result=True)
        def report(day):
            print(day)

    ## Not offered

    A task that uses its instance:

        from celery import shared_task


        @shared_task(bind=True)
        def report$0(self, day):
            return self.request.id

    ## What it leaves to you

    Nothing.

    ## References

    - [Bound tasks](https://docs.celeryq.dev/en/stable/userguide/tasks.html#bound-tasks)
    """

    def offers(self, place: Place) -> Iterator[Offer]:
        here = place.task
        if (
            here is None
            or here.decorator is None
            or here.task.function is None
            or here.context.may_be_wrapped(here.task)
        ):
            return
        bind = here.task.option("bind")
        positional = here.task.function.positional
        if bind is None or bind.value is not True or bind.span is None or not positional:
            return
        instance = positional[0].name
        if here.body.uses(instance) or "super(" in here.context.function_source:
            return
        edits = (
            *remove_keyword(place.text, here.decorator, place.span, "bind", bare=True),
            *remove_parameter(place.text, here.function, place.span, instance),
        )
        if len(edits) == 2:
            yield Offer(f"Unbind `{here.task.name}`, which does not use `{instance}`", lambda: Changes(edits))
