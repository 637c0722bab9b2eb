"""`retry-kwargs-conflict`: two places that say how a task is retried, of which one does not count."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, cast

from celery_analyzers.dict_edits import remove_key
from celery_analyzers.edits import remove_keyword
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.proof import Proof
from celery_analyzers.retries import autoretry_exceptions
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_DELAYS = ("countdown", "eta")


class RetryKwargsConflict(Rule):
    """`retry_kwargs` and another option of a task say different things of its retries.

    ## What it does

    Finds `max_retries` beside a `retry_kwargs` that has another `max_retries`, and a `countdown` in
    `retry_kwargs` beside `retry_backoff`.

    ## Why is this bad

    Only one of the two counts, and it is not the one that is read first. `retry_kwargs` is given to `retry()`,
    where its `max_retries` wins over the task's own; its `countdown` is overwritten when there is a
    `retry_backoff`. The task is retried more often, less often, sooner or later than the code says.

    ## Example

        @app.task(autoretry_for=(OSError,), retry_backoff=True, max_retries=5, retry_kwargs={"max_retries": 1})
        #                                                       ^^^^^^^^^^^^^ `max_retries=5` does not count: the 1 of
        #                                                                     `retry_kwargs` does
        def sync(shop):
            return fetch(shop)

    ## Use instead

        @app.task(autoretry_for=(OSError,), retry_backoff=True, retry_kwargs={"max_retries": 1})
        def sync(shop):
            return fetch(shop)

    ## Not flagged

    Options that say the same, or that do not meet:

        @app.task(autoretry_for=(ConnectionError,), retry_backoff=True, retry_kwargs={"max_retries": 5})
        def pull(shop):
            return fetch(shop)

        @app.task(autoretry_for=(ConnectionError,), retry_kwargs={"max_retries": 5, "countdown": 30})
        def push(shop):
            return fetch(shop)

    ## Fix safety

    The fix is safe: it removes what does not count. Look whether that is what was meant to count.

    ## References

    - [`Task.retry_kwargs`](https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.retry_kwargs)
    """

    code = "CEL313"
    severity = Severity.WARNING
    proofs = (
        Proof(
            setup="""
                asked = []

                def fetch(shop):
                    asked.append(shop)
                    raise ConnectionError
            """,
            # It is not tried six times, by either.
            run="sync.apply(('berlin',))\n(len(asked), sync.max_retries)",
            fails="returns: (2, 5)",
            succeeds="(2, 3)",
            worker="none",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        given = task.option("retry_kwargs")
        if given is None or given.span is None or context.decorator is None:
            return
        options = given.value
        if not isinstance(options, dict):
            return
        values = cast("dict[object, object]", options)
        if not autoretry_exceptions(task, context) or not task.options_known:
            return
        most, own = values.get("max_retries"), task.option("max_retries")
        if own is not None and own.span is not None and _differ(own.value, most):
            edits = remove_keyword(context.text, context.decorator, context.span, "max_retries")
            fix = Fix("Remove `max_retries`", edits, "safe", preferred=True) if edits else None
            message = f"`max_retries={own.value}` does not count: the {most} of `retry_kwargs` does"
            yield self.finding(own.span, message, fix)
        backoff = context.effective_option(task, "retry_backoff")
        delay = next((name for name in _DELAYS if values.get(name) is not None), None)
        if delay == "countdown" and isinstance(backoff, (bool, int, float)) and backoff:
            message = (
                f"the `countdown` in `retry_kwargs` does not count: `retry_backoff` says when `{task.name}` is retried"
            )
            yield self.finding(given.span, message, _without_countdown(values, context))


def _differ(own: object, most: object) -> bool:
    """Whether two numbers of retries are known and not the same; None in `retry_kwargs` leaves it to the task."""
    return isinstance(most, int) and (own is None or isinstance(own, int)) and own != most


def _without_countdown(values: dict[object, object], context: Context) -> Fix | None:
    decorator = context.decorator
    if not isinstance(decorator, ast.Call):
        return None
    if len(values) == 1:
        edits = remove_keyword(context.text, decorator, context.span, "retry_kwargs")
    else:
        node = next((keyword.value for keyword in decorator.keywords if keyword.arg == "retry_kwargs"), None)
        edits = () if node is None else remove_key(context.text, node, context.span, "countdown")
    return Fix("Remove `countdown`", edits, "safe", preferred=True) if edits else None
