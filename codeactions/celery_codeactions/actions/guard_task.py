"""`guard-task`: keeps a task from doing twice what must be done once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from celery_analyzers.edits import set_keyword
from celery_analyzers.findings import Edit, Span
from celery_analyzers.function_edits import insert_before
from celery_analyzers.layout import indentation, newline_of
from celery_analyzers.operations import imports_from
from celery_analyzers.retries import instance_parameter
from celery_codeactions.action import Action, Changes, Offer
from celery_codeactions.blocks import lines_of, statements_of, with_comments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_codeactions.place import Place, TaskHere
    from celery_codeactions.task_operations import Doing

_DAY = "24 * 60 * 60"
_MOST_NAMES = 3
_CONTENT = re.compile(r"content|body|html|text|message|subject|data|payload|context|kwargs|args|list", re.IGNORECASE)


class GuardTask(Action):
    """Keep a task from doing twice what must be done once.

    ## What it does

    Finds the payment, mail, message or POST in a task's body, or in the functions that it calls, that would be done
    again when the message is delivered twice, or the task is retried. Where the service takes an idempotency key, the
    task's id is one: it stays the same through retries. Else Django's cache remembers for a day that the task ran with
    these arguments; or you declare that no guard is needed.

    ## Examples

    An idempotency key:

        import stripe
        from celery import shared_task


        @shared_task(bind=True)
        def charge$0(self, customer, amount):
            stripe.Charge.create(customer=customer, amount=amount, currency="eur")

    **Give `stripe.Charge.create` the task's id as its idempotency key**:

        import stripe
        from celery import shared_task


        @shared_task(bind=True)
        def charge(self, customer, amount):
            stripe.Charge.create(
                customer=customer,
                amount=amount,
                currency="eur",
                idempotency_key=self.request.id,
            )

    A key in the cache:

        from celery import shared_task
        from django.core.mail import send_mail


        @shared_task
        def thank$0(order_id, address):
            # Once is polite.
            send_mail("Thank you", f"For order {order_id}", None, [address])

    **Run `thank` at most once a day for the same `order_id` and `address`**:

        from celery import shared_task
        from django.core.cache import cache
        from django.core.mail import send_mail


        @shared_task
        def thank(order_id, address):
            if not cache.add(f"thank:{order_id}:{address}", True, timeout=24 * 60 * 60):
                return
            # Once is polite.
            send_mail("Thank you", f"For order {order_id}", None, [address])

    A declaration:

        from celery import shared_task
        from django.core.mail import send_mail


        @shared_task
        def alarm$0(address):
            send_mail("Alarm", "Once more", None, [address])

    **Declare that `alarm` may run twice**:

        from celery import shared_task
        from django.core.mail import send_mail


        # celeryls: idempotent
        @shared_task
        def alarm(address):
            send_mail("Alarm", "Once more", None, [address])

    ## Not offered

    A task that asks what has been done:

        from celery import shared_task
        from django.core.mail import send_mail


        @shared_task
        def thank$0(order):
            if order.thanked_at is not None:
                return
            send_mail("Thank you", "For your order", None, [order.address])

    ## What it leaves to you

    A task that is guarded by the cache and fails is not done a second time either: for what must be done, but once,
    keep its state in the database. A comment behind the marker can say why no guard is needed.

    ## References

    - [Idempotent tasks](https://docs.celeryq.dev/en/stable/userguide/tasks.html)
    """

    def offers(self, place: Place) -> Iterator[Offer]:
        here = place.task
        if here is None or here.task.form == "class" or not statements_of(here.function):
            return
        unsafe = place.operations.once_only
        if unsafe is None:
            return
        keyed = _keyed(place, here, unsafe)
        if keyed is not None:
            yield keyed
        cached = _cached(place, here)
        if cached is not None:
            yield cached
        marked = insert_before(place.text, here.function, place.span, "# celeryls: idempotent")
        if marked:
            yield Offer(f"Declare that `{here.task.name}` may run twice", lambda: Changes(marked), "marker")


def _keyed(place: Place, here: TaskHere, unsafe: Doing) -> Offer | None:
    """The task's id as a key of one of Stripe's own functions, called in the task itself."""
    call = unsafe.performed.call
    path = call.path or ""
    if unsafe.body is not here.body or not path.startswith("stripe.") or path.startswith("stripe.StripeClient."):
        return None
    key = f"{instance_parameter(here.task) or here.task.name}.request.id"
    edits = set_keyword(place.text, call.node, place.span, "idempotency_key", key)
    title = f"Give `{call.source}` the task's id as its idempotency key"
    return Offer(title, lambda: Changes(edits), "key", preferred=True) if edits else None


def _cached(place: Place, here: TaskHere) -> Offer | None:
    """A key in Django's cache, made of what the task is given."""
    assert here.task.function is not None
    parameters = [p for p in here.task.function.parameters if p.name != instance_parameter(here.task)]
    if not imports_from("django", here.context.scope) or any(p.kind in ("*", "**") for p in parameters):
        return None
    names = [parameter.name for parameter in parameters]
    if len(names) > _MOST_NAMES or any(_CONTENT.search(name) for name in names):
        # What it is given is no name for what it does.
        return None
    cache, needed = here.context.imported("django.core.cache", "cache")
    quote = place.quote
    key = ":".join([here.task.name, *(f"{{{name}}}" for name in names)])
    prefix = "f" if names else ""
    indent = "\t" if place.text.count("\n\t") else "    "
    lines = lines_of(place.text, statements_of(here.function), place.span)
    if lines is None:
        return None
    outer = indentation(place.text, place.span(statements_of(here.function)[0]).start)
    test = f"if not {cache}.add({prefix}{quote}{key}{quote}, True, timeout={_DAY}):"
    start = with_comments(place.text, lines.start, outer)
    lines_in_front = (test, f"{indent}return")
    edits = (Edit(Span(start, start), "".join(outer + one + newline_of(place.text) for one in lines_in_front)),)
    for_each = f" for the same {_listed(names)}" if names else ""
    title = f"Run `{here.task.name}` at most once a day{for_each}"
    changes = Changes(edits, (needed,) if needed else ())
    return Offer(title, lambda: changes, "cache")


def _listed(names: list[str]) -> str:
    written = [f"`{name}`" for name in names]
    return written[0] if len(written) == 1 else f"{', '.join(written[:-1])} and {written[-1]}"
