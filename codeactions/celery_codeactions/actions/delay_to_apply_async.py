"""`delay-to-apply-async`: writes a call so that it can take options."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Span
from celery_analyzers.layout import comments_in
from celery_codeactions.action import Action, Changes, Offer
from celery_codeactions.brackets import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_codeactions.place import Place

_METHODS = {"delay": "apply_async", "delay_on_commit": "apply_async_on_commit"}


class DelayToApplyAsync(Action):
    """Write `delay` as `apply_async`, so that the call can take options.

    ## What it does

    Puts the arguments into `args` and `kwargs`. The message is the same.

    ## Examples

    `shop/tasks.py`:

        from celery import shared_task


        @shared_task
        def report(day, final=False, format="html"):
            return day

    `shop/views.py`:

        from shop.tasks import report


        def close(day):
            report.delay(day, True, form$0at="pdf")

    **Write `report.delay()` as `apply_async`**:

    `shop/views.py`:

        from shop.tasks import report


        def close(day):
            report.apply_async(args=(day, True), kwargs={"format": "pdf"})

    ## Not offered

    A call that has comments or unpacks its arguments is left alone:

        from celery import shared_task


        @shared_task
        def report(day):
            return day


        def close(days):
            report.del$0ay(*days)

    ## What it leaves to you

    The options.

    ## References

    - [Calling tasks](https://docs.celeryq.dev/en/stable/userguide/calling.html#basics)
    """

    def offers(self, place: Place) -> Iterator[Offer]:
        here = place.dispatch
        method = _METHODS.get(here.dispatch.method) if here is not None else None
        if here is None or method is None or not here.dispatch.complete:
            return
        whole, called = here.dispatch.span, place.span(here.call.func)
        if comments_in(place.text, called.end, whole.end) or not isinstance(here.call.func, ast.Attribute):
            return
        arguments = [on_one_line(place.source(node)) for node in here.call.args]
        parts: list[str] = []
        if arguments:
            parts.append(f"args=({', '.join(arguments)}{',' if len(arguments) == 1 else ''})")
        if here.call.keywords:
            quote = place.quote
            items = (f"{quote}{k.arg}{quote}: {on_one_line(place.source(k.value))}" for k in here.call.keywords)
            parts.append(f"kwargs={{{', '.join(items)}}}")
        edits = (
            Edit(here.dispatch.method_span, method),
            Edit(Span(place.text.index("(", called.end), whole.end), f"({', '.join(parts)})"),
        )
        receiver = place.source(here.call.func.value)
        yield Offer(f"Write `{receiver}.{here.dispatch.method}()` as `{method}`", lambda: Changes(edits))
