"""`retry-without-raise`: a call of `retry()` that does not show that it ends the task's run."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.expressions import dotted_path
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.retries import instance_names, retry_calls
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_NO_WORK = (ast.Pass, ast.Return, ast.Raise, ast.Break, ast.Continue)


class RetryWithoutRaise(Rule):
    """`retry()` is called without `raise`, though it ends the task's run.

    ## What it does

    Finds `self.retry()` that stands alone or behind `return`. It is a hint, and a warning where statements
    follow that look as if they would run. `raise self.retry`, without the call, is an error.

    ## Why is this bad

    `retry()` sends the task again and raises `Retry`: what stands behind it never runs. Nothing shows that to
    who reads the code, nor to a type checker, which takes the way behind the call for a real one. With `raise`
    in front both see it, and nothing else changes.

    ## Example

        @app.task(bind=True)
        def sync(self, shop):
            try:
                return fetch(shop)
            except ConnectionError as error:
                self.retry(exc=error)
            #   ^^^^^^^^^^^^^^^^^^^^^ `self.retry()` raises an exception, which nothing here shows

    ## Use instead

        @app.task(bind=True)
        def sync(self, shop):
            try:
                return fetch(shop)
            except ConnectionError as error:
                raise self.retry(exc=error)

    ## Not flagged

    A call that is told not to raise:

        @app.task(bind=True)
        def check(self, shop):
            self.retry(countdown=60, throw=False)
            return "once more in a minute"

    ## Fix safety

    The fix is safe: `retry()` raises either way. To call what was only named is unsafe, as the task is then
    retried.

    ## References

    - [Retrying](https://docs.celeryq.dev/en/stable/userguide/tasks.html#retrying)
    """

    code = "CEL309"
    severity = Severity.HINT
    preset = "strict"

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or not context.mentions("retry") or context.base_may_define(task, "retry"):
            return
        for call in retry_calls(task, context):
            statement = next(body.parents(call.node))
            if not isinstance(statement, (ast.Expr, ast.Return)) or call.has_splat or call.keyword("throw"):
                continue
            message = f"`{call.source}()` raises an exception, which nothing here shows"
            severity = None
            if isinstance(statement, ast.Expr) and _is_followed(statement, body):
                message = f"`{call.source}()` raises an exception: what stands behind it never runs"
                severity = Severity.WARNING
            start = context.span(statement).start
            fix = Fix("Add `raise`", (Edit(Span(start, context.span(call.node).start), "raise "),), "safe", True)
            yield self.finding(context.span(call.node), message, fix, severity=severity)
        yield from self._uncalled(task, body, context)

    def _uncalled(self, task: TaskDefinition, body: Body, context: Context) -> Iterator[Finding]:
        """What is said of `raise self.retry`."""
        methods = {f"{name}.retry" for name in instance_names(task, body)}
        for node in body.nodes:
            if isinstance(node, ast.Raise) and node.exc is not None and dotted_path(node.exc) in methods:
                span = context.span(node.exc)
                fix = Fix("Call `retry()`", (Edit(Span(span.end, span.end), "()"),), preferred=True)
                message = f"this raises `TypeError`: `{context.source(span)}` is a method and not called"
                yield self.finding(span, message, fix, severity=Severity.ERROR)


def _is_followed(statement: ast.Expr, body: Body) -> bool:
    """Whether statements stand behind it in its block that do something."""
    parent = next(body.parents(statement))
    for field in ("body", "orelse", "finalbody"):
        block: list[ast.stmt] = getattr(parent, field, None) or []
        if statement in block:
            behind = block[block.index(statement) + 1 :]
            return any(
                not isinstance(one, (ast.Pass, ast.Return, ast.Raise, ast.Break, ast.Continue)) for one in behind
            )
    return False
