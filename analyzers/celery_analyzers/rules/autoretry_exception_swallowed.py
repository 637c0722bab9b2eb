"""`autoretry-exception-swallowed`: an exception that is to be retried and never leaves the task."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.errors import EVERYTHING, bases_of
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.function_edits import raise_again
from celery_analyzers.handlers import Catcher, catchers, span_of_catcher, stops
from celery_analyzers.libraries import canonical
from celery_analyzers.operations import operation_of, takes_time
from celery_analyzers.proof import Proof
from celery_analyzers.retries import autoretry_exceptions, max_retries
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition


class AutoretryExceptionSwallowed(Rule):
    """The task catches the exception that `autoretry_for` is to retry it for.

    ## What it does

    Finds tasks in which every call that may raise an exception of `autoretry_for` stands in a `try` that
    catches it, or in `contextlib.suppress`, and lets it go no further.

    ## Why is this bad

    `autoretry_for` sees only what leaves the task. What is caught inside is no failure to Celery: the task ends
    as succeeded, it is not tried again, and its options read as if it were.

    ## Example

        @app.task(autoretry_for=(ConnectionError,), retry_backoff=True)
        def sync(shop):
            try:
                fetch(shop)
            except ConnectionError:
            #      ^^^^^^^^^^^^^^^ this catches the `ConnectionError` of `autoretry_for`: `sync` is not retried for it
                print("no connection")

    ## Use instead

        @app.task(autoretry_for=(ConnectionError,), retry_backoff=True)
        def sync(shop):
            try:
                fetch(shop)
            except ConnectionError:
                print("no connection")
                raise

    ## Not flagged

    A handler that raises again, and work outside of it that may raise the exception too:

        @app.task(autoretry_for=(ConnectionError,), retry_backoff=True)
        def pull(shop):
            orders = fetch(shop)
            try:
                tell(shop)
            except ConnectionError:
                print("not told")
            return orders

    Nothing is said where a decorator below the task's own may raise the exception.

    ## Fix safety

    The fix is unsafe: the task then fails, and is retried.

    ## References

    - [Automatic retry for known exceptions][autoretry]

    [autoretry]: https://docs.celeryq.dev/en/stable/userguide/tasks.html#automatic-retry-for-known-exceptions
    """

    code = "CEL311"
    severity = Severity.WARNING
    proofs = (
        Proof(
            setup="""
                asked = []

                def fetch(shop):
                    asked.append(shop)
                    raise ConnectionError
            """,
            run="""
                sync.apply(('berlin',))
                len(asked)
            """,
            fails="returns: 1",
            succeeds="4",
            worker="none",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or not context.mentions("except", "suppress"):
            return
        exceptions = autoretry_exceptions(task, context)
        if not exceptions or max_retries(task, context) == 0 or context.may_be_wrapped(task):
            # A decorator may raise what the task is to be retried for: that a lock is held, say.
            return
        found: dict[Catcher, str] = {}
        for exception in exceptions:
            if isinstance(exception, External):
                for catcher in swallowers(canonical(exception.path), body):
                    found.setdefault(catcher, exception.path.rpartition(".")[2])
        for catcher, name in found.items():
            message = f"this catches the `{name}` of `autoretry_for`: `{task.name}` is not retried for it"
            yield self.finding(span_of_catcher(catcher, context.span), message, _fix(catcher, context))


def swallowers(path: str, body: Body) -> list[Catcher]:
    """What catches an exception for good, wherever it may come from; none if it may leave the body at all."""
    found: list[Catcher] = []
    for node in body.nodes:
        if not _may_raise(node, path, body):
            continue
        last = next((catcher for catcher in catchers(node, body, bases_of(path)) if stops(catcher)), None)
        if last is None:
            return []
        found.append(last)
    return list(dict.fromkeys(found))


def _may_raise(node: ast.AST, path: str, body: Body) -> bool:
    """Whether the exception at `path` may come of a node; what handlers do about another one does not count."""
    if not isinstance(node, (ast.Call, ast.Raise)):
        return False
    if any(isinstance(outer, ast.ExceptHandler) for outer in body.parents(node)):
        return isinstance(node, ast.Raise)
    if isinstance(node, ast.Raise):
        return True
    call = body.call(node)
    if not takes_time(call):
        return False
    operation = operation_of(call)
    package = path.split(".", 1)[0]
    if operation is None or path in EVERYTHING or package == "builtins":
        return True
    return package in (operation.library.split(".", 1)[0], (call.path or "").split(".", 1)[0])


def _fix(catcher: Catcher, context: Context) -> Fix | None:
    if not isinstance(catcher, ast.ExceptHandler):
        return None
    edits = raise_again(context.text, catcher, context.span)
    return Fix("Raise it again", edits, preferred=True) if edits else None
