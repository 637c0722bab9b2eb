"""`unknown-task-name`: a task's name that no task has."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.strings import inside_plain
from celery_analyzers.task_lookup import UnknownName, unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import BeatContext, SettingContext
    from celery_analyzers.app_facts import SettingGiven
    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.schedule_facts import BeatEntry

_GLOB = frozenset("*?[")
_USELESS = {"task_annotations": "this has no effect", "task_routes": "this route is never taken"}


class UnknownTaskName(Rule):
    """A task is meant by a name that no task has.

    ## What it does

    Compares the names that `send_task()`, `signature()`, `app.tasks[...]`, beat entries, `PeriodicTask`,
    `task_routes` and `task_annotations` give with those of all tasks of the workspace. A name is reported if
    the module in it is a part of the workspace, or if it is nearly that of a task.

    ## Why is this bad

    A name is sent as it stands. The worker that gets it logs "Received unregistered task" and throws the
    message away; whoever waits for the result gets `NotRegistered`. A route for a name that no task has is
    never taken.

    ## Example

        @app.task
        def report():
            return "pong"

        def check():
            return app.send_task("shop.reprot").get(timeout=10)
        #                        ^^^^^^^^^^^^^ no task is called `shop.reprot`, so no worker runs it: did you mean
        #                                      `shop.report`?

    ## Use instead

        @app.task
        def report():
            return "pong"

        def check():
            return app.send_task("shop.report").get(timeout=10)

    ## Not flagged

    Tasks of modules that are not in the workspace, and Celery's own:

        app.send_task("billing.tasks.charge")
        app.send_task("celery.backend_cleanup")

    Names of tasks that another project runs, where it has modules of the same names, can be told by the setting
    `external-task-names`, a list of patterns such as `"shop.remote.*"`.

    ## Fix safety

    To write another name is unsafe, as somebody else may run a task of the name that is there. It is safe where
    the same task is meant by where it stands, but has another name.

    ## References

    - [Names of tasks](https://docs.celeryq.dev/en/stable/userguide/tasks.html#names)
    """

    code = "CEL809"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="check()",
            fails="NotRegistered: 'shop.reprot'",
            succeeds="'pong'",
        ),
    )

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        if dispatch.task is None and isinstance(dispatch.target, str) and dispatch.target_span is not None:
            yield from self._sent(dispatch.target, dispatch.target_span, context, is_ours=False)

    def check_beat_entry(self, entry: BeatEntry, context: BeatContext) -> Iterator[Finding]:
        field = entry.field("task")
        # A migration speaks of the names of its time.
        if field is not None and isinstance(field.value, str) and not (entry.form == "model" and context.in_migrations):
            yield from self._sent(field.value, field.value_span, context, is_ours=True)

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        useless = _USELESS.get(setting.name or "")
        if useless is None or context.in_tests:
            return
        for key in _keys(context.node):
            name, span = key.value, context.span(key)
            if not isinstance(name, str):
                continue
            if not _GLOB.isdisjoint(name):
                if name != "*" and _is_idle(name, context):
                    message = f"no task's name matches `{name}`, so {useless}"
                    yield self.finding(span, message, severity=Severity.INFORMATION)
                continue
            unknown = unknown_name(name, context.project)
            if unknown is not None:
                message = f"no task is called `{name}`, so {useless}{_suggestion(unknown)}"
                severity = Severity.WARNING if unknown.meant else Severity.INFORMATION
                yield self.finding(span, message, _fix(span, unknown, context), severity=severity)

    def _sent(self, name: str, span: Span, context: Context, *, is_ours: bool) -> Iterator[Finding]:
        """A name that is sent: `is_ours` tells that our own worker is to run it, not perhaps somebody else's."""
        unknown = None if context.in_tests else unknown_name(name, context.project)
        if unknown is None:
            return
        is_sure = unknown.in_module and unknown.is_certain and (is_ours or unknown.meant is not None)
        message = f"no task is called `{name}`, so no worker runs it{_suggestion(unknown)}"
        severity = self.severity if is_sure else Severity.WARNING
        yield self.finding(span, message, _fix(span, unknown, context), severity=severity)


def _suggestion(unknown: UnknownName) -> str:
    return f": did you mean `{unknown.meant}`?" if unknown.meant else ""


def _fix(span: Span, unknown: UnknownName, context: Context) -> Fix | None:
    inside = inside_plain(context.source(span))
    if unknown.meant is None or inside is None:
        return None
    edit = Edit(Span(span.start + inside[0], span.start + inside[1]), unknown.meant)
    return Fix(f"Write `{unknown.meant}`", (edit,), "safe" if unknown.is_exact else "unsafe", preferred=True)


def _keys(node: ast.expr) -> Iterator[ast.Constant]:
    """The keys of routes or annotations: of a dict, of several in a list, or the first of pairs."""
    if isinstance(node, ast.Dict):
        yield from (key for key in node.keys if isinstance(key, ast.Constant))
    elif isinstance(node, (ast.List, ast.Tuple)):
        for element in node.elts:
            if isinstance(element, ast.Tuple) and len(element.elts) == 2 and isinstance(element.elts[0], ast.Constant):
                yield element.elts[0]
            else:
                yield from _keys(element)


def _is_idle(pattern: str, context: Context) -> bool:
    """Whether a pattern is meant for modules of the workspace, but matches no task."""
    start = pattern[: min(pattern.index(mark) for mark in _GLOB if mark in pattern)]
    if context.project.is_external_task(pattern) or not context.project.ask("names_are_certain"):
        return False
    package = start.rpartition(".")[0]
    ask = context.project.ask
    is_ours = bool(package) and bool(ask("has_module", package) or ask("has_package", package))
    return is_ours and ask("matches_task", pattern) is False
