"""`share-task`: makes a task of the current app of a task of one app."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Span
from celery_analyzers.symbols import AppAttribute
from celery_codeactions.action import Action, Changes, Offer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_codeactions.place import Place


class ShareTask(Action):
    """Declare a task with `@shared_task`, so that its module needs no app.

    ## What it does

    Writes `@shared_task` for `@app.task`, with the same options, and imports it. The task then belongs to whatever app
    is the current one where it is used, which is what reusable Django apps and tests need.

    ## Examples

    `shop/celery.py`:

        from celery import Celery

        app = Celery("shop")

    `shop/tasks.py`:

        from shop.celery import app


        @app.task(acks_late=True)
        def report$0(day):
            return day

    **Declare `report` with `@shared_task`**:

        from celery import shared_task


        @shared_task(acks_late=True)
        def report(day):
            return day

    ## Not offered

        from celery import shared_task


        @shared_task
        def report$0(day):
            return day

    ## What it leaves to you

    Nothing: the import of the app goes where nothing else uses it.

    ## References

    - [`shared_task`](https://docs.celeryq.dev/en/stable/django/first-steps-with-django.html#using-the-shared-task-decorator)
    """

    def offers(self, place: Place) -> Iterator[Offer]:
        here = place.task
        if here is None or here.decorator is None or here.task.maker.is_wrapper or here.task.nested:
            return
        callee = here.decorator.func if isinstance(here.decorator, ast.Call) else here.decorator
        symbol = here.context.symbol(callee)
        if not isinstance(symbol, AppAttribute) or symbol.path != "task" or here.task.option("lazy") is not None:
            return
        name, needed = here.context.imported("celery", "shared_task")
        span = place.span(callee)
        drops = (callee.value.id,) if isinstance(callee, ast.Attribute) and isinstance(callee.value, ast.Name) else ()
        changes = Changes((Edit(Span(span.start, span.end), name),), (needed,) if needed else (), drops)
        yield Offer(f"Declare `{here.task.name}` with `@shared_task`", lambda: changes)
