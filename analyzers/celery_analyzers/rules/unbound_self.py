"""`unbound-self`: a task uses `self` as its instance, but is not bound."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.bindings import STAR
from celery_analyzers.celery_tables import tables
from celery_analyzers.edits import set_keyword
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.function_edits import add_parameter
from celery_analyzers.proof import Proof
from celery_analyzers.resolution import is_task_class
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import FunctionFacts, TaskDefinition
    from celery_analyzers.trees import Function

_COMMON = frozenset(
    {"annotate", "app", "apply", "backend", "chunks", "expires", "map", "name", "priority", "replace", "run"}
    | {"serializer", "signature", "throws", "typing"}
)
"""Attributes of tasks that other objects have as well."""


class UnboundSelf(Rule):
    """A task uses `self` as the task instance, but is not bound.

    ## What it does

    Finds tasks without `bind=True` that use `self` as the task instance, as in `self.retry()`, be it their
    first parameter or no parameter at all.

    ## Why is this bad

    Celery passes the task instance only where `bind=True` says so. Without it, `self` is a parameter like any
    other: the caller's first argument lands in it, and the last parameter is missing. Where there is no such
    parameter, the name is not defined.

    ## Example

        @app.task
        def send(self, address):
        #        ^^^^ `send` is not bound, so `self` is the caller's first argument and not the task instance
            return f"{self.request.id} to {address}"

    ## Use instead

        @app.task(bind=True)
        def send(self, address):
            return f"{self.request.id} to {address}"

    ## Not flagged

    A `self` that is no task instance is the caller's business, and so is one that the caller may leave out:

        @app.task
        def rename(self, name):
            self.display_name = name

        @app.task
        def report(self=None):
            return self and self.request.id

    Nothing is said where options come from a `**` that cannot be read, where the base class defines
    `__call__` or cannot be read, and where another decorator may pass the instance.

    ## Fix safety

    To add `bind=True` is safe where the body uses `self` as the task instance: no call has ever worked. It is
    unsafe where nothing uses `self`, as callers may pass something for it.

    ## References

    - [Bound tasks](https://docs.celeryq.dev/en/stable/userguide/tasks.html#bound-tasks)
    """

    code = "CEL102"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run='send.delay("ada@example.org").get(timeout=10)',
            fails="TypeError: missing 1 required positional argument: 'address'",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        bind = task.option("bind")
        if task.function is None or task.form == "class" or (bind is not None and bind.value not in (False, None)):
            return
        if task.in_class and External("builtins.staticmethod") not in task.outer:
            return
        if all(parameter.name != "self" for parameter in task.function.parameters):
            yield from self._undefined(task, task.function, context)
        elif task.function.positional and task.function.positional[0].name == "self":
            yield from self._unbound(task, task.function, context)

    def _unbound(self, task: TaskDefinition, function: FunctionFacts, context: Context) -> Iterator[Finding]:
        """`self` is the first parameter, and the caller's first argument is what gets there."""
        parameter, body = function.positional[0], context.body
        if parameter.default is not None or body is None or self._may_be_passed(task, context):
            return
        if any(
            isinstance(node, ast.Name) and node.id == "self" and isinstance(node.ctx, ast.Store) for node in body.nodes
        ):
            return
        annotation = _annotation_of_first(body.function)
        is_task = annotation is not None and is_task_class(context.symbol(annotation))
        if annotation is not None and not is_task:
            return
        message = f"`{function.name}` is not bound, so `self` is the caller's first argument"
        if is_task or _is_task(_attributes(body), task, context):
            fix = self._bind(context, safe=True)
            yield self.finding(parameter.span, f"{message} and not the task instance", fix)
        elif not body.uses("self"):
            fix = self._bind(context, safe=False)
            message += ": each call must give one, which nothing uses"
            yield self.finding(parameter.span, message, fix, severity=Severity.WARNING)

    def _undefined(self, task: TaskDefinition, function: FunctionFacts, context: Context) -> Iterator[Finding]:
        """`self` is neither a parameter nor anything else."""
        body = context.body
        if body is None or body.scope.lookup("self")[0] or body.scope.module_scope.lookup(STAR)[0]:
            return
        used = next((node for node in body.nodes if isinstance(node, ast.Name) and node.id == "self"), None)
        if used is None or not _is_task(_attributes(body), task, context):
            return
        message = f"`{function.name}` is not bound and has no parameter `self`, so this raises `NameError`"
        fix = None if self._may_be_passed(task, context) else self._bind(context, safe=True, parameter=True)
        yield self.finding(context.span(used), message, fix)

    @staticmethod
    def _may_be_passed(task: TaskDefinition, context: Context) -> bool:
        """Whether a base class or another decorator may see to it that the function gets the instance."""
        return (
            any(outer != External("builtins.staticmethod") for outer in task.outer)
            or context.may_be_wrapped(task)
            or context.base_may_define(task, "__call__", "run", "delay", "apply_async", "apply")
        )

    @staticmethod
    def _bind(context: Context, *, safe: bool, parameter: bool = False) -> Fix | None:
        if context.decorator is None or context.function is None:
            return None
        edits = set_keyword(context.text, context.decorator, context.span, "bind", "True")
        title = "Add `bind=True`"
        if edits and parameter:
            added = add_parameter(context.text, context.function, context.span, "self", first=True)
            edits = (*edits, *added) if added else ()
            title += " and the parameter `self`"
        return Fix(title, edits, "safe" if safe else "unsafe", preferred=True) if edits else None


def _annotation_of_first(function: Function) -> ast.expr | None:
    first = [*function.args.posonlyargs, *function.args.args][0]
    return first.annotation


def _attributes(body: Body) -> set[str]:
    """The attributes of `self` that a body asks for."""
    return {
        node.attr
        for node in body.nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }


def _is_task(attributes: set[str], task: TaskDefinition, context: Context) -> bool:
    """Whether only a task instance has all these attributes."""
    known = tables()
    own = {name for name in attributes if not known.is_member(name) and context.base_may_define(task, name)}
    return bool(attributes - _COMMON) and all(name in own or known.is_member(name) for name in attributes)
