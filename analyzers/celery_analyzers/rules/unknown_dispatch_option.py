"""`unknown-dispatch-option`: an option of a call that Celery does not know there."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.canvas_roles import keyword_of
from celery_analyzers.celery_tables import tables
from celery_analyzers.dict_edits import rename_key
from celery_analyzers.dispatch_sites import SIGNING
from celery_analyzers.edits import remove_keywords, rename_keyword
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.proof import Proof
from celery_analyzers.retries import retry_calls
from celery_analyzers.rule import Rule
from celery_analyzers.spelling import correction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import BeatContext
    from celery_analyzers.call_contexts import CallContext, CanvasContext, DispatchContext
    from celery_analyzers.call_facts import CanvasMade, Dispatch
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.schedule_facts import BeatEntry
    from celery_analyzers.task_facts import TaskDefinition
    from celery_analyzers.tasks import ProjectTask

_TAKING_OPTIONS = frozenset(
    {"apply", "apply_async", "apply_async_on_commit", "send_task", "signature", "subtask", "Signature"}
)
_NAMED_PARAMETERS = {
    "apply": ("Task.apply",),
    "apply_async": ("Task.apply_async",),
    "apply_async_on_commit": ("Task.apply_async",),
    "send_task": ("Celery.send_task",),
    "retry": ("Task.retry",),
    "add_periodic_task": ("Celery.add_periodic_task",),
}
_OF_SIGNATURES = frozenset({"app", "immutable", "options", "subtask_type", "task", "type", "using"})
_OF_PERIODIC_CALLS = frozenset({"args", "kwargs", "name", "schedule", "sig"})
_OTHER_NAMES = {
    "delay": "countdown",
    "hard_time_limit": "time_limit",
    "kwds": "kwargs",
    "queue_name": "queue",
    "task_queue": "queue",
}
"""What options are called by mistake, where it is more than a slip."""
_OF_TASKS = frozenset(
    {"acks_late", "acks_on_failure_or_timeout", "autoretry_for", "default_retry_delay", "max_retries", "rate_limit"}
    | {"reject_on_worker_lost", "retry_backoff", "retry_backoff_max", "retry_jitter", "retry_kwargs", "track_started"}
)
"""Options of tasks that one may take for options of a call."""
_SELDOM_MEANT = frozenset({"callbacks", "chain", "chord", "declare", "errbacks", "now", "origin", "router"})


class UnknownDispatchOption(Rule):
    """A call that sends a task has an option that Celery does not know.

    ## What it does

    Finds keywords of `apply_async()`, `send_task()`, `signature()`, `set()`, `retry()`, `add_periodic_task()` and of
    the `options` of beat entries that are a slip of an option, options of tasks or settings that no call takes, and
    arguments for the task that are given as if they were options. The last is an error where the task cannot be called
    without the argument.

    ## Why is this bad

    Celery takes any keyword and passes it on to the broker, where nothing reads it. The task runs at once although it
    was to wait, in the wrong queue, or without the argument that was meant for it.

    ## Example

        @app.task
        def sync(user_id=None):
            return user_id

        def sync_user(user_id):
            return sync.apply_async(user_id=user_id, countdwn=1)
            #                       ^^^^^^^^^^^^^^^ `apply_async()` does not give `user_id` to the task, which runs
            #                                       without it: its arguments belong into `kwargs`
            #                                        ^^^^^^^^ `apply_async()` has no option `countdwn`, so it has no
            #                                                 effect: did you mean `countdown`?

    ## Use instead

        @app.task
        def sync(user_id=None):
            return user_id

        def sync_user(user_id):
            return sync.apply_async(kwargs={"user_id": user_id}, countdown=1)

    ## Not flagged

    Options that are nothing like Celery's are taken for those of a broker or of the base class, and whatever may be
    given by `**`:

        def sync_later(user_id, options):
            sync.apply_async((user_id,), MessageGroupId="users")
            sync.apply_async((user_id,), **options)
            sync.apply_async((user_id,), countdown=5, queue="slow", priority=3)

    Nothing is said of tasks whose base class sends them in its own way, or cannot be read.

    ## Fix safety

    All fixes are unsafe: what had no effect so far gets one.

    ## References

    - [Calling tasks](https://docs.celeryq.dev/en/stable/userguide/calling.html)
    - [`Task.apply_async`](https://docs.celeryq.dev/en/stable/reference/celery.app.task.html#celery.app.task.Task.apply_async)
    """

    code = "CEL505"
    severity = Severity.WARNING
    proofs = (
        Proof(
            run="sync_user(7).get(timeout=10)",
            fails="returns: None",
            succeeds="7",
        ),
    )

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        call = context.call
        if call is None:
            return
        further = _further_calls(context) if dispatch.method in SIGNING else []
        if not (dispatch.options and dispatch.method in _TAKING_OPTIONS) and not further:
            return
        task = context.dispatched
        if task is not None and context.sending_is_changed(task):
            return
        if dispatch.options and dispatch.method in _TAKING_OPTIONS:
            misplaced = _parameters_given(dispatch, task, context)
            if misplaced and task is not None:
                yield self._misplaced(misplaced, dispatch, task, context)
            yield from self._in_call(call, dispatch.method, context, misplaced)
        for method, further_call in further:
            yield from self._in_call(further_call, method, context)

    def check_canvas(self, canvas: CanvasMade, context: CanvasContext) -> Iterator[Finding]:  # noqa: ARG002
        for method, call in _further_calls(context):
            yield from self._in_call(call, method, context)

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if context.mentions("retry") and not context.base_may_define(task, "retry"):
            for call in retry_calls(task, context):
                yield from self._in_call(call.node, "retry", context)

    def check_beat_entry(self, entry: BeatEntry, context: BeatContext) -> Iterator[Finding]:
        if entry.form == "call" and isinstance(context.node, ast.Call):
            yield from self._in_call(context.node, "add_periodic_task", context)
        options = context.nodes.get("options") if entry.form == "entry" else None
        for key in options.keys if isinstance(options, ast.Dict) else ():
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                meant = _slip(key.value, _known("apply_async"))
                if options is not None and meant is not None:
                    edits = rename_key(context.text, options, context.span, key.value, meant)
                    yield self.finding(
                        context.span(key), _no_option("a beat entry", key.value, meant), _fix(meant, edits)
                    )

    def _in_call(
        self, call: ast.Call, method: str, context: Context, given_to_task: list[str] | None = None
    ) -> Iterator[Finding]:
        """The keywords of a call that are no options."""
        known = _known(method)
        names = [keyword.arg for keyword in call.keywords]
        if "stamped_headers" in names:
            return
        for keyword in call.keywords:
            name = keyword.arg
            if name is None or name in known or name in (given_to_task or ()):
                continue
            span = context.span(keyword)
            name_span = Span(span.start, span.start + len(name))
            meant = _slip(name, known)
            if meant is not None:
                edits = () if meant in names else rename_keyword(context.text, call, context.span, name, meant)
                yield self.finding(name_span, _no_option(f"`{method}()`", name, meant), _fix(meant, edits))
            elif name in _OF_TASKS or name in tables().retry_policy:
                where = "of tasks" if name in _OF_TASKS else "of `retry_policy`"
                message = f"`{name}` is an option {where}: given to `{method}()` it has no effect"
                yield self.finding(name_span, message)

    def _misplaced(self, names: list[str], dispatch: Dispatch, task: ProjectTask, context: DispatchContext) -> Finding:
        """Arguments for the task that are given as if they were options."""
        listed = " and ".join(f"`{name}`" for name in names)
        given = {name for name, _ in dispatch.keywords}
        positional = [p.name for p in task.parameters or () if p.kind in ("positional", "positional-only")]
        given.update(positional[: len(dispatch.positional)])
        needed = {
            p.name
            for p in task.parameters or ()
            if p.default is None and p.kind in ("positional", "positional-only", "keyword-only")
        }
        fails = dispatch.complete and not given >= needed and dispatch.role in ("send", "sent")
        checked = context.checks_arguments(task) is True and dispatch.method != "send_task"
        them = "it" if len(names) == 1 else "them"
        outcome = f"which runs without {them}"
        if fails:
            outcome = "and the call raises `TypeError`" if checked else "which fails with `TypeError`"
        spans = [option.span for option in dispatch.options if option.name in names and option.span is not None]
        return self.finding(
            spans[0],
            f"`{dispatch.method}()` does not give {listed} to the task, {outcome}: its arguments belong into `kwargs`",
            _moved(names, dispatch, context),
            severity=Severity.ERROR if fails and checked else Severity.WARNING,
        )


def _no_option(what: str, name: str, meant: str) -> str:
    return f"{what} has no option `{name}`, so it has no effect: did you mean `{meant}`?"


def _known(method: str) -> frozenset[str]:
    """The keywords that a method takes."""
    known = tables().execution_options
    for name in _NAMED_PARAMETERS.get(method, ()):
        known |= {parameter.name for parameter in tables().signature(name) or ()}
    if method in ("signature", "subtask", "Signature", "set", "apply_async"):
        known |= _OF_SIGNATURES
    if method == "send_task":
        known |= {"name"}
    return known | _OF_PERIODIC_CALLS if method == "add_periodic_task" else known


def _slip(name: str, known: frozenset[str]) -> str | None:
    """The option that a name is meant for; None where the name is one, or nothing like one."""
    if name in known:
        return None
    setting = tables().settings.get(name)
    if setting is not None and setting in known:
        return setting
    other = _OTHER_NAMES.get(name)
    if other is not None and other in known:
        return other
    return None if name in _OF_TASKS else correction(name, known - _SELDOM_MEANT)


def _further_calls(context: CallContext) -> list[tuple[str, ast.Call]]:
    """The calls in `send.s(1).set(queue="slow").apply_async(countdown=5)` that take options, with their methods."""
    found: list[tuple[str, ast.Call]] = []
    assert context.call is not None
    chain = context.enclosing(context.call)
    while isinstance(attribute := next(chain, None), ast.Attribute) and isinstance(call := next(chain, None), ast.Call):
        if attribute.attr in ("set", "apply_async"):
            found.append((attribute.attr, call))
        elif attribute.attr not in ("clone", "on_error"):
            break
    return found


def _parameters_given(dispatch: Dispatch, task: ProjectTask | None, context: DispatchContext) -> list[str]:
    """The options of a call that are parameters of its task, and no options."""
    parameters = None if task is None else context.parameters_met(task)
    if parameters is None or context.expects_failure:
        return []
    own = {parameter.name for parameter in parameters if parameter.kind in ("positional", "keyword-only")}
    known = _known(dispatch.method)
    names = [option.name for option in dispatch.options]
    given = {name for name, _ in dispatch.keywords}
    return [name for name in names if name in own and name not in known and name not in given]


def _moved(names: list[str], dispatch: Dispatch, context: DispatchContext) -> Fix | None:
    """Give the arguments in `kwargs`."""
    call = context.call
    skip = 1 if dispatch.method == "send_task" else 0
    if call is None or len(call.args) > skip + 1 or keyword_of(call, "kwargs") is not None:
        return None
    if any(isinstance(argument, ast.Starred) for argument in call.args) or any(k.arg is None for k in call.keywords):
        return None
    keywords = [keyword for keyword in call.keywords if keyword.arg in names]
    pairs = ", ".join(f'"{k.arg}": {context.source(context.span(k.value))}' for k in keywords)
    first, *others = keywords
    edits = [Edit(context.span(first), f"kwargs={{{pairs}}}")]
    if others:
        edits += remove_keywords(context.text, call, context.span, [k.arg or "" for k in others])
    return Fix("Move into `kwargs`", tuple(sorted(edits, key=lambda edit: edit.span)), preferred=True)


def _fix(meant: str, edits: tuple[Edit, ...]) -> Fix | None:
    return Fix(f"Rename to `{meant}`", edits, preferred=True) if edits else None
