"""`dispatch-in-transaction`: a task that is sent before the transaction around it commits."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Severity
from celery_analyzers.rule import Rule
from celery_analyzers.transactions import (
    SENT_ON_COMMIT,
    may_be_written,
    sending_call,
    sent_on_commit,
    session_committed_after,
    transaction_around,
    waits_for_commit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import CallContext, CanvasContext, DispatchContext
    from celery_analyzers.call_facts import CanvasMade, Dispatch
    from celery_analyzers.findings import Finding


class DispatchInTransaction(Rule):
    """A task is sent inside a database transaction, before it commits.

    ## What it does

    Finds tasks and canvases that are sent inside `with transaction.atomic():`, in functions with that decorator, in the
    methods of a `ModelAdmin` that Django's admin calls in a transaction, and between a change in a session of
    SQLAlchemy's and the `commit()` that follows it.

    ## Why is this bad

    The message is sent at once, and a worker is often quicker than the commit: it does not find the row, or finds it as
    it was before. If the transaction is rolled back, the task runs all the same.

    ## Example

        from django.db import transaction

        @app.task
        def charge(order_id):
            print(order_id)

        def buy(order):
            with transaction.atomic():
                order.save()
                charge.delay(order.pk)
        #       ^^^^^^^^^^^^^^^^^^^^^^ `charge` is sent before the transaction commits: a worker may not find what was
        #                              written, and runs the task even after a rollback

    ## Use instead

        from django.db import transaction

        @app.task
        def charge(order_id):
            print(order_id)

        def buy(order):
            with transaction.atomic():
                order.save()
                charge.delay_on_commit(order.pk)

    ## Not flagged

        from functools import partial

        def buy_all(orders):
            with transaction.atomic():
                for order in orders:
                    order.save()
                    transaction.on_commit(partial(charge.delay, order.pk))
                    charge.apply_async((order.pk,), countdown=30)
            charge.delay(orders[0].pk)

    A task that waits for a while, by `countdown` or `eta`, is left alone, though a rollback does not stop it. Nothing
    is said where the task's base class sends in its own way, nor in tests, nor where nothing in the transaction can
    write: a view that checks who asks, and sends. What is in a transaction only by its caller,
    or by `ATOMIC_REQUESTS`, is not found.

    ## Fix safety

    The fix is unsafe: the task is sent later, and not at all after a rollback; and `delay_on_commit()` returns None.

    ## References

    - [Trigger a task at the end of the database transaction](https://docs.celeryq.dev/en/stable/django/first-steps-with-django.html#trigger-tasks-at-the-end-of-the-database-transaction)
    - [Database transactions](https://docs.celeryq.dev/en/stable/userguide/tasks.html#database-transactions)
    """

    code = "CEL901"
    severity = Severity.WARNING

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        if dispatch.role not in ("send", "sent") or dispatch.method in (*SENT_ON_COMMIT, "apply"):
            return
        call = sending_call(context)
        if call is None or context.in_tests or _is_late(call):
            return
        task = context.dispatched
        name = task.name if task is not None else dispatch.target
        what = f"`{name}`" if isinstance(name, str) else "a task"
        end = _end(call, context)
        if end is None or (task is not None and context.sending_is_changed(task)):
            return
        fix = sent_on_commit(dispatch, call, context) if dispatch.role == "send" and end[1] else None
        yield self.finding(context.span(call), _message(what, end[0]), fix)

    def check_canvas(self, canvas: CanvasMade, context: CanvasContext) -> Iterator[Finding]:
        call = sending_call(context)
        if call is None or call is context.call or context.in_tests or _is_late(call):
            return
        end = _end(call, context)
        if end is not None:
            yield self.finding(context.span(call), _message(f"this {canvas.kind}", end[0]))


def _is_late(call: ast.Call) -> bool:
    return any(keyword.arg in ("countdown", "eta", None) for keyword in call.keywords)


def _end(call: ast.Call, context: CallContext) -> tuple[str, bool] | None:
    """What happens too late for a call, and whether it is Django's."""
    around = transaction_around(call, context)
    if around is not None:
        is_late = waits_for_commit(call, context) or not may_be_written(call, context)
        return None if is_late else (f"{around} commits", True)
    commit = session_committed_after(call, context)
    return None if commit is None else (f"`{commit}`", False)


def _message(what: str, end: str) -> str:
    return (
        f"{what} is sent before {end}: a worker may not find what was written, and runs the task even after a rollback"
    )
