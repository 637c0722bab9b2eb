"""`bind-without-self`: a bound task without a parameter for the task instance."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from celery_analyzers.edits import remove_keyword
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.function_edits import add_parameter
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import FunctionFacts, Parameter, TaskDefinition

_VALUE_NAME = re.compile(r"(?:^|_)(?:ids?|pks?|uuids?|urls?|emails?|slugs?)\Z")
_VALUE_TYPES = frozenset(
    f"builtins.{name}" for name in ("bool", "bytes", "dict", "float", "int", "list", "set", "str", "tuple")
) | {"datetime.date", "datetime.datetime", "decimal.Decimal", "uuid.UUID"}


class BindWithoutSelf(Rule):
    """A bound task has no parameter for the task instance.

    ## What it does

    Finds tasks with `bind=True` whose function has no first parameter to take the task instance, or whose
    first parameter is plainly meant for something else: it is annotated as `int`, say, or called `user_id`.

    ## Why is this bad

    With `bind=True` Celery passes the task instance as the first argument. A function without a parameter
    for it raises `TypeError` at every call. Where another parameter comes first, that one gets the
    instance, and the caller's arguments are one too many.

    ## Example

        @app.task(bind=True)
        def ping():
        #   ^^^^ `ping` is bound but has no parameter for the task instance, so every call raises `TypeError`
            return "pong"

    ## Use instead

        @app.task(bind=True)
        def ping(self):
            return "pong"

    ## Not flagged

    The parameter may have any name, and `*args` takes the instance as well:

        @app.task(bind=True)
        def pong(task):
            return task.name

        @app.task(bind=True)
        def echo(*args):
            return len(args)

    Nothing is said where the base class defines `__call__` or cannot be read, nor where a decorator below
    `@app.task` may take the instance out of the arguments.

    ## Fix safety

    To add `self` is safe where no parameter could take the instance: no call has ever worked. It is unsafe
    where another parameter has been getting the instance. To remove `bind=True` is unsafe: code elsewhere
    may count on the task being bound.

    ## References

    - [Bound tasks](https://docs.celeryq.dev/en/stable/userguide/tasks.html#bound-tasks)
    """

    code = "CEL103"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="ping.delay().get(timeout=10)",
            fails="TypeError: ping() takes 0 positional arguments but 1 was given",
            succeeds="'pong'",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        bind = task.option("bind")
        if bind is None or bind.value not in (True, 1) or task.function is None:
            return
        if task.in_class and External("builtins.staticmethod") not in task.outer:
            return
        if context.may_be_wrapped(task) or context.base_may_define(task, "__call__", "run"):
            return
        function = task.function
        first = next(iter(function.positional), None)
        if first is None:
            if all(parameter.kind != "*" for parameter in function.parameters):
                message = "is bound but has no parameter for the task instance, so every call raises `TypeError`"
                yield self._finding(f"`{function.name}` {message}", function, context, safe=True)
        elif _names_a_value(first, context):
            message = f"is bound, so its first parameter `{first.name}` gets the task instance, not an argument"
            yield self._finding(f"`{function.name}` {message}", function, context, safe=False)

    def _finding(self, message: str, function: FunctionFacts, context: Context, *, safe: bool) -> Finding:
        fixes: list[Fix] = []
        assert context.function is not None
        name = "self" if all(parameter.name != "self" for parameter in function.parameters) else "task"
        if edits := add_parameter(context.text, context.function, context.span, name, first=True):
            safety = "safe" if safe else "unsafe"
            fixes.append(Fix(f"Add the parameter `{name}`", edits, safety, preferred=True))
        if context.decorator is not None and (
            edits := remove_keyword(context.text, context.decorator, context.span, "bind", bare=True)
        ):
            fixes.append(Fix("Remove `bind=True`", edits, preferred=not fixes))
        return self.finding(function.name_span, message, *fixes)


def _names_a_value(parameter: Parameter, context: Context) -> bool:
    """Whether a parameter, by its annotation or else by its name, is meant for what no task instance is."""
    assert context.function is not None
    arguments = context.function.args
    node = next(node for node in (*arguments.posonlyargs, *arguments.args) if node.arg == parameter.name)
    if node.annotation is None:
        return _VALUE_NAME.search(parameter.name) is not None
    annotation = node.annotation.value if isinstance(node.annotation, ast.Subscript) else node.annotation
    meant = context.symbol(annotation)
    return isinstance(meant, External) and meant.path in _VALUE_TYPES
