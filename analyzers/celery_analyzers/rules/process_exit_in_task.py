"""`process-exit-in-task`: a task that ends its worker's process."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity
from celery_analyzers.handlers import catchers
from celery_analyzers.pools import runs_in_processes
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External, Instance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_EXITS = frozenset({"sys.exit", "builtins.exit", "builtins.quit"})
"""What raises `SystemExit`."""
_ENDS = frozenset({"os._exit", "os.abort"})
"""What ends the process at once."""
_SYSTEM_EXIT = (External("builtins.SystemExit"), Instance("builtins.SystemExit"))
_CATCHING = frozenset({"builtins.SystemExit", "builtins.BaseException", "SystemExit"})
_OWN_PROCESS = ("fork(", "Process(")
"""What tells that the process that ends may be one of the task's own."""


class ProcessExitInTask(Rule):
    """A task ends the process that it runs in.

    ## What it does

    Finds `sys.exit()`, `exit()`, `quit()`, `raise SystemExit`, `os._exit()` and `os.abort()` in tasks that run
    in Celery's default pool, `prefork`.

    ## Why is this bad

    A task does not have its process for itself: it is one of the worker's. The worker finds it dead, whatever
    the exit code says, and the task fails with `WorkerLostError`: it has no result, `on_failure` and retries
    know nothing of what was wrong, and a new process must be started in place of the old one. With
    `reject_on_worker_lost` the task comes back and does it again, without end.

    ## Example

        import sys

        @app.task
        def export(orders):
            if not orders:
                sys.exit(0)
            #   ^^^^^^^^^^^ this ends the worker's process, not only the task: `export` fails with `WorkerLostError`
            return len(orders)

    ## Use instead

        import sys

        @app.task
        def export(orders):
            if not orders:
                return
            return len(orders)

    ## Not flagged

    An exit that is caught in the task, and one in a process that the task starts:

        import os
        import sys

        @app.task
        def check(arguments):
            try:
                sys.exit(run(arguments))
            except SystemExit as end:
                return end.code

        @app.task
        def detach():
            if os.fork() == 0:
                os._exit(0)

    Nothing is said where the project starts workers with another pool than `prefork`.

    ## Fix safety

    The fix is unsafe: the task then ends as succeeded, or fails with an exception of its own, where it failed
    with `WorkerLostError` before.

    ## References

    - [Ending a task](https://docs.celeryq.dev/en/stable/userguide/tasks.html#semipredicates)
    """

    code = "CEL421"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="export.delay([]).get(timeout=30)",
            fails="WorkerLostError: Worker exited prematurely: exitcode 0",
            succeeds="None",
            worker="prefork",
            broker="redis",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or context.in_tests or not context.mentions("exit", "abort", "quit", "SystemExit"):
            return
        exits = list(_exits(body))
        if not exits or context.mentions(*_OWN_PROCESS) or not runs_in_processes(context):
            return
        for one in exits:
            message = "this ends the worker's process, not only the task: "
            span = context.span(one.node)
            yield self.finding(span, f"{message}`{task.name}` fails with `WorkerLostError`", _fix(one, body, context))


@dataclass(frozen=True, slots=True)
class _Exit:
    """What ends the process, and the exit code that it gives, as far as it is written."""

    node: ast.Call | ast.Raise
    code: ast.expr | None


def _exits(body: Body) -> Iterator[_Exit]:
    for node in body.nodes:
        if isinstance(node, ast.Raise) and node.exc is not None:
            exc = node.exc
            if body.symbol(exc.func if isinstance(exc, ast.Call) else exc) not in _SYSTEM_EXIT:
                continue
            code = next(iter(exc.args), None) if isinstance(exc, ast.Call) else None
            if not any(catchers(node, body, _CATCHING)):
                yield _Exit(node, code)
        elif isinstance(node, ast.Call):
            path = body.call(node).path
            if path in _ENDS or (path in _EXITS and not any(catchers(node, body, _CATCHING))):
                yield _Exit(node, next(iter(node.args), None))


def _fix(one: _Exit, body: Body, context: Context) -> Fix | None:
    """Leave the task in the way that the exit code asks for: it says whether all is well, or what is not."""
    statement = one.node if isinstance(one.node, ast.Raise) else next(body.parents(one.node))
    if not isinstance(statement, (ast.Raise, ast.Expr)):
        return None
    code = one.code
    span = context.span(statement)
    if code is None or (isinstance(code, ast.Constant) and code.value in (0, None)):
        return Fix("Return instead", (Edit(span, "return"),), preferred=True)
    words = context.source(context.span(code))
    is_text = isinstance(code, ast.JoinedStr) or (isinstance(code, ast.Constant) and isinstance(code.value, str))
    if not is_text:
        words = '"the task cannot go on"'
    return Fix("Raise `RuntimeError` instead", (Edit(span, f"raise RuntimeError({words})"),), preferred=True)
