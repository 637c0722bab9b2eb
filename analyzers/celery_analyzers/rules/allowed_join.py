"""`allowed-join`: a task that waits for others, with Celery's guard against it switched off."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Severity
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_WAITING = frozenset({"get", "join", "join_native", "wait"})
_ALLOW = frozenset({"celery.result.allow_join_result"})
_SWITCH = "disable_sync_subtasks"


class AllowedJoin(Rule):
    """A task waits for the result of another, and tells Celery not to mind.

    ## What it does

    Finds `with allow_join_result():` and `get(disable_sync_subtasks=False)` in the body of a task.

    ## Why is this bad

    Celery refuses to wait for a result in a task, as the one that waits keeps a process of the pool busy. Once all
    processes wait for tasks that are still in the queue, none is left to run these, and the worker stands still. It
    works while there is little to do. A chain or a chord lets the worker do something else meanwhile.

    ## Example

        @app.task
        def price(order_id):
            return order_id * 2

        @app.task
        def invoice(order_id):
            with allow_join_result():
            #    ^^^^^^^^^^^^^^^^^^^ `invoice` keeps a process busy while it waits: when all of them do, none is left to
            #                        run what they wait for
                return price.delay(order_id).get(timeout=5)

    ## Use instead

        @app.task
        def price(order_id):
            return order_id * 2

        @app.task
        def invoice(total):
            return total

        def bill(order_id):
            return chain(price.s(order_id), invoice.s()).delay()

    ## Not flagged

        def show(order_id):
            with allow_join_result():
                return price.delay(order_id).get(timeout=5)

    What is not in a task may wait. Nothing is said in tests.

    ## Fix safety

    There is no fix. If the task must wait, let another worker, with a queue of its own, run what it waits for.

    ## References

    - [Avoid launching synchronous subtasks](https://docs.celeryq.dev/en/stable/userguide/tasks.html#avoid-launching-synchronous-subtasks)
    """

    code = "CEL616"
    severity = Severity.INFORMATION
    preset = "strict"

    PRELUDE = "from celery.result import allow_join_result\n" + Rule.PRELUDE.replace("Celery, ", "Celery, chain, ")

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or context.in_tests or not context.mentions("allow_join", _SWITCH):
            return
        message = (
            f"`{task.name}` keeps a process busy while it waits: when all of them do, none is left to run what they "
            "wait for"
        )
        for call in body.calls:
            if _waits(call.node, body) or (call.path in _ALLOW and _holds_waiting(call.node, body)):
                yield self.finding(context.span(call.node), message)


def _waits(call: ast.Call, body: Body) -> bool:
    """Whether a call waits with the guard off."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _WAITING:
        return False
    return any(keyword.arg == _SWITCH and body.value(keyword.value) is False for keyword in call.keywords)


def _holds_waiting(call: ast.Call, body: Body) -> bool:
    """Whether anything waits in the `with` that a call stands in."""
    block = next((outer for outer in body.parents(call) if isinstance(outer, (ast.With, ast.AsyncWith))), None)
    return block is not None and any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _WAITING
        and block in body.parents(node)
        for node in body.nodes
    )
