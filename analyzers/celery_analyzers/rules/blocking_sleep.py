"""`blocking-sleep`: a task that holds a worker slot to wait."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Severity
from celery_analyzers.polling import SLEEP, may_be_ended, waits_on
from celery_analyzers.pools import runs_in_processes
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body, CallSite
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_SHORT = 1
"""Seconds below which a wait is not worth a message to the broker."""


class BlockingSleep(Rule):
    """A task sleeps, and its worker slot with it.

    ## What it does

    Finds `time.sleep()` of a second and more in tasks.

    ## Why is this bad

    A task that sleeps holds a process that could do something else meanwhile: with four processes, four
    sleeping tasks stop the worker. Celery can wait without that. `retry(countdown=30)` comes back later, a
    second task sent with `countdown=30` does the second half of the work, and `rate_limit` spreads tasks over
    time.

    ## Example

        import time

        @app.task
        def restart(host):
            stop(host)
            time.sleep(30)
        #   ^^^^^^^^^^^^^^ `restart` holds a worker slot while it sleeps: `countdown` waits without one
            start(host)

    ## Use instead

        @app.task
        def restart(host):
            stop(host)
            start_again.apply_async((host,), countdown=30)

        @app.task
        def start_again(host):
            start(host)

    ## Not flagged

    A blink between two tries, and pools where others go on meanwhile, such as `gevent`:

        import time

        @app.task
        def read(host):
            for _ in range(3):
                if answers(host):
                    return True
                time.sleep(0.2)
            return False

    ## Fix safety

    There is no fix: where the work can be parted is for you to say.

    ## References

    - [ETA and countdown](https://docs.celeryq.dev/en/stable/userguide/calling.html#eta-and-countdown)
    - [Retrying](https://docs.celeryq.dev/en/stable/userguide/tasks.html#retrying)
    """

    code = "CEL207"
    severity = Severity.INFORMATION
    preset = "strict"
    proofs = (
        # A second task of the same worker waits for the first.
        Proof(
            setup="""
                from celery import shared_task

                def stop(host):
                    return None

                def start(host):
                    return None

                @shared_task
                def ping():
                    return 'pong'
            """,
            run="""
                restart.delay('alpha')
                ping.delay().get(timeout=20)
            """,
            fails="TimeoutError: The operation timed out",
            succeeds="'pong'",
            worker="prefork",
            broker="redis",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or context.in_tests or not context.mentions("sleep("):
            return
        sleeps = [call for call in body.calls if call.path == SLEEP and _takes_long(call, body)]
        if not sleeps or not runs_in_processes(context):
            return
        for call in sleeps:
            if _is_in_endless_wait(call, body) and not may_be_ended(task, context):
                # `unbounded-loop` has the graver word.
                continue
            message = f"`{task.name}` holds a worker slot while it sleeps: `countdown` waits without one"
            yield self.finding(context.span(call.node), message)


def _is_in_endless_wait(call: CallSite, body: Body) -> bool:
    return any(isinstance(outer, ast.While) and waits_on(outer, body) for outer in body.parents(call.node))


def _takes_long(call: CallSite, body: Body) -> bool:
    """Whether a sleep surely is none of a moment."""
    seconds = body.value(call.node.args[0]) if call.node.args else None
    return isinstance(seconds, (int, float)) and seconds >= _SHORT
