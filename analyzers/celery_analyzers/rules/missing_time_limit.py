"""`missing-time-limit`: a task that nothing ends when it hangs."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from celery_analyzers.edits import set_keywords
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.handlers import own_nodes
from celery_analyzers.index import TIME_LIMIT
from celery_analyzers.operations import Performed, operation_of, waits_without_end
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body
    from celery_analyzers.context import Context
    from celery_analyzers.facts import TaskDefinition
    from celery_analyzers.findings import Finding

_LIMITS = ("time_limit", "soft_time_limit")
_SETTINGS = ("task_time_limit", "task_soft_time_limit", "task_annotations")
_SENDS = ("apply_async", "apply", "delay", "on_bound", "__init_subclass__", "__call__", "Request", "Strategy")
"""What a base class may override to give limits of its own to each call."""
_LIMITING_DECORATOR = re.compile(r"time_?(?:out|limit)", re.IGNORECASE)
_LIMITING_CODE = re.compile(r"\b(?:SoftTimeLimitExceeded|setitimer|func_timeout|stopit)\b|\balarm\(|\bTimeout\(")
_VALUES = {"soft_time_limit": "300", "time_limit": "360"}


class MissingTimeLimit(Rule):
    """A task has no time limit, so nothing ends it when it hangs.

    ## What it does

    Finds tasks that have neither `time_limit` nor `soft_time_limit`: not of their own, not from a base class,
    and not from the settings. It is a warning where the task plainly can wait without end, on a network call,
    a subprocess or a lock without a timeout, or in a loop without an exit; for others it is an information.

    ## Why is this bad

    Celery sets no limit by default. A task that waits for what never comes holds its worker process for good.
    Once every process has caught such a task, the worker does nothing any more, and looks healthy.

    ## Example

        import requests

        @app.task
        def sync(url):
        #   ^^^^ `sync` has no time limit and `requests.get` has no timeout: one hung call takes a worker slot
        #        for good
            return requests.get(url).json()

    ## Use instead

        import requests

        @app.task(soft_time_limit=300, time_limit=360)
        def sync(url):
            return requests.get(url).json()

    ## Not flagged

    A limit of any kind is enough, and so is one for all tasks:

        @app.task(time_limit=60)
        def refresh():
            return "done"

        class LimitedTask(app.Task):
            soft_time_limit = 60

        @app.task(base=LimitedTask)
        def rebuild():
            return "done"

    Nothing is said where a settings module, a worker's command line in the project or the like sets
    `task_time_limit` or `--time-limit`, where options or base classes cannot be read, nor where the task uses
    another way to end itself.

    ## Fix safety

    The fix is unsafe: it ends tasks that take longer. Only you know how long this one may take; the soft
    limit, which raises `SoftTimeLimitExceeded` in the task, should be the lower one. The pools `threads`,
    `solo`, `gevent` and `eventlet` do not enforce limits.

    ## References

    - [Time limits](https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits)
    - [Tasks that block](https://docs.celeryq.dev/en/stable/userguide/tasks.html)
    """

    code = "CEL201"
    severity = Severity.WARNING
    proofs = (
        # Five minutes of the limits pass in a second: the caller sends them along with the message.
        Proof(
            setup="""
                import sys
                import time
                from types import ModuleType

                class Answer:
                    def json(self):
                        return 'in stock'

                def get(url):
                    if url == 'https://stuck.example.org':
                        time.sleep(60)
                    return Answer()

                sys.modules['requests'] = ModuleType('requests')
                sys.modules['requests'].get = get
            """,
            run="""
                for limit in ('soft_time_limit', 'time_limit'):
                    setattr(sync, limit, getattr(sync, limit) and getattr(sync, limit) / 300)
                sync.delay('https://stuck.example.org')
                sync.delay('https://quick.example.org').get(timeout=15)
            """,
            fails="TimeoutError: The operation timed out",
            succeeds="'in stock'",
            worker="prefork",
            broker="redis",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if task.function is None or context.body is None or _may_have_limit(task, context):
            return
        fix = None
        if context.decorator is not None:
            edits = set_keywords(context.text, context.decorator, context.span, _VALUES)
            fix = Fix("Add `soft_time_limit` and `time_limit`", edits, preferred=True) if edits else None
        waits = _waits(context.body)
        if waits is not None:
            yield self.finding(task.span, f"`{task.name}` has no time limit and {waits}", fix)
        else:
            message = f"`{task.name}` has no time limit: should it hang, it takes a worker slot for good"
            yield self.finding(task.span, message, fix, severity=Severity.INFORMATION)


def _may_have_limit(task: TaskDefinition, context: Context) -> bool:
    # In the order of what it costs to ask.
    return (
        not task.options_known
        or context.in_tests
        or any(task.option(name) is not None for name in _LIMITS)
        or context.base_may_define(task, *_LIMITS, *_SENDS)
        or _limits_itself(task, context)
        or any(context.setting(name) is not None for name in _SETTINGS)
        or any(context.project.ask("command_values", name) for name in _LIMITS)
        or context.project.ask("mentions", TIME_LIMIT)
    )


def _limits_itself(task: TaskDefinition, context: Context) -> bool:
    """Whether the task has another way to end in time, or counts on a limit that is set elsewhere."""
    if _LIMITING_CODE.search(context.function_source):
        return True
    assert context.function is not None
    own = task.decorator_span
    decorators = (context.span(decorator) for decorator in context.function.decorator_list)
    return any(_LIMITING_DECORATOR.search(context.source(span)) for span in decorators if span != own)


def _waits(body: Body) -> str | None:
    """What the body may wait for without end, as a part of the message; None where nothing is sure to."""
    for call in body.calls:
        operation = operation_of(call)
        if operation is not None and waits_without_end(Performed(call, operation), body):
            name = call.source if "." in call.source.lstrip(".") else call.path
            return f"`{name}` has no timeout: one hung call takes a worker slot for good"
    if any(isinstance(node, ast.While) and _never_ends(node) for node in body.nodes):
        return "loops without end: it takes a worker slot for good"
    return None


def _never_ends(loop: ast.While) -> bool:
    """Whether it is `while True:` with no way out in it."""
    if not (isinstance(loop.test, ast.Constant) and loop.test.value):
        return False
    return not any(isinstance(node, (ast.Break, ast.Return, ast.Raise)) for node in own_nodes(loop.body))
