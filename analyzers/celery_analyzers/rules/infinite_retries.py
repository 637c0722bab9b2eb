"""`infinite-retries`: a task that is retried for ever."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.edits import set_keyword
from celery_analyzers.effective import Level
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

_ENOUGH = "8"
_ENDS = (".retries", "MaxRetriesExceededError", "deadline", "time()", "now(", "monotonic", "expires", "attempt")
"""Words of a body that may well count its retries, or look at the clock."""


class InfiniteRetries(Rule):
    """A task is retried for ever.

    ## What it does

    Finds tasks whose `max_retries` is None, which means without end, and that `autoretry_for` or `retry()` retries.

    ## Why is this bad

    What never works is then tried for ever: a deleted order, a bug, an address that is gone. Such tasks are never
    reported as failed, and they pile up in the broker until they take more of the workers' time than all others.

    ## Example

        @app.task(autoretry_for=(ConnectionError,), retry_backoff=True, max_retries=None)
        #                                                               ^^^^^^^^^^^^^^^^ None is no limit: `pull` is
        #                                                                                retried for ever, and never
        #                                                                                fails
        def pull(url):
            fetch(url)

    ## Use instead

        @app.task(autoretry_for=(ConnectionError,), retry_backoff=True, max_retries=8)
        def pull(url):
            fetch(url)

    ## Not flagged

    A number, and a task that sees to its end by itself. Elsewhere than in the option None means the default, 3:

        @app.task(autoretry_for=(ConnectionError,), retry_kwargs={"max_retries": None})
        def push(url):
            fetch(url)

        @app.task(bind=True, max_retries=None)
        def poll(self, url):
            if not fetch(url) and self.request.retries < 100:
                raise self.retry(countdown=30)

        @app.task(autoretry_for=(ConnectionError,), max_retries=None, expires=3600)
        def refresh(url):
            fetch(url)

    ## Fix safety

    The fix is unsafe: the task is given up after so many retries. With `retry_backoff=True` eight of them take about
    four minutes.

    ## References

    - [`Task.max_retries`](https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.max_retries)
    """

    code = "CEL303"
    severity = Severity.WARNING
    proofs = (
        Proof(
            # Nobody can wait for ever: far more often than anybody means.
            setup="""
                asked = []

                def fetch(url):
                    asked.append(url)
                    if len(asked) < 60:
                        raise ConnectionError
            """,
            run="pull.apply(('https://shop.example',))\nlen(asked)",
            fails="returns: 60",
            succeeds="9",
            worker="none",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if context.body is None or not task.options_known:
            return
        effective = context.effective(task, "max_retries")
        if effective.value is not None or effective.level not in (Level.TASK, Level.BASE):
            return
        if max_retries(task, context) is not None or context.base_may_define(task, "retry"):
            return
        if not (autoretry_exceptions(task, context) or any(map(_is_endless, retry_calls(task, context)))):
            return
        if context.effective_option(task, "expires") is not None or context.mentions(*_ENDS):
            return
        option = task.option("max_retries")
        where = option.span if option is not None and effective.level is Level.TASK else None
        if task.is_from_wrapper("max_retries"):
            return
        whose = "None is" if effective.level is Level.TASK else "`max_retries` of the base class is None,"
        message = f"{whose} no limit: `{task.name}` is retried for ever, and never fails"
        yield self.finding(where or task.span, message, _fix(context))


def _is_endless(call: CallSite) -> bool:
    """Whether a call of `retry` says no number of its own."""
    given = call.keyword("max_retries")
    return not call.has_splat and (given is None or (isinstance(given, ast.Constant) and given.value is None))


def _fix(context: Context) -> Fix | None:
    if context.decorator is None:
        return None
    edits = set_keyword(context.text, context.decorator, context.span, "max_retries", _ENOUGH)
    return Fix(f"Give up after {_ENOUGH} retries", edits, preferred=True) if edits else None
