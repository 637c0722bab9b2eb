"""`invalid-decorator-call`: a task's name that is given to the decorator without saying that it is the name."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_NO_FUNCTION = (str, bytes, bool, int, float, type(None), list, tuple, dict)


class InvalidDecoratorCall(Rule):
    """A task decorator is given something else than a function by position.

    ## What it does

    Finds `@app.task("shop.ping")` and `@shared_task("shop.ping")`: options of a task, its name among them, have to be
    given by name.

    ## Why is this bad

    The only argument that the decorator takes by position is the function itself. With any other it raises
    `TypeError`, so the module cannot be imported.

    ## Example

        @shared_task("shop.ping")
        #            ^^^^^^^^^^^ the decorator takes nothing but a function by position: this raises `TypeError`, and
        #                        the module cannot be imported
        def ping():
            return "pong"

    ## Use instead

        @shared_task(name="shop.ping")
        def ping():
            return "pong"

    ## Not flagged

    The function itself, and decorators of your own, which may take what they like:

        def named(name):
            return app.task(name=name)

        def pong():
            return "ping"

        shared_task(pong)

        @named("shop.echo")
        def echo():
            return "pong"

    ## Fix safety

    The fix is safe: the module could not be imported.

    ## References

    - [Task names](https://docs.celeryq.dev/en/stable/userguide/tasks.html#names)
    """

    code = "CEL808"
    severity = Severity.ERROR
    proofs = (
        Proof(run="ping.name", fails="TypeError: takes 0 positional arguments", succeeds="'shop.ping'", worker="none"),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        call = context.decorator
        if task.form != "decorator" or task.maker.is_wrapper or not isinstance(call, ast.Call) or not call.args:
            return
        if any(isinstance(argument, ast.Starred) for argument in call.args):
            return
        first = call.args[0]
        value = context.value(first)
        if not isinstance(value, _NO_FUNCTION):
            return
        message = "the decorator takes nothing but a function by position: this raises `TypeError`, and the module"
        span = context.span(first)
        names_itself = isinstance(value, str) and len(call.args) == 1 and task.option("name") is None
        fix = _fix(span) if names_itself and task.options_known else None
        yield self.finding(span, f"{message} cannot be imported", fix)


def _fix(span: Span) -> Fix:
    return Fix("Give it as `name`", (Edit(Span(span.start, span.start), "name="),), "safe", preferred=True)
