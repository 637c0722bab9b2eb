"""`invalid-beat-entry`: an entry of a beat schedule that beat cannot use."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from celery_analyzers.beat_schedulers import is_celerys
from celery_analyzers.canvas_roles import SENDING
from celery_analyzers.celery_tables import tables
from celery_analyzers.dict_edits import nest_items, rename_key
from celery_analyzers.dispatch_sites import SIGNING
from celery_analyzers.edits import rename_keyword
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.spelling import correction
from celery_analyzers.symbols import ProjectFunction
from celery_analyzers.tasks import task_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import BeatContext
    from celery_analyzers.call_facts import Argument
    from celery_analyzers.findings import Finding
    from celery_analyzers.schedule_facts import BeatEntry

_NUMBER = re.compile(r"\s*(0*[1-9]\d*|\d+\.\d+)\s*")
_PLAIN = (str, bytes, bool, int, float, list, tuple, dict, set, type(None))
_INTERNAL = frozenset({"app", "last_run_at", "name", "total_run_count"})
"""What beat gives its entries itself."""
_OTHER_NAMES = {
    "arg": "args",
    "crontab": "schedule",
    "every": "schedule",
    "interval": "schedule",
    "run_every": "schedule",
}
_TYPE_ERROR = "ends beat with `TypeError` when it starts"
_ATTRIBUTE_ERROR = "it ends beat with `AttributeError` when it starts"
_NEEDED = {"schedule": _ATTRIBUTE_ERROR, "task": "no worker can run what is sent"}
"""What comes of a field that is not there."""
_START = """
import threading, time
from celery.beat import Service
from celery.signals import before_task_publish

def beat(key, seconds=1.0):
    sent, raised = [], []
    app.conf.beat_schedule = {key: app.conf.beat_schedule[key]}
    before_task_publish.connect(lambda sender, body, **_: sent.append((sender, body[0])), weak=False)
    service = Service(app, max_interval=0.05, schedule_filename=key)
    def start():
        try:
            service.start()
        except Exception as error:
            raised.append(error)
    threading.Thread(target=start, daemon=True).start()
    time.sleep(seconds)
    service.stop()
    if raised:
        raise raised[0]
    return [one for one in sent if one[0] != "celery.backend_cleanup"]
