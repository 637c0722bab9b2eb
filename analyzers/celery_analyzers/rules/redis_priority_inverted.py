"""`redis-priority-inverted`: a priority that Redis takes the other way round."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from celery_analyzers.findings import Severity
from celery_analyzers.rule import Rule
from celery_analyzers.visibility import broker_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import Option, TaskDefinition
    from celery_analyzers.tasks import Task

_URGENT = re.compile(
    r"(?<![a-z])(?:urgent|high(?:est)?|critical|immediate(?:ly)?|asap|important)(?![a-z])", re.IGNORECASE
)
_IDLE = re.compile(r"(?<![a-z])(?:low(?:est)?|background|bulk|idle)(?![a-z])", re.IGNORECASE)
_LEAST, _MOST = 0, 9
_MIDDLE = 4.5


class RedisPriorityInverted(Rule):
    """An urgent task has a high number as its priority, which with Redis comes last.

    ## What it does

    Finds a high `priority` of what is called urgent, and a low one of what is called low, by the name of the task, of
    its queue or of the constant, where the broker is Redis; and numbers that are not from 0 to 9.

    ## Why is this bad

    RabbitMQ delivers the highest number first. With Redis 0 is first and 9 last, and what has no priority counts as 0:
    the urgent task waits for all others.

    ## Example

        app.conf.broker_url = "redis://localhost"

        @app.task
        def alarm():
            print("alarm")

        def raise_alarm():
            alarm.apply_async(priority=9, queue="urgent")
            #                 ^^^^^^^^^^ with Redis the lowest number comes first, and 0 is the default: this comes
            #                            behind all others

    ## Use instead

        app.conf.broker_url = "redis://localhost"

        @app.task
        def alarm():
            print("alarm")

        def raise_alarm():
            alarm.apply_async(priority=0, queue="urgent")

    ## Not flagged

        def report():
            alarm.apply_async(priority=9)
            alarm.apply_async(priority=0, queue="urgent")
            alarm.apply_async(priority=9, queue="low")

    Nothing is said where `broker_transport_options` gives `priority_steps` of its own, nor where the broker is another
    one, or not known.

    ## Fix safety

    There is no fix: other tasks may have to change theirs as well.

    ## References

    - [Redis message priorities](https://docs.celeryq.dev/en/stable/userguide/routing.html#redis-message-priorities)
    """

    code = "CEL413"
    severity = Severity.INFORMATION

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        option = dispatch.option("priority")
        if option is not None:
            queue = dispatch.option("queue")
            name = dispatch.task.name if dispatch.task is not None else str(dispatch.target)
            yield from self._option(option, queue, name, dispatch.task, context)

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        option = task.option("priority")
        if option is not None:
            yield from self._option(option, task.option("queue"), task.name, task, context)

    def _option(
        self, option: Option, queue: Option | None, name: str, task: Task | None, context: Context
    ) -> Iterator[Finding]:
        value = option.value
        if option.span is None or option.value_span is None or not isinstance(value, int) or isinstance(value, bool):
            return
        words = [context.source(option.value_span), name]
        if queue is not None and queue.value_span is not None:
            words += [context.source(queue.value_span), queue.value if isinstance(queue.value, str) else ""]
        message = _complaint(value, words)
        if message is None or context.in_tests or broker_of(task, context) != "Redis":
            return
        options = context.setting("broker_transport_options", task)
        if options is None or (isinstance(options, dict) and "priority_steps" not in options):
            yield self.finding(option.span, message)


def _complaint(priority: int, words: list[str]) -> str | None:
    """What is wrong with the priority of what is called by `words`."""
    urgent = any(_URGENT.search(word) for word in words)
    idle = any(_IDLE.search(word) for word in words)
    if not _LEAST <= priority <= _MOST:
        return f"Redis knows priorities from {_LEAST} to {_MOST}: it takes this for the nearest of them"
    order = "with Redis the lowest number comes first, and 0 is the default: this comes"
    if urgent and not idle and priority > _MIDDLE:
        return f"{order} behind all others"
    if idle and not urgent and priority < _LEAST + 1:
        return f"{order} before most others"
    return None
