"""`task-called-directly`: a task that is called as a plain function, and so runs here and now."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, ClassVar, Literal

from celery_analyzers.expressions import expression
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.rule import Rule
from celery_analyzers.tasks import task_of
from celery_analyzers.trees import Function

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import CallContext
    from celery_analyzers.call_facts import TaskCalled
    from celery_analyzers.findings import Finding

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BY_HAND = re.compile(
    r"(?:^|[/\\])(?:management|migrations|bin|[\w-]*scripts)[/\\]|(?:^|[/\\])(?:manage|cli|conftest)\.py$"
)
"""Paths of code that people run by hand, and that may well wait."""


class TaskCalledDirectly(Rule):
    """A task is called as a plain function.

    ## What it does

    Finds calls such as `send_report(1)` of a task, outside of tasks, of tests and of commands that people run, where
    nothing is done with what the call returns.

    ## Why is this bad

    The call runs the task's function here and now: whoever waits for the request waits for it, no worker takes it,
    and options of the task such as `time_limit` and `max_retries` have no effect.

    ## Example

        @app.task
        def send_report(user_id):
            print(user_id)

        def order_report(user_id):
            send_report(user_id)
        #   ^^^^^^^^^^^^^^^^^^^^ this runs `send_report` here and now, without a worker

    ## Use instead

        @app.task
        def send_report(user_id):
            print(user_id)

        def order_report(user_id):
            send_report.delay(user_id)

    ## Not flagged

        def show_report(user_id):
            return send_report(user_id)

        def send_now_or_later(user_id, later):
            if later:
                send_report.delay(user_id)
            else:
                send_report(user_id)

        @app.task
        def send_reports(user_ids):
            for user_id in user_ids:
                send_report(user_id)

    ## Fix safety

    The fix is unsafe: the task runs later and elsewhere, and its arguments must be such that can be sent.

    ## References

    - [Calling tasks](https://docs.celeryq.dev/en/stable/userguide/calling.html)
    """

    code = "CEL507"
    severity = Severity.HINT
    preset: ClassVar[Literal["recommended", "strict", "all"]] = "all"

    def check_task_called(self, called: TaskCalled, context: CallContext) -> Iterator[Finding]:
        call = context.call
        if call is None or context.in_tests or _BY_HAND.search(context.path):
            return
        outer = list(context.enclosing(call))
        functions = [node for node in outer if isinstance(node, _FUNCTIONS)]
        if not functions or not isinstance(outer[0], ast.Expr):
            # A module runs when it is imported or as a script; and what is returned may be what is wanted.
            return
        if any(_is_task(function, context) for function in functions):
            return
        end = context.span(call.func).end
        function = context.source(Span(context.span(call.func).start, end))
        if called.task.options_known is False or re.search(
            rf"\b{re.escape(function)}\.(?:delay|apply|si?\b)", context.text
        ):
            return
        message = f"this runs `{called.task.name}` here and now, without a worker"
        yield self.finding(
            called.span, message, Fix("Call `delay()`", (Edit(Span(end, end), ".delay"),), preferred=True)
        )


def _is_task(node: Function, context: CallContext) -> bool:
    """Whether a function is a task, or the method that a task class runs."""
    name = ast.Name(node.name, ast.Load())
    is_known = task_of(evaluate_symbol(expression(name), context.scope.module_scope)) is not None
    return is_known or any("task" in ast.unparse(decorator) for decorator in node.decorator_list)
