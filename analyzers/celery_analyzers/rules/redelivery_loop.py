"""`redelivery-loop`: a message that goes back to the queue however often it fails."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.edits import remove_keyword
from celery_analyzers.findings import Edit, Fix, Severity
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import SettingContext
    from celery_analyzers.app_facts import SettingGiven
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import Option, TaskDefinition

_LOST = "reject_on_worker_lost"
_ACKS = ("acks_on_timeout", "acks_on_failure_or_timeout")
_BOUNDED = {"retry_on_worker_lost": "True", "max_retries": "3"}
_REJECT = External("celery.exceptions.Reject")
_COUNTS = ("redelivered", "delivery_count", "x-death", "incr(", "attempt", "requeue_count")
"""Words of a body that may well tell a message that was delivered before."""


class RedeliveryLoop(Rule):
    """A message goes back to the queue each time it fails, without end.

    ## What it does

    Finds `reject_on_worker_lost=True` with `acks_late`, on tasks and in settings; `acks_on_timeout=False` and
    `acks_on_failure_or_timeout=False` on tasks with `acks_late` and a time limit; and `Reject(requeue=True)` in tasks
    that do not ask whether the message was delivered before.

    ## Why is this bad

    A task that takes all memory, or too much time, does so each time. Put back in the queue, its message kills one
    worker process after another, some of them several times a second, and nothing counts how often. Since Celery 5.7
    `retry_on_worker_lost` does the same up to `max_retries` times.

    ## Example

        @app.task(acks_late=True, reject_on_worker_lost=True)
        #                         ^^^^^^^^^^^^^^^^^^^^^^^^^^ should `resize` kill its worker process, as by taking
        #                                                    too much memory, it goes back to the queue and kills
        #                                                    the next, without end
        def resize(path):
            convert(path)

        @app.task(bind=True, acks_late=True)
        def export(self, path):
            if not ready(path):
                raise Reject("not ready", requeue=True)
                #                         ^^^^^^^^^^^^ the message goes back to the queue and is delivered again at
                #                                      once, without end

    ## Use instead

        @app.task(acks_late=True)
        def resize(path):
            convert(path)

        @app.task(bind=True, acks_late=True)
        def export(self, path):
            if not ready(path):
                raise Reject("not ready", requeue=False)

    ## Not flagged

    What is retried a number of times, and a question about the delivery before:

        @app.task(retry_on_worker_lost=True, max_retries=3, acks_late=True, reject_on_worker_lost=True)
        def render(path):
            convert(path)

        @app.task(bind=True, acks_late=True)
        def publish(self, path):
            if not self.request.delivery_info["redelivered"]:
                raise Reject("once more", requeue=True)

    Nothing is said where the settings make the queues quorum queues, of which RabbitMQ limits the deliveries.

    ## Fix safety

    All fixes are unsafe: what was put back in the queue no longer is.

    ## References

    - [`task_reject_on_worker_lost`][lost]
    - [`Reject`](https://docs.celeryq.dev/en/stable/userguide/tasks.html#reject)

    [lost]: https://docs.celeryq.dev/en/stable/userguide/configuration.html#task-reject-on-worker-lost
    """

    PRELUDE = 'from celery import Celery, shared_task\nfrom celery.exceptions import Reject\n\napp = Celery("shop")\n\n'
    code = "CEL402"
    severity = Severity.WARNING
    preset = "strict"
    proofs = (
        Proof(
            setup="""
                asked = []

                def ready(path):
                    asked.append(path)
                    return len(asked) > 30

                def convert(path):
                    return path
            """,
            run="""
                import time

                export.delay('a.svg')
                time.sleep(2)
                len(asked) > 10
            """,
            fails="returns: True",
            succeeds="False",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        yield from self._options(task, context)
        if context.body is not None and context.mentions("requeue") and not context.mentions(*_COUNTS):
            yield from self._rejections(task, context)

    def _options(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if task.form == "call" and task.function is not None:
            # The call, which has the options, stands elsewhere and is reported there.
            return
        lost = task.option(_LOST)
        if lost is not None and lost.span is not None and _is_on(_LOST, task, context) and _loops(task, context):
            message = (
                f"should `{task.name}` kill its worker process, as by taking too much memory, it goes back to the "
                "queue and kills the next, without end"
            )
            yield self.finding(lost.span, message, _bounded(task, context), _removal(lost, task, context))
        for name in _ACKS:
            kept = task.option(name)
            if kept is None or kept.span is None or not _requeues_timeouts(name, task, context):
                continue
            message = f"each time `{task.name}` is killed by its time limit, it goes back to the queue, without end"
            fix = None
            if context.decorator is not None:
                edits = remove_keyword(context.text, context.decorator, context.span, name)
                fix = Fix(f"Remove `{name}`", edits, preferred=True) if edits else None
            yield self.finding(kept.span, message, fix)

    def _rejections(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        assert body is not None
        late = context.effective_option(task, "acks_late")
        if late not in (None, False, True) or _has_quorum_queues(task, context):
            return
        for node in body.nodes:
            call = node.exc if isinstance(node, ast.Raise) else None
            if not isinstance(call, ast.Call) or body.symbol(call.func) != _REJECT:
                continue
            requeue = next((k for k in call.keywords if k.arg == "requeue"), None)
            if requeue is None or not isinstance(requeue.value, ast.Constant) or requeue.value.value is not True:
                continue
            message = "the message goes back to the queue and is delivered again at once, without end"
            if not late:
                message = "without `acks_late` the message is acknowledged already: it is lost, and no result tells"
            fix = Fix("Do not requeue it", (Edit(context.span(requeue.value), "False"),), preferred=True)
            yield self.finding(context.span(requeue), message, fix)

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        if setting.name != f"task_{_LOST}" or setting.value is not True or context.in_tests:
            return
        if context.beside("task_acks_late") is not True or context.beside("task_retry_on_worker_lost"):
            return
        if context.beside("task_default_queue_type") is not None:
            return
        message = "a task that kills its worker process goes back to the queue and kills the next, without end"
        yield self.finding(setting.span, message)


def _is_on(name: str, task: TaskDefinition, context: Context) -> bool:
    return context.effective_option(task, name) is True


def _loops(task: TaskDefinition, context: Context) -> bool:
    """Whether what is rejected is put back: it is not acknowledged before, and nothing else retries or limits it."""
    if not _is_on("acks_late", task, context) or context.in_tests:
        return False
    if context.effective_option(task, "retry_on_worker_lost") not in (None, False):
        return False
    return not context.mentions(*_COUNTS) and not _has_quorum_queues(task, context)


def _requeues_timeouts(name: str, task: TaskDefinition, context: Context) -> bool:
    if context.effective_option(task, name) is not False or context.celery_at_least(5, 7) is False:
        return False
    if name == "acks_on_failure_or_timeout" and context.effective_option(task, "acks_on_timeout") is not None:
        return False
    limit = context.effective_option(task, "time_limit")
    is_limited = isinstance(limit, (int, float)) and not isinstance(limit, bool) and limit > 0
    return is_limited and _is_on("acks_late", task, context) and not context.mentions(*_COUNTS)


def _has_quorum_queues(task: TaskDefinition, context: Context) -> bool:
    return context.setting("task_default_queue_type", task) is not None


def _bounded(task: TaskDefinition, context: Context) -> Fix | None:
    """Retry it a number of times instead, which Celery does since 5.7."""
    if context.celery_at_least(5, 7) is not True or not isinstance(context.decorator, ast.Call):
        return None
    keyword = next((k for k in context.decorator.keywords if k.arg == _LOST), None)
    if keyword is None:
        return None
    values = {name: value for name, value in _BOUNDED.items() if task.option(name) is None}
    written = ", ".join(f"{name}={value}" for name, value in values.items())
    edits = (Edit(context.span(keyword), written),)
    return Fix("Retry it three times at most", edits, preferred=True) if written else None


def _removal(option: Option, task: TaskDefinition, context: Context) -> Fix | None:
    if context.decorator is None:
        return None
    edits = remove_keyword(context.text, context.decorator, context.span, option.name)
    is_best = _bounded(task, context) is None
    return Fix(f"Remove `{option.name}`", edits, preferred=is_best) if edits else None
