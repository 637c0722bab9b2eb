"""`returns-unserializable`: a task that returns what its result backend cannot store."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Fix, Severity
from celery_analyzers.index_records import RESULT_BACKEND
from celery_analyzers.json_values import conversion, parts
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.tasks import NOT_GIVEN
from celery_analyzers.value_kinds import ValueKinds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body
    from celery_analyzers.class_kinds import Kind
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition


class ReturnsUnserializable(Rule):
    """A task returns what cannot be stored as JSON.

    ## What it does

    Finds what JSON cannot hold in the `return` statements of tasks: sets, generators, `timedelta`, paths, exceptions,
    rows of a database's models, querysets, responses, instances of your own classes; and the result of another task.

    ## Why is this bad

    Celery stores results as JSON unless it is told otherwise. What JSON cannot hold makes the task fail with
    `EncodeError` after all its work is done; what waits for its result gets that, and the next task of a chain never
    runs. An `AsyncResult` alone is stored as a list of ids, and within something else not at all.

    ## Example

        @app.task
        def customers(orders):
            return {order["customer"] for order in orders}
            #      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ a set cannot be stored as JSON: `customers` fails with
            #                                              `EncodeError` once its work is done

    ## Use instead

        @app.task
        def customers(orders):
            return list({order["customer"] for order in orders})

    ## Not flagged

        from datetime import datetime, timezone

        @app.task(ignore_result=True)
        def forget(orders):
            return {1, 2}

        @app.task
        def count(orders):
            def unique():
                return {order["customer"] for order in orders}

            return {"count": len(unique()), "at": datetime.now(timezone.utc)}

    Dates, times, `Decimal`, `UUID`, `bytes`, and enums that are strings or numbers come back as they were. Nothing is
    said where the settings choose another serializer or no result backend, where the result is ignored, where the
    project teaches kombu to write more, or where the base class or a decorator may change what is returned.

    ## Fix safety

    The fixes are unsafe: the task returns something else than was written.

    ## References

    - [`result_serializer`](https://docs.celeryq.dev/en/stable/userguide/configuration.html#result-serializer)
    - [Serializers](https://docs.celeryq.dev/en/stable/userguide/calling.html#serializers)
    """

    code = "CEL510"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run='customers.delay([{"customer": 7}]).get(timeout=10)',
            fails="EncodeError: TypeError('Object of type set is not JSON serializable')",
            succeeds="[7]",
        ),
    )

    PRELUDE = Rule.PRELUDE.replace('("shop")', '("shop", backend="redis://")')

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or context.in_tests or task.function is None or task.function.is_generator:
            return
        returned = [node.value for node in body.nodes if isinstance(node, ast.Return) and node.value is not None]
        found = list(_unserializable(returned, task, body, context))
        if not found or not _stores_json(task, context):
            return
        for node, message, fix, severity in found:
            yield self.finding(context.span(node), message, fix, severity=severity)


_Found = tuple[ast.expr, str, Fix | None, Severity]


def _unserializable(returned: list[ast.expr], task: TaskDefinition, body: Body, context: Context) -> Iterator[_Found]:
    kinds = ValueKinds(body.scope, context.syntax.local_names, None)
    takes_models = not task.options_known or task.value("pydantic") not in (NOT_GIVEN, False)
    for value in returned:
        for node in parts(value):
            kind = kinds.kind(node)
            if kind is None or (kind.sort == "pydantic" and takes_models):
                continue
            severity = Severity.ERROR if kind.certain else Severity.WARNING
            message = _message(node, kind, task)
            if kind.sort == "result" and node is value:
                severity = Severity.INFORMATION
                message = f"`{task.name}` returns the result object of a task, which is stored as a list of ids"
            yield node, message, conversion(node, kind, "Return", context), severity


def _message(node: ast.expr, kind: Kind, task: TaskDefinition) -> str:
    what = kind.words
    if isinstance(node, (ast.Name, ast.Attribute)):
        what = f"`{ast.unparse(node)}` {'is' if kind.certain else 'is said to be'} {what}, which"
    return f"{what} cannot be stored as JSON: `{task.name}` fails with `EncodeError` once its work is done"


def _stores_json(task: TaskDefinition, context: Context) -> bool:
    """Whether what the task returns surely goes through JSON as Celery writes it."""
    if context.project.ask("serializes_in_own_ways") or context.effective_option(task, "ignore_result"):
        return False
    if context.may_be_wrapped(task) or context.base_may_define(task, "__call__", "backend", "run"):
        return False
    if context.setting("result_serializer") not in (None, "json"):
        return False
    backend = context.setting("result_backend")
    if isinstance(backend, str):
        return not backend.startswith("disabled")
    return backend is not None or bool(context.project.ask("mentions", RESULT_BACKEND))
