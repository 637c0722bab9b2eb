"""`async-task`: a task whose function is a coroutine function or a generator function."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.index_records import ASYNC_POOL
from celery_analyzers.layout import first_on_line, indentation, newline_of, parameter_listing
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import UNKNOWN, External

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import FunctionFacts, TaskDefinition
    from celery_analyzers.trees import Function

_POOLS = ("prefork", "processes", "threads", "solo", "gevent", "eventlet")
"""Celery's own worker pools: none of them awaits a coroutine."""
_BEHIND_ANNOTATION = re.compile(r"(?:(?:[\s\\]|#[^\r\n]*)*\))*")
"""What may stand between what a function returns and the colon, up to the last parenthesis."""


class AsyncTask(Rule):
    """A task is a coroutine function or a generator function, so that its body never runs.

    ## What it does

    Finds tasks that are declared with `async def`, and tasks with a `yield`.

    ## Why is this bad

    A worker calls the function and takes what comes back for the result. Of an `async def` it gets a
    coroutine that it never awaits, of a function with a `yield` a generator that it never iterates: the
    body does not run. With a result backend the task then fails with `EncodeError`, as neither can be
    stored. Without one, or with `ignore_result`, it even counts as successful.

    ## Example

        @app.task
        async def fetch(url):
        #         ^^^^^ `fetch` is a coroutine function, which no worker of Celery awaits: its body never runs
            await asyncio.sleep(0)
            return url

    ## Use instead

        @app.task
        def fetch(url):
            return asyncio.run(_fetch(url))


        async def _fetch(url):
            await asyncio.sleep(0)
            return url

    ## Not flagged

        @app.task
        def fetch_all(urls):
            async def fetch_each():
                return [await _fetch(url) for url in urls]

            return asyncio.run(fetch_each())

        async def _fetch(url):
            return url

    Nothing is said where the base class defines `__call__` or cannot be read, where a decorator below
    `@app.task` may await the coroutine, and where the project uses a worker pool of its own or one that
    awaits coroutines, such as `celery-aio-pool`.

    ## Fix safety

    The fix is unsafe, as the body will run: each call in an event loop of its own, in which nothing that is
    bound to another loop works. A generator's items are collected in a list.

    ## References

    - [Tasks](https://docs.celeryq.dev/en/stable/userguide/tasks.html)
    - [Concurrency](https://docs.celeryq.dev/en/stable/userguide/concurrency/index.html)
    """

    code = "CEL104"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run='fetch.delay("https://example.org").get(timeout=10)',
            fails="EncodeError: Object of type coroutine is not JSON serializable",
            succeeds="'https://example.org'",
        ),
    )

    PRELUDE = "import asyncio\n\n" + Rule.PRELUDE

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        function = task.function
        if function is None or not (function.is_async or function.is_generator):
            return
        if task.form != "class" and task.in_class and External("builtins.staticmethod") not in task.outer:
            return
        overrides = ("__call__",) if task.form == "class" else ("__call__", "run")
        if context.may_be_wrapped(task) or context.base_may_define(task, *overrides):
            return
        if context.setting("worker_pool") not in (None, UNKNOWN, *_POOLS) or context.project.ask(
            "mentions", ASYNC_POOL
        ):
            return
        if function.is_async:
            kind = "an asynchronous generator" if function.is_generator else "a coroutine function"
            reason = f"is {kind}, which no worker of Celery awaits: its body never runs"
        else:
            reason = "is a generator function, which no worker of Celery iterates: its body never runs"
        yield self.finding(function.name_span, f"`{function.name}` {reason}", _wrapper(task, function, context))


def _wrapper(task: TaskDefinition, function: FunctionFacts, context: Context) -> Fix | None:
    """Give the body to a function of its own, and let the task run that.

    Decorators and comments stay in front of the task, so the new function follows it.
    """
    node = context.function
    if node is None or task.form == "class" or task.in_class or (function.is_async and function.is_generator):
        return None
    names = (f"_{node.name}", f"_{node.name}_body")
    name = next((name for name in names if not context.scope.lookup(name)[0]), None)
    head = _head(node, function, context)
    if name is None or head is None:
        return None
    call = f"{name}({', '.join(_arguments(function))})"
    lines = [f"return list({call})"]
    title = "Collect the items of the generator in a list"
    if function.is_async:
        lines = [f"return asyncio.run({call})"]
        title = "Run the coroutine by `asyncio.run()`"
        if context.symbol(ast.Name("asyncio", ast.Load())) != External("asyncio"):
            lines[:0] = ["import asyncio", ""]
    start = context.span(node).start
    return Fix(
        title,
        (
            Edit(Span(start, start), _definition(f"def {node.name}{head}", lines, node, context)),
            Edit(function.name_span, name),
        ),
        preferred=True,
    )


def _definition(head: str, lines: list[str], before: Function, context: Context) -> str:
    """A function in front of another, indented as that one is."""
    start, body = context.span(before).start, context.span(before.body[0]).start
    outer = indentation(context.text, start)
    inner = indentation(context.text, body) if first_on_line(context.text, body) else f"{outer}    "
    newline = newline_of(context.text)
    written = newline.join([head, *(f"{inner}{line}" if line else "" for line in lines)])
    return written + newline * (2 if outer else 3) + outer


def _head(node: Function, function: FunctionFacts, context: Context) -> str | None:
    """What stands between the name and the body: parameters, colon, and what a coroutine returns."""
    parameters = parameter_listing(context.text, node, context.span)
    if parameters is None:
        return None
    end = parameters.close + 1
    if node.returns is not None and function.is_async:
        behind = _BEHIND_ANNOTATION.match(context.text, context.span(node.returns).end)
        end = behind.end() if behind else end
    return context.text[function.name_span.end : end] + ":"


def _arguments(function: FunctionFacts) -> Iterator[str]:
    """The arguments that hand on all parameters."""
    for parameter in function.parameters:
        if parameter.kind == "keyword-only":
            yield f"{parameter.name}={parameter.name}"
        else:
            yield f"{parameter.kind if parameter.kind in ('*', '**') else ''}{parameter.name}"
