"""`silent-failure`: a task that cannot fail, whatever goes wrong in it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.errors import EVERYTHING
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.function_edits import raise_again
from celery_analyzers.handlers import catches, span_of_catcher, stops
from celery_analyzers.operations import takes_time
from celery_analyzers.proof import Proof
from celery_analyzers.retries import autoretry_exceptions, retry_calls
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body, CallSite
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_LOGGING = frozenset({"critical", "debug", "error", "exception", "info", "log", "print", "warn", "warning"})
_WORDS = frozenset({"format", "format_exc", "str", "repr", "type", "join"})
"""What only helps to make a message."""


class SilentFailure(Rule):
    """A task catches all that goes wrong in it, and does no more about it than to log it.

    ## What it does

    Finds tasks whose whole work stands in a `try` for every exception, with a handler that does nothing, logs,
    or returns. It is an information.

    ## Why is this bad

    To Celery the task has succeeded. Monitors count it as done, `on_failure` and `link_error` are not called,
    a chain goes on with what there is, and `autoretry_for` has nothing to retry. A bug in the task shows as a
    line in a log that nobody reads, and not as a failed task.

    ## Example

        @app.task
        def sync(shop):
            try:
                store(fetch(shop))
            except Exception as error:
            #      ^^^^^^^^^ this catches all that may go wrong: `sync` never fails, and ends as succeeded
                print(error)

    ## Use instead

        @app.task
        def sync(shop):
            try:
                store(fetch(shop))
            except Exception as error:
                print(error)
                raise

    ## Not flagged

    A handler for certain exceptions, one that does something about it, and one around a part of the work:

        @app.task
        def pull(shop):
            try:
                store(fetch(shop))
            except ConnectionError:
                print("tomorrow, then")

        @app.task
        def push(shop):
            try:
                send(shop)
            except Exception as error:
                mark_as_failed(shop, error)

        @app.task
        def clean(shop):
            send(shop)
            try:
                remove_files(shop)
            except Exception:
                print("left behind")

    ## Fix safety

    The fix is unsafe: the task then fails where it went on before.

    ## References

    - [Tasks: states](https://docs.celeryq.dev/en/stable/userguide/tasks.html#task-states)
    """

    code = "CEL312"
    severity = Severity.INFORMATION
    preset = "strict"
    proofs = (
        Proof(
            setup="""
                def fetch(shop):
                    raise ValueError(shop)
            """,
            run="sync.apply(('berlin',)).state",
            fails="returns: 'SUCCESS'",
            succeeds="'FAILURE'",
            worker="none",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or context.in_tests or not context.mentions("except"):
            return
        for statement in body.function.body:
            if not isinstance(statement, ast.Try):
                continue
            last = statement.handlers[-1] if statement.handlers else None
            if last is None or not catches(last.type, body, EVERYTHING) or not stops(last):
                continue
            if not _only_logs(last, body) or not _is_all_work(statement, body):
                return
            if autoretry_exceptions(task, context) or any(retry_calls(task, context)):
                # There is a word on that already.
                return
            message = f"this catches all that may go wrong: `{task.name}` never fails, and ends as succeeded"
            edits = raise_again(context.text, last, context.span)
            fix = Fix("Raise it again", edits, preferred=True) if edits else None
            yield self.finding(span_of_catcher(last, context.span), message, fix)


def _only_logs(handler: ast.ExceptHandler, body: Body) -> bool:
    """Whether a handler does nothing about what it catches: it logs, and returns a constant, if anything."""
    for statement in handler.body:
        if isinstance(statement, ast.Return):
            if statement.value is not None and not isinstance(statement.value, ast.Constant):
                return False
        elif isinstance(statement, ast.Expr):
            inner = [node for node in ast.walk(statement.value) if isinstance(node, ast.Call)]
            if not all(_is_for_log(body.call(node)) for node in inner):
                return False
        elif not isinstance(statement, ast.Pass):
            return False
    return True


def _is_for_log(call: CallSite) -> bool:
    return call.method in _LOGGING or call.method in _WORDS or call.source.startswith("log_")


def _is_all_work(statement: ast.Try, body: Body) -> bool:
    """Whether the body does all its work in a `try`, and some."""
    inside = {id(node) for part in statement.body for node in ast.walk(part)}
    working = [call.node for call in body.calls if takes_time(call) and not _is_handling(call.node, body)]
    return bool(working) and all(id(node) in inside for node in working)


def _is_handling(node: ast.AST, body: Body) -> bool:
    return any(isinstance(outer, ast.ExceptHandler) for outer in body.parents(node))
