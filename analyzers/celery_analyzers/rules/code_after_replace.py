"""`code-after-replace`: statements behind `self.replace()`, which never run."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Severity
from celery_analyzers.flow import blocks
from celery_analyzers.proof import Proof
from celery_analyzers.retries import replace_calls
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition


class CodeAfterReplace(Rule):
    """Statements follow a call of `self.replace()`, and never run.

    ## What it does

    Finds `self.replace(...)` as a statement with more statements behind it.

    ## Why is this bad

    `replace()` sends the signature in the place of the task, and then raises `Ignore` to end the task at hand. What
    stands behind it does not run. Where tasks run eagerly, as in tests, `replace()` returns, so that they do not show
    it.

    ## Example

        @app.task
        def store(order):
            return order

        @app.task(bind=True)
        def process(self, order):
            self.replace(store.s(order))
        #   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `replace()` ends the task by raising `Ignore`: what follows never runs
            told.append(order)

    ## Use instead

        @app.task
        def store(order):
            return order

        @app.task(bind=True)
        def process(self, order):
            told.append(order)
            raise self.replace(store.s(order))

    ## Not flagged

        @app.task(bind=True)
        def process_some(self, order):
            if order:
                self.replace(store.s(order))
            else:
                told.append(order.replace("a", "b"))
            return order

    ## Fix safety

    There is no fix: what follows may be meant to run before, or not at all. To write `raise self.replace(...)` shows
    where the task ends.

    ## References

    - [`Task.replace`](https://docs.celeryq.dev/en/stable/reference/celery.app.task.html#celery.app.task.Task.replace)
    """

    code = "CEL615"
    severity = Severity.ERROR
    proofs = (Proof(run="process.delay(7).get(timeout=10)\ntold", fails="returns: []", succeeds="[7]"),)

    PRELUDE = Rule.PRELUDE + "told = []\n\n"

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or not context.mentions(".replace("):
            return
        for call in replace_calls(task, context):
            if _is_followed(call.node, body):
                message = "`replace()` ends the task by raising `Ignore`: what follows never runs"
                yield self.finding(context.span(call.node), message)


def _is_followed(call: ast.Call, body: Body) -> bool:
    """Whether anything that does something stands behind a call in its block."""
    statement = next(body.parents(call), None)
    if not isinstance(statement, (ast.Expr, ast.Assign, ast.AnnAssign)):
        return False
    outer = next(body.parents(statement))
    behind = [block[block.index(statement) + 1 :] for block in blocks(outer) if statement in block]
    return any(not _does_nothing(following) for block in behind for following in block)


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Return):
        return statement.value is None or isinstance(statement.value, ast.Constant)
    return isinstance(statement, (ast.Pass, ast.Continue, ast.Break))
