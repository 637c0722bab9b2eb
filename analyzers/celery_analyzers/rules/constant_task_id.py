"""`constant-task-id`: a call that gives every run of a task the same id."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.edits import remove_keyword
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.rule import Rule
from celery_analyzers.trees import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.findings import Finding

_CLEARS = frozenset({"forget", "revoke"})
"""What a module calls that looks after an id which it uses again."""


class ConstantTaskId(Rule):
    """A call gives the task an id that is the same each time.

    ## What it does

    Finds `task_id` with a constant text in `apply_async()`, `send_task()` and `signature()`.

    ## Why is this bad

    The id tells one run of a task from another. When two runs share it, they share their state and their result too:
    whoever waits for the second is given the result of the first at once, as long as that is stored. Once the id has
    been revoked, workers discard every later message that has it. The id does not keep a task from being queued twice,
    either: Celery does not look for it.

    ## Example

        @app.task
        def report(day):
            return day

        def nightly(day):
            return report.apply_async((day,), task_id="nightly-report")
            #                                 ^^^^^^^^^^^^^^^^^^^^^^^^ every run has the id `nightly-report`: they share
            #                                                          one state and one result, and stay revoked
            #                                                          together

    ## Use instead

        @app.task
        def report(day):
            return day

        def nightly(day):
            return report.apply_async((day,))

    ## Not flagged

        def nightly_once(day, task_id):
            report.apply_async((day,), task_id=f"nightly-report-{day}")
            report.apply_async((day,), task_id=task_id)

    Nothing is said where the same function revokes or forgets a result, nor in tests.

    ## Fix safety

    The fix is unsafe: something may look for the run by its id. An id that is made of what the run is about,
    `f"nightly-report-{day}"`, can be told beforehand as well.

    ## References

    - [`Task.apply_async`](https://docs.celeryq.dev/en/stable/reference/celery.app.task.html#celery.app.task.Task.apply_async)
    - [Revoking tasks](https://docs.celeryq.dev/en/stable/userguide/workers.html#revoke-revoking-tasks)
    """

    code = "CEL511"
    severity = Severity.WARNING

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        call = context.call
        if call is None or context.in_tests:
            return
        option = dispatch.option("task_id")
        if option is None or option.span is None or not isinstance(option.value, str) or not option.value:
            return
        if dispatch.method == "apply" or _clears(call, context):
            return
        edits = remove_keyword(context.text, call, context.span, "task_id")
        fix = Fix("Let Celery make the id", edits, preferred=True) if edits else None
        message = (
            f"every run has the id `{option.value}`: they share one state and one result, and stay revoked together"
        )
        yield self.finding(option.span, message, fix)


def _clears(call: ast.Call, context: DispatchContext) -> bool:
    """Whether something around the call clears up after an earlier run."""
    outermost: ast.AST = call
    for outer in context.enclosing(call):
        outermost = outer
    return any(isinstance(node, ast.Attribute) and node.attr in _CLEARS for node in walk(outermost))
