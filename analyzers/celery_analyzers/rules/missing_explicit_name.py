"""`missing-explicit-name`: a task that is called after where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.edits import set_keyword
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.rule import Rule
from celery_analyzers.tasks import NOT_GIVEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.facts import TaskDefinition
    from celery_analyzers.findings import Finding


class MissingExplicitName(Rule):
    """A task has no name of its own, but one that Celery makes of where it stands.

    ## What it does

    Finds tasks without `name`.

    ## Why is this bad

    Celery then calls the task by its module and its function. Messages hold that name, and so do beat schedules,
    routes and dashboards: when the function is renamed or moved, the new worker does not know the messages that the
    old code has sent. A script that is run by itself sends `__main__.send`, which no worker knows.

    ## Example

        @app.task
        def send(address):
        #   ^^^^ `send` is called `shop.send` after where it stands: messages that are on their way are lost when it is
        #        moved or renamed
            return address

    ## Use instead

        @app.task(name="shop.send")
        def send(address):
            return address

    ## Not flagged

    Tasks whose name is given, by themselves or by the wrapper that makes them:

        def job(name):
            return app.task(name=name)

        @job("shop.send")
        def send(address):
            return address

    ## Fix safety

    To write down the name that the task has is safe. It is offered where that can be told.

    ## References

    - [Names of tasks](https://docs.celeryq.dev/en/stable/userguide/tasks.html#names)
    """

    code = "CEL817"
    severity = Severity.HINT
    preset = "all"

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if task.form != "decorator" or task.value("name") is not NOT_GIVEN or not task.options_known:
            return
        if not task.maker.keeps_name or context.in_tests:
            return
        name = context.likeliest_name(task)
        called = f"is called `{name}` after where it stands" if name else "is called after where it stands"
        message = f"`{task.name}` {called}: messages that are on their way are lost when it is moved or renamed"
        yield self.finding(task.span, message, _fix(name, context))


def _fix(name: str | None, context: Context) -> Fix | None:
    if name is None or context.decorator is None:
        return None
    edits = set_keyword(context.text, context.decorator, context.span, "name", f'"{name}"')
    return Fix("Give it the name that it has", edits, "safe", preferred=True) if edits else None
