"""`wrong-task-arguments`: a call of a task whose arguments do not fit the task's parameters."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from celery_analyzers.arguments import misfits
from celery_analyzers.calling import misplaced_options
from celery_analyzers.dispatch_sites import ARGUMENTS_AS_WRITTEN, listed_arguments, mapped_arguments
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.spelling import correction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import BeatContext
    from celery_analyzers.arguments import Misfit
    from celery_analyzers.bindings import ParameterBinding
    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.schedule_facts import BeatEntry
    from celery_analyzers.tasks import ProjectTask

_AFTER_OTHERS = frozenset({"following", "callback", "body", "errback"})
"""Roles of signatures that get more arguments when they are sent: what is missing there is another rule's."""
_ON_COMMIT = frozenset({"delay_on_commit", "apply_async_on_commit"})


@dataclass(frozen=True, slots=True)
class _Given:
    """The arguments of a call, by their spans. `where` is the span to mark where an argument is missing."""

    where: Span
    positional: tuple[Span, ...]
    keywords: tuple[tuple[str, Span], ...]
    complete: bool


class WrongTaskArguments(Rule):
    """A task is called with arguments that its function does not take.

    ## What it does

    Compares the arguments of calls with the task's parameters: of `delay()` and `apply_async()`, of signatures, of
    `send_task()`, and of entries of the beat schedule. It finds arguments that are missing, too many, unknown by their
    name, or given twice. Calls by a task's name are compared where just one task of the project goes by it.

    ## Why is this bad

    `delay()` and `apply_async()` raise `TypeError`, and the task is not sent. Where Celery does not compare, as in
    `send_task()` and for tasks that are classes, the task is sent and fails in the worker. An entry of the beat
    schedule fails each time that it is due.

    ## Example

        @app.task
        def send_report(customer_id, recipient):
            return f"{customer_id} to {recipient}"

        def order_report(customer_id):
            return send_report.delay(
                customer_id=customer_id,
                recipent="office",
            #   ^^^^^^^^^^^^^^^^^ `send_report` has no parameter `recipent`: did you mean `recipient`? This call
            #                     raises `TypeError`
            )

    ## Use instead

        @app.task
        def send_report(customer_id, recipient):
            return f"{customer_id} to {recipient}"

        def order_report(customer_id):
            return send_report.delay(
                customer_id=customer_id,
                recipient="office",
            )

    ## Not flagged

        @app.task(bind=True)
        def send_letter(self, customer_id, recipient, copies=1):
            return f"{customer_id} to {recipient}"

        def order_letters(customer_id, options):
            send_letter.delay(customer_id, "office")
            send_letter.delay(*options)
            send_letter.apply_async((customer_id,), options)
            return send_letter.s(customer_id)

    A signature may get more arguments when it is sent, so nothing counts as missing in one, unless it is sent where it
    is made. Nothing is said of tasks whose base class sees the arguments first, as with `__call__` or `apply_async`, or
    cannot be read, nor of tasks with a decorator below `@app.task` that may take other arguments. With `typing=False`
    the finding is a warning.

    ## Fix safety

    The fix for a misspelt name is unsafe: the call, which has failed so far, sends the task.

    ## References

    - [Argument checking](https://docs.celeryq.dev/en/stable/userguide/tasks.html#argument-checking)
    - [Calling tasks](https://docs.celeryq.dev/en/stable/userguide/calling.html)
    """

    code = "CEL501"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="order_report(7).get(timeout=10)",
            fails="TypeError: got an unexpected keyword argument 'recipent'",
            succeeds="'7 to office'",
        ),
    )

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        task = context.dispatched
        parameters = None if task is None else context.parameters_met(task)
        if task is None or parameters is None:
            return
        keywords = tuple((name, argument.span) for name, argument in dispatch.keywords)
        if dispatch.method in ARGUMENTS_AS_WRITTEN:
            options = misplaced_options(dict(keywords), parameters)
            keywords = tuple((name, span) for name, span in keywords if name not in options)
        is_whole = dispatch.role in ("send", "sent") or (dispatch.immutable and dispatch.role not in _AFTER_OTHERS)
        positional = tuple(argument.span for argument in dispatch.positional)
        given = _Given(dispatch.method_span, positional, keywords, dispatch.complete and is_whole)
        found = misfits(parameters, len(given.positional), dict(given.keywords), complete=given.complete)
        # What is given as if it were an option is another mistake.
        options = {option.name for option in dispatch.options}
        found = [misfit for misfit in found if misfit.kind != "missing" or not options.issuperset(misfit.names)]
        if found and not context.expects_failure:
            checked = context.checks_arguments(task)
            outcome = _outcome(dispatch, checked)
            yield from self._findings(found, given, task, parameters, outcome, checked is None, context)

    def check_beat_entry(self, entry: BeatEntry, context: BeatContext) -> Iterator[Finding]:
        name = entry.field("task") or entry.field("sig")
        if name is None or isinstance(context.nodes.get("sig"), ast.Call):
            # A signature has arguments of its own, and is a dispatch.
            return
        task = entry.task or (context.task_named(name.value) if isinstance(name.value, str) else None)
        parameters = None if task is None else context.parameters_met(task)
        if task is None or parameters is None:
            return
        positional, listed = listed_arguments(context.nodes.get("args"))
        keywords, mapped = mapped_arguments(context.nodes.get("kwargs"))
        given = _Given(
            name.value_span,
            tuple(context.span(node) for node in positional),
            tuple((name, context.span(key)) for name, key, _ in keywords),
            entry.complete and listed and mapped,
        )
        found = misfits(parameters, len(given.positional), dict(given.keywords), complete=given.complete)
        if found:
            untold = context.checks_arguments(task) is None
            yield from self._findings(
                found, given, task, parameters, "it fails with `TypeError` each time", untold, context
            )

    def _findings(
        self,
        found: list[Misfit],
        given: _Given,
        task: ProjectTask,
        parameters: tuple[ParameterBinding, ...],
        outcome: str,
        untold: bool,
        context: Context,
    ) -> Iterator[Finding]:
        severity = Severity.WARNING if untold else Severity.ERROR
        corrected: set[str] = set()
        extra = [misfit.position for misfit in found if misfit.kind == "extra"]
        if extra:
            span = Span(given.positional[extra[0]].start, given.positional[extra[-1]].end)
            yield self.finding(span, f"{_too_many(task, parameters, given)}: {outcome}", severity=severity)
        for misfit in found:
            for name in misfit.names if misfit.kind not in ("extra", "missing") else ():
                span = dict(given.keywords)[name]
                meant = _meant(name, parameters, given) if misfit.kind == "unknown" else None
                corrected.add(meant or "")
                fix = None if meant is None else _renaming(name, meant, span, context)
                yield self.finding(span, _named(misfit, name, task, meant, outcome), fix, severity=severity)
        missing = [name for m in found if m.kind == "missing" for name in m.names if name not in corrected]
        if missing:
            is_or_are = "is" if len(missing) == 1 else "are"
            message = f"`{task.name}` needs {_listed(missing)}, which {is_or_are} missing here: {outcome}"
            yield self.finding(given.where, message, severity=severity)


