"""`call-decorator`: gives a bare task decorator its parentheses."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Span
from celery_codeactions.action import Action, Changes, Offer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_codeactions.place import Place


class CallDecorator(Action):
    """Write a bare task decorator as a call, so that it can take options.

    ## What it does

    Adds parentheses behind `@shared_task` or `@app.task`. The task is the same.

    ## Examples

        from celery import shared_task


        @shared_$0task
        def report(day):
            return day

    **Write `@shared_task` as a call**:

        from celery import shared_task


        @shared_task()
        def report(day):
            return day

    ## Not offered

    Away from the decorator, and where it is a call:

        from celery import shared_task


        @shared_task
        def report(day):
            return d$0ay

    ## What it leaves to you

    The options.

    ## References

    - [Task options](https://docs.celeryq.dev/en/stable/userguide/tasks.html#list-of-options)
    """

    def offers(self, place: Place) -> Iterator[Offer]:
        here = place.task
        if here is None or here.decorator is None or isinstance(here.decorator, ast.Call):
            return
        span = place.span(here.decorator)
        if here.task.maker.is_wrapper or not place.is_in(Span(span.start - 1, span.end)):
            return
        edits = (Edit(Span(span.end, span.end), "()"),)
        yield Offer(f"Write `@{place.source(here.decorator)}` as a call", lambda: Changes(edits))
