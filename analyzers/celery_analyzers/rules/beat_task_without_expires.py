"""`beat-task-without-expires`: a task that beat sends often, and whose messages pile up while no worker runs."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, ClassVar, Literal

from celery_analyzers.dict_edits import add_item
from celery_analyzers.edits import set_keyword
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.rule import Rule
from celery_analyzers.schedules import HOUR, period
from celery_analyzers.tasks import task_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import BeatContext
    from celery_analyzers.findings import Edit, Finding
    from celery_analyzers.schedule_facts import BeatEntry
    from celery_analyzers.tasks import ProjectTask

_OFTEN = HOUR
"""Above this many seconds between two times little piles up."""


class BeatTaskWithoutExpires(Rule):
    """Beat sends a task at least once an hour, and its messages do not expire.

    ## What it does

    Finds entries of beat schedules, and calls of `add_periodic_task`, that are due every hour or more often and give no
    `expires`, where the task has none of its own.

    ## Why is this bad

    Beat sends on while no worker runs, or while the workers are busy. When they are back, they run the task once for
    each message that waits: a night without a worker is 600 runs of what is due every minute, one after the other, in
    front of everything else.

    ## Example

        app.conf.beat_schedule = {
            "poll": {"task": "shop.poll", "schedule": 60.0},
        #                                             ^^^^ this is sent every 60 s and does not expire: while no worker
        #                                                  runs, messages pile up, and all of them are run afterwards
        }

    ## Use instead

        app.conf.beat_schedule = {
            "poll": {"task": "shop.poll", "schedule": 60.0, "options": {"expires": 60}},
        }

    ## Not flagged

    Messages that expire by the entry or the task, and what is sent seldom:

        @app.task(expires=50)
        def pull():
            return "done"

        app.conf.beat_schedule = {
            "poll": {"task": "shop.poll", "schedule": 60.0, "options": {"expires": 55}},
            "pull": {"task": pull.name, "schedule": 60.0},
            "report": {"task": "shop.report", "schedule": 24 * 60 * 60},
        }

    ## Fix safety

    The fix is unsafe: what waits longer than the pause is no longer run. That is wrong where each run counts.

    ## References

    - [Available fields](https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#available-fields)
    - [Expiration](https://docs.celeryq.dev/en/stable/userguide/calling.html#expiration)
    """

    code = "CEL705"
    severity = Severity.INFORMATION
    preset: ClassVar[Literal["recommended", "strict", "all"]] = "strict"

    def check_beat_entry(self, entry: BeatEntry, context: BeatContext) -> Iterator[Finding]:
        schedule = context.nodes.get("schedule")
        if entry.form == "model" or not entry.complete or schedule is None or context.in_tests:
            return
        seconds = period(schedule, context)
        if seconds is None or seconds > _OFTEN or _expires(entry, context):
            return
        message = (
            f"this is sent every {seconds:g} s and does not expire: while no worker runs, messages pile up, "
            "and all of them are run afterwards"
        )
        edits = _edits(f"{seconds:g}", context)
        fix = Fix(f"Let it expire after {seconds:g} s", edits, preferred=True) if edits else None
        yield self.finding(context.span(schedule), message, fix)


def _expires(entry: BeatEntry, context: BeatContext) -> bool:
    """Whether the messages of an entry expire, or may."""
    if entry.form == "call":
        if entry.field("expires") is not None or not isinstance(context.nodes.get("sig"), ast.Call):
            return True
        task = _signed(context)
    else:
        options = context.nodes.get("options")
        if options is not None and not isinstance(options, ast.Dict):
            return True
        given = [key.value if isinstance(key, ast.Constant) else None for key in options.keys] if options else []
        if "expires" in given or None in given:
            return True
        named = entry.field("task")
        name = None if named is None else named.value
        task = entry.task or (context.task_named(name) if isinstance(name, str) else None)
    return task is not None and context.effective(task, "expires").value is not None


def _signed(context: BeatContext) -> ProjectTask | None:
    """The task of the signature that `add_periodic_task` is given."""
    node = context.nodes["sig"]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return task_of(context.symbol(node.func.value))
    return None


def _edits(seconds: str, context: BeatContext) -> tuple[Edit, ...]:
    node, text, options = context.node, context.text, context.nodes.get("options")
    if isinstance(options, ast.Dict):
        return add_item(text, options, context.span, "expires", seconds)
    if isinstance(node, ast.Dict):
        quote = text[context.span(node.keys[0]).end - 1] if node.keys[0] is not None else '"'
        return add_item(text, node, context.span, "options", f"{{{quote}expires{quote}: {seconds}}}")
    if not isinstance(node, ast.Call):
        return ()
    is_dict = isinstance(node.func, ast.Name) and node.func.id == "dict"
    name, value = ("options", f'{{"expires": {seconds}}}') if is_dict else ("expires", seconds)
    return set_keyword(text, node, context.span, name, value)