def _outcome(dispatch: Dispatch, checked: bool | None) -> str:
    """What will happen."""
    if dispatch.method == "apply" or (dispatch.method == "signature" and dispatch.task is None):
        return "it fails with `TypeError`"
    if not checked or dispatch.method == "send_task":
        return "it fails with `TypeError` in the worker"
    if dispatch.method in _ON_COMMIT:
        return "the commit raises `TypeError`"
    return "this call raises `TypeError`" if dispatch.role == "send" else "sending it raises `TypeError`"


def _named(misfit: Misfit, name: str, task: ProjectTask, meant: str | None, outcome: str) -> str:
    """What is said of a keyword."""
    if misfit.kind == "twice":
        return f"`{name}` is given twice, by its position and by its name: {outcome}"
    if misfit.kind == "by-name":
        return f"`{task.name}` takes `{name}` by its position only: it fails with `TypeError` in the worker"
    if meant is None:
        return f"`{task.name}` has no parameter `{name}`: {outcome}"
    return f"`{task.name}` has no parameter `{name}`: did you mean `{meant}`? {outcome[0].upper()}{outcome[1:]}"


def _too_many(task: ProjectTask, parameters: tuple[ParameterBinding, ...], given: _Given) -> str:
    takes = sum(p.kind in ("positional", "positional-only") for p in parameters)
    most = "no positional argument" if not takes else f"{takes} positional argument{'s' if takes > 1 else ''}"
    count = len(given.positional)
    return f"`{task.name}` takes {most}, but {count} {'is' if count == 1 else 'are'} given"


def _meant(name: str, parameters: tuple[ParameterBinding, ...], given: _Given) -> str | None:
    """The parameter that a misspelt keyword was meant for: one that gets nothing else."""
    by_position = [p.name for p in parameters if p.kind in ("positional", "positional-only")][: len(given.positional)]
    taken = {*by_position, *dict(given.keywords)}
    by_name = [p.name for p in parameters if p.kind in ("positional", "keyword-only")]
    return correction(name, (candidate for candidate in by_name if candidate not in taken))


def _renaming(name: str, meant: str, span: Span, context: Context) -> Fix | None:
    """Call a keyword, or the key of a dict, by another name."""
    start = context.source(span).find(name)
    if start < 0:
        return None
    start += span.start
    return Fix(f"Rename `{name}` to `{meant}`", (Edit(Span(start, start + len(name)), meant),), preferred=True)


def _listed(names: list[str]) -> str:
    *others, last = (f"`{name}`" for name in names)
    return f"{', '.join(others)} and {last}" if others else last
