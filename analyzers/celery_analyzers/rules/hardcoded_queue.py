"""`hardcoded-queue`: a queue that is written where a task is sent."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, ClassVar, Literal

from celery_analyzers.canvas_roles import keyword_of
from celery_analyzers.findings import Severity
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.findings import Finding


class HardcodedQueue(Rule):
    """A call names the queue that a task is sent to.

    ## What it does

    Finds calls of `apply_async()`, `send_task()` and `signature()` with the name of a queue as a literal.

    ## Why is this bad

    Which queue a task goes to depends on the workers that there are, and these change with each deployment. A route in
    the settings is changed in one place for all calls of the task.

    ## Example

        @app.task
        def report():
            print("report")

        def start():
            report.apply_async(queue="slow")
            #                        ^^^^^^ the queue of `report` is written into this call: a route in `task_routes`
            #                               keeps it in one place

    ## Use instead

        app.conf.task_routes = {"shop.report": {"queue": "slow"}}

        @app.task
        def report():
            print("report")

        def start():
            report.apply_async()

    ## Not flagged

        SLOW = "slow"

        def start_slow(queue):
            report.apply_async(queue=SLOW)
            report.apply_async(queue=queue)

    ## Fix safety

    There is no fix.

    ## References

    - [Routing options](https://docs.celeryq.dev/en/stable/userguide/calling.html#routing-options)
    """

    code = "CEL414"
    severity = Severity.HINT
    preset: ClassVar[Literal["recommended", "strict", "all"]] = "all"

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        if dispatch.option("queue") is None or context.call is None or context.in_tests:
            return
        queue = keyword_of(context.call, "queue")
        if isinstance(queue, ast.Constant) and isinstance(queue.value, str):
            name = dispatch.task.name if dispatch.task is not None else dispatch.target
            whose = f"the queue of `{name}`" if isinstance(name, str) else "the queue"
            message = f"{whose} is written into this call: a route in `task_routes` keeps it in one place"
            yield self.finding(context.span(queue), message)
