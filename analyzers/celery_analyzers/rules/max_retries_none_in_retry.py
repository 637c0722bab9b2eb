"""`max-retries-none-in-retry`: a None that is meant to retry without end, and does not."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, cast

from celery_analyzers.dict_edits import remove_key
from celery_analyzers.edits import remove_keyword, set_keyword
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.proof import Proof
from celery_analyzers.retries import autoretry_exceptions, max_retries, retry_calls
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Edit, Finding, Span
    from celery_analyzers.task_facts import TaskDefinition


class MaxRetriesNoneInRetry(Rule):
    """`max_retries=None` is given to `retry()`, where it does not mean without end.

    ## What it does

    Finds `self.retry(max_retries=None)`, and `retry_kwargs={"max_retries": None}` beside `autoretry_for`, where
    the task has a limit of its own, be it Celery's default.

    ## Why is this bad

    For the option of a task None means that it is retried without end. For `retry()` it means that nothing is
    said: the task's own `max_retries` counts, which is 3 by default. After that the task fails, though the code
    reads as if it never gave up.

    ## Example

        @app.task(bind=True)
        def poll(self, job):
            if not is_done(job):
                raise self.retry(countdown=0, max_retries=None)
                #                             ^^^^^^^^^^^^^^^^ None says nothing here: `poll` is retried up to 3 times,
                #                                              as the task's own `max_retries` says
            return "done"

    ## Use instead

        @app.task(bind=True, max_retries=None)
        def poll(self, job):
            if not is_done(job):
                raise self.retry(countdown=0)
            return "done"

    ## Not flagged

    None where it counts:

        @app.task(bind=True, max_retries=None)
        def wait(self, job):
            if not is_done(job):
                raise self.retry(countdown=60, max_retries=None)
            return "done"

    ## Fix safety

    The first fix is unsafe: the task is then retried without end. The second is safe: it removes what says
    nothing.

    ## References

    - [`Task.retry`](https://docs.celeryq.dev/en/stable/reference/celery.app.task.html#celery.app.task.Task.retry)
    - [`Task.max_retries`](https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.max_retries)
    """

    code = "CEL317"
    severity = Severity.WARNING
    proofs = (
        Proof(
            setup="""
                asked = []

                def is_done(job):
                    asked.append(job)
                    return len(asked) > 10
            """,
            run="poll.apply((7,)).state",
            fails="returns: 'FAILURE'",
            succeeds="'SUCCESS'",
            worker="none",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        yield from self._in_retry_kwargs(task, context)
        if context.body is None or not context.mentions("max_retries") or not context.mentions(".retry"):
            return
        for call in retry_calls(task, context):
            keyword = next((keyword for keyword in call.node.keywords if keyword.arg == "max_retries"), None)
            if keyword is None or not _is_none(keyword.value) or context.base_may_define(task, "retry"):
                continue
            removed = remove_keyword(context.text, call.node, context.span, "max_retries")
            yield from self._said(context.span(keyword), removed, task, context)

    def _in_retry_kwargs(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        option = task.option("retry_kwargs")
        if option is None or option.span is None or not isinstance(context.decorator, ast.Call):
            return
        options = option.value
        if not isinstance(options, dict) or not autoretry_exceptions(task, context):
            return
        values = cast("dict[object, object]", options)
        if values.get("max_retries", 0) is not None:
            return
        node = next((k.value for k in context.decorator.keywords if k.arg == "retry_kwargs"), None)
        removed = (
            () if node is None or len(values) == 1 else remove_key(context.text, node, context.span, "max_retries")
        )
        yield from self._said(option.span, removed, task, context, beside=True)

    def _said(
        self, span: Span, removed: tuple[Edit, ...], task: TaskDefinition, context: Context, *, beside: bool = False
    ) -> Iterator[Finding]:
        most = max_retries(task, context)
        if isinstance(most, bool) or not isinstance(most, int):
            return
        times = "once" if most == 1 else f"up to {most} times"
        message = f"None says nothing here: `{task.name}` is retried {times}, as the task's own `max_retries` says"
        endless = _moved(removed, context) if not beside else None
        plain = Fix("Remove it", removed, "safe", preferred=endless is None) if removed else None
        yield self.finding(span, message, endless, plain)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _moved(removed: tuple[Edit, ...], context: Context) -> Fix | None:
    """Say it of the task, where it counts."""
    if context.decorator is None or not removed:
        return None
    given = set_keyword(context.text, context.decorator, context.span, "max_retries", "None")
    return Fix("Retry the task without end", (*given, *removed), preferred=True) if given else None
