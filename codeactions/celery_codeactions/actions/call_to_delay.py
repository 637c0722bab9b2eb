"""`call-to-delay`: has a worker run a task that is called in place."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Span
from celery_analyzers.tasks import task_of
from celery_codeactions.action import Action, Changes, Offer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_codeactions.place import Place


class CallToDelay(Action):
    """Send a task that is called in place.

    ## What it does

    Writes `task.delay(...)` for `task(...)`, where nothing uses what the call returns. The caller goes on at once, and
    a worker runs the task.

    ## Examples

        from celery import shared_task


        @shared_task
        def report(day):
            print(day)


        def close(day):
            rep$0ort(day)  # takes a minute

    **Send `report` instead of running it here**:

        from celery import shared_task


        @shared_task
        def report(day):
            print(day)


        def close(day):
            report.delay(day)  # takes a minute

    ## Not offered

    A call whose value is used:

        from celery import shared_task


        @shared_task
        def report(day):
            return day


        def close(day):
            return rep$0ort(day)

    ## What it leaves to you

    The arguments must be such that the serializer can write. What follows the call runs before the task has.

    ## References

    - [Calling tasks](https://docs.celeryq.dev/en/stable/userguide/calling.html#basics)
    """

    def offers(self, place: Place) -> Iterator[Offer]:
        statement = next(place.around(ast.Expr), None)
        call = statement.value if statement is not None else None
        if not isinstance(call, ast.Call) or not isinstance(call.func, (ast.Name, ast.Attribute)):
            return
        task = task_of(place.symbol(call.func))
        if task is not None:
            end = place.span(call.func).end
            edits = (Edit(Span(end, end), ".delay"),)
            yield Offer(f"Send `{task.name}` instead of running it here", lambda: Changes(edits))
