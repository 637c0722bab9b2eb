"""`retry-positional-exc`: an exception that `retry()` takes for the task's arguments."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.class_kinds import instance_of, type_of
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.local_names import bindings_in
from celery_analyzers.proof import Proof
from celery_analyzers.retries import retry_calls
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body, CallSite
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition


class RetryPositionalExc(Rule):
    """An exception is given to `retry()` in the place of the task's arguments.

    ## What it does

    Finds `self.retry(error)`, where the first argument is an exception and is not given as `exc`.

    ## Why is this bad

    The first parameter of `retry()` is `args`, the arguments for the next run. An exception is no list of
    arguments, so `retry()` raises `TypeError`: the task is not tried again, and what went wrong at first is not what
    its result says.

    ## Example

        @app.task(bind=True)
        def sync(self, shop):
            try:
                return fetch(shop)
            except ConnectionError as error:
                raise self.retry(error, countdown=0)
                #                ^^^^^ the first parameter of `retry()` is `args`: this raises `TypeError`, and `sync`
                #                      is not tried again

    ## Use instead

        @app.task(bind=True)
        def sync(self, shop):
            try:
                return fetch(shop)
            except ConnectionError as error:
                raise self.retry(exc=error, countdown=0)

    ## Not flagged

    Arguments for the next run:

        @app.task(bind=True)
        def convert(self, path, scale=2):
            try:
                return fetch(path)
            except ConnectionError as error:
                raise self.retry((path,), {"scale": 1}, error)

    ## Fix safety

    The fix is safe: the call has never worked.

    ## References

    - [`Task.retry`](https://docs.celeryq.dev/en/stable/reference/celery.app.task.html#celery.app.task.Task.retry)
    """

    code = "CEL307"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="sync.delay('berlin').get(timeout=20)",
            fails="TypeError: 'ConnectionError' object is not iterable",
            succeeds="'fetched'",
            setup="""
                asked = []

                def fetch(shop):
                    asked.append(shop)
                    if len(asked) < 2:
                        raise ConnectionError
                    return "fetched"
            """,
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or not context.mentions("retry") or context.base_may_define(task, "retry"):
            return
        for call in retry_calls(task, context):
            first = next(iter(call.node.args), None)
            if first is None or call.has_splat or not _is_exception(first, body):
                continue
            message = "the first parameter of `retry()` is `args`: this raises `TypeError`, and "
            span = context.span(first)
            yield self.finding(span, f"{message}`{task.name}` is not tried again", _fix(call, span))


def _is_exception(node: ast.expr, body: Body) -> bool:
    """Whether an argument is surely an exception: one that a handler around it caught, one that is made here, or a
    class of exceptions."""
    if isinstance(node, ast.Name):
        caught = any(isinstance(outer, ast.ExceptHandler) and outer.name == node.id for outer in body.parents(node))
        if caught:
            return all(bound.by == "caught" for bound in bindings_in(body.function, node.id))
    kind = instance_of(body.symbol(node.func) if isinstance(node, ast.Call) else type_of(body.symbol(node)))
    return kind is not None and kind.sort == "exception"


def _fix(call: CallSite, span: Span) -> Fix | None:
    if len(call.node.args) > 1 or call.keyword("exc") is not None:
        return None
    return Fix("Give it as `exc`", (Edit(Span(span.start, span.start), "exc="),), "safe", preferred=True)
