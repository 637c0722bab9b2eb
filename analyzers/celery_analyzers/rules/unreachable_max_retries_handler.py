"""`unreachable-max-retries-handler`: a handler for an exception that `retry()` does not raise."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.edits import remove_keyword
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.handlers import named, own_nodes
from celery_analyzers.proof import Proof
from celery_analyzers.retries import max_retries, may_retry_elsewhere, retry_calls
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body, CallSite
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_NAME = "MaxRetriesExceededError"


class UnreachableMaxRetriesHandler(Rule):
    """A handler waits for `MaxRetriesExceededError`, and `retry()` raises something else.

    ## What it does

    Finds `except MaxRetriesExceededError` around `self.retry(exc=error)`.

    ## Why is this bad

    When no retry is left, `retry()` raises the exception that it was given as `exc`. It raises
    `MaxRetriesExceededError` only where it was given none. So the handler, with what is to be done when all
    tries were in vain, never runs: nobody is told, and the order stays open for ever.

    ## Example

        @app.task(bind=True, max_retries=5)
        def sync(self, shop):
            try:
                return fetch(shop)
            except ConnectionError as error:
                try:
                    raise self.retry(countdown=0, exc=error)
                except self.MaxRetriesExceededError:
                #      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this never runs: at last `retry()` raises the `exc` that it was
                #                                   given
                    return "given up"

    ## Use instead

        @app.task(bind=True, max_retries=5)
        def sync(self, shop):
            try:
                return fetch(shop)
            except ConnectionError as error:
                try:
                    raise self.retry(countdown=0)
                except self.MaxRetriesExceededError:
                    return "given up"

    ## Not flagged

    A `retry()` without `exc`, a handler for both, and a question instead of a handler:

        @app.task(bind=True, max_retries=5)
        def push(self, shop):
            try:
                return fetch(shop)
            except ConnectionError as error:
                try:
                    raise self.retry(exc=error)
                except (self.MaxRetriesExceededError, ConnectionError):
                    return "given up"

        @app.task(bind=True, max_retries=5)
        def pull(self, shop):
            try:
                return fetch(shop)
            except ConnectionError as error:
                if self.request.retries >= self.max_retries:
                    return "given up"
                raise self.retry(exc=error)

    ## Fix safety

    The fix is unsafe: the handler runs from then on.

    ## References

    - [`Task.retry`](https://docs.celeryq.dev/en/stable/reference/celery.app.task.html#celery.app.task.Task.retry)
    """

    code = "CEL316"
    severity = Severity.ERROR
    proofs = (
        Proof(
            setup="""
                def fetch(shop):
                    raise ConnectionError('no route to the shop')
            """,
            run="sync.apply(('berlin',)).get()",
            fails="ConnectionError: no route to the shop",
            succeeds="'given up'",
            worker="none",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or not context.mentions(_NAME) or not context.mentions("exc="):
            return
        calls = {call.node: call for call in retry_calls(task, context)}
        if not calls or max_retries(task, context) is None or may_retry_elsewhere(task, context):
            return
        for node in body.nodes:
            if not isinstance(node, ast.Try):
                continue
            retries = [calls[inner] for inner in own_nodes(node.body) if isinstance(inner, ast.Call) and inner in calls]
            if not retries or not all(_gives_exception(call, body) for call in retries):
                continue
            for handler in node.handlers:
                if handler.type is not None and _is_for_it(handler.type, body):
                    message = "this never runs: at last `retry()` raises the `exc` that it was given"
                    yield self.finding(context.span(handler.type), message, _fix(retries, context))


def _gives_exception(call: CallSite, body: Body) -> bool:
    """Whether a call surely gives an exception that is no `MaxRetriesExceededError` itself: a caught one."""
    given = call.keyword("exc")
    if not isinstance(given, ast.Name) or call.has_splat or call.keyword("throw") is not None:
        return False
    for outer in body.parents(call.node):
        if isinstance(outer, ast.ExceptHandler) and outer.name == given.id:
            return outer.type is not None and not any(path.endswith(_NAME) for path in named(outer.type, body))
    return False


def _is_for_it(types: ast.expr, body: Body) -> bool:
    """Whether a handler is for this exception alone: `self.MaxRetriesExceededError`, or by its own name."""
    if isinstance(types, ast.Attribute):
        return types.attr == _NAME
    return [path.rpartition(".")[2] for path in named(types, body)] == [_NAME]


def _fix(retries: list[CallSite], context: Context) -> Fix | None:
    if len(retries) > 1:
        return None
    edits = remove_keyword(context.text, retries[0].node, context.span, "exc")
    return Fix("Remove `exc`", edits, preferred=True) if edits else None
