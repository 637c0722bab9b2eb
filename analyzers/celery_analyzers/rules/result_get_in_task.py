"""`result-get-in-task`: a task that waits for the result of another."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, cast

from celery_analyzers.canvas_roles import CHAIN, CHORD, GROUP
from celery_analyzers.dispatch_sites import SIGNING
from celery_analyzers.findings import Severity
from celery_analyzers.index_records import ASYNC_POOL
from celery_analyzers.proof import Proof
from celery_analyzers.retries import instance_names
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import AppAttribute, External
from celery_analyzers.tasks import task_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_WAITING = frozenset({"get", "join", "join_native", "wait"})
_SENDING = frozenset({"apply", "apply_async", "delay"})
_KEPT = frozenset({"clone", "on_error", "set"})
_RESULTS = frozenset({"celery.result.AsyncResult", "celery.result.GroupResult"})
_CANVASES = CHAIN | CHORD | GROUP
_BLOCKING_POOLS = (None, "prefork", "processes", "solo", "threads")
"""Pools whose workers refuse to wait, None for the default."""
_ASKS_FIRST = ("task_join_will_block", "called_directly", "is_eager")
"""What a body asks to find out whether it may wait."""
_DEEPEST = 6


class ResultGetInTask(Rule):
    """A task waits for the result of another task, which Celery refuses.

    ## What it does

    Finds `get()`, `wait()`, `join()` and `join_native()` in the body of a task, on what `delay()`, `apply_async()` and
    `send_task()` return, on a canvas that is sent, and on `AsyncResult(...)`.

    ## Why is this bad

    The worker raises `RuntimeError`: "Never call result.get() within a task!", be the result there or not. If it did
    not, all processes of the pool could come to wait for tasks that no process is left to run. Celery's test worker
    does not refuse, so tests do not show it.

    ## Example

        @app.task
        def price(order_id):
            return order_id * 2

        @app.task
        def invoice(order_id):
            total = price.delay(order_id).get(timeout=5)
            #       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `invoice` waits for the result of another task: the worker
            #                                            raises `RuntimeError`
            return f"invoice over {total}"

        def bill(order_id):
            return invoice.delay(order_id)

    ## Use instead

        @app.task
        def price(order_id):
            return order_id * 2

        @app.task
        def invoice(total):
            return f"invoice over {total}"

        def bill(order_id):
            return chain(price.s(order_id), invoice.s()).delay()

    ## Not flagged

        from celery.result import allow_join_result

        @app.task
        def collect(order_ids, prices):
            results = group(price.s(order_id) for order_id in order_ids).delay()
            if results.ready():
                prices.get(results.id)
            with allow_join_result():
                return results.get(timeout=5)

        @app.task
        def wait(order_id):
            return price.delay(order_id).get(disable_sync_subtasks=False)

    With `allow_join_result()` or `disable_sync_subtasks=False` it works, as long as processes are left to run the other
    task. Nothing is said where the pool is gevent or eventlet, which do not refuse, nor where the result may come from
    somewhere else, in functions that the task calls, or in tests.

    ## Fix safety

    There is no fix. Make a chain, whose second task gets the result of the first, or call the other task as a plain
    function: `price(order_id)`.

    ## References

    - [Avoid launching synchronous subtasks](https://docs.celeryq.dev/en/stable/userguide/tasks.html#avoid-launching-synchronous-subtasks)
    """

    code = "CEL603"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="bill(4).get(timeout=10)",
            fails="RuntimeError: Never call result.get() within a task!",
            succeeds="'invoice over 8'",
            worker="prefork",
            broker="redis",
        ),
    )

    PRELUDE = Rule.PRELUDE.replace("Celery, ", "Celery, chain, group, ")

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or context.in_tests or not context.mentions(*(f".{method}" for method in _WAITING)):
            return
        waiting = [node for node in body.nodes if isinstance(node, ast.Call) and _waits(node, body)]
        results = _Results(body, instance_names(task, body)) if waiting else None
        found = [
            node
            for node in waiting
            if results is not None and isinstance(node.func, ast.Attribute) and results.is_result(node.func.value)
        ]
        if not found or _may_wait(task, context):
            return
        for node in found:
            message = f"`{task.name}` waits for the result of another task: the worker raises `RuntimeError`"
            yield self.finding(context.span(node), message)


def _waits(call: ast.Call, body: Body) -> bool:
    """Whether a call is one that would wait, if it is a result's, and is not allowed to."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _WAITING:
        return False
    if any(keyword.arg in (None, "disable_sync_subtasks") for keyword in call.keywords):
        return False
    return not any(
        "allow_join_result" in ast.unparse(item.context_expr)
        for outer in body.parents(call)
        if isinstance(outer, (ast.With, ast.AsyncWith))
        for item in outer.items
    )


def _may_wait(task: TaskDefinition, context: Context) -> bool:
    """Whether something may allow the whole body to wait."""
    if context.mentions(*_ASKS_FIRST) or context.may_be_wrapped(task) or context.base_may_define(task, "__call__"):
        return True
    started = cast("tuple[object, ...]", context.project.ask("command_values", "pool") or ())
    if any(pool is None or pool not in _BLOCKING_POOLS for pool in started):
        return True
    return context.setting("worker_pool") not in _BLOCKING_POOLS or bool(context.project.ask("mentions", ASYNC_POOL))


class _Results:
    """Which expressions of a body are surely results of tasks; `instances` are the names of the task itself."""

    def __init__(self, body: Body, instances: set[str]) -> None:
        self._body = body
        self._instances = instances
        self._names = body.syntax.local_names

    def is_result(self, node: ast.expr, depth: int = _DEEPEST) -> bool:
        """Whether an expression is what sending a task gives."""
        if depth <= 0:
            return False
        if isinstance(node, ast.Name):
            bound = self._names.bindings(node) or []
            return bool(bound) and all(
                one.by == "value" and one.node is not None and self.is_result(one.node, depth - 1) for one in bound
            )
        if not isinstance(node, ast.Call):
            return False
        if isinstance(node.func, ast.Call):
            # `chain(...)()`, `chord(header)(body)`
            return self._is_canvas(node.func)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _SENDING:
            return self._is_sent(node.func.value)
        if self._names.is_local(node.func):
            return False
        symbol = self._body.symbol(node.func)
        if isinstance(symbol, External):
            return symbol.path in _RESULTS
        return isinstance(symbol, AppAttribute) and symbol.path in ("AsyncResult", "GroupResult", "send_task")

    def _is_sent(self, node: ast.expr) -> bool:
        """Whether an expression is a task, a signature or a canvas."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._is_sent(node.left) or self._is_sent(node.right)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in SIGNING:
                return self._is_task(node.func.value)
            if node.func.attr in _KEPT:
                return self._is_sent(node.func.value)
        return self._is_task(node) or self._is_canvas(node)

    def _is_task(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name) and node.id in self._instances:
            return True
        if not isinstance(node, (ast.Name, ast.Attribute)) or self._names.is_local(node):
            return False
        return task_of(self._body.symbol(node)) is not None

    def _is_canvas(self, node: ast.expr) -> bool:
        if not isinstance(node, ast.Call) or self._names.is_local(node.func):
            return False
        symbol = self._body.symbol(node.func)
        return isinstance(symbol, External) and symbol.path in _CANVASES
