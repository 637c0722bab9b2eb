"""`chain-argument-mismatch`: a signature in a canvas that does not fit the result which it gets, or does not get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.arguments import misfits
from celery_analyzers.edits import remove_keyword, set_keyword
from celery_analyzers.findings import Edit, Fix, Severity
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.arguments import Misfit
    from celery_analyzers.bindings import ParameterBinding
    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.findings import Finding
    from celery_analyzers.tasks import ProjectTask

_RESULTS = {
    "following": "the result of what comes before it",
    "callback": "the result of the task that calls it back",
    "body": "the results of the chord's header",
}
"""What signatures with these roles get in front of their own arguments."""


class ChainArgumentMismatch(Rule):
    """A task in a chain, a chord or a callback does not take the result that it gets, or lacks the one it needs.

    ## What it does

    Compares the arguments of signatures with the task's parameters, with the result counted in that Celery puts in
    front of them: for all but the first member of a chain, for the body of a chord, and for callbacks given by `link`.
    Immutable signatures, as made by `si()`, get no result.

    ## Why is this bad

    The worker raises `TypeError` where it sends the next task. The task before it, which has done its work, then
    counts as failed, and the next one never runs. A chord fails with `ChordError` after all of its header has run.

    ## Example

        @app.task
        def load(order_id):
            return {"id": order_id}

        @app.task
        def notify():
            return "sent"

        def process(order_id):
            return chain(load.s(order_id), notify.s()).delay()
            #                                     ^ `notify` takes no positional argument, but gets the result of what
            #                                       comes before it: the worker raises `TypeError`, and it never runs

    ## Use instead

        @app.task
        def load(order_id):
            return {"id": order_id}

        @app.task
        def notify():
            return "sent"

        def process(order_id):
            return chain(load.s(order_id), notify.si()).delay()

    ## Not flagged

        @app.task
        def load_all():
            return [1, 2, 3]

        @app.task
        def store(orders, shelf="new"):
            return shelf

        def process_all(shelf, rest):
            chain(load_all.s(), store.s(shelf)).delay()
            chain(load_all.s(), store.si([1], shelf="old")).delay()
            return (load_all.s() | store.s(*rest)).delay()

    Nothing is said of error callbacks, which are called in other ways, of tasks whose base class sees the arguments
    first or cannot be read, nor of tasks with a decorator below `@app.task` that may take other arguments. With
    `typing=False` the finding is a warning.

    ## Fix safety

    The fixes are unsafe: the canvas runs further than it did, and the result may have been meant to be used.

    ## References

    - [Canvas](https://docs.celeryq.dev/en/stable/userguide/canvas.html)
    - [Immutability](https://docs.celeryq.dev/en/stable/userguide/canvas.html#immutability)
    """

    code = "CEL601"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="process(7).get(timeout=10)",
            fails="TypeError: notify() takes 0 positional arguments but 1 was given",
            succeeds="'sent'",
        ),
    )

    PRELUDE = Rule.PRELUDE.replace("Celery, ", "Celery, chain, ")

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        task = context.dispatched if dispatch.role in _RESULTS else None
        parameters = None if task is None else context.parameters_met(task)
        if task is None or parameters is None:
            return
        if _misfits(dispatch, parameters, results=0, complete=False):
            # It never fits, whatever it gets.
            return
        found = _misfits(dispatch, parameters, results=0 if dispatch.immutable else 1, complete=dispatch.complete)
        if not found or context.expects_failure:
            return
        checked = context.checks_arguments(task)
        outcome = "the worker raises `TypeError`, and it never runs" if checked else "it fails with `TypeError`"
        message = f"{_message(found[0], dispatch, task, parameters)}: {outcome}"
        severity = Severity.WARNING if checked is None else Severity.ERROR
        yield self.finding(dispatch.method_span, message, _fix(dispatch, parameters, context), severity=severity)


def _misfits(
    dispatch: Dispatch, parameters: tuple[ParameterBinding, ...], *, results: int, complete: bool
) -> list[Misfit]:
    """What does not fit once so many results are put in front."""
    given = len(dispatch.positional) + results
    return misfits(parameters, given, dict(dispatch.keywords), complete=complete)


def _message(misfit: Misfit, dispatch: Dispatch, task: ProjectTask, parameters: tuple[ParameterBinding, ...]) -> str:
    result = _RESULTS[dispatch.role]
    if misfit.kind == "missing":
        names = " and ".join(f"`{name}`" for name in misfit.names)
        if dispatch.immutable:
            return f"`{task.name}` needs {names}, but an immutable signature does not get {result}"
        return f"`{task.name}` needs {names} beside {result}"
    if misfit.kind == "twice":
        return f"`{misfit.names[0]}` is given by its name, but gets {result} as well"
    takes = sum(p.kind in ("positional", "positional-only") for p in parameters)
    if not takes:
        return f"`{task.name}` takes no positional argument, but gets {result}"
    number = f"{takes} positional argument{'s' if takes > 1 else ''}"
    return f"`{task.name}` takes {number}, but gets {misfit.position + 1} with {result}"


def _fix(dispatch: Dispatch, parameters: tuple[ParameterBinding, ...], context: DispatchContext) -> Fix | None:
    """Let the signature take the result, or not, if it fits then."""
    call = context.call
    if call is None or _misfits(dispatch, parameters, results=int(dispatch.immutable), complete=dispatch.complete):
        return None
    option = dispatch.option("immutable")
    if dispatch.immutable:
        if dispatch.method == "si":
            edits: tuple[Edit, ...] = (Edit(dispatch.method_span, "s"),)
        elif option is not None:
            edits = remove_keyword(context.text, call, context.span, "immutable")
        else:
            return None
        return Fix("Let it take the result", edits, preferred=True)
    if dispatch.method == "s":
        edits = (Edit(dispatch.method_span, "si"),)
    else:
        edits = set_keyword(context.text, call, context.span, "immutable", "True")
    return Fix("Make the signature immutable", edits, preferred=True)
