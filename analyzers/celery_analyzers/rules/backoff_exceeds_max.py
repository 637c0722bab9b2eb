"""`backoff-exceeds-max`: a backoff that its greatest value cuts off from the first retry on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.edits import set_keyword
from celery_analyzers.effective import Level
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.proof import Proof
from celery_analyzers.retries import autoretry_exceptions
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeGuard

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_DEFAULT_MAX = 600
_GROWTH = 8
"""What the fourth retry waits, in units of the first: a limit that leaves room for some."""


class BackoffExceedsMax(Rule):
    """`retry_backoff` is above `retry_backoff_max`, so no retry waits as long as it says.

    ## What it does

    Finds tasks whose `retry_backoff`, the seconds before the first retry, is greater than their
    `retry_backoff_max`, which is 600 unless it is set.

    ## Why is this bad

    No retry waits longer than `retry_backoff_max`. Where the first is to wait longer already, all of them wait
    the same: an hour between tries becomes ten minutes, and a service that needs rest is asked six times as
    often.

    ## Example

        @app.task(autoretry_for=(ConnectionError,), retry_backoff=3600)
        #                                           ^^^^^^^^^^^^^^^^^^ `retry_backoff_max` is 600 by default: no retry
        #                                                              of `sync` waits longer, and none the 3600 s
        #                                                              that are written here
        def sync(shop):
            return fetch(shop)

    ## Use instead

        @app.task(autoretry_for=(ConnectionError,), retry_backoff=3600, retry_backoff_max=28800)
        def sync(shop):
            return fetch(shop)

    ## Not flagged

    A limit that leaves room, and one that is the backoff itself, which makes all retries wait the same:

        @app.task(autoretry_for=(ConnectionError,), retry_backoff=30)
        def pull(shop):
            return fetch(shop)

        @app.task(autoretry_for=(ConnectionError,), retry_backoff=60, retry_backoff_max=60)
        def push(shop):
            return fetch(shop)

    ## Fix safety

    The first fix is unsafe: retries come later. The second is safe: it writes down what is so.

    ## References

    - [`Task.retry_backoff_max`](https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.retry_backoff_max)
    """

    code = "CEL314"
    severity = Severity.WARNING
    proofs = (
        Proof(
            setup="""
                def fetch(shop):
                    raise ConnectionError
            """,
            run="""
                from celery.exceptions import Retry

                waits = []

                def retry(countdown, **options):
                    waits.append(countdown)
                    return Retry()

                # The wait is drawn by lot up to a limit that this shows.
                sync.retry, sync.retry_jitter = retry, False
                import celery.app.autoretry as autoretry

                real, limits = autoretry.get_exponential_backoff_interval, []

                def interval(**values):
                    limits.append(real(**{**values, 'full_jitter': False}))
                    return limits[-1]

                autoretry.get_exponential_backoff_interval = interval
                try:
                    sync.run('berlin')
                except Retry:
                    pass
                limits
            """,
            fails="returns: [600]",
            succeeds="[3600]",
            worker="none",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        option = task.option("retry_backoff") or task.option("retry_backoff_max")
        if option is None or option.span is None or not autoretry_exceptions(task, context):
            return
        backoff = context.effective_option(task, "retry_backoff")
        most = context.effective(task, "retry_backoff_max")
        limit = _DEFAULT_MAX if most.level is Level.DEFAULT else most.value
        if not _is_number(backoff) or not _is_number(limit) or int(max(1, backoff)) <= limit:
            return
        whose = "by default" if most.level is Level.DEFAULT else "here"
        message = (
            f"`retry_backoff_max` is {limit:g} {whose}: no retry of `{task.name}` waits longer, and none the "
            f"{backoff:g} s that are written here"
        )
        raised = _fix("Let retries wait longer", "retry_backoff_max", f"{int(backoff) * _GROWTH}", context)
        written = _fix("Write down what is waited", "retry_backoff", f"{limit:g}", context)
        yield self.finding(option.span, message, raised, written)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _fix(title: str, name: str, value: str, context: Context) -> Fix | None:
    if context.decorator is None:
        return None
    edits = set_keyword(context.text, context.decorator, context.span, name, value)
    raises = name == "retry_backoff_max"
    return Fix(title, edits, "unsafe" if raises else "safe", preferred=raises) if edits else None
