"""`unserializable-argument`: an argument of a task that JSON cannot hold."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Severity
from celery_analyzers.json_values import conversion, parts
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.tasks import NOT_GIVEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.class_kinds import Kind
    from celery_analyzers.findings import Finding


class UnserializableArgument(Rule):
    """A task is given an argument that cannot be sent as JSON.

    ## What it does

    Finds arguments of tasks that JSON cannot hold: sets, generators, functions, `timedelta`, paths, exceptions, rows of
    a database's models, querysets, requests, members of plain enums, and instances of your own classes. It knows them
    by how they are written, by what a name is bound to, and by annotations, where the finding is a warning.

    ## Why is this bad

    Celery sends arguments as JSON unless it is told otherwise. What JSON cannot hold raises `EncodeError` where the
    task is called, and the task is not sent. A row of a database would be out of date besides by the time that the
    task runs: pass its primary key, and let the task load it.

    ## Example

        @app.task
        def send_offers(customer_ids):
            return len(customer_ids)

        def offer(orders):
            return send_offers.delay(
                {order["customer"] for order in orders}
            #   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ a set cannot be sent as JSON: this call raises `EncodeError`
            )

    ## Use instead

        @app.task
        def send_offers(customer_ids):
            return len(customer_ids)

        def offer(orders):
            return send_offers.delay(
                list({order["customer"] for order in orders})
            )

    ## Not flagged

        from datetime import datetime, timezone
        from decimal import Decimal

        @app.task(serializer="pickle")
        def send_any(things):
            return len(things)

        def send(order):
            send_any.delay({1, 2, 3})
            send_offers.apply_async(({1, 2},), serializer="pickle")
            return send_offers.delay([datetime.now(timezone.utc), Decimal("9.99"), b"bytes", order])

    Dates, times, `Decimal`, `UUID`, `bytes`, and enums that are strings or numbers arrive as they were. Nothing is said
    where the task, the call or the settings choose another serializer, or where that cannot be told; where the project
    teaches kombu to write more, or a class has a method `__json__`; and where the task's base class or the app has its
    own way of sending. Tests are left alone: what they pass is often sent nowhere.

    ## Fix safety

    The fixes are unsafe: the task gets something else than was written, so its body must follow.

    ## References

    - [Serializers](https://docs.celeryq.dev/en/stable/userguide/calling.html#serializers)
    - [State](https://docs.celeryq.dev/en/stable/userguide/tasks.html#state)
    """

    code = "CEL503"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run='offer([{"customer": 7}]).get(timeout=10)',
            fails="EncodeError: Object of type set is not JSON serializable",
            succeeds="1",
        ),
    )

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        if dispatch.method == "apply" or not (dispatch.positional or dispatch.keywords) or context.in_tests:
            return
        found = [
            (node, kind)
            for argument in (*context.arguments, *context.keywords.values())
            for node in parts(argument)
            if (kind := context.kinds.kind(node)) is not None
        ]
        if not found or not _sends_json(dispatch, context):
            return
        for node, kind in found:
            if kind.sort == "pydantic" and _takes_models(context):
                continue
            yield self.finding(
                context.span(node),
                _message(node, kind, dispatch),
                conversion(node, kind, "Pass", context),
                severity=Severity.ERROR if kind.certain else Severity.WARNING,
            )


def _sends_json(dispatch: Dispatch, context: DispatchContext) -> bool:
    """Whether the arguments surely go through JSON as Celery writes it."""
    task = context.dispatched
    own_ways = context.project.ask("serializes_in_own_ways")
    if own_ways or (own_ways is None and (task is None or task.maker.app is None)):
        return False
    if task is not None and context.sending_is_changed(task):
        return False
    option = dispatch.option("serializer")
    if option is not None or not dispatch.options_complete or _serializer_around(context):
        return option is not None and option.value == "json"
    serializer = context.setting("task_serializer") if task is None else context.effective_option(task, "serializer")
    return serializer in (None, "json")


def _serializer_around(context: DispatchContext) -> bool:
    """Whether the signature is given a serializer where it is made: `.set(serializer="pickle")`."""
    assert context.call is not None
    for node in context.enclosing(context.call):
        if isinstance(node, ast.stmt):
            return False
        if isinstance(node, ast.Call) and any(keyword.arg in ("serializer", None) for keyword in node.keywords):
            return True
    return False


def _takes_models(context: DispatchContext) -> bool:
    """Whether Celery writes a pydantic model as the task wants it."""
    task = context.dispatched
    return (
        task is None
        or not task.options_known
        or (task.value("pydantic") not in (NOT_GIVEN, False) and context.celery_at_least(5, 7) is not False)
    )


def _message(node: ast.expr, kind: Kind, dispatch: Dispatch) -> str:
    sends = dispatch.role == "send" and not dispatch.method.endswith("_on_commit")
    outcome = f"{'this call' if sends else 'sending it'} raises `EncodeError`"
    if not isinstance(node, (ast.Name, ast.Attribute)):
        return f"{kind.words} cannot be sent as JSON: {outcome}"
    verb = "is" if kind.certain else "is said to be"
    return f"`{ast.unparse(node)}` {verb} {kind.words}, which cannot be sent as JSON: {outcome}"
