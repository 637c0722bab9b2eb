"""`handle-soft-time-limit`: gives a task the time to clean up that its soft limit is for."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, NeededImport, Span
from celery_analyzers.layout import first_on_line, indentation, newline_of
from celery_codeactions.action import Action, Changes, Offer
from celery_codeactions.blocks import indented, lines_of, statements_of, step_of, with_comments
from celery_codeactions.retry_schedules import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_codeactions.place import Place, TaskHere

_EXCEPTION = "SoftTimeLimitExceeded"


class HandleSoftTimeLimit(Action):
    '''Catch what a task's soft limit raises, to clean up.

    ## What it does

    Puts the body into a `try`, or takes the one that it is, and adds a handler of `SoftTimeLimitExceeded` in front of
    all others, which raises it again. Without one, a task that takes too long stops wherever it happens to be.

    ## Examples

        from celery import shared_task


        @shared_task(soft_time_limit=60, time_limit=72)
        def build$0(path):
            """Build everything."""
            # The slow part.
            render(path)

    **Handle `SoftTimeLimitExceeded` in `build`**:

        from celery import shared_task
        from celery.exceptions import SoftTimeLimitExceeded


        @shared_task(soft_time_limit=60, time_limit=72)
        def build(path):
            """Build everything."""
            try:
                # The slow part.
                render(path)
            except SoftTimeLimitExceeded:
                # Clean up here: the process ends in 12 s.
                raise

    A `try` that is there:

        from celery import shared_task


        @shared_task(soft_time_limit=60)
        def build(path):
            try:
                ren$0der(path)
            except OSError:
                remove(path)

    **Handle `SoftTimeLimitExceeded` in `build`**:

        from celery import shared_task
        from celery.exceptions import SoftTimeLimitExceeded


        @shared_task(soft_time_limit=60)
        def build(path):
            try:
                render(path)
            except SoftTimeLimitExceeded:
                # Clean up here.
                raise
            except OSError:
                remove(path)

    ## Not offered

    A task without a soft limit, and one that knows the exception already:

        from celery import shared_task


        @shared_task
        def build$0(path):
            render(path)

    ## What it leaves to you

    What is to be cleaned up. The task fails as it did before: return a value in the place of `raise` where half of the
    work is a result as well.

    ## References

    - [Time limits](https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits)
    '''

    def offers(self, place: Place) -> Iterator[Offer]:
        here = place.task
        if here is None or _EXCEPTION in here.context.function_source or here.task.in_class:
            return
        soft = here.context.effective_option(here.task, "soft_time_limit")
        if not isinstance(soft, (int, float)) or soft <= 0 or not statements_of(here.function):
            return
        changes = _changes(place, here, soft)
        if changes is not None:
            yield Offer(f"Handle `{_EXCEPTION}` in `{here.task.name}`", lambda: changes)


def _changes(place: Place, here: TaskHere, soft: float) -> Changes | None:
    text = place.text
    statements = statements_of(here.function)
    name, needed = here.context.imported("celery.exceptions", _EXCEPTION)
    imports: tuple[NeededImport, ...] = (needed,) if needed else ()
    step = step_of(text, place.span(statements[0]).start, place.span(here.function).start)
    newline, indent = newline_of(text), indentation(text, place.span(statements[0]).start)
    handler = [f"except {name}:", f"{step}# {_advice(here, soft)}", f"{step}raise"]
    alone = statements[0] if len(statements) == 1 else None
    if isinstance(alone, ast.Try):
        if not alone.handlers:
            return None
        start = place.span(alone.handlers[0]).start
        if not first_on_line(text, start):
            return None
        written = "".join(f"{line}{newline}{indent}" for line in handler)
        return Changes((Edit(Span(start, start), written),), imports)
    lines = lines_of(text, statements, place.span)
    if lines is None:
        return None
    start = with_comments(text, lines.start, indent)
    whole = Span(start, lines.end)
    edits = (
        Edit(Span(start, start), f"{indent}try:{newline}"),
        *indented(text, whole, statements, place.span, step),
        Edit(Span(lines.end, lines.end), "".join(f"{newline}{indent}{line}" for line in handler)),
    )
    return Changes(edits, imports)


def _advice(here: TaskHere, soft: float) -> str:
    hard = here.context.effective_option(here.task, "time_limit")
    if isinstance(hard, (int, float)) and hard > soft:
        return f"Clean up here: the process ends in {in_words(round(hard - soft))}."
    return "Clean up here."
