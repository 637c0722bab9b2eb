"""`decorator-order`: a task's decorator that does not stand where it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.decorators import replaces
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.layout import first_on_line, line_end, line_start, newline_of
from celery_analyzers.proof import Proof
from celery_analyzers.resolution import SHARED_TASK
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import AppAttribute, External

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.symbols import Symbol
    from celery_analyzers.task_facts import TaskDefinition

_REPLACING = frozenset(
    {
        *("backoff.on_exception", "backoff.on_predicate", "contextlib.contextmanager"),
        *("django.db.transaction.atomic", "django.db.transaction.non_atomic_requests"),
        *(
            "django.views.decorators.csrf.csrf_exempt",
            "functools.cache",
            "functools.lru_cache",
            "functools.singledispatch",
        ),
        *("retrying.retry", "sentry_sdk.monitor", "sentry_sdk.trace", "tenacity.retry"),
    }
)
"""Decorators of libraries that return a function of their own, without the attributes of a task."""
_OF_TASKS = r"\.(?:delay\w*|apply\w*|si?|signature|subtask|name|run|app|retry|request)\b|\bTask\b"
"""What a decorator that knows of tasks speaks of."""
_BUILTINS = {
    External("builtins.staticmethod"): "AttributeError",
    External("builtins.classmethod"): "TypeError",
    External("builtins.property"): "TypeError",
}


class DecoratorOrder(Rule):
    """A task's decorator does not stand where it works.

    ## What it does

    Finds decorators above the task's own that put a function in the place of the task, `@staticmethod`,
    `@classmethod` and `@property` below it, and functions that are made tasks twice.

    ## Why is this bad

    Decorators apply from the bottom up. What stands above `@app.task` gets the task, and a function that it returns
    has no `delay`; the worker runs the task without it. What stands below is what the task is made of: `@app.task`
    cannot make a task of a `staticmethod`.

    ## Example

        import functools

        def timed(function):
            @functools.wraps(function)
            def measure(*args):
                return "timed " + function(*args)
            return measure

        @timed
        #^^^^^ `timed` puts a function in the place of the task `ping`: that has no `delay`, and the worker runs the
        #      task without `timed`
        @app.task
        def ping():
            return "pong"

    ## Use instead

        import functools

        def timed(function):
            @functools.wraps(function)
            def measure(*args):
                return "timed " + function(*args)
            return measure

        @app.task
        @timed
        def ping():
            return "pong"

    ## Not flagged

    Decorators that return what they were given, or that know of tasks:

        REGISTRY = []

        def registered(function):
            REGISTRY.append(function)
            return function

        @registered
        @app.task
        def ping():
            return "pong"

        class Mailer:
            @staticmethod
            @app.task
            def send(address):
                return address

    Nothing is said of decorators that cannot be read.

    ## Fix safety

    To move the decorator is unsafe: the worker then runs what it ran without before.

    ## References

    - [Tasks: multiple decorators](https://docs.celeryq.dev/en/stable/userguide/tasks.html#basics)
    """

    code = "CEL811"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="ping.delay().get(timeout=10)",
            fails="AttributeError: 'function' object has no attribute 'delay'",
            succeeds="'timed pong'",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if task.form != "decorator" or not (task.outer or task.inner) or context.function is None:
            return
        decorators = context.function.decorator_list
        for index, outer in enumerate(task.outer):
            if _replaces(outer, context):
                name = context.source(context.span(decorators[index])).partition("(")[0]
                message = (
                    f"`{name}` puts a function in the place of the task `{task.name}`: that has no `delay`, and the "
                    f"worker runs the task without `{name}`"
                )
                fix = _move(decorators, len(task.outer), index, context)
                yield self.finding(_span(decorators[index], context), message, fix)
                return
        for index, inner in enumerate(task.inner, start=len(task.outer) + 1):
            if inner in _BUILTINS and not task.maker.is_wrapper:
                name = context.source(context.span(decorators[index]))
                message = f"no task can be made of a `{name}`: this raises `{_BUILTINS[inner]}`"
                fix = _move(decorators, index, len(task.outer), context) if name == "staticmethod" else None
                yield self.finding(_span(decorators[index], context), message, fix)
            elif _is_celerys(inner) and not task.maker.is_wrapper and not task.options and task.options_known:
                yield self._twice(task, decorators[index], context)

    def _twice(self, task: TaskDefinition, decorator: ast.expr, context: Context) -> Finding:
        """A second decorator of Celery's, whose task the first makes a task of."""
        message = f"`{task.name}` is made a task twice, so its name is `celery.local.{task.name}`: no worker knows it"
        message += " by the name of its module"
        return self.finding(_span(decorator, context), message, severity=Severity.WARNING)


def _span(decorator: ast.expr, context: Context) -> Span:
    """A decorator with its `@`."""
    span = context.span(decorator)
    return Span(context.text.rfind("@", 0, span.start), span.end)


def _replaces(decorator: Symbol, context: Context) -> bool:
    if isinstance(decorator, External):
        return decorator.path in _REPLACING
    return replaces(decorator, context.project, _OF_TASKS)


def _is_celerys(decorator: Symbol) -> bool:
    if isinstance(decorator, AppAttribute):
        return decorator.path == "task"
    return isinstance(decorator, External) and decorator.path in SHARED_TASK


def _move(decorators: list[ast.expr], moved: int, to: int, context: Context) -> Fix | None:
    """Put one decorator in front of another, with its lines."""
    text = context.text
    span, target = context.span(decorators[moved]), context.span(decorators[to])
    start, first = text.rfind("@", 0, span.start), text.rfind("@", 0, target.start)
    if not (first_on_line(text, start) and first_on_line(text, first)):
        return None
    line = Span(line_start(text, start), line_end(text, span.end) + len(newline_of(text)))
    at = line_start(text, first)
    name = context.source(span).partition("(")[0]
    edits = (Edit(Span(at, at), context.source(line)), Edit(line, ""))
    return Fix(f"Move `@{name}` up", edits, preferred=True)
