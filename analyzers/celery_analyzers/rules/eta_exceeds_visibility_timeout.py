"""`eta-exceeds-visibility-timeout`: a message that the broker delivers again while it waits, or while its task runs."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.effective import Level
from celery_analyzers.findings import Severity
from celery_analyzers.retries import autoretry_exceptions, max_retries, retry_calls
from celery_analyzers.rule import Rule
from celery_analyzers.visibility import Visibility, seconds_from_now, visibility

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_SENDING = frozenset({"apply_async", "apply_async_on_commit", "send_task", "signature", "subtask", "set"})
_WAITS = ("countdown", "eta", "timedelta", "default_retry_delay", "retry_backoff", "acks_late", "time_limit")
"""Words of which a task has one where anything is to be said of it."""


class EtaExceedsVisibilityTimeout(Rule):
    """A message waits, or its task runs, longer than the broker waits for it to be acknowledged.

    ## What it does

    Finds `countdown`, `eta`, and delays between retries that are longer than the `visibility_timeout` of a Redis or
    SQS broker, and time limits of tasks with `acks_late` that are. The broker is told by `broker_url`, the timeout by
    `broker_transport_options`; by default it is an hour with Redis, and half an hour with SQS.

    ## Why is this bad

    A worker takes a message with an ETA at once and keeps it, unacknowledged, until it is due. Redis and SQS take a
    message that is not acknowledged in time for lost, and deliver it to the next worker, which keeps it too. When its
    time has come the task runs once for each of them. So it is with `acks_late` while the task runs.

    ## Example

        app.conf.broker_url = "redis://localhost"

        @app.task
        def remind(order):
            print(order)

        def sell(order):
            remind.apply_async((order,), countdown=6 * 3600)
            #                            ^^^^^^^^^^^^^^^^^^ this waits 21600 s, longer than the visibility timeout of
            #                                               3600 s: Redis delivers the message again and again
            #                                               until then, and the task runs several times

    ## Use instead

        app.conf.broker_url = "redis://localhost"
        app.conf.broker_transport_options = {"visibility_timeout": 12 * 3600}

        @app.task
        def remind(order):
            print(order)

        def sell(order):
            remind.apply_async((order,), countdown=6 * 3600)

    ## Not flagged

    A wait that is shorter, and brokers without such a timeout, or that are not known:

        app.conf.broker_url = "amqp://localhost"

        @app.task
        def restock(order):
            print(order)

        def buy(order):
            restock.apply_async((order,), countdown=6 * 3600)

    ## Fix safety

    There is no fix. A longer `visibility_timeout` helps, and so that lost messages come back later. What is due in
    days stands better in a table that a periodic task looks through.

    ## References

    - [Visibility timeout](https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#visibility-timeout)
    - [ETA and countdown](https://docs.celeryq.dev/en/stable/userguide/calling.html#eta-and-countdown)
    """

    code = "CEL403"
    severity = Severity.WARNING

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        if dispatch.method not in _SENDING or context.in_tests or context.call is None:
            return
        for name in ("countdown", "eta"):
            option = dispatch.option(name)
            if option is None or option.span is None:
                continue
            node = next((k.value for k in context.call.keywords if k.arg == name), None)
            seconds = _number(option.value)
            if seconds is None and node is not None:
                seconds = seconds_from_now(node, context.symbol, context.value)
            limit = visibility(dispatch.task, context) if seconds is not None and seconds > 0 else None
            if limit is not None and seconds is not None and seconds > limit.seconds:
                yield self.finding(option.span, _waiting("this waits", seconds, limit))

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if context.body is None or context.in_tests:
            return
        if not context.mentions("retry") and not any(task.option(name) for name in _WAITS) and task.base is None:
            return
        limit = visibility(task, context)
        if limit is not None:
            yield from self._retry_calls(task, limit, context)
            yield from self._delays(task, limit, context)
            yield from self._runs(task, limit, context)

    def _retry_calls(self, task: TaskDefinition, limit: Visibility, context: Context) -> Iterator[Finding]:
        body = context.body
        assert body is not None
        for call in retry_calls(task, context):
            for keyword in call.node.keywords:
                if keyword.arg not in ("countdown", "eta"):
                    continue
                seconds = _number(body.value(keyword.value))
                if seconds is None:
                    seconds = seconds_from_now(keyword.value, body.symbol, body.value)
                if seconds is not None and seconds > limit.seconds:
                    yield self.finding(context.span(keyword), _waiting("this waits", seconds, limit))

    def _delays(self, task: TaskDefinition, limit: Visibility, context: Context) -> Iterator[Finding]:
        """What the task's options say of the time between retries."""
        name, seconds = "default_retry_delay", None
        is_automatic = bool(autoretry_exceptions(task, context))
        backoff = _number(context.effective_option(task, "retry_backoff"), true=1)
        if is_automatic and backoff:
            name, seconds = "retry_backoff_max", _longest_backoff(backoff, task, context)
        elif is_automatic or any(_waits_default(call.node) for call in retry_calls(task, context)):
            seconds = _number(context.effective_option(task, name))
        if seconds is None or seconds <= limit.seconds:
            return
        option = task.option(name)
        option = task.option("retry_backoff") if option is None and name == "retry_backoff_max" else option
        if option is not None and option.span is not None:
            yield self.finding(
                option.span, _waiting("a retry waits up to" if backoff else "a retry waits", seconds, limit)
            )

    def _runs(self, task: TaskDefinition, limit: Visibility, context: Context) -> Iterator[Finding]:
        """How long the task may run before its message is acknowledged."""
        if context.effective_option(task, "acks_late") is not True:
            return
        longest = context.effective(task, "time_limit")
        seconds = _number(longest.value)
        option = task.option("time_limit") if longest.level is Level.TASK else task.option("acks_late")
        if seconds is None or seconds <= limit.seconds or option is None or option.span is None:
            return
        message = (
            f"`{task.name}` may run for {seconds:g} s, longer than the visibility timeout of {limit.seconds:g} s: with "
            f"`acks_late` {limit.broker} then delivers its message again, and it runs twice at the same time"
        )
        yield self.finding(option.span, message)


def _number(value: object, *, true: float | None = None) -> float | None:
    if isinstance(value, bool):
        return true if value else None
    return value if isinstance(value, (int, float)) else None


def _waits_default(call: ast.Call) -> bool:
    return not any(keyword.arg in ("countdown", "eta", None) for keyword in call.keywords)


def _longest_backoff(factor: float, task: TaskDefinition, context: Context) -> float | None:
    """The longest delay that `retry_backoff` comes to; None where that cannot be told."""
    most = context.effective(task, "retry_backoff_max")
    limit = 600.0 if most.level is Level.DEFAULT else _number(most.value)
    times = max_retries(task, context)
    if limit is None or times == 0:
        return None
    if times is None:
        return limit
    return min(limit, factor * 2 ** min(times - 1, 60)) if isinstance(times, int) else None


def _waiting(what: str, seconds: float, limit: Visibility) -> str:
    return (
        f"{what} {seconds:g} s, longer than the visibility timeout of {limit.seconds:g} s: {limit.broker} delivers the "
        "message again and again until then, and the task runs several times"
    )
