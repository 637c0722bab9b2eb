"""`task-on-method`: a method that is made a task, and gets no instance."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.celery_tables import tables
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.layout import comments_in
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.tasks import NOT_GIVEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import Parameter, TaskDefinition

_INSTANCE = frozenset({"self", "cls"})


class TaskOnMethod(Rule):
    """A method is made a task, but Celery gives it no instance.

    ## What it does

    Finds tasks in classes whose first parameter is `self` or `cls`, and bound ones that use the task instance as if it
    were one of the class.

    ## Why is this bad

    A task is a thing of its own, not a method: `Mailer().send.delay(address)` sends one argument, and the worker calls
    the function with one. The instance is neither sent nor made anew, so a parameter is missing. With `bind=True`,
    `self` is the task, which has none of the attributes of the class.

    ## Example

        class Mailer:
            @app.task
            def send(self, address):
            #        ^^^^ `send` is no method any more: Celery gives it no instance, so `self` is the caller's first
            #             argument
                return f"to {address}"

    ## Use instead

        class Mailer:
            @app.task
            def send(address):
                return f"to {address}"

    ## Not flagged

    Tasks that use their class as a name space, and bound ones that want the task:

        class Mailer:
            @staticmethod
            @app.task
            def send(address):
                return f"to {address}"

            @app.task(bind=True)
            def resend(self, address):
                return self.request.retries

    ## Fix safety

    To remove a `self` that nothing uses is unsafe: a caller may give something for it.

    ## References

    - [Tasks](https://docs.celeryq.dev/en/stable/userguide/tasks.html#basics)
    - [Bound tasks](https://docs.celeryq.dev/en/stable/userguide/tasks.html#bound-tasks)
    """

    code = "CEL810"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run='Mailer().send.delay("ada@example.org").get(timeout=10)',
            fails="TypeError: missing 1 required positional argument: 'address'",
            succeeds="'to ada@example.org'",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if not task.in_class or task.form != "decorator" or task.function is None or task.outer:
            return
        first = next(iter(task.function.positional), None)
        if first is None or first.name not in _INSTANCE or first.default is not None:
            return
        if task.value("filter") is not NOT_GIVEN or context.may_be_wrapped(task):
            return
        bind = task.value("bind")
        if bind in (NOT_GIVEN, False, None):
            if context.base_may_define(task, "__call__", "run", "delay", "apply_async", "apply"):
                return
            message = f"`{task.name}` is no method any more: Celery gives it no instance, so `{first.name}` is the "
            yield self.finding(first.span, f"{message}caller's first argument", _fix(first, context))
        elif bind is True:
            yield from self._bound(first, task, context)

    def _bound(self, first: Parameter, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        """What the function asks of the task instance that only the class around it has."""
        for node in context.body.nodes if context.body is not None else ():
            if not (
                isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == first.name
            ):
                continue
            name = node.attr
            known, scope = context.scope.lookup(name)
            is_of_class = bool(known) and scope is not scope.module_scope
            if is_of_class and not tables().is_member(name) and not context.base_may_define(task, name):
                message = f"`{first.name}` is the task instance, which has no `{name}`: this raises `AttributeError`"
                yield self.finding(context.span(node), message)


def _fix(first: Parameter, context: Context) -> Fix | None:
    """Take away a parameter that nothing uses."""
    assert context.function is not None
    arguments = context.function.args
    if context.body is None or context.body.uses(first.name) or arguments.posonlyargs:
        return None
    behind = [*arguments.args[1:], *([arguments.vararg] if arguments.vararg else arguments.kwonlyargs)]
    span = Span(context.span(arguments.args[0]).start, context.span(arguments.args[0]).end)
    if behind and (arguments.vararg is None or len(arguments.args) > 1):
        span = Span(span.start, context.span(behind[0]).start)
    elif behind or arguments.kwarg:
        return None
    if comments_in(context.text, span.start, span.end) or "*" in context.source(span):
        return None
    return Fix(f"Remove `{first.name}`", (Edit(span, ""),), preferred=True)
