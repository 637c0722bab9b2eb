"""`loop-to-group`: sends the tasks of a loop as one group."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.context import imported
from celery_analyzers.findings import Edit
from celery_analyzers.layout import comments_in
from celery_codeactions.action import Action, Changes, Offer
from celery_codeactions.brackets import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_codeactions.place import Place


class LoopToGroup(Action):
    """Send the tasks of a loop as one group.

    ## What it does

    Writes a loop that does nothing but send one task as `group(...).delay()`. The same messages are sent; they belong
    together now, with one result that tells when all are done, and which a chord can wait for.

    ## Examples

        from celery import shared_task


        @shared_task
        def report(day):
            print(day)


        def close(days):
            for d$0ay in days:
                report.delay(day)

    **Send `report` for all as a group**:

        from celery import group, shared_task


        @shared_task
        def report(day):
            print(day)


        def close(days):
            group(report.s(day) for day in days).delay()

    A condition stays one:

        from celery import group, shared_task


        @shared_task
        def report(day):
            print(day)


        def close(days):
            for day in days:
                if day.is_open:
                    report.del$0ay(day.pk)

    **Send `report` for all as a group**:

        from celery import group, shared_task


        @shared_task
        def report(day):
            print(day)


        def close(days):
            group(report.s(day.pk) for day in days if day.is_open).delay()

    ## Not offered

    A loop that does anything else:

        from celery import shared_task


        @shared_task
        def report(day):
            print(day)


        def close(days):
            for day in days:
                print(day)
                report.del$0ay(day)

    ## What it leaves to you

    Thousands of messages are better sent in `chunks`, or by a task that sends them piece by piece.

    ## References

    - [Groups](https://docs.celeryq.dev/en/stable/userguide/canvas.html#groups)
    """

    def offers(self, place: Place) -> Iterator[Offer]:
        loop = next(place.around(ast.For), None)
        found = _read(loop, place) if loop is not None else None
        if loop is None or found is None or _is_used_behind(loop, place):
            return
        task, call, tests = found
        span = place.span(loop)
        if comments_in(place.text, span.start, span.end):
            return
        name, needed = imported("celery", "group", place.scope_at(loop))
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else call.func
        arguments = [_written(node, place) for node in (*call.args, *call.keywords)]
        signature = f"{place.source(receiver)}.s({', '.join(arguments)})"
        condition = "".join(f" if {_written(test, place)}" for test in tests)
        code = f"{name}({signature} for {place.source(loop.target)} in {_written(loop.iter, place)}{condition}).delay()"
        changes = Changes((Edit(span, code),), (needed,) if needed else ())
        yield Offer(f"Send `{task}` for all as a group", lambda: changes)


def _written(node: ast.AST, place: Place) -> str:
    return on_one_line(place.source(node))


def _read(loop: ast.For, place: Place) -> tuple[str, ast.Call, list[ast.expr]] | None:
    """The task that a loop sends, the call that does, and the conditions around it; None if it does anything else."""
    if loop.orelse or len(loop.body) != 1:
        return None
    statement, tests = loop.body[0], list[ast.expr]()
    while isinstance(statement, ast.If) and not statement.orelse and len(statement.body) == 1:
        tests.append(statement.test)
        statement = statement.body[0]
    if not isinstance(statement, ast.Expr) or any(map(_is_special, (loop.iter, *tests))):
        return None
    for site in place.dispatches:
        if site.call is statement.value and site.dispatch.task is not None and site.dispatch.method == "delay":
            return site.dispatch.task.name, site.call, tests
    return None


def _is_used_behind(loop: ast.For, place: Place) -> bool:
    """Whether a name that the loop binds is read outside of it, where a comprehension would not bind it."""
    bound = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
    inside = place.span(loop)
    outermost = [loop, *place.enclosing(loop)][-1]
    return not all(isinstance(node, (ast.Name, ast.Tuple)) for node in (loop.target, *_elements(loop.target))) or any(
        isinstance(node, ast.Name) and node.id in bound and not inside.start <= place.span(node).start < inside.end
        for node in ast.walk(outermost)
    )


def _elements(target: ast.expr) -> list[ast.expr]:
    return target.elts if isinstance(target, ast.Tuple) else []


def _is_special(node: ast.expr) -> bool:
    """Whether an expression cannot stand in a comprehension as it is."""
    special = (ast.Lambda, ast.IfExp, ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await, ast.Tuple, ast.Starred)
    return isinstance(node, special) or any(
        isinstance(inner, (ast.Yield, ast.YieldFrom, ast.Await, ast.NamedExpr)) for inner in ast.walk(node)
    )
