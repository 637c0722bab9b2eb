"""`apply-async-to-delay`: writes a call without options in its short form."""

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

_METHODS = {"apply_async": "delay", "apply_async_on_commit": "delay_on_commit"}


class ApplyAsyncToDelay(Action):
    """Write `apply_async` without options as `delay`.

    ## What it does

    Passes what stands in `args` and `kwargs` as the task's own arguments. The message is the same.

    ## Examples

        from celery import shared_task


        @shared_task
        def report(day, final=False, format="html"):
            return day


        def close(day):
            report.apply_async(ar$0gs=[day, True], kwargs={"format": "pdf"})

    **Write `report.apply_async()` as `delay`**:

        from celery import shared_task


        @shared_task
        def report(day, final=False, format="html"):
            return day


        def close(day):
            report.delay(day, True, format="pdf")

    ## Not offered

    A call with options:

        from celery import shared_task


        @shared_task
        def report(day):
            return day


        def close(day):
            report.apply_async((day,), coun$0tdown=60)

    ## What it leaves to you

    Nothing.

    ## References

    - [Calling tasks](https://docs.celeryq.dev/en/stable/userguide/calling.html#basics)
    """

    def offers(self, place: Place) -> Iterator[Offer]:
        here = place.dispatch
        method = _METHODS.get(here.dispatch.method) if here is not None else None
        if here is None or method is None or not here.dispatch.complete or here.dispatch.options:
            return
        if not here.dispatch.options_complete or not isinstance(here.call.func, ast.Attribute):
            return
        # A name that is no identifier, and what is given twice, can stand in a dict only.
        names = list(here.context.keywords)
        if len(names) < len(here.dispatch.keywords) or not all(name.isidentifier() for name in names):
            return
        whole, called = here.dispatch.span, place.span(here.call.func)
        if comments_in(place.text, called.end, whole.end) or len(here.call.args) > 2:
            return
        parts = [on_one_line(place.source(node)) for node in here.context.arguments]
        parts += [f"{name}={on_one_line(place.source(node))}" for name, node in here.context.keywords.items()]
        edits = (
            Edit(here.dispatch.method_span, method),
            Edit(Span(place.text.index("(", called.end), whole.end), f"({', '.join(parts)})"),
        )
        receiver = place.source(here.call.func.value)
        yield Offer(f"Write `{receiver}.{here.dispatch.method}()` as `{method}`", lambda: Changes(edits))
