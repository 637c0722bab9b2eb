"""`periodic-registration-hook`: a call of `add_periodic_task` that does not add what is meant."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.canvas_roles import SENDING
from celery_analyzers.dispatch_sites import SIGNING
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.periodic_hooks import is_celerys
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.schedules import is_schedule
from celery_analyzers.tasks import task_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import BeatContext
    from celery_analyzers.findings import Finding
    from celery_analyzers.schedule_facts import BeatEntry


class PeriodicRegistrationHook(Rule):
    """`add_periodic_task` is called with something that is no signature, or no schedule.

    ## What it does

    Finds calls of `add_periodic_task` whose second argument is a task's `delay` or `apply_async`, or what these return,
    a name or a number, calls whose two arguments have changed places, and schedules that are texts.

    ## Why is this bad

    `add_periodic_task` raises `AttributeError`. In a hook such as `on_after_finalize` Celery writes that to its log and
    goes on: neither this task nor those that come after it in the hook are ever sent.

    ## Example

        @app.task
        def ping():
            return "pong"

        @app.on_after_finalize.connect
        def plan(sender, **kwargs):
            sender.add_periodic_task(10, ping.delay)
        #                                ^^^^^^^^^^ a method is no signature: this raises `AttributeError`, and adds
        #                                           nothing

    ## Use instead

        @app.task
        def ping():
            return "pong"

        @app.on_after_finalize.connect
        def plan(sender, **kwargs):
            sender.add_periodic_task(10, ping.s())

    ## Not flagged

    Signatures, and a task itself, which is taken for one without arguments:

        @app.task
        def ping():
            return "pong"

        @app.on_after_finalize.connect
        def plan(sender, **kwargs):
            sender.add_periodic_task(10, ping.s(), name="often")
            sender.add_periodic_task(60, ping, name="seldom")

    Nothing is said of methods of this name that are not an app's.

    ## Fix safety

    The fix that makes a signature is safe: as it stands, nothing is added. It is unsafe where the call sends the task
    once when the app starts.

    ## References

    - [Entries](https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#entries)
    """

    code = "CEL710"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="app.finalize()\nsorted(app.conf.beat_schedule)",
            fails="returns: []",
            succeeds="['shop.ping()']",
            worker="none",
        ),
    )

    def check_beat_entry(self, entry: BeatEntry, context: BeatContext) -> Iterator[Finding]:
        schedule, signature = context.nodes.get("schedule"), context.nodes.get("sig")
        if entry.form != "call" or context.in_tests or schedule is None or signature is None:
            return
        if not is_celerys(context.node, context):
            return
        message = _signature_problem(signature, context)
        if message is not None and is_schedule(signature, context) and _is_signature(schedule, context):
            message = "the schedule comes first, then the signature: this raises `AttributeError`, and adds nothing"
            yield self.finding(Span(context.span(schedule).start, context.span(signature).end), message, _swap(context))
        elif message is not None:
            yield self.finding(context.span(signature), message, _signing(signature, context))
        elif isinstance(context.value(schedule), str):
            message = "a text is no schedule: it ends beat with `AttributeError` when it starts"
            yield self.finding(context.span(schedule), message)


def _signature_problem(node: ast.expr, context: BeatContext) -> str | None:
    """What is wrong with what should be a signature."""
    if _method(node, context) in SENDING:
        if isinstance(node, ast.Call):
            return "this sends the task now, and what it returns is no signature: it is never sent again"
        return "a method is no signature: this raises `AttributeError`, and adds nothing"
    value = context.value(node)
    if isinstance(value, str):
        return "a name is no signature: this raises `AttributeError`, and adds nothing"
    if isinstance(node, ast.Lambda) or is_schedule(node, context):
        return "this is no signature: it raises `AttributeError`, and adds nothing"
    return None


def _method(node: ast.expr, context: BeatContext) -> str:
    """The method of a task that is named or called here, else an empty text."""
    inner = node.func if isinstance(node, ast.Call) else node
    if not isinstance(inner, ast.Attribute) or inner.attr not in SENDING | SIGNING:
        return ""
    return inner.attr if task_of(context.symbol(inner.value)) is not None else ""


def _is_signature(node: ast.expr, context: BeatContext) -> bool:
    return isinstance(node, ast.Call) and _method(node, context) in SIGNING


def _signing(node: ast.expr, context: BeatContext) -> Fix | None:
    """Make a signature of a method that sends, or of its call."""
    inner = node.func if isinstance(node, ast.Call) else node
    if not isinstance(inner, ast.Attribute) or inner.attr != "delay":
        return None
    end = context.span(inner).end
    name = Span(end - len(inner.attr), end)
    if isinstance(node, ast.Call):
        return Fix("Make a signature of it", (Edit(name, "s"),), preferred=True)
    return Fix("Make a signature of it", (Edit(name, "s()"),), "safe", preferred=True)


def _swap(context: BeatContext) -> Fix | None:
    node = context.node
    if not isinstance(node, ast.Call) or len(node.args) < 2:
        return None
    one, other = (context.span(argument) for argument in node.args[:2])
    edits = (Edit(one, context.source(other)), Edit(other, context.source(one)))
    return Fix("Exchange them", edits, "safe", preferred=True)