"""


def _proof(run: str, fails: str, succeeds: str) -> Proof:
    return Proof(f"{_START}\n{run}", fails, succeeds, worker="none")


class InvalidBeatEntry(Rule):
    """An entry of a beat schedule is of a form that beat cannot use.

    ## What it does

    Finds beat entries with keys that they do not have, schedules that are none, and `task`, `args`, `kwargs` or
    `options` of the wrong type.

    ## Why is this bad

    Beat reads all entries when it starts. One that it cannot read ends it, so that no entry is sent at all. A schedule
    of zero seconds sends a task thousands of times a second, and one without a task's name sends messages that no
    worker can use.

    ## Example

        @app.task
        def ping(*args):
            return "pong"

        app.conf.beat_schedule = {
            "often": {"task": "shop.ping", "schedule": 0.3, "expires": 60},
            #                                               ^^^^^^^^^^^^^ `expires` is an option of `apply_async()`, to
            #                                                             be given in `options`: here it ends beat with
            #                                                             `TypeError` when it starts
            "text": {"task": "shop.ping", "schedule": "0.3"},
            #                                         ^^^^^ a string is no schedule: it ends beat with
            #                                               `AttributeError` when it starts
            "one": {"task": "shop.ping", "schedule": 0.3, "args": (16)},
            #                                                      ^^ a number is no list of arguments: it ends beat
            #                                                         with `TypeError` when it starts
            "task": {"task": ping, "schedule": 0.3},
            #                ^^^^ a task is sent by its name, and this is none: no worker can run what is sent
        }

    ## Use instead

        @app.task
        def ping(*args):
            return "pong"

        app.conf.beat_schedule = {
            "often": {"task": "shop.ping", "schedule": 0.3, "options": {"expires": 60}},
            "text": {"task": "shop.ping", "schedule": 0.3},
            "one": {"task": "shop.ping", "schedule": 0.3, "args": (16,)},
            "task": {"task": ping.name, "schedule": 0.3},
        }

    ## Not flagged

    Other schedulers than Celery's own, such as that of django-celery-beat, have further keys:

        app.conf.beat_scheduler = "django_celery_beat.schedulers:DatabaseScheduler"
        app.conf.beat_schedule = {
            "often": {"task": "shop.ping", "schedule": 30, "enabled": False},
        }

    What is decided when the code runs is not looked into:

        app.conf.beat_schedule["later"] = {"task": "shop.ping", "schedule": interval(), **more}

    ## Fix safety

    To put an option where it belongs, to write a number as one, or a comma behind a single argument, is safe: as it
    stands, nothing is sent. To call a key by another name is unsafe.

    ## References

    - [Beat entries](https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#available-fields)
    """

    code = "CEL702"
    severity = Severity.ERROR
    proofs = (
        _proof(
            "sorted({name for name, _ in beat('often')})",
            "TypeError: unexpected keyword argument 'expires'",
            "['shop.ping']",
        ),
        _proof("sorted({name for name, _ in beat('text')})", "AttributeError: 'app'", "['shop.ping']"),
        _proof("list(beat('one')[0][1])", "TypeError: 'int' object is not iterable", "[16]"),
        _proof("beat('task')[0][0] == 'shop.ping'", "returns: False", "True"),
    )

    def check_beat_entry(self, entry: BeatEntry, context: BeatContext) -> Iterator[Finding]:
        if entry.form != "entry" or context.in_tests:
            return
        own = is_celerys(context)
        meant = _meant(entry)
        if own:
            yield from self._keys(entry, meant, context)
        for name, check in _CHECKS.items():
            field = entry.field(name)
            problem = None if field is None else check(field, context)
            if field is not None and problem is not None:
                yield self._finding(field.value_span, problem, own)
            elif field is None and entry.complete and name in _NEEDED and name not in meant.values():
                yield self._finding(entry.span, _Problem(f"the entry has no `{name}`", _NEEDED[name]), own)

    def _finding(self, span: Span, problem: _Problem, own: bool) -> Finding:
        # What another scheduler makes of it was not seen.
        severity = problem.severity if own else Severity.WARNING
        message = f"{problem.message}: {problem.consequence}" if own else f"{problem.message}, which beat needs"
        return self.finding(span, message, problem.fix, severity=severity)

    def _keys(self, entry: BeatEntry, meant: dict[str, str], context: BeatContext) -> Iterator[Finding]:
        """Keys that entries do not have."""
        unknown = [(name, field) for name, field in entry.fields if name not in _known()]
        misplaced = [(name, field) for name, field in unknown if name in tables().execution_options]
        if misplaced:
            names = " and ".join(f"`{name}`" for name, _ in misplaced)
            what = "is an option" if len(misplaced) == 1 else "are options"
            message = f"{names} {what} of `apply_async()`, to be given in `options`: here it {_TYPE_ERROR}"
            fix = _moved([name for name, _ in misplaced], context)
            yield self.finding(_item(misplaced[0][1]), message, fix)
        for name, field in unknown:
            if (name, field) in misplaced:
                continue
            right = meant.get(name)
            suggestion = f": did you mean `{right}`?" if right else ""
            message = f"beat entries have no key `{name}`, so it {_TYPE_ERROR}{suggestion}"
            yield self.finding(_item(field), message, _renamed(name, right, context) if right else None)


def _known() -> set[str]:
    """The keys that an entry may have."""
    return {parameter.name for parameter in tables().signature("ScheduleEntry.__init__") or ()}


def _meant(entry: BeatEntry) -> dict[str, str]:
    """The keys that unknown ones were meant to be, where that can be told."""
    known = _known()
    found: dict[str, str] = {}
    for name, _ in entry.fields:
        right = None if name in known else correction(name, known - _INTERNAL) or _OTHER_NAMES.get(name)
        if right is not None and entry.field(right) is None:
            found[name] = right
    return found


@dataclass(frozen=True, slots=True)
class _Problem:
    """What is wrong with a field, and what comes of it with Celery's own scheduler."""

    message: str
    consequence: str = _ATTRIBUTE_ERROR
    fix: Fix | None = None
    severity: Severity = Severity.ERROR


def _schedule(field: Argument, context: BeatContext) -> _Problem | None:
    value = field.value
    if isinstance(value, (str, bytes)):
        number = _NUMBER.fullmatch(value) if isinstance(value, str) else None
        fix = _written(field, number[1]) if number and isinstance(context.nodes["schedule"], ast.Constant) else None
        return _Problem("a string is no schedule", fix=fix)
    if value is None or isinstance(value, (list, tuple, dict, set)):
        return _Problem(f"{_kind(field)} is no schedule")
    if value is True:
        consequence = "the task is sent every second"
        return _Problem("`True` is taken for a schedule", consequence, _written(field, "1"), Severity.WARNING)
    if isinstance(value, (bool, int, float)) and value <= 0:
        consequence = "beat sends it without a pause, thousands of times a second"
        return _Problem(f"a task with a schedule of {value:g} seconds is always due", consequence)
    return None


def _args(field: Argument, context: BeatContext) -> _Problem | None:
    value = field.value
    fix = _comma(field, context)
    if isinstance(value, (str, bytes)) and value:
        return _Problem("a string is no list of arguments", "each of its characters becomes an argument", fix)
    if isinstance(value, (bool, int, float)):
        return _Problem("a number is no list of arguments", f"it {_TYPE_ERROR}", fix)
    if isinstance(value, dict) and value:
        return _Problem("a dict is no list of arguments", "its keys become the arguments")
    return None


def _kwargs(field: Argument, _: BeatContext) -> _Problem | None:
    value = field.value
    if isinstance(value, _PLAIN) and not isinstance(value, dict) and value:
        return _Problem(f"{_kind(field)} is no dict of arguments")
    return None


def _options(field: Argument, _: BeatContext) -> _Problem | None:
    value = field.value
    if isinstance(value, _PLAIN) and not isinstance(value, dict) and value:
        return _Problem(f"{_kind(field)} is no dict of options", "the task is never sent, as it fails each time")
    return None


def _task(field: Argument, context: BeatContext) -> _Problem | None:
    """A task by its function, by one of its methods, or by a signature, where its name is wanted."""
    value, node = field.value, context.nodes["task"]
    if isinstance(value, str):
        return None
    if isinstance(value, _PLAIN) or isinstance(node, ast.Lambda):
        return _Problem("a task is sent by its name, which this is not", _NEEDED["task"])
    if isinstance(value, ProjectFunction):
        named = node if task_of(value) is not None else None
    else:
        inner = node.func if isinstance(node, ast.Call) else node
        if not isinstance(inner, ast.Attribute) or inner.attr not in SENDING | SIGNING:
            return None
        if task_of(context.symbol(inner.value)) is None:
            return None
        arguments = isinstance(node, ast.Call) and bool(node.args or node.keywords)
        named = None if arguments else inner.value
    fix = None
    if named is not None:
        name = f"{context.source(context.span(named))}.name"
        fix = _written(field, name)
    return _Problem("a task is sent by its name, and this is none", _NEEDED["task"], fix)


_CHECKS: dict[str, Callable[[Argument, BeatContext], _Problem | None]] = {
    "task": _task,
    "schedule": _schedule,
    "args": _args,
    "kwargs": _kwargs,
    "options": _options,
}


def _kind(field: Argument) -> str:
    """What a plain value is, in words."""
    value = field.value
    if value is None:
        return "`None`"
    if isinstance(value, (int, float)):
        return "a number"
    return "a string" if isinstance(value, (str, bytes)) else f"a {type(field.value).__name__}"


def _item(field: Argument) -> Span:
    return Span(field.span.start, field.value_span.end)


def _written(field: Argument, text: str) -> Fix:
    return Fix(f"Write `{text}`", (Edit(field.value_span, text),), "safe", preferred=True)


def _comma(field: Argument, context: BeatContext) -> Fix | None:
    """Make a tuple of the one argument that is meant."""
    if not isinstance(context.nodes["args"], ast.Constant):
        return None
    span, text = field.value_span, context.text
    end = re.compile(r"[ \t]*\)").match(text, span.end)
    if end and text[: span.start].rstrip(" \t").endswith("("):
        edit = Edit(Span(span.end, span.end), ",")
    else:
        edit = Edit(span, f"({context.source(span)},)")
    return Fix("Make it a tuple", (edit,), "safe", preferred=True)


def _moved(names: list[str], context: BeatContext) -> Fix | None:
    if not isinstance(context.node, ast.Dict):
        return None
    edits = nest_items(context.text, context.node, context.span, names, "options")
    return Fix("Move into `options`", edits, "safe", preferred=True) if edits else None


def _renamed(name: str, right: str, context: BeatContext) -> Fix | None:
    node = context.node
    rename = rename_keyword if isinstance(node, ast.Call) else rename_key
    edits = rename(context.text, node, context.span, name, right)
    return Fix(f"Rename to `{right}`", edits, preferred=True) if edits else None
