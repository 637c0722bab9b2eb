"""`deprecated-acks-option`: one option for failures and time limits, where Celery has two by now."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity
from celery_analyzers.layout import comments_in, first_on_line, indentation, newline_of
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import Option, TaskDefinition

_OLD = "acks_on_failure_or_timeout"
_NEW = ("acks_on_failure", "acks_on_timeout")


class DeprecatedAcksOption(Rule):
    """A task has one option for failures and time limits, where Celery has two by now.

    ## What it does

    Finds the option `acks_on_failure_or_timeout` of tasks.

    ## Why is this bad

    Celery 5.7 puts `acks_on_failure` and `acks_on_timeout` in its place, and Celery 6.0 deprecates it. The two ask
    different things: a task that failed may be worth another try, while one that took too long will most likely do so
    again, for as long as its message comes back.

    ## Example

        @app.task(acks_late=True, acks_on_failure_or_timeout=False)
        #                         ^^^^^^^^^^^^^^^^^^^^^^^^^^ since Celery 5.7 this is `acks_on_failure` and
        #                                                    `acks_on_timeout`
        def load(url):
            return url

    ## Use instead

        @app.task(acks_late=True, acks_on_failure=False, acks_on_timeout=False)
        def load(url):
            return url

    ## Not flagged

    The new options, and projects that run on a version which does not have them:

        @app.task(acks_late=True, acks_on_failure=False)
        def load(url):
            return url

    ## Fix safety

    The two options together do what the one did. The fix is safe where the project tells that it runs on Celery 5.7 or
    later: older versions pass over them.

    ## References

    - [`acks_on_failure`](https://docs.celeryq.dev/en/stable/reference/celery.app.task.html#celery.app.task.Task.acks_on_failure)
    """

    code = "CEL004"
    severity = Severity.INFORMATION

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        option = task.option(_OLD)
        if option is None or option.name_span is None or context.celery_at_least(5, 7) is False:
            return
        message = "since Celery 5.7 this is `acks_on_failure` and `acks_on_timeout`"
        has_new = any(task.option(name) is not None for name in _NEW) or not task.options_known
        yield self.finding(option.name_span, message, None if has_new else _fix(option, context))


def _fix(option: Option, context: Context) -> Fix | None:
    span, value = option.span, option.value_span
    if span is None or value is None or not isinstance(context.decorator, ast.Call):
        return None
    if comments_in(context.text, span.start, span.end):
        return None
    between = ", "
    if first_on_line(context.text, span.start):
        between = "," + newline_of(context.text) + indentation(context.text, span.start)
    written = between.join(f"{name}={context.source(value)}" for name in _NEW)
    safety = "safe" if context.celery_at_least(5, 7) else "unsafe"
    return Fix("Write the two options", (Edit(span, written),), safety, preferred=True)
