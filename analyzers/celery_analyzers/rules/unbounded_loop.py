"""`unbounded-loop`: a loop that waits for something, for as long as it takes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.edits import set_keyword
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.layout import first_on_line
from celery_analyzers.polling import SLEEP, may_be_ended, waits_on
from celery_analyzers.proof import Proof
from celery_analyzers.retries import instance_parameter
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_ENOUGH = 60


class UnboundedLoop(Rule):
    """A loop asks again and again whether something is ready, and never gives up.

    ## What it does

    Finds loops with `time.sleep()` in tasks without a time limit, where nothing counts the rounds or looks at
    the clock.

    ## Why is this bad

    What is waited for may never come: the other job died, the file was never written. The task then waits for
    good and holds its worker slot. When all slots wait, no worker is left to do what they wait for.

    ## Example

        import time

        @app.task
        def publish(report):
            while not is_ready(report):
        #   ^^^^^ nothing ends this wait if it is in vain: `publish` then holds its worker slot for good
                time.sleep(5)
            return upload(report)

    ## Use instead

        import time

        @app.task(max_retries=60)
        def publish(report):
            if not is_ready(report):
                raise publish.retry(countdown=5)
            return upload(report)

    ## Not flagged

    A loop that counts, one that looks at the clock, and a task with a limit:

        import time

        @app.task
        def pull(report):
            attempts = 0
            while not is_ready(report):
                time.sleep(5)
                attempts += 1
                if attempts > 60:
                    raise TimeoutError

        @app.task(time_limit=600)
        def push(report):
            while not is_ready(report):
                time.sleep(5)

    ## Fix safety

    The fix is unsafe: the task begins anew each time, so what stands in front of the loop runs again, and it
    gives up after 60 tries.

    ## References

    - [Retrying](https://docs.celeryq.dev/en/stable/userguide/tasks.html#retrying)
    - [Time limits](https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits)
    """

    code = "CEL208"
    severity = Severity.WARNING
    proofs = (
        Proof(
            setup="""
                import celery

                app = celery.Celery('shop')

                def is_ready(report):
                    return report == 'done'

                def upload(report):
                    return 'uploaded'
            """,
            run="""
                publish.delay('never done')
                publish.delay('done').get(timeout=15)
            """,
            fails="TimeoutError: The operation timed out",
            succeeds="'uploaded'",
            worker="prefork",
            broker="redis",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or context.in_tests or not context.mentions("sleep(") or not context.mentions("while"):
            return
        loops = [node for node in body.nodes if isinstance(node, ast.While) and waits_on(node, body)]
        if not loops or may_be_ended(task, context):
            return
        for loop in loops:
            start = context.span(loop).start
            message = f"nothing ends this wait if it is in vain: `{task.name}` then holds its worker slot for good"
            yield self.finding(Span(start, start + len("while")), message, _fix(loop, task, body, context))


def _fix(loop: ast.While, task: TaskDefinition, body: Body, context: Context) -> Fix | None:
    """Ask once, and have the task tried again later, where the loop does nothing but wait."""
    only = loop.body[0]
    if len(loop.body) > 1 or loop.orelse or not isinstance(only, ast.Expr) or not isinstance(only.value, ast.Call):
        return None
    is_sleep = body.call(only.value).path == SLEEP and len(only.value.args) == 1
    if not is_sleep or loop not in body.function.body or context.decorator is None:
        return None
    instance = instance_parameter(task) or task.name
    start, only_start = context.span(loop).start, context.span(only).start
    if not first_on_line(context.text, only_start):
        return None
    again = f"raise {instance}.retry(countdown={context.source(context.span(only.value.args[0]))})"
    edits = [
        Edit(Span(start, start + len("while")), "if"),
        Edit(context.span(only), again),
    ]
    if task.option("max_retries") is None:
        edits = [*set_keyword(context.text, context.decorator, context.span, "max_retries", str(_ENOUGH)), *edits]
    return Fix("Retry the task instead of waiting in it", tuple(edits), preferred=True)
