"""`duplicate-beat-entry`: two periodic tasks of one name, of which the last is the only one."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.edits import set_keyword
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.flow import blocks
from celery_analyzers.periodic_hooks import is_celerys
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.tasks import task_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import BeatContext
    from celery_analyzers.findings import Finding
    from celery_analyzers.schedule_facts import BeatEntry


class DuplicateBeatEntry(Rule):
    """Two periodic tasks have one name, so that only the last of them is sent.

    ## What it does

    Finds entries of a beat schedule that have the same key as a later one, and calls of `add_periodic_task` that a
    later call of the same block replaces: with the same `name`, or without one and with the same signature.

    ## Why is this bad

    A schedule has one entry for each name. Without a `name`, a signature is its own: the same task with the same
    arguments at another time is another schedule for the same entry. The earlier one is dropped without a word.

    ## Example

        @app.task
        def poll():
            return "done"

        @app.on_after_finalize.connect
        def plan(sender, **kwargs):
            sender.add_periodic_task(10, poll.s())
        #   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ a later call has this signature too and takes its place: this one is
        #                                          never sent. Give each its own `name`
            sender.add_periodic_task(3600, poll.s(), name="poll in any case")
            sender.add_periodic_task(30, poll.s())

    ## Use instead

        @app.task
        def poll():
            return "done"

        @app.on_after_finalize.connect
        def plan(sender, **kwargs):
            sender.add_periodic_task(10, poll.s(), name="poll-10")
            sender.add_periodic_task(3600, poll.s(), name="poll in any case")
            sender.add_periodic_task(30, poll.s())

    ## Not flagged

    Signatures that differ, and entries of which only one is added:

        import os

        @app.task
        def poll(shop=None):
            return "done"

        @app.on_after_finalize.connect
        def plan(sender, **kwargs):
            sender.add_periodic_task(10, poll.s("a"))
            sender.add_periodic_task(10, poll.s("b"))
            if os.environ.get("OFTEN"):
                sender.add_periodic_task(1, poll.s())
            else:
                sender.add_periodic_task(60, poll.s())

    ## Fix safety

    The fix is unsafe: the task is sent at both times from then on.

    ## References

    - [Entries](https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#entries)
    """

    code = "CEL709"
    severity = Severity.WARNING
    proofs = (
        Proof(
            run="""
                app.finalize()
                sorted(float(entry["schedule"]) for entry in app.conf.beat_schedule.values())
            """,
            fails="returns: [30.0, 3600.0]",
            succeeds="[10.0, 30.0, 3600.0]",
            worker="none",
        ),
    )

    def check_beat_entry(self, entry: BeatEntry, context: BeatContext) -> Iterator[Finding]:
        if context.in_tests:
            return
        if entry.form == "entry" and entry.key is not None:
            yield from self._key(entry.key, context)
        elif entry.form == "call" and entry.complete and is_celerys(context.node, context):
            yield from self._call(context)

    def _key(self, key: str, context: BeatContext) -> Iterator[Finding]:
        parent = next(iter(context.enclosing(context.node)), None)
        if not isinstance(parent, ast.Dict):
            return
        place = parent.values.index(context.node)
        later = [each.value for each in parent.keys[place + 1 :] if isinstance(each, ast.Constant)]
        if key in later and (node := parent.keys[place]) is not None:
            message = f"a later entry of the schedule is called `{key}` too and takes its place: this one is never sent"
            yield self.finding(context.span(node), message)

    def _call(self, context: BeatContext) -> Iterator[Finding]:
        identity = _identity(context.node, context)
        if identity is None or not _replaced(identity, context):
            return
        called = f"is called `{identity}` too" if context.nodes.get("name") is not None else "has this signature too"
        message = f"a later call {called} and takes its place: this one is never sent. Give each its own `name`"
        yield self.finding(context.span(context.node), message, _naming(context))


def _identity(node: ast.expr, context: BeatContext) -> str | None:
    """What Celery tells the entry of a call apart by; None where it cannot be told."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    name = next((keyword.value for keyword in node.keywords if keyword.arg == "name"), None)
    if name is not None or len(node.args) > 4:
        name = node.args[4] if name is None else name
        return name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else None
    parts = [*node.args[1:4], *(k.value for k in node.keywords if k.arg in ("sig", "args", "kwargs"))]
    # The values of names may have changed since.
    if any(isinstance(inner, ast.Name) and not _is_task(inner, context) for part in parts for inner in ast.walk(part)):
        return None
    written = [ast.unparse(keyword) for keyword in node.keywords if keyword.arg in ("args", "kwargs")]
    return " ".join([ast.unparse(node.func.value), *(ast.unparse(part) for part in node.args[1:4]), *written])


def _is_task(node: ast.Name, context: BeatContext) -> bool:
    return task_of(context.symbol(node)) is not None


def _replaced(identity: str, context: BeatContext) -> bool:
    """Whether a later statement of the same block adds an entry of the same identity."""
    outer = list(context.enclosing(context.node))
    statement = next((node for node in outer if isinstance(node, ast.stmt)), None)
    if not isinstance(statement, ast.Expr) or statement.value is not context.node:
        return False
    if statement is outer[-1]:
        return False
    around = blocks(outer[outer.index(statement) + 1])
    block = next((block for block in around if statement in block), [statement])
    later = (node.value for node in block[block.index(statement) + 1 :] if isinstance(node, ast.Expr))
    return any(is_celerys(call, context) and _identity(call, context) == identity for call in later)


def _naming(context: BeatContext) -> Fix | None:
    """Name the entry after its task and its schedule, where both are plain."""
    node, schedule, signature = context.node, context.nodes.get("schedule"), context.nodes.get("sig")
    if context.nodes.get("name") is not None or not isinstance(node, ast.Call):
        return None
    task = signature.func if isinstance(signature, ast.Call) else None
    if not isinstance(schedule, ast.Constant) or not isinstance(task, ast.Attribute):
        return None
    name = f"{ast.unparse(task.value).rpartition('.')[2]}-{schedule.value}"
    edits = set_keyword(context.text, node, context.span, "name", f'"{name}"')
    return Fix(f'Add `name="{name}"`', edits, preferred=True) if edits else None
