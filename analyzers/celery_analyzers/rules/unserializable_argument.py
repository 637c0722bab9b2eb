"""`unserializable-argument`: an argument of a task that JSON cannot hold."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.tasks import NOT_GIVEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.class_kinds import Kind, Sort
    from celery_analyzers.context import DispatchContext
    from celery_analyzers.facts import Dispatch
    from celery_analyzers.findings import Finding, NeededImport

_ASIDE: dict[Sort, tuple[str, str]] = {
    "bytes": ("Pass it as `bytes`", "bytes({})"),
    "enum": ("Pass its value", "{}.value"),
    "exception": ("Pass its text", "str({})"),
    "iterable": ("Pass a list", "list({})"),
    "model": ("Pass its primary key", "{}.pk"),
    "models": ("Pass their primary keys", "[item.pk for item in {}]"),
    "path": ("Pass it as text", "str({})"),
    "pattern": ("Pass its text", "{}.pattern"),
    "pydantic": ("Pass its data", '{}.model_dump(mode="json")'),
    "queryset": ("Pass the primary keys", 'list({}.values_list("pk", flat=True))'),
    "set": ("Pass a list", "list({})"),
    "timedelta": ("Pass the seconds", "{}.total_seconds()"),
    "user": ("Pass its primary key", "{}.pk"),
}
"""What to pass instead: the title of the fix, and how it is written."""
_ONE_TERM = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Set, ast.SetComp, ast.GeneratorExp)


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
            for node in _parts(argument)
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
                _conversion(node, kind, context),
                severity=Severity.ERROR if kind.certain else Severity.WARNING,
            )


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    """An argument, or what its displays hold."""
    if isinstance(node, (ast.List, ast.Tuple)):
        for item in node.elts:
            yield from _parts(item)
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from _parts(value)
    elif not isinstance(node, ast.Starred):
        yield node


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


def _conversion(node: ast.expr, kind: Kind, context: DispatchContext) -> Fix | None:
    """Pass what JSON can hold."""
    imports: tuple[NeededImport, ...] = ()
    if kind.sort == "dataclass":
        name, needed = context.imported("dataclasses", "asdict")
        title, template = "Pass its fields", f"{name}({{}})"
        imports = () if needed is None else (needed,)
    elif kind.sort in _ASIDE:
        title, template = _ASIDE[kind.sort]
    else:
        return None
    span = context.span(node)
    before, _, behind = template.partition("{}")
    # A generator that is the only argument shares the parentheses of the call.
    is_bracketed = isinstance(node, ast.GeneratorExp) and span.end != _end_of_call(node, context)
    if is_bracketed and before.endswith("("):
        before, behind = before[:-1], behind[1:]
    elif not isinstance(node, _ONE_TERM) and not (before.endswith("(") and behind.startswith(")")):
        before, behind = f"{before}(", f"){behind}"
    elif isinstance(node, ast.GeneratorExp):
        before = f"({before[:-1]}"
    edits = (Edit(Span(span.start, span.start), before), Edit(Span(span.end, span.end), behind))
    return Fix(title, edits, preferred=True, imports=imports)


def _end_of_call(node: ast.expr, context: DispatchContext) -> int:
    parent = next((outer for outer in context.enclosing(node) if isinstance(outer, ast.Call)), None)
    return -1 if parent is None else context.span(parent).end
