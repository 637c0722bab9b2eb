"""`invalid-rate-limit`: a rate limit that no worker can read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.values import is_known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding, Span
    from celery_analyzers.task_facts import TaskDefinition

_WRITTEN = re.compile(
    r"\s*(?P<number>\d+(?:\.\d+)?)\s*(?:/|per\b|an?\b)\s*(?:an?\b\s*)?(?P<unit>[a-z]+)\s*", re.IGNORECASE
)
_LITERAL = re.compile(r"(?P<quote>[\"'])(?P<text>[^\"'\\\r\n]*)(?P=quote)\Z")
_READABLE = (str, bytes, bool, int, float, tuple, list, dict)
_UNITS = {
    "s": ("s", "sec", "secs", "second", "seconds"),
    "m": ("m", "min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours"),
    "day": ("d", "day", "days"),
}
_PLAIN = re.compile(r"(?P<number>[0-9]+)/(?P<unit>[smh])")
"""How nearly all rate limits are written."""
_SECONDS = {"s": 1, "m": 60, "h": 3600}


class InvalidRateLimit(Rule):
    """A task's rate limit cannot be read by a worker.

    ## What it does

    Finds values of `rate_limit` that Celery cannot read, and negative ones. Each is given to Celery's own
    parser.

    ## Why is this bad

    A rate limit is a number of tasks a second, or text such as `"10/s"`, `"10/m"` or `"10/h"`. Units are
    these three letters and nothing else. The module that holds the task is imported without complaint and
    callers notice nothing, but no worker that knows the task starts. With a negative limit the worker
    starts, runs the task once, and keeps the rest for ever.

    ## Example

        @app.task(rate_limit="10/min")
        #                    ^^^^^^^^ Celery cannot read this rate limit (`KeyError: 'min'`), so no worker
        #                             starts
        def ping():
            return "pong"

    ## Use instead

        @app.task(rate_limit="10/m")
        def ping():
            return "pong"

    ## Not flagged

    Zero is no limit, which a task may need where `task_default_rate_limit` is set:

        @app.task(rate_limit=0)
        def pong():
            return "pong"

        @app.task(rate_limit="0.5/s")
        def echo():
            return "pong"

    ## Fix safety

    To write the unit as Celery knows it is safe: with the old text no worker starts. A limit per day
    becomes one per hour, which is unsafe, as it spreads the tasks over the day.

    ## References

    - [`Task.rate_limit`](https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.rate_limit)
    """

    code = "CEL802"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="ping.delay().get(timeout=10)",
            fails="KeyError: 'min'",
            succeeds="'pong'",
            where="worker-start",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if task.form == "call" and task.function is not None:
            # The call, which has the options, stands elsewhere and is reported there.
            return
        complaint = _complaint(context.effective_option(task, "rate_limit"), context)
        if complaint is None:
            return
        option, base = task.option("rate_limit"), task.option("base")
        where = option.value_span if option else base.span if base else None
        fix = _fix(option.value_span, context) if option and option.value_span else None
        yield self.finding(where or task.span, complaint, fix)


def _complaint(value: object, context: Context) -> str | None:
    """What is wrong with a rate limit; None if nothing is, or if it cannot be told."""
    if not value or not is_known(value) or type(value) not in _READABLE:
        return None
    try:
        rate = value if isinstance(value, (int, float)) else tasks_a_second(value)
    except (KeyError, ValueError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}"
        return f"Celery cannot read this rate limit (`{reason}`), so no worker starts"
    if rate < 0 and context.setting("worker_disable_rate_limits") is None:
        return "the rate limit is negative, so a worker runs this task once and never again"
    return None


def tasks_a_second(value: object) -> float:
    """What a rate limit comes to, read as a worker does when it starts. Raises what Celery raises."""
    plain = _PLAIN.fullmatch(value) if isinstance(value, str) else None
    if plain is not None:
        return int(plain["number"]) / _SECONDS[plain["unit"]]
    # Imported only now: it takes as long as all else that a server does before its first answer.
    from celery.utils.time import rate  # pyright: ignore[reportMissingTypeStubs]

    return float(rate(value))  # pyright: ignore[reportArgumentType]


def _fix(span: Span, context: Context) -> Fix | None:
    """The same limit as Celery reads it, where the value is a plain string and says what it means."""
    literal = _LITERAL.match(context.source(span))
    written = _WRITTEN.fullmatch(literal["text"]) if literal else None
    if literal is None or written is None:
        return None
    unit = next((unit for unit, names in _UNITS.items() if written["unit"].lower() in names), None)
    if unit is None:
        return None
    limit = f"{float(written['number']) / 24:.4g}/h" if unit == "day" else f"{written['number']}/{unit}"
    text = f"{literal['quote']}{limit}{literal['quote']}"
    return Fix(f"Write `{limit}`", (Edit(span, text),), "unsafe" if unit == "day" else "safe", preferred=True)
