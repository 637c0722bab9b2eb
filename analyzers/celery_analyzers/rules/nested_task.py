"""`nested-task`: a task that is made where a function runs, which the worker's process does not run."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.layout import first_on_line, indentation, line_end, line_start, newline_of
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.trees import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition
    from celery_analyzers.trees import Function

_SENDING = frozenset({"delay", "apply_async", "delay_on_commit", "apply_async_on_commit"})
_BLANK = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))+")
_STARTS_WORKER = ("worker_main", "start_worker", "Worker(", ".start(")


class NestedTask(Rule):
    """A task is made inside the function that sends it.

    ## What it does

    Finds tasks that are defined in a function which sends them itself, and tasks below `if __name__ == "__main__":`.

    ## Why is this bad

    A task is known to the process that ran the code around it. The worker imports the module, but does not call the
    function: it logs "Received unregistered task" and throws the message away, and whoever waits for the result gets
    `NotRegistered`.

    ## Example

        def check():
            @app.task
            def ping():
            #   ^^^^ `ping` is a task only where `check` has run: the worker that gets it does not know it
                return "pong"

            return ping.delay()

    ## Use instead

        @app.task
        def ping():
            return "pong"


        def check():
            return ping.delay()

    ## Not flagged

    Functions that make tasks for others, as an application's factory does, and tests:

        def create_tasks(app):
            @app.task
            def ping():
                return "pong"

            return ping

    ## Fix safety

    To move the function to the module is unsafe, although the task keeps its name. It is offered where the function
    uses nothing of the one around it.

    ## References

    - [Names of tasks](https://docs.celeryq.dev/en/stable/userguide/tasks.html#names)
    """

    code = "CEL812"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="check().get(timeout=30)",
            fails="NotRegistered: 'shop.ping'",
            succeeds="'pong'",
            worker="prefork",
            broker="redis",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if context.function is None or not (task.nested or task.conditional) or context.in_tests:
            return
        around = list(context.enclosing(context.function))
        outer = next((node for node in around if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))), None)
        if outer is None:
            if any(isinstance(node, ast.If) and _is_main(node, context) for node in around):
                message = f"`{task.name}` is a task only where this file is run as a script: a worker does not know it"
                yield self.finding(task.span, message)
        elif task.nested and _sends(outer, task.name) and not context.scope.module_scope.lookup(task.name)[0]:
            message = (
                f"`{task.name}` is a task only where `{outer.name}` has run: the worker that gets it does not know it"
            )
            yield self.finding(task.span, message, _move(context.function, outer, context))


def _is_main(node: ast.If, context: Context) -> bool:
    """Whether it is `if __name__ == "__main__":`, and no worker is started in it."""
    test = node.test
    if not (isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"):
        return False
    source = context.source(context.span(node))
    return not any(word in source for word in _STARTS_WORKER)


def _sends(outer: Function, name: str) -> bool:
    """Whether a function sends the task that it makes under a name."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _SENDING
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == name
        for node in walk(outer)
    )


def _move(function: Function, outer: Function, context: Context) -> Fix | None:
    """Put the function in front of the one around it, where it uses nothing of that."""
    text = context.text
    if outer.col_offset or function not in outer.body or _uses(function, outer):
        return None
    start, before = _start(function, context), _start(outer, context)
    span = Span(line_start(text, start), line_end(text, context.span(function).end))
    moved = text[span.start : span.end]
    indent, newline = indentation(text, start), newline_of(text)
    margin = re.compile(rf"^{re.escape(indent)}", re.MULTILINE)
    if not first_on_line(text, start) or re.search(rf"^(?!{re.escape(indent)}).*\S", moved, re.MULTILINE):
        return None
    written = margin.sub("", moved) + newline * 3
    blank = _BLANK.match(text, span.end)
    end = blank.end() if blank else span.end
    edits = (Edit(Span(before, before), written), Edit(Span(span.start, end), ""))
    return Fix("Move it to the module", edits, preferred=True)


def _start(function: Function, context: Context) -> int:
    """Where a function begins, its decorators among it."""
    start = context.span(function).start
    for decorator in function.decorator_list[:1]:
        start = context.text.rfind("@", 0, context.span(decorator).start)
    return start


def _uses(function: Function, outer: Function) -> bool:
    """Whether a function uses a name that the one around it binds, or holds a text that goes over lines."""
    arguments = outer.args
    bound = {
        argument.arg
        for argument in (
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            arguments.vararg,
            arguments.kwarg,
        )
        if argument is not None
    }
    inside = set(walk(function))
    for node in walk(outer):
        if node in inside and node is not function:
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node is not outer:
            bound.add(node.name)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).partition(".")[0])
    bound.discard(function.name)
    return any(
        (isinstance(node, ast.Name) and node.id in bound)
        or isinstance(node, ast.Nonlocal)
        or (isinstance(node, (ast.Constant, ast.JoinedStr)) and node.end_lineno != node.lineno)
        for node in inside
    )
