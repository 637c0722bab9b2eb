"""`periodic-hook-without-kwargs`: a hook that plans periodic tasks, and that Celery cannot call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.findings import Fix, Severity, Span
from celery_analyzers.function_edits import add_parameter
from celery_analyzers.layout import line_end
from celery_analyzers.periodic_hooks import calls_in, function_of, is_hook
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import BeatContext
    from celery_analyzers.findings import Finding
    from celery_analyzers.schedule_facts import BeatEntry
    from celery_analyzers.trees import Function

_GIVEN = frozenset({"signal", "sender", "source"})
"""What hooks are called with, by name."""


class PeriodicHookWithoutKwargs(Rule):
    """A hook that plans periodic tasks does not take what Celery calls it with.

    ## What it does

    Finds functions that are connected to `on_after_configure` or `on_after_finalize`, call `add_periodic_task`, and
    have no `**kwargs`, or a parameter that Celery has no argument for.

    ## Why is this bad

    Celery calls a hook with `sender`, `signal` and more, all by name. It refuses one without `**kwargs` with
    `ValueError` when the module is imported. With another name than `sender` the call fails, Celery writes that to its
    log, and no periodic task is planned.

    ## Example

        @app.task
        def ping():
            return "pong"

        @app.on_after_finalize.connect
        def plan(sender):
        #   ^^^^ `plan` has no `**kwargs`: Celery refuses it with `ValueError` when it is connected
            sender.add_periodic_task(10, ping.s(), name="ping")

    ## Use instead

        @app.task
        def ping():
            return "pong"

        @app.on_after_finalize.connect
        def plan(sender, **kwargs):
            sender.add_periodic_task(10, ping.s(), name="ping")

    ## Not flagged

    A hook that takes none of it by name, and parameters that have a default:

        @app.on_after_configure.connect
        def plan(sender=None, often=10, **_):
            sender.add_periodic_task(often, app.signature("shop.ping"), name="ping")

    ## Fix safety

    The fix is safe: as it stands, the module cannot be imported.

    ## References

    - [Entries](https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#entries)
    - [Signals](https://docs.celeryq.dev/en/stable/userguide/signals.html#basics)
    """

    code = "CEL711"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="app.finalize()\nsorted(app.conf.beat_schedule)",
            fails="ValueError: Signal receiver must accept keyword arguments.",
            succeeds="['ping']",
            worker="none",
        ),
    )

    def check_beat_entry(self, entry: BeatEntry, context: BeatContext) -> Iterator[Finding]:
        if entry.form != "call":
            return
        function = function_of(context.node, context)
        if function is None or not is_hook(function) or calls_in(function)[0] is not context.node:
            return
        start = context.span(function).start
        name = context.text.find(function.name, context.text.find("def", start), line_end(context.text, start))
        span = Span(name, name + len(function.name))
        if function.args.kwarg is None:
            message = f"`{function.name}` has no `**kwargs`: Celery refuses it with `ValueError` when it is connected"
            edits = add_parameter(context.text, function, context.span, "**kwargs")
            fix = Fix("Add `**kwargs`", edits, "safe", preferred=True) if edits else None
            yield self.finding(span, message, fix)
        elif wrong := _not_given(function):
            message = f"Celery calls `{function.name}` with `sender` and no `{wrong}`: that fails, and plans nothing"
            yield self.finding(span, message)


def _not_given(function: Function) -> str | None:
    """A parameter that the hook needs, and that Celery has no argument for."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    needed = positional[: len(positional) - len(arguments.defaults)]
    needed += [a for a, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None]
    by_position = {argument.arg for argument in arguments.posonlyargs}
    if needed and needed[0].arg in ("self", "cls"):
        return None
    return next((a.arg for a in needed if a.arg not in _GIVEN or a.arg in by_position), None)
