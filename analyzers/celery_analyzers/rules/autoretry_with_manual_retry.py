"""`autoretry-with-manual-retry`: a limit of one call of `retry()` that automatic retries of other runs go by."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.edits import remove_keyword, set_keyword
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.proof import Proof
from celery_analyzers.retries import autoretry_exceptions, max_retries, retry_calls
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import CallSite
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition


class AutoretryWithManualRetry(Rule):
    """`retry(max_retries=...)` changes how often later runs of the task are retried automatically.

    ## What it does

    Finds calls of `retry()` with a `max_retries` of their own in tasks that have `autoretry_for`.

    ## Why is this bad

    `retry()` keeps its `max_retries` on the task, which is one object for all runs in a worker's process.
    `autoretry_for` looks there first. From then on that process retries each failure of the task as often as
    this one call wanted, other processes go on as before, and no one can tell which of them a run will meet.

    ## Example

        @app.task(bind=True, autoretry_for=(ConnectionError,), default_retry_delay=0, max_retries=1)
        def sync(self, shop):
            if is_busy(shop):
                raise self.retry(countdown=0, max_retries=5)
                #                             ^^^^^^^^^^^^^ from this call on, all automatic retries of `sync` in this
                #                                           process go by this number, and not by the task's own
            return fetch(shop)

    ## Use instead

        @app.task(bind=True, autoretry_for=(ConnectionError,), default_retry_delay=0, max_retries=5)
        def sync(self, shop):
            if is_busy(shop):
                raise self.retry(countdown=0)
            return fetch(shop)

    ## Not flagged

    Both ways of retrying in one task, as long as one number holds for both:

        @app.task(bind=True, autoretry_for=(ConnectionError,), max_retries=5)
        def pull(self, shop):
            if is_busy(shop):
                raise self.retry(countdown=60)
            return fetch(shop)

        @app.task(bind=True, autoretry_for=(ConnectionError,), max_retries=5)
        def push(self, shop):
            if is_busy(shop):
                raise self.retry(countdown=60, max_retries=5)
            return fetch(shop)

    ## Fix safety

    The fix is unsafe: the number holds for all retries of the task, from its first run on.

    ## References

    - [`Task.retry`](https://docs.celeryq.dev/en/stable/reference/celery.app.task.html#celery.app.task.Task.retry)
    """

    code = "CEL315"
    severity = Severity.WARNING
    proofs = (
        # The same failure, before and after another call was told to wait.
        Proof(
            setup="""
                asked = []

                def is_busy(shop):
                    return shop == 'busy' and asked.append(shop) is None and len(asked) < 3

                def fetch(shop):
                    asked.append(shop)
                    if shop == 'broken':
                        raise ConnectionError
            """,
            run="""
                counts = []
                for shop in ('broken', 'busy', 'broken'):
                    asked.clear()
                    sync.apply((shop,))
                    counts.append(len(asked))
                counts[0] == counts[2]
            """,
            fails="returns: False",
            succeeds="True",
            worker="none",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if context.body is None or not context.mentions("max_retries") or not context.mentions(".retry"):
            return
        calls = [call for call in retry_calls(task, context) if call.keyword("max_retries") is not None]
        if not calls or not autoretry_exceptions(task, context) or context.base_may_define(task, "retry"):
            return
        own = max_retries(task, context)
        for call in calls:
            value = call.keyword("max_retries")
            given = next(keyword for keyword in call.node.keywords if keyword.arg == "max_retries")
            if value is None or (isinstance(value, ast.Constant) and value.value in (None, own)):
                continue
            message = (
                f"from this call on, all automatic retries of `{task.name}` in this process go by this number, and not "
                "by the task's own"
            )
            yield self.finding(context.span(given), message, _fix(call, value, len(calls), context))


def _fix(call: CallSite, value: ast.expr, calls: int, context: Context) -> Fix | None:
    """Give the task the number, if one call alone has one that means the same there."""
    if calls > 1 or context.decorator is None or not isinstance(value, ast.Constant):
        return None
    given = set_keyword(context.text, context.decorator, context.span, "max_retries", str(value.value))
    removed = remove_keyword(context.text, call.node, context.span, "max_retries")
    if not removed:
        return None
    return Fix("Give the task this `max_retries`", (*given, *removed), preferred=True)
