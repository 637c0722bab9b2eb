"""`untyped-task-argument`: a task's parameter without an annotation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from celery_analyzers.expressions import Collection, Reference
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.function_edits import annotate_parameter
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.retries import instance_parameter
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External
from celery_analyzers.values import evaluate

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator, Mapping

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Edit, Finding
    from celery_analyzers.task_facts import Parameter, TaskDefinition

_TYPES = (bool, bytes, dict, float, int, list, str, tuple)
_TYPE_COMMENT = re.compile(r"#\s*type:(?!\s*ignore\b)")


class UntypedTaskArgument(Rule):
    """A parameter of a task has no type annotation.

    ## What it does

    Finds parameters of tasks that have no annotation, one finding each.

    ## Why is this bad

    A task's parameters are the form of a message that another process wrote, often one of another release.
    Nothing but annotations says what may be in it: without them neither a type checker nor `pydantic=True`
    can tell a wrong argument before the task fails on it.

    ## Example

        @app.task
        def resize(path: str, width=100):
        #                     ^^^^^ `width` has no type, so nothing checks what callers put into the message
            return f"{path}@{width}"

    ## Use instead

        @app.task
        def resize(path: str, width: int = 100):
            return f"{path}@{width}"

    ## Not flagged

    The task instance, what takes any argument, parameters that are unused by their name, and types in
    comments:

        @app.task(bind=True)
        def collect(self, *args, **kwargs):
            return self.name, args, kwargs

        @app.task
        def on_error(_request, _exc, _traceback):
            return "failed"

        @app.task
        def rename(path, name):
            # type: (str, str) -> None
            print(path, name)

    ## Fix safety

    The fixes annotate what a default value tells the type of. They are unsafe, as callers may pass other
    types, and as `pydantic=True` goes by annotations.

    ## References

    - [Argument validation with Pydantic][pydantic]
    - [Argument checking](https://docs.celeryq.dev/en/stable/userguide/tasks.html#argument-checking)

    [pydantic]: https://docs.celeryq.dev/en/stable/userguide/tasks.html#argument-validation-with-pydantic
    """

    code = "CEL101"
    severity = Severity.INFORMATION
    preset = "strict"

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        untyped = _untyped(task)
        if not untyped or context.in_tests or _has_type_comment(context):
            return
        assert context.function is not None
        arguments = context.function.args
        nodes = {node.arg: node for node in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        types = {parameter.name: _type_of_default(parameter, context) for parameter in untyped}
        everything = _annotate_all(types, nodes, context) if len(untyped) > 1 else ()
        for parameter in untyped:
            known = types[parameter.name]
            fixes: list[Fix] = []
            if known is not None:
                edits = annotate_parameter(context.text, nodes[parameter.name], context.span, known)
                fixes.append(Fix(f"Annotate `{parameter.name}` as `{known}`", edits, preferred=True))
            if everything:
                fixes.append(Fix(f"Annotate all parameters of `{task.name}`", everything))
            message = f"`{parameter.name}` has no type, so nothing checks what callers put into the message"
            yield self.finding(parameter.span, message, *fixes)


def _untyped(task: TaskDefinition) -> list[Parameter]:
    if task.function is None:
        return []
    instance = instance_parameter(task)
    return [
        parameter
        for parameter in task.function.parameters
        if parameter.annotation is None
        and parameter.kind not in ("*", "**")
        # An unbound `self` is a mistake of another kind.
        and parameter.name not in (instance, "self")
        and not parameter.name.startswith("_")
    ]


def _has_type_comment(context: Context) -> bool:
    """Whether types stand in a comment between the function's head and its body."""
    if not context.mentions("type:"):
        return False
    assert context.function is not None
    head = context.text[context.span(context.function).start : context.span(context.function.body[0]).start]
    return _TYPE_COMMENT.search(head) is not None


def _type_of_default(parameter: Parameter, context: Context) -> str | None:
    """The builtin type that a default value is of; None where there is none, or none that can be told."""
    if parameter.default is None:
        return None
    value = evaluate(parameter.default, context.scope)
    name = type(value).__name__
    if type(value) not in _TYPES or (name == "list" and not _is_list(parameter)):
        return None
    return name if evaluate_symbol(Reference(name), context.scope) == External(f"builtins.{name}") else None


def _is_list(parameter: Parameter) -> bool:
    """Whether a default is a list for certain: of a name, it might be a set as well."""
    return isinstance(parameter.default, Collection) and parameter.default.kind == "list"


def _annotate_all(types: Mapping[str, str | None], nodes: Mapping[str, ast.arg], context: Context) -> tuple[Edit, ...]:
    """The edits that annotate all of `types`; none unless each is known."""
    edits: list[Edit] = []
    for name, known in types.items():
        if known is None:
            return ()
        edits += annotate_parameter(context.text, nodes[name], context.span, known)
    return tuple(edits)
