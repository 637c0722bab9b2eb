"""`dispatch-in-signal-receiver`: a task that is sent while a row is being saved."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, ClassVar, Literal

from celery_analyzers.findings import Severity
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External
from celery_analyzers.transactions import (
    SENT_ON_COMMIT,
    sending_call,
    sent_on_commit,
    transaction_around,
    waits_for_commit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.findings import Finding

_RECEIVER = frozenset({External("django.dispatch.receiver"), External("django.dispatch.dispatcher.receiver")})
_SIGNALS = "django.db.models.signals."
_BEFORE = frozenset({"pre_delete", "pre_save"})
_AFTER = frozenset({"m2m_changed", "post_delete", "post_save"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class DispatchInSignalReceiver(Rule):
    """A receiver of a signal of Django's models sends a task at once.

    ## What it does

    Finds tasks that are sent in functions with `@receiver(post_save)`, and the like for `pre_save`, `m2m_changed`,
    `pre_delete` and `post_delete`.

    ## Why is this bad

    A receiver does not know whether the row is saved inside a transaction, which it is wherever `ATOMIC_REQUESTS`, the
    admin or an `atomic()` of the caller says so. Then a worker may look for the row before it is committed, and the
    task runs even after a rollback. At `pre_save` the row is never written yet.

    ## Example

        @app.task
        def index(order_id):
            print(order_id)

        @receiver(post_save)
        def order_saved(sender, instance, **kwargs):
            index.delay(instance.pk)
        #   ^^^^^^^^^^^^^^^^^^^^^^^^ whoever changes the row may be in a transaction: `index` may run before it
        #                            commits, and even after a rollback

    ## Use instead

        @app.task
        def index(order_id):
            print(order_id)

        @receiver(post_save)
        def order_saved(sender, instance, **kwargs):
            index.delay_on_commit(instance.pk)

    ## Not flagged

        @receiver(post_save)
        def order_saved_later(sender, instance, **kwargs):
            transaction.on_commit(lambda: index.delay(instance.pk))
            index.apply_async((instance.pk,), countdown=60)

    Nothing is said where the task's base class sends in its own way, nor in tests.

    ## Fix safety

    The fix is unsafe: the task is sent later, and not at all after a rollback.

    ## References

    - [Trigger a task at the end of the database transaction](https://docs.celeryq.dev/en/stable/django/first-steps-with-django.html#trigger-tasks-at-the-end-of-the-database-transaction)
    """

    code = "CEL903"
    severity = Severity.INFORMATION
    preset: ClassVar[Literal["recommended", "strict", "all"]] = "strict"
    PRELUDE = (
        "from django.db import transaction\nfrom django.db.models.signals import post_save\n"
        "from django.dispatch import receiver\n\n" + Rule.PRELUDE
    )

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        if dispatch.role not in ("send", "sent") or dispatch.method in (*SENT_ON_COMMIT, "apply") or context.in_tests:
            return
        call = sending_call(context)
        signals = set[str]() if call is None else _signals(call, context)
        if call is None or not signals or any(k.arg in ("countdown", "eta", None) for k in call.keywords):
            return
        task = context.dispatched
        is_elsewhere = waits_for_commit(call, context) or transaction_around(call, context) is not None
        if is_elsewhere or (task is not None and context.sending_is_changed(task)):
            return
        name = task.name if task is not None else dispatch.target
        what = f"`{name}`" if isinstance(name, str) else "the task"
        fix = sent_on_commit(dispatch, call, context) if dispatch.role == "send" else None
        if signals <= _BEFORE:
            message = f"{what} is sent before the row is written: a worker may find it as it was"
            yield self.finding(context.span(call), message, fix, severity=Severity.WARNING)
        else:
            message = (
                f"whoever changes the row may be in a transaction: {what} may run before it commits, and even after a "
                "rollback"
            )
            yield self.finding(context.span(call), message, fix)


def _signals(call: ast.Call, context: DispatchContext) -> set[str]:
    """The signals of Django's models that the function around a call receives."""
    for outer in context.enclosing(call):
        if isinstance(outer, ast.Lambda):
            break
        if isinstance(outer, _FUNCTIONS):
            return {name for decorator in outer.decorator_list for name in _received(decorator, context)}
    return set()


def _received(decorator: ast.expr, context: DispatchContext) -> Iterator[str]:
    if not isinstance(decorator, ast.Call) or not decorator.args or context.symbol(decorator.func) not in _RECEIVER:
        return
    given = decorator.args[0]
    for node in given.elts if isinstance(given, (ast.List, ast.Tuple)) else [given]:
        symbol = context.symbol(node)
        path = symbol.path if isinstance(symbol, External) else ""
        name = path.removeprefix(_SIGNALS)
        if name != path and name in _BEFORE | _AFTER:
            yield name
