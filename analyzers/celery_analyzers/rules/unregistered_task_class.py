"""`unregistered-task-class`: a class that is written as a task, and that no app knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.bindings import ClassBinding, FunctionBinding, ValueBinding
from celery_analyzers.expressions import Literal
from celery_analyzers.findings import Severity
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskClass


class UnregisteredTaskClass(Rule):
    """A class is written as a task, but never registered.

    ## What it does

    Finds classes that derive from `celery.Task`, have a `name` and a method `run`, and are neither given to
    `register_task()` anywhere in the workspace, nor the base of a task or of another class.

    ## Why is this bad

    Until Celery 3 such a class registered itself. Since Celery 4 it does not: `Sync().delay()` sends a message, and the
    worker logs "Received unregistered task" and throws it away. Whoever waits for the result gets `NotRegistered`.

    ## Example

        from celery import Task

        class Sync(Task):
        #     ^^^^ `Sync` is never registered, so no worker knows the task `shop.sync`: give it to `app.register_task()`
            name = "shop.sync"

            def run(self):
                return "done"

        def check():
            return Sync().delay().get(timeout=10)

    ## Use instead

        from celery import Task

        class Sync(Task):
            name = "shop.sync"

            def run(self):
                return "done"

        sync = app.register_task(Sync())

        def check():
            return sync.delay().get(timeout=10)

    ## Not flagged

    Base classes, abstract ones, and those that a decorator or a loop may register:

        from celery import Task

        class Base(Task):
            abstract = True
            name = "shop.base"

            def run(self):
                raise NotImplementedError

    ## Fix safety

    There is no fix: which app is to have the task, and where it is sent, is for people to say.

    ## References

    - [Custom task classes](https://docs.celeryq.dev/en/stable/userguide/tasks.html#custom-task-classes)
    - [`register_task`](https://docs.celeryq.dev/en/stable/reference/celery.html#celery.Celery.register_task)
    """

    code = "CEL813"
    severity = Severity.WARNING
    proofs = (
        Proof(
            run="check()",
            fails="NotRegistered: 'shop.sync'",
            succeeds="'done'",
        ),
    )

    def check_task_class(self, made: TaskClass, context: Context) -> Iterator[Finding]:
        owner = made.owner.binding
        body = dict(owner.body)
        if (
            owner.decorators
            or "abstract" in body
            or not isinstance(body.get("run"), FunctionBinding)
            or context.in_tests
        ):
            return
        name = body.get("name")
        given = name.value if isinstance(name, ValueBinding) else None
        if not (isinstance(given, Literal) and isinstance(given.value, str)) or _is_ambiguous(made, context):
            return
        if context.project.ask("uses_class", made.name) is not False:
            return
        message = f"`{made.name}` is never registered, so no worker knows the task `{given.value}`"
        yield self.finding(made.name_span, f"{message}: give it to `app.register_task()`")


def _is_ambiguous(made: TaskClass, context: Context) -> bool:
    """Whether the name is bound to something else too, or the class stands in a function, which may register it."""
    found, scope = context.scope.lookup(made.name)
    return scope is not scope.module_scope or len(found) != 1 or not isinstance(found[0], ClassBinding)
