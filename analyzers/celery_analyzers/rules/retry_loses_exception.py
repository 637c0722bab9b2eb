"""`retry-loses-exception`: a `retry()` in a handler that does not say what went wrong."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.edits import set_keyword
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.proof import Proof
from celery_analyzers.retries import max_retries, retry_calls
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body, CallSite
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_EXC = 2
"""The position of `exc` among the parameters of `retry()`."""
_NAMES = ("exc", "error")


class RetryLosesException(Rule):
    """A task is retried because of an exception, and `retry()` is not told of it.

    ## What it does

    Finds `self.retry()` in the handler of an exception, without `exc`.

    ## Why is this bad

    When no retry is left, `retry()` raises the exception that it was given. Without one it raises
    `MaxRetriesExceededError`, so that the task's result, its `on_failure` and whoever groups errors by their
    kind know only that it was tried too often, and not what was wrong.

    ## Example

        @app.task(bind=True, max_retries=5)
        def sync(self, shop):
            try:
                return fetch(shop)
            except ConnectionError:
                raise self.retry(countdown=0)
                #     ^^^^^^^^^^ after its last retry `sync` fails with `MaxRetriesExceededError`, and not with what
                #                was caught here

    ## Use instead

        @app.task(bind=True, max_retries=5)
        def sync(self, shop):
            try:
                return fetch(shop)
            except ConnectionError as exc:
                raise self.retry(countdown=0, exc=exc)

    ## Not flagged

    A retry outside of handlers, one that never is the last, and a task that asks for
    `MaxRetriesExceededError`:

        @app.task(bind=True, max_retries=None)
        def poll(self, shop):
            try:
                return fetch(shop)
            except ConnectionError:
                raise self.retry(countdown=60)

        @app.task(bind=True)
        def pull(self, shop):
            try:
                return fetch(shop)
            except ConnectionError:
                try:
                    raise self.retry(countdown=60)
                except self.MaxRetriesExceededError:
                    give_up(shop)

    ## Fix safety

    The fix is unsafe: the task fails with another exception, by which code that waits for its result may go.

    ## References

    - [`Task.retry`](https://docs.celeryq.dev/en/stable/reference/celery.app.task.html#celery.app.task.Task.retry)
    """

    code = "CEL310"
    severity = Severity.INFORMATION
    preset = "strict"
    proofs = (
        Proof(
            setup="""
                def fetch(shop):
                    raise ConnectionError(shop)
            """,
            run="type(sync.apply(('berlin',)).result).__name__",
            fails="returns: 'MaxRetriesExceededError'",
            succeeds="'ConnectionError'",
            worker="none",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or not context.mentions("retry") or not context.mentions("except"):
            return
        if context.mentions("MaxRetriesExceeded") or context.base_may_define(task, "retry"):
            return
        calls = [call for call in retry_calls(task, context) if _tells_nothing(call)]
        if not calls or max_retries(task, context) is None:
            return
        for call in calls:
            handler = _handler(call, body)
            if handler is None:
                continue
            message = (
                f"after its last retry `{task.name}` fails with `MaxRetriesExceededError`, and not with what was "
                "caught here"
            )
            yield self.finding(context.span(call.node.func), message, _fix(call, handler, body, context))


def _tells_nothing(call: CallSite) -> bool:
    """Whether a call surely gives no exception, and raises when no retry is left."""
    given = (call.keyword("exc"), call.keyword("throw"))
    arguments = call.node.args
    # What else stands first may be the exception, in the wrong place.
    has_arguments = not arguments or isinstance(arguments[0], (ast.Tuple, ast.List, ast.Constant))
    return not call.has_splat and given == (None, None) and len(arguments) <= _EXC and has_arguments


def _handler(call: CallSite, body: Body) -> ast.ExceptHandler | None:
    return next((outer for outer in body.parents(call.node) if isinstance(outer, ast.ExceptHandler)), None)


def _fix(call: CallSite, handler: ast.ExceptHandler, body: Body, context: Context) -> Fix | None:
    if handler.type is None:
        return None
    name = handler.name
    edits: list[Edit] = []
    if name is None:
        name = next((name for name in _NAMES if not body.uses(name)), None)
        if name is None:
            return None
        end = context.span(handler.type).end
        # The parentheses around a tuple are its own.
        edits.append(Edit(Span(end, end), f" as {name}"))
    given = set_keyword(context.text, call.node, context.span, "exc", name)
    return Fix(f"Give `retry()` the exception `{name}`", (*edits, *given), preferred=True) if given else None
