"""`unreachable-queue`: a queue that no worker takes messages from."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.proof import Proof
from celery_analyzers.queues import queues_consumed, queues_declared
from celery_analyzers.rule import Rule
from celery_analyzers.spelling import correction
from celery_analyzers.strings import inside_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import BeatContext, SettingContext
    from celery_analyzers.app_facts import SettingGiven
    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.schedule_facts import BeatEntry
    from celery_analyzers.task_facts import TaskDefinition
    from celery_analyzers.tasks import Task


class UnreachableQueue(Rule):
    """A task is sent to a queue that there is not, or that no worker takes messages from.

    ## What it does

    Finds queues of calls, tasks, routes and beat entries that are not in `task_queues`, where the setting
    `task_create_missing_queues` is off. And, as a warning, those that are a slip of a queue which the project's workers
    are started with in its Procfile, compose files, units and scripts, by `-Q` or else by its settings.

    ## Why is this bad

    The broker makes the queue and keeps the messages, and no one asks for them. Nothing fails, but the task never runs.
    Where missing queues are not made, the call raises `QueueNotFound`.

    ## Example

        app.conf.task_create_missing_queues = False
        app.conf.task_default_queue = "low"
        app.conf.task_queues = {"low": {}, "urgent": {}}

        @app.task
        def alarm():
            return "alarm"

        def raise_alarm():
            return alarm.apply_async(queue="urgnet")
            #                              ^^^^^^^^ there is no queue `urgnet` in `task_queues`, and missing ones are
            #                                       not made, so sending raises `QueueNotFound`: did you mean
            #                                       `urgent`?

    ## Use instead

        app.conf.task_create_missing_queues = False
        app.conf.task_default_queue = "low"
        app.conf.task_queues = {"low": {}, "urgent": {}}

        @app.task
        def alarm():
            return "alarm"

        def raise_alarm():
            return alarm.apply_async(queue="urgent")

    ## Not flagged

    Queues that are nothing like those of the workers: they may have one that is started in another way. Nothing is said
    where no file starts a worker, nor where the queues of one come from a variable:

        def raise_all(queue):
            alarm.apply_async(queue=queue)

    ## Fix safety

    The fix is unsafe: the task runs.

    ## References

    - [Routing tasks](https://docs.celeryq.dev/en/stable/userguide/routing.html)
    - [Queues of a worker](https://docs.celeryq.dev/en/stable/userguide/workers.html#queues)
    """

    code = "CEL410"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="raise_alarm().get(timeout=10)",
            fails="QueueNotFound: Queue 'urgnet' missing from task_queues",
            succeeds="'alarm'",
        ),
    )

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        queue = dispatch.option("queue")
        if queue is not None and queue.value_span is not None:
            yield from self._queue(queue.value, queue.value_span, dispatch.task, context)

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        queue = task.option("queue")
        if queue is not None and queue.value_span is not None:
            yield from self._queue(queue.value, queue.value_span, task, context)

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        if setting.name == "task_routes":
            for node in _routed(context.node):
                yield from self._queue(context.value(node), context.span(node), None, context)

    def check_beat_entry(self, entry: BeatEntry, context: BeatContext) -> Iterator[Finding]:
        options = context.nodes.get("options") if entry.form == "entry" else None
        for node in _under(options, "queue"):
            yield from self._queue(context.value(node), context.span(node), entry.task, context)

    def _queue(self, queue: object, span: Span, task: Task | None, context: Context) -> Iterator[Finding]:
        if not isinstance(queue, str) or context.in_tests:
            return
        declared = queues_declared(task, context) if _is_strict(task, context) else None
        if declared is not None:
            if queue not in declared:
                meant = correction(queue, declared)
                message = (
                    f"there is no queue `{queue}` in `task_queues`, and missing ones are not made, so sending raises "
                    f"`QueueNotFound`{_suggestion(meant)}"
                )
                yield self.finding(span, message, _fix(meant, span, context))
            return
        consumed = queues_consumed(task, context)
        if not consumed or queue in consumed:
            return
        meant = correction(queue, consumed)
        if meant is None:
            # Another queue may well have a worker that is started in a way which no file tells.
            return
        message = f"no worker takes messages from the queue `{queue}`, so the task never runs{_suggestion(meant)}"
        yield self.finding(span, message, _fix(meant, span, context), severity=Severity.WARNING)


def _is_strict(task: Task | None, context: Context) -> bool:
    return context.setting("task_create_missing_queues", task) is False


def _routed(node: ast.expr) -> Iterator[ast.expr]:
    """The nodes of the queues in routes."""
    if isinstance(node, ast.Dict):
        for value in node.values:
            if isinstance(value, (ast.Constant, ast.Name, ast.Attribute)):
                yield value
            else:
                yield from _under(value, "queue")
    elif isinstance(node, (ast.List, ast.Tuple)):
        for element in node.elts:
            if isinstance(element, (ast.List, ast.Tuple)) and len(element.elts) == 2:
                yield from _routed(ast.Dict([element.elts[0]], [element.elts[1]]))
            else:
                yield from _routed(element)


def _under(node: ast.expr | None, name: str) -> Iterator[ast.expr]:
    """The value of a key of a dict."""
    for key, value in zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ():
        if isinstance(key, ast.Constant) and key.value == name:
            yield value


def _suggestion(meant: str | None) -> str:
    return f": did you mean `{meant}`?" if meant else ""


def _fix(meant: str | None, span: Span, context: Context) -> Fix | None:
    inside = inside_plain(context.source(span))
    if meant is None or inside is None:
        return None
    return Fix(f"Write `{meant}`", (Edit(Span(span.start + inside[0], span.start + inside[1]), meant),), preferred=True)
