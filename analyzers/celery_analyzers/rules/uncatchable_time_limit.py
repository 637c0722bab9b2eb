"""`uncatchable-time-limit`: code that waits for an exception that no task ever meets."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity
from celery_analyzers.handlers import own_nodes
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_NAME = "TimeLimitExceeded"
_SOFT = "SoftTimeLimitExceeded"
_MODULES = ("celery.exceptions", "billiard.exceptions", "billiard")
_HARD_PATHS = frozenset(f"{module}.{_NAME}" for module in _MODULES)
_SOFT_PATHS = frozenset(f"{module}.{_SOFT}" for module in _MODULES)
_ASKS_OTHERS = frozenset({"get", "join", "join_native", "wait", "collect", "maybe_reraise", "maybe_throw"})
"""Methods of results, which raise what another task failed with."""


class UncatchableTimeLimit(Rule):
    """A task waits for `TimeLimitExceeded`, which is never raised in a task.

    ## What it does

    Finds `except TimeLimitExceeded` in tasks, and `TimeLimitExceeded` in `autoretry_for`.

    ## Why is this bad

    At its hard limit a task is not asked: its process is killed, and the worker writes `TimeLimitExceeded` as
    the result. No code of the task runs any more, so nothing is caught, cleaned up or retried. What is raised
    in the task is `SoftTimeLimitExceeded`, at the soft limit.

    ## Example

        from celery.exceptions import SoftTimeLimitExceeded, TimeLimitExceeded

        @app.task(soft_time_limit=1, time_limit=10)
        def sync(shop):
            try:
                return fetch(shop)
            except TimeLimitExceeded:
            #      ^^^^^^^^^^^^^^^^^ this is never raised in a task: at the hard limit the process of `sync` is killed
                return "too slow"

    ## Use instead

        from celery.exceptions import SoftTimeLimitExceeded, TimeLimitExceeded

        @app.task(soft_time_limit=1, time_limit=10)
        def sync(shop):
            try:
                return fetch(shop)
            except SoftTimeLimitExceeded:
                return "too slow"

    ## Not flagged

    A handler for both, and one around another task's result:

        from celery.exceptions import SoftTimeLimitExceeded, TimeLimitExceeded

        @app.task(soft_time_limit=60)
        def pull(shop):
            try:
                return fetch(shop)
            except (SoftTimeLimitExceeded, TimeLimitExceeded):
                return "too slow"

        @app.task
        def look(result):
            try:
                return result.get(disable_sync_subtasks=False)
            except TimeLimitExceeded:
                return "the other one was too slow"

    ## Fix safety

    The fix is unsafe: the handler runs from then on, at the soft limit, which the task must have.

    ## References

    - [Time limits](https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits)
    """

    code = "CEL209"
    severity = Severity.WARNING
    proofs = (
        Proof(
            setup="""
                import time

                def fetch(shop):
                    time.sleep(8)
            """,
            run="sync.delay('berlin').get(timeout=30)",
            fails="SoftTimeLimitExceeded: ",
            succeeds="'too slow'",
            worker="prefork",
            broker="redis",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        yield from self._in_autoretry(task, context)
        body = context.body
        if body is None or not context.mentions(_NAME) or not context.mentions("except"):
            return
        for node in body.nodes:
            if not isinstance(node, ast.Try) or _asks_others(node, body):
                continue
            for handler in node.handlers:
                types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
                hard = [one for one in types if one is not None and _is_one_of(body.symbol(one), _HARD_PATHS)]
                if hard and not any(one is not None and _is_one_of(body.symbol(one), _SOFT_PATHS) for one in types):
                    message = "this is never raised in a task: at the hard limit the process of "
                    yield self.finding(
                        context.span(hard[0]), f"{message}`{task.name}` is killed", _fix(hard[0], context)
                    )

    def _in_autoretry(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        option = task.option("autoretry_for")
        if option is None or option.span is None or not isinstance(context.decorator, ast.Call):
            return
        value = next((k.value for k in context.decorator.keywords if k.arg == "autoretry_for"), None)
        elements = value.elts if isinstance(value, (ast.Tuple, ast.List)) else []
        symbols = [context.symbol(element) for element in elements]
        has_soft = any(_is_one_of(symbol, _SOFT_PATHS) for symbol in symbols)
        for element, symbol in zip(elements, symbols, strict=True):
            if _is_one_of(symbol, _HARD_PATHS):
                message = f"this is never raised in a task: no hard limit has `{task.name}` retried"
                fix = None if has_soft else _fix(element, context)
                severity = Severity.INFORMATION if has_soft else None
                yield self.finding(context.span(element), message, fix, severity=severity)


def _is_one_of(symbol: object, paths: frozenset[str]) -> bool:
    return isinstance(symbol, External) and symbol.path in paths


def _asks_others(node: ast.Try, body: Body) -> bool:
    """Whether something in a `try` may be the result of another task, and raise what that failed with."""
    calls = (inner for inner in own_nodes(node.body) if isinstance(inner, ast.Call))
    return any(body.call(call).method in _ASKS_OTHERS for call in calls) or any(
        isinstance(inner, ast.Raise) for inner in own_nodes(node.body)
    )


def _fix(node: ast.expr, context: Context) -> Fix:
    name, needed = context.imported("celery.exceptions", _SOFT)
    edits = (Edit(context.span(node), name),)
    return Fix(f"Use `{_SOFT}`", edits, preferred=True, imports=(needed,) if needed else ())
