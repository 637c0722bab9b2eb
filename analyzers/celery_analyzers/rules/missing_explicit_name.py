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
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition


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
        #   ^^^^ `send` is called after where it stands: messages that are on their way are lost when it is moved or
        #        renamed
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

    The fix writes down the name that the task has, as far as can be told. It is unsafe: from which folder a module is
    imported, and so what Celery calls its tasks, is decided when it runs.

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
        message = f"`{task.name}` is called after where it stands: messages that are on their way are lost when it is "
        yield self.finding(task.span, f"{message}moved or renamed", _fix(context.likeliest_name(task), context))


def _fix(name: str | None, context: Context) -> Fix | None:
    if name is None or context.decorator is None:
        return None
    edits = set_keyword(context.text, context.decorator, context.span, "name", f'"{name}"')
    return Fix(f"Name it `{name}`", edits, preferred=True) if edits else None
