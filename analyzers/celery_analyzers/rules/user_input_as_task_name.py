"""`user-input-as-task-name`: who sends a request chooses the task."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Severity
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.findings import Finding

_INPUT = frozenset({"GET", "POST", "args", "form", "json", "data", "query_params", "values", "headers", "cookies"})
_READING = frozenset({"get_json", "get_argument", "get_query_argument", "get_body_argument"})


class UserInputAsTaskName(Rule):
    """The name of a task to send is taken from a request.

    ## What it does

    Finds `send_task` and `signature` whose task's name is read from a web request: `request.GET`, `request.POST`,
    `request.args`, `request.json`, `request.data` and the like.

    ## Why is this bad

    Who sends the request can have the workers run any task that they know, also those that are for administrators, or
    that delete, mail and pay, with arguments that no view has looked at.

    ## Example

        def start(request):
            app.send_task(request.POST["task"])
        #                 ^^^^^^^^^^^^^^^^^^^^ who sends the request chooses the task: the workers run any that they
        #                                      know

    ## Use instead

        TASKS = {"report": "shop.report", "export": "shop.export"}

        def start(request):
            app.send_task(TASKS[request.POST["task"]])

    ## Not flagged

    Names that are looked up, or looked at before:

        TASKS = {"shop.report", "shop.export"}

        def start(request):
            name = request.POST["task"]
            if name not in TASKS:
                raise ValueError(name)
            app.send_task(name, (request.POST["customer"],))

    ## Fix safety

    There is no fix: only you know which tasks a request may start.

    ## References

    - [Security](https://docs.celeryq.dev/en/stable/userguide/security.html)
    """

    code = "CEL008"
    severity = Severity.WARNING

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        if dispatch.method not in ("send_task", "signature") or dispatch.task is not None or context.in_tests:
            return
        call = context.call
        if isinstance(dispatch.target, str) or call is None:
            return
        named = call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "name"), None)
        if named is not None and _is_input(named, context):
            message = "who sends the request chooses the task: the workers run any that they know"
            yield self.finding(context.span(named), message)


def _is_input(node: ast.expr, context: DispatchContext) -> bool:
    """Whether a value is what a request says, as it is or as a part of a text."""
    if isinstance(node, ast.Name):
        function = next((outer for outer in context.enclosing(node) if isinstance(outer, ast.FunctionDef)), None)
        given = _assigned(node.id, function) if function is not None else []
        return len(given) == 1 and _is_input(given[0], context)
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) and _is_input(part.value, context) for part in node.values)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in _READING:
            return _is_request(node.func.value)
        return node.func.attr == "get" and _is_read(node.func.value)
    return isinstance(node, ast.Subscript) and _is_read(node.value)


def _assigned(name: str, function: ast.FunctionDef) -> list[ast.expr]:
    """The values that a local name is given; none where it is compared with something, as what is allowed."""
    found: list[ast.expr] = []
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and any(
            getattr(one, "id", "") == name for one in (node.left, *node.comparators)
        ):
            return []
        if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == name for target in node.targets):
            found.append(node.value)
    return found


def _is_read(node: ast.expr) -> bool:
    """Whether this is a part of a request that holds what its sender wrote."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _READING:
        return _is_request(node.func.value)
    return isinstance(node, ast.Attribute) and node.attr in _INPUT and _is_request(node.value)


def _is_request(node: ast.expr) -> bool:
    return (isinstance(node, ast.Name) and node.id == "request") or (
        isinstance(node, ast.Attribute) and node.attr == "request"
    )
