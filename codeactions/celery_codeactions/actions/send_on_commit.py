"""`send-on-commit`: sends a task once the transaction of Django's that surrounds the call is committed."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.configuration import app_attributes
from celery_analyzers.effective import base_of
from celery_analyzers.findings import Edit, NeededImport
from celery_analyzers.layout import comments_in
from celery_analyzers.operations import imports_from
from celery_analyzers.tasks import ProjectTask
from celery_codeactions.action import Action, Changes, Offer
from celery_codeactions.brackets import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_codeactions.place import DispatchHere, Place

_METHODS = {"delay": "delay_on_commit", "apply_async": "apply_async_on_commit"}


class SendOnCommit(Action):
    """Send a task once the surrounding transaction is committed.

    ## What it does

    Writes `delay_on_commit` for `delay`, or `transaction.on_commit(partial(...))`, in modules that use Django. A task
    that is sent inside of a transaction may run before the commit, and then sees nothing of it, or although the
    transaction is rolled back. Outside of a transaction both forms send at once.

    ## Examples

        from celery import shared_task
        from django.db import transaction


        @shared_task
        def confirm(order_id):
            print(order_id)


        def place(order):
            with transaction.atomic():
                order.save()
                confirm.de$0lay(order.pk)

    **Send `confirm` on commit, with `delay_on_commit`**:

        from celery import shared_task
        from django.db import transaction


        @shared_task
        def confirm(order_id):
            print(order_id)


        def place(order):
            with transaction.atomic():
                order.save()
                confirm.delay_on_commit(order.pk)

    The form that needs no support of Celery's:

        from celery import shared_task
        from django.db import models


        class Order(models.Model):
            def place(self):
                self.save()
                confirm.apply_async((self.pk,), cou$0ntdown=5)


        @shared_task
        def confirm(order_id):
            print(order_id)

    **Send `confirm` on commit, with `transaction.on_commit`**:

        from functools import partial

        from celery import shared_task
        from django.db import models, transaction


        class Order(models.Model):
            def place(self):
                self.save()
                transaction.on_commit(partial(confirm.apply_async, (self.pk,), countdown=5))


        @shared_task
        def confirm(order_id):
            print(order_id)

    ## Not offered

    A call whose result is used, and a module without Django:

        from celery import shared_task
        from django.db import models


        @shared_task
        def confirm(order_id):
            print(order_id)


        def place(order):
            return confirm.de$0lay(order.pk)

    ## What it leaves to you

    `delay_on_commit` came with Celery 5.4, and tasks have it in Django's projects, where no base class is given that
    lacks it. Both forms use the default database, and return None.

    ## References

    - [Sending at the end of the transaction](https://docs.celeryq.dev/en/stable/django/first-steps-with-django.html)
    """

    def offers(self, place: Place) -> Iterator[Offer]:
        here = place.dispatch
        if here is None or here.dispatch.method not in _METHODS or not isinstance(here.call.func, ast.Attribute):
            return
        task = here.context.dispatched
        statement = next(place.enclosing(here.call), None)
        if task is None or not isinstance(statement, ast.Expr) or not imports_from("django", here.scope):
            return
        method = _METHODS[here.dispatch.method]
        has_method = _has_method(task, here)
        if has_method:
            edits = (Edit(here.dispatch.method_span, method),)
            title = f"Send `{task.name}` on commit, with `{method}`"
            yield Offer(title, lambda: Changes(edits), "method", preferred=True)
        changes = _wrapped(place, here)
        if changes is not None:
            title = f"Send `{task.name}` on commit, with `transaction.on_commit`"
            yield Offer(title, lambda: changes, "function", preferred=not has_method)


def _has_method(task: ProjectTask, here: DispatchHere) -> bool:
    """Whether the task has the methods that Celery gives to tasks in Django's projects."""
    if here.context.celery_at_least(5, 4) is False or task.form == "class":
        return False
    module = task.maker.app.module_scope if task.maker.app is not None else None
    if module is not None and not app_attributes(module).isdisjoint({"Task", "task_cls"}):
        return False
    return base_of(task, task.scope, here.context.project) is None


def _wrapped(place: Place, here: DispatchHere) -> Changes | None:
    """The call as one that Django makes on commit."""
    called, whole = place.span(here.call.func), here.dispatch.span
    if comments_in(place.text, called.end, whole.end):
        return None
    partial, transaction = (
        here.context.imported(*name) for name in (("functools", "partial"), ("django.db", "transaction"))
    )
    function = place.source(here.call.func)
    arguments = [on_one_line(place.source(node)) for node in (*here.call.args, *here.call.keywords)]
    made = f"{partial[0]}({', '.join([function, *arguments])})" if arguments else function
    wanted: list[NeededImport | None] = [transaction[1], partial[1] if arguments else None]
    imports = tuple(one for one in wanted if one is not None)
    return Changes((Edit(whole, f"{transaction[0]}.on_commit({made})"),), imports)
