"""`signal-handler-signature`: a handler of a signal that does not take any keyword arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.findings import Fix, Severity
from celery_analyzers.function_edits import add_parameter
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import SignalHandler


class SignalHandlerSignature(Rule):
    """A handler of a signal does not take any keyword arguments.

    ## What it does

    Finds functions without `**kwargs` that a decorator connects to one of Celery's signals, such as `worker_ready` or
    `app.on_after_configure`.

    ## Why is this bad

    Celery asks of handlers that they take keyword arguments which it may give in later versions, and refuses others:
    `connect` raises `ValueError`, and the module cannot be imported.

    ## Example

        from celery.signals import worker_ready

        @worker_ready.connect
        def announce(sender):
        #   ^^^^^^^^ `announce` takes no `**kwargs`: Celery refuses it with `ValueError`, and the module cannot be
        #            imported
            print(sender)

    ## Use instead

        from celery.signals import worker_ready

        @worker_ready.connect
        def announce(sender, **kwargs):
            print(sender)

    ## Not flagged

    Handlers that take keyword arguments, and those of others' signals:

        from celery.signals import worker_ready
        from django.core.signals import request_finished

        @worker_ready.connect
        def announce(**options):
            print(options)

        @request_finished.connect
        def finish(sender):
            print(sender)

    ## Fix safety

    To add `**kwargs` is safe: the module has never been imported.

    ## References

    - [Signals](https://docs.celeryq.dev/en/stable/userguide/signals.html#basics)
    """

    code = "CEL819"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="announce.__name__",
            fails="ValueError: Signal receiver must accept keyword arguments.",
            succeeds="'announce'",
            worker="none",
        ),
    )

    def check_signal_handler(self, handler: SignalHandler, context: Context) -> Iterator[Finding]:
        function = handler.function
        if any(parameter.kind == "**" for parameter in function.parameters):
            return
        message = (
            f"`{function.name}` takes no `**kwargs`: Celery refuses it with `ValueError`, and the module cannot be "
        )
        yield self.finding(function.name_span, f"{message}imported", _fix(handler, context))


def _fix(handler: SignalHandler, context: Context) -> Fix | None:
    if context.function is None or any(parameter.name == "kwargs" for parameter in handler.function.parameters):
        return None
    edits = add_parameter(context.text, context.function, context.span, "**kwargs")
    return Fix("Add `**kwargs`", edits, "safe", preferred=True) if edits else None
