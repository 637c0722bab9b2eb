"""`retry-strategy`: has a task retried in the way that fits what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.edits import exchange_keywords
from celery_analyzers.effective import Level
from celery_analyzers.operations import transient_exceptions, written_exceptions
from celery_analyzers.retries import retry_calls
from celery_analyzers.rules.autoretry_exception_swallowed import swallowers
from celery_analyzers.symbols import UNKNOWN
from celery_codeactions.action import Action, Changes, Offer
from celery_codeactions.strategies import (
    BY_FIT,
    FILES,
    NETWORK,
    NOTHING_BEGUN,
    OFFERED,
    REFUSED,
    SERVICE,
    Strategy,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from celery_codeactions.place import Place, TaskHere
    from celery_codeactions.task_operations import Doing

_SCHEDULE = ("retry_backoff", "retry_backoff_max", "retry_jitter", "retry_kwargs", "default_retry_delay", "max_retries")
_ALL = ("autoretry_for", "dont_autoretry_for", *_SCHEDULE)
_BUILTIN = ("builtins.ConnectionError", "builtins.TimeoutError")
_OF_FILES = ("builtins.BlockingIOError", "builtins.InterruptedError", "builtins.TimeoutError")


class RetryStrategy(Action):
    """Have a task retried in the way that fits what it does.

    ## What it does

    Sets the options that retry a task after errors which may pass, and imports the exceptions that say so. All
    strategies are offered; the one that fits what the body does is preferred. What a task does is told by the calls in
    its body and in the project's functions that it calls, two deep.

    | The task works with | Strategy |
    | --- | --- |
    | the network | exponential backoff with jitter |
    | a database or a cache | a fixed delay, as after a fail-over or a deadlock |
    | a service that limits its callers | few runs a minute, and many attempts far apart |
    | files | at once, as a local trouble has passed by then or never will |
    | payments, mail and the like | none: a second attempt may do it twice |

    Exceptions that `autoretry_for` names already stay, be it that of a base class.

    ## Examples

    Network:

        import requests
        from celery import shared_task


        @shared_task
        def fetch$0(url):
            return requests.get(url, timeout=5).json()

    **Retry with exponential backoff: 5 retries over up to 31 s**:

        import requests
        from celery import shared_task


        @shared_task(
            autoretry_for=(requests.ConnectionError, requests.Timeout),
            retry_backoff=True,
            retry_jitter=True,
            max_retries=5,
        )
        def fetch(url):
            return requests.get(url, timeout=5).json()

    A database, through a helper:

        from celery import shared_task
        from django.db import transaction


        def close(order_id):
            with transaction.atomic():
                mark(order_id)


        @shared_task(ignore_result=True)  # runs at night
        def close_all(order_ids):
            for order_id in order_ids:
                clo$0se(order_id)

    **Retry after a fixed delay: 3 retries, each after 5 s**:

        from celery import shared_task
        from django.db import InterfaceError, OperationalError, transaction


        def close(order_id):
            with transaction.atomic():
                mark(order_id)


        @shared_task(
            ignore_result=True,
            autoretry_for=(OperationalError, InterfaceError),
            default_retry_delay=5,
            max_retries=3,
        )  # runs at night
        def close_all(order_ids):
            for order_id in order_ids:
                close(order_id)

    A service, in place of another schedule:

        import openai
        from celery import shared_task


        @shared_task(autoretry_for=(openai.APIConnectionError,), default_retry_delay=5)
        def summa$0rize(text):
            return openai.responses.create(input=text)

    **Retry calls of a service, 60 runs a minute: 8 retries over up to 30 min**:

        import openai
        from celery import shared_task


        @shared_task(
            autoretry_for=(openai.APIConnectionError,),
            retry_backoff=10,
            retry_backoff_max=600,
            retry_jitter=True,
            max_retries=8,
            rate_limit="60/m",
        )
        def summarize(text):
            return openai.responses.create(input=text)

    A schedule that a base class gives is overridden:

        from celery import Task, shared_task
        from django.db import OperationalError, transaction


        class BaseTask(Task):
            autoretry_for = (OperationalError,)
            retry_backoff = True


        @shared_task(base=BaseTask)
        def close$0(order_id):
            with transaction.atomic():
                mark(order_id)

    **Retry after a fixed delay: 3 retries, each after 5 s**:

        from celery import Task, shared_task
        from django.db import OperationalError, transaction


        class BaseTask(Task):
            autoretry_for = (OperationalError,)
            retry_backoff = True


        @shared_task(base=BaseTask, default_retry_delay=5, max_retries=3, retry_backoff=False)
        def close(order_id):
            with transaction.atomic():
                mark(order_id)

    Files:

        from celery import shared_task


        @shared_task
        def load$0(path):
            with open(path) as file:
                return file.read()

    **Retry at once: 2 retries without a delay**:

        from celery import shared_task


        @shared_task(
            autoretry_for=(BlockingIOError, InterruptedError, TimeoutError),
            default_retry_delay=0,
            max_retries=2,
        )
        def load(path):
            with open(path) as file:
                return file.read()

    A mail that is sent twice annoys; what can be tried again is a connection that was not made:

        from celery import shared_task
        from django.core.mail import send_mail


        @shared_task
        def thank$0(address):
            send_mail("Thank you", "For your order", None, [address])

    **Retry only what was not begun, as `send_mail` may act twice: 5 retries over up to 31 s**:

        from smtplib import SMTPConnectError

        from celery import shared_task
        from django.core.mail import send_mail


        @shared_task(
            autoretry_for=(SMTPConnectError,),
            retry_backoff=True,
            retry_jitter=True,
            max_retries=5,
        )
        def thank(address):
            send_mail("Thank you", "For your order", None, [address])

    A charge that is repeated until it has an idempotency key:

        import stripe
        from celery import shared_task


        @shared_task(autoretry_for=(stripe.APIConnectionError,), retry_backoff=True)
        def charge$0(customer, amount):
            stripe.Charge.create(customer=customer, amount=amount)

    **Do not repeat: `stripe.Charge.create` may act twice until it has an idempotency key or a guard**:

        import stripe
        from celery import shared_task


        @shared_task(acks_late=False)
        def charge(customer, amount):
            stripe.Charge.create(customer=customer, amount=amount)

    ## Not offered

    A task that retries by hand:

        from celery import shared_task


        @shared_task(bind=True)
        def sync$0(self):
            try:
                pull()
            except ConnectionError as error:
                raise self.retry(exc=error, countdown=5)

    ## What it leaves to you

    The numbers, which are a good start for most. A rate limit holds for each worker, not for all together. The sum of
    all waits should stay below the broker's visibility timeout, which is an hour on Redis.

    ## References

    - [Automatic retries](https://docs.celeryq.dev/en/stable/userguide/tasks.html#automatic-retry-for-known-exceptions)
    - [`Task.rate_limit`](https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.rate_limit)
    """

    def offers(self, place: Place) -> Iterator[Offer]:
        here = place.task
        if here is None or not here.takes_options(*_ALL, "rate_limit", "acks_late"):
            return
        if here.context.effective_option(here.task, "autoretry_for") == UNKNOWN or not _is_open(here):
            return
        if any(True for _ in retry_calls(here.task, here.context)):
            return
        doings = place.operations
        if (unsafe := doings.once_only) is not None:
            yield from _careful(here, place, unsafe)
            return
        categories = {doing.performed.operation.category for doing in doings.all}
        fitting = next((one for one in BY_FIT if not one.fits.isdisjoint(categories)), None)
        # With `max_retries=0` it was never tried what is to be retried: that list is no one's decision.
        is_idle = here.task.value("max_retries") == 0 and "autoretry_for" in _given(here)
        for strategy in () if is_idle else OFFERED:
            exceptions = _OF_FILES if strategy is FILES else transient_exceptions(d.performed for d in doings.all)
            leaving = [path for path in exceptions or _BUILTIN if not _is_caught(path, here)]
            if leaving:
                yield from _offer(strategy, leaving, here, place, preferred=strategy is fitting)
        if _given(here):
            gone = Strategy("none", f"Do not retry `{here.task.name}`", gone=_ALL)
            yield from _offer(gone, (), here, place)


def _is_caught(exception: str, here: TaskHere) -> bool:
    """Whether the task itself catches an exception wherever it may come from, so that Celery never sees it."""
    body = here.context.body
    return body is not None and bool(swallowers(exception, body))


def _is_open(here: TaskHere) -> bool:
    """Whether `retry_kwargs` says nothing that the options do not say."""
    value = here.task.value("retry_kwargs")
    return not isinstance(value, dict) or set(value) <= {"max_retries", "countdown"}  # pyright: ignore[reportUnknownArgumentType]


def _given(here: TaskHere) -> list[str]:
    """The options about retries that are written in the decorator."""
    return [name for name in _ALL if (option := here.task.option(name)) is not None and option.span is not None]


def _careful(here: TaskHere, place: Place, unsafe: Doing) -> Iterator[Offer]:
    """What is right for a task that must not act twice."""
    operation = unsafe.performed.call.source or unsafe.performed.call.path
    title = f"Do not repeat: `{operation}` may act twice until it has an idempotency key or a guard"
    none = Strategy("none", title, {"acks_late": "False"}, _ALL)
    yield from _offer(none, (), here, place, preferred=True)
    if "autoretry_for" in _given(here):
        return
    schedule = NETWORK.title.partition(": ")[2]
    exceptions = NOTHING_BEGUN.get(unsafe.performed.operation.library, REFUSED)
    title = f"Retry only what was not begun, as `{operation}` may act twice: {schedule}"
    begun = Strategy("not-begun", title, NETWORK.values, NETWORK.gone)
    yield from _offer(begun, exceptions, here, place)


def _offer(
    strategy: Strategy, exceptions: Iterable[str], here: TaskHere, place: Place, *, preferred: bool = False
) -> Iterator[Offer]:
    names, imports = written_exceptions(exceptions, here.context.scope)
    values = dict(strategy.values)
    if names and here.context.effective_option(here.task, "autoretry_for") is None:
        values = {"autoretry_for": f"({', '.join(names)}{',' if len(names) == 1 else ''})", **values}
    else:
        imports = ()
    title = strategy.title
    if strategy is SERVICE and here.context.effective(here.task, "rate_limit").level is not Level.DEFAULT:
        title = title.replace(", 60 runs a minute", "")
    elif strategy is SERVICE:
        values["rate_limit"] = f"{place.quote}60/m{place.quote}"
    if (
        strategy.values
        and "retry_backoff" in strategy.gone
        and here.context.base_may_define(here.task, "retry_backoff")
    ):
        values["retry_backoff"] = "False"
    assert here.decorator is not None
    edits = exchange_keywords(place.text, here.decorator, place.span, values, strategy.gone)
    if edits:
        yield Offer(title, lambda: Changes(edits, imports), strategy.variant, preferred)
