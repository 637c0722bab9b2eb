"""`autoretry-without-backoff`: automatic retries that all wait the default delay."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from celery_analyzers.edits import set_keyword
from celery_analyzers.effective import Level
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.proof import Proof
from celery_analyzers.retries import DEFAULT_RETRY_DELAY, autoretry_exceptions, max_retries
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_DELAYS = ("retry_backoff", "default_retry_delay")


class AutoretryWithoutBackoff(Rule):
    """A task is retried automatically, and nothing says after what time.

    ## What it does

    Finds tasks with `autoretry_for` that have neither `retry_backoff` nor `default_retry_delay`, nor a `countdown` in
    `retry_kwargs`. It is an information.

    ## Why is this bad

    Each retry then waits the default delay, which is three minutes: long for a lost connection, short for an outage,
    and the same for all tasks that failed together, which come back together. With `retry_backoff` the first retry
    comes soon, and the later ones further and further apart, at random.

    ## Example

        @app.task(autoretry_for=(ConnectionError,))
        #         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ each retry of `pull` waits the default of 180 s
        def pull(url):
            fetch(url)

    ## Use instead

        @app.task(autoretry_for=(ConnectionError,), retry_backoff=True)
        def pull(url):
            fetch(url)

    ## Not flagged

    A delay of any kind that is written down:

        @app.task(autoretry_for=(ConnectionError,), default_retry_delay=180)
        def push(url):
            fetch(url)

        @app.task(autoretry_for=(ConnectionError,), retry_kwargs={"countdown": 5})
        def check(url):
            fetch(url)

    ## Fix safety

    The first fix is unsafe: retries come sooner. The second is safe: it writes down the delay that there is.

    ## References

    - [`Task.retry_backoff`](https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.retry_backoff)
    - [`Task.default_retry_delay`](https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.default_retry_delay)
    """

    code = "CEL304"
    severity = Severity.INFORMATION
    preset = "strict"
    proofs = (
        Proof(
            setup="""
                def fetch(url):
                    raise ConnectionError
            """,
            run="""
                from celery import signals
                from celery.exceptions import Retry

                waits = []

                def retry(**options):
                    waits.append(options.get('countdown', pull.default_retry_delay))
                    return Retry()

                pull.retry = retry
                try:
                    pull.run('https://shop.example')
                except Retry:
                    pass
                waits[0] <= 1
            """,
            fails="returns: False",
            succeeds="True",
            worker="none",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if task.form == "call" and task.function is not None:
            # The call, which has the options, stands elsewhere and is reported there.
            return
        option = task.option("autoretry_for")
        if option is None or not autoretry_exceptions(task, context) or max_retries(task, context) == 0:
            return
        if task.is_from_wrapper("autoretry_for"):
            return
        if any(context.effective(task, name).level is not Level.DEFAULT for name in _DELAYS) or _has_countdown(
            task, context
        ):
            return
        message = f"each retry of `{task.name}` waits the default of {DEFAULT_RETRY_DELAY} s"
        backoff = _fix("Wait longer after each retry", "retry_backoff", "True", context)
        written = _fix("Write down the delay", "default_retry_delay", f"{DEFAULT_RETRY_DELAY}", context)
        yield self.finding(option.span or task.span, message, backoff, written)


def _has_countdown(task: TaskDefinition, context: Context) -> bool:
    """Whether `retry_kwargs` may give each retry a delay of its own."""
    value = context.effective_option(task, "retry_kwargs")
    if value is None:
        return False
    return not isinstance(value, dict) or not {"countdown", "eta"}.isdisjoint(cast("dict[object, object]", value))


def _fix(title: str, name: str, value: str, context: Context) -> Fix | None:
    if context.decorator is None:
        return None
    edits = set_keyword(context.text, context.decorator, context.span, name, value)
    is_backoff = name == "retry_backoff"
    return Fix(title, edits, "unsafe" if is_backoff else "safe", preferred=is_backoff) if edits else None
