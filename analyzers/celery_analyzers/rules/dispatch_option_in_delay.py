"""`dispatch-option-in-delay`: an option of a call that is given to the task as an argument."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.calling import misplaced_options
from celery_analyzers.dispatch_sites import ARGUMENTS_AS_WRITTEN
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.layout import call_listing, comments_in, first_on_line, indentation, newline_of
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.findings import Finding
    from celery_analyzers.layout import Listing

_UNMISTAKABLE = frozenset({"countdown", "eta"})
"""Options that are hardly anyone's own keyword, even of a task that takes any."""
_WITH_OPTIONS = {"delay": "apply_async", "delay_on_commit": "apply_async_on_commit"}


class DispatchOptionInDelay(Rule):
    """An option such as `countdown` is passed to `delay()`, which takes the task's own arguments only.

    ## What it does

    Finds options of `apply_async()` among the arguments of `delay()`, `delay_on_commit()`, `s()` and `si()`, where the
    task has no such parameter.

    ## Why is this bad

    `delay()` and `s()` hand all they are given to the task. A task that does not take the keyword raises `TypeError`.
    One with `**kwargs` gets it as an argument, and the option has no effect: the task runs at once, or in the wrong
    queue.

    ## Example

        @app.task
        def remind(user_id):
            return user_id

        def remind_later(user_id):
            return remind.delay(user_id, countdown=1)
            #                            ^^^^^^^^^^^ `delay()` hands `countdown` to the task, which takes no such
            #                                        argument: this call raises `TypeError`

    ## Use instead

        @app.task
        def remind(user_id):
            return user_id

        def remind_later(user_id):
            return remind.apply_async((user_id,), countdown=1)

    ## Not flagged

        @app.task
        def count_down(countdown, queue="rockets"):
            return countdown

        @app.task
        def forward(*args, **kwargs):
            return kwargs

        def start():
            forward.delay(1, priority=3)
            return count_down.delay(countdown=10, queue="fireworks")

    A task with `**kwargs` may well have a keyword such as `priority` of its own: there only `countdown` and `eta` are
    reported, as a warning. Nothing is said where the task's base class sees the arguments first, or cannot be read.

    ## Fix safety

    The fix is safe where the call fails as it stands. For a task with `**kwargs` it is unsafe: the task no longer gets
    the keyword.

    ## References

    - [Calling tasks](https://docs.celeryq.dev/en/stable/userguide/calling.html)
    """

    code = "CEL502"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="remind_later(7).get(timeout=10)",
            fails="TypeError: got an unexpected keyword argument 'countdown'",
            succeeds="7",
        ),
    )

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        task = context.dispatched
        if task is None or dispatch.method not in ARGUMENTS_AS_WRITTEN:
            return
        keywords = {name: argument.span for name, argument in dispatch.keywords}
        parameters = context.parameters_met(task) if keywords else None
        if parameters is None:
            return
        options = misplaced_options(keywords, parameters)
        takes_any = any(parameter.kind == "**" for parameter in parameters)
        if takes_any:
            options = [name for name in options if name in _UNMISTAKABLE]
        if not options or context.expects_failure:
            return
        checked = context.checks_arguments(task)
        names = " and ".join(f"`{name}`" for name in options)
        if takes_any:
            outcome = f"which takes any keyword: {'it has' if len(options) == 1 else 'they have'} no effect on the call"
        elif checked:
            where = "this call" if dispatch.role == "send" else "sending it"
            outcome = f"which takes no such argument: {where} raises `TypeError`"
        else:
            outcome = "which takes no such argument: it fails with `TypeError` in the worker"
        is_error = not takes_any and checked is not None
        yield self.finding(
            keywords[options[0]],
            f"`{dispatch.method}()` hands {names} to the task, {outcome}",
            _moved(dispatch, options, context, is_safe=not takes_any),
            severity=Severity.ERROR if is_error else Severity.WARNING,
        )


def _moved(dispatch: Dispatch, options: list[str], context: DispatchContext, *, is_safe: bool) -> Fix | None:
    """Give the options to `apply_async()` or to `set()`."""
    call = context.call
    listing = None if call is None else call_listing(context.text, call, context.span)
    if call is None or listing is None or comments_in(context.text, listing.open, listing.close):
        return None
    nodes = sorted((*call.args, *call.keywords), key=context.span)
    items = [context.source(Span(item.start, item.end)) for item in listing.items]
    names = {id(keyword): keyword.arg for keyword in call.keywords}
    moved = [item for node, item in zip(nodes, items, strict=True) if names.get(id(node)) in options]
    kept = [(node, item) for node, item in zip(nodes, items, strict=True) if names.get(id(node)) not in options]
    method = _WITH_OPTIONS.get(dispatch.method)
    if method is None:
        replacement = f"{_laid_out([item for _, item in kept], listing, context)}.set({', '.join(moved)})"
        edits = (Edit(Span(listing.open, listing.close + 1), replacement),)
        title = f"Set {' and '.join(f'`{name}`' for name in options)} by `set()`"
    else:
        arguments = [*_containers(kept, names, context), *moved]
        edits = (
            Edit(dispatch.method_span, method),
            Edit(Span(listing.open, listing.close + 1), _laid_out(arguments, listing, context)),
        )
        title = f"Call `{method}()`"
    return Fix(title, edits, safety="safe" if is_safe else "unsafe", preferred=True)


def _containers(
    kept: list[tuple[ast.expr | ast.keyword, str]], names: dict[int, str | None], context: DispatchContext
) -> Iterator[str]:
    """The tuple and the dict that `apply_async()` takes the task's arguments in."""
    positional = [item for node, item in kept if id(node) not in names]
    pairs: list[str] = []
    for node, item in kept:
        if id(node) in names:
            name = names[id(node)]
            value = context.source(context.span(node))
            # Behind the name and the equals sign, with the value's own parentheses.
            pairs.append(item if name is None else f'"{name}": {value.partition("=")[2].lstrip()}')
    if positional:
        yield f"({', '.join(positional)}{',' if len(positional) == 1 else ''})"
    if pairs:
        mapping = "{" + ", ".join(pairs) + "}"
        yield mapping if positional else f"kwargs={mapping}"


def _laid_out(arguments: list[str], listing: Listing, context: DispatchContext) -> str:
    """Arguments between parentheses: one on a line where the first one stood on a line of its own."""
    text = context.text
    if not listing.items or not arguments or not first_on_line(text, listing.items[0].start):
        return f"({', '.join(arguments)})"
    newline, inner = newline_of(text), indentation(text, listing.items[0].start)
    lines = "".join(f"{newline}{inner}{argument}," for argument in arguments)
    return f"({lines}{newline}{indentation(text, listing.close)})"
