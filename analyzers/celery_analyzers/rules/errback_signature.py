"""`errback-signature`: an error callback that does not take what Celery calls it with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.arguments import misfits
from celery_analyzers.findings import Edit, Fix, Severity
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.tasks import NOT_GIVEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.bindings import ParameterBinding
    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.findings import Finding
    from celery_analyzers.tasks import ProjectTask

_AS_TASK = 1
"""How many arguments an error callback gets that is sent as a task: the id of the task that failed."""
_CALLED = 3
"""How many it gets where the worker calls it: the request, the exception and the traceback."""


class ErrbackSignature(Rule):
    """An error callback does not take the arguments that Celery calls it with.

    ## What it does

    Looks at the tasks whose signatures are given as `link_error` or to `on_error()`, and compares their parameters with
    what Celery gives to error callbacks.

    ## Why is this bad

    A callback with several parameters is called with the request, the exception and the traceback. One with a single
    parameter, and every bound task, is sent as a task with the id of the task that failed. One that takes neither fails
    when something else has failed, which is when it is needed, and never does its work.

    ## Example

        @app.task
        def alert():
            return "told"

        @app.task
        def charge(order_id):
            raise ValueError("declined")

        def pay(order_id):
            return charge.apply_async((order_id,), link_error=alert.s())
            #                                                       ^ `alert` takes no argument, but is sent with the id
            #                                                         of the task that failed: it fails, and does
            #                                                         nothing

    ## Use instead

        @app.task
        def alert():
            return "told"

        @app.task
        def charge(order_id):
            raise ValueError("declined")

        def pay(order_id):
            return charge.apply_async((order_id,), link_error=alert.si())

    ## Not flagged

        @app.task
        def log(request, exc, traceback):
            print(request.id, exc)

        @app.task(bind=True)
        def report(self, task_id):
            print(task_id)

        @app.task
        def tell(task_id, *, loud=False):
            print(task_id)

        def pay_all(order_ids):
            charge.apply_async((order_ids[0],), link_error=[log.s(), report.s()])
            return chain(charge.s(7), charge.s()).on_error(tell.s(loud=True)).delay()

    Nothing is said of tasks whose base class or decorators may take other arguments, nor where a callback has arguments
    of its own with which some release of Celery would call it.

    ## Fix safety

    The fix, where the callback needs no arguments, is unsafe: it runs then. Otherwise give it the parameters
    `(request, exc, traceback)`.

    ## References

    - [Linking error callbacks](https://docs.celeryq.dev/en/stable/userguide/calling.html#linking-callbacks-errbacks)
    - [Error handling in chains](https://docs.celeryq.dev/en/stable/userguide/canvas.html#error-handling)
    """

    code = "CEL609"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="pay(7).get(timeout=10, propagate=False)",
            fails="returns: TypeError('alert() takes 0 positional arguments but 1 was given')",
            succeeds="ValueError('declined')",
        ),
    )

    PRELUDE = Rule.PRELUDE.replace("Celery, ", "Celery, chain, ")

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        task = context.dispatched if dispatch.role == "errback" and dispatch.complete else None
        parameters = None if task is None else context.parameters_met(task)
        if task is None or parameters is None or context.expects_failure:
            return
        numbers = _numbers(dispatch, task, parameters)
        if numbers is None or any(_fits(dispatch, parameters, number) for number in numbers):
            return
        message = f"{_message(task, parameters, numbers)}: it fails, and does nothing"
        yield self.finding(dispatch.method_span, message, _fix(dispatch, parameters))


def _numbers(dispatch: Dispatch, task: ProjectTask, parameters: tuple[ParameterBinding, ...]) -> tuple[int, ...] | None:
    """How many arguments Celery may put in front of the callback's own; None where that cannot be told."""
    bind = task.value("bind")
    if bind not in (NOT_GIVEN, True, False, None):
        return None
    if dispatch.immutable:
        return (0,)
    if bind is True or task.form == "class":
        return (_AS_TASK,)
    if dispatch.positional or dispatch.keywords:
        # Releases differ in whether they count the parameters that have arguments already.
        return (_AS_TASK, _CALLED)
    takes = [p for p in parameters if p.kind in ("positional", "positional-only")]
    is_called = len(takes) > 1 or any(p.kind == "*" for p in parameters)
    return (_CALLED,) if is_called else (_AS_TASK,)


def _fits(dispatch: Dispatch, parameters: tuple[ParameterBinding, ...], more: int) -> bool:
    return not misfits(parameters, len(dispatch.positional) + more, dict(dispatch.keywords), complete=True)


def _message(task: ProjectTask, parameters: tuple[ParameterBinding, ...], numbers: tuple[int, ...]) -> str:
    if numbers == (0,):
        return f"the arguments of this immutable signature do not fit `{task.name}`, which gets no others"
    takes = sum(p.kind in ("positional", "positional-only") for p in parameters)
    shown = f"{takes or 'no'} argument{'s' if takes > 1 else ''}"
    if len(numbers) > 1:
        return f"`{task.name}` takes {shown}, and neither the failed task's id nor `(request, exc, traceback)` fits in"
    if numbers == (_CALLED,):
        return f"`{task.name}` takes {shown}, but is called with `(request, exc, traceback)`"
    shown = f"bound to its task, takes {shown}" if task.value("bind") is True else f"takes {shown}"
    comma = "," if task.value("bind") is True else ""
    return f"`{task.name}`{comma} {shown}, but is sent with the id of the task that failed"


def _fix(dispatch: Dispatch, parameters: tuple[ParameterBinding, ...]) -> Fix | None:
    """Let the signature take nothing but its own arguments, if these fit."""
    if dispatch.method != "s" or not _fits(dispatch, parameters, 0):
        return None
    return Fix("Make the signature immutable", (Edit(dispatch.method_span, "si"),), preferred=True)
