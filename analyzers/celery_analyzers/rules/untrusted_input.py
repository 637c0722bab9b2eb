"""`untrusted-input`: what a user or a message says decides which code runs."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from celery_analyzers.canvas_roles import keyword_of
from celery_analyzers.findings import Edit, Fix, Severity
from celery_analyzers.operations import written
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import CallSite
    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_RUNNING = {
    "builtins.eval": "eval",
    "builtins.exec": "exec",
    "pickle.loads": "pickle.loads",
    "marshal.loads": "marshal.loads",
}
_GIVEN = frozenset(
    {"GET", "POST", "COOKIES", "args", "body", "cookies", "data", "form", "get_json", "headers", "json", "params"}
    | {"path_params", "query_params", "values"}
)
"""What a request holds of what its sender wrote, by the names of Django, Flask and FastAPI."""
_ROUTING = frozenset({"api_route", "delete", "get", "patch", "post", "put", "route"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEEPEST = 6


class UntrustedInput(Rule):
    """A request names the task that is sent, or a task runs its argument as code.

    ## What it does

    Finds names for `send_task()`, `signature()` and `app.tasks[...]` that come out of a request as they are, and tasks
    that hand a parameter to `eval()`, `exec()` or `pickle.loads()`.

    ## Why is this bad

    Whoever sends the request can start any task of any worker, those that no page offers too. And whoever can write
    into the broker, or into what becomes an argument, runs code of their own in the worker.

    ## Example

        @app.task
        def compute(terms):
            return sum(eval(terms))
            #          ^^^^^^^^^^^ this runs as code whatever the message holds as `terms`

    ## Use instead

        @app.task
        def compute(terms):
            return sum(literal_eval(terms))

    ## Not flagged

        import ast

        TASKS = {"compute": compute}

        @app.task
        def count(terms):
            return eval("1 + 1") + len(ast.literal_eval(terms))

        def start(request):
            name = request.GET["task"]
            if name in TASKS:
                app.send_task(name)
            TASKS[name].delay()

    ## Fix safety

    The fix is unsafe: `ast.literal_eval()` takes nothing but literals. There is none for `exec()`, nor for names of
    tasks: compare these with a list of those that may be sent.

    ## References

    - [Security](https://docs.celeryq.dev/en/stable/userguide/security.html)
    """

    code = "CEL008"
    severity = Severity.WARNING

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        call = context.call
        if call is None or dispatch.task is not None or isinstance(dispatch.target, str) or context.in_tests:
            return
        node = _name_of(call, dispatch.method)
        if node is not None and dispatch.target_span is not None and _is_given(node, context):
            message = (
                "whoever sends this request can start any task by its name: compare it with those that may be sent"
            )
            yield self.finding(dispatch.target_span, message)

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or not context.mentions("eval", "exec", "loads") or context.in_tests:
            return
        for call in body.calls:
            if call.path in _RUNNING and call.node.args:
                name = _parameter(call.node.args[0], task, context)
                if name is not None:
                    message = f"this runs as code whatever the message holds as `{name}`"
                    yield self.finding(context.span(call.node), message, _as_literal(call, context))


def _parameter(node: ast.expr, task: TaskDefinition, context: Context) -> str | None:
    """The parameter of the task that an expression is, as it came."""
    if not isinstance(node, ast.Name) or task.function is None:
        return None
    bound = context.syntax.local_names.bindings(node) or []
    is_own = node.id in {parameter.name for parameter in task.function.parameters}
    return node.id if is_own and bound and all(one.by in ("parameter", "annotation") for one in bound) else None


def _as_literal(call: CallSite, context: Context) -> Fix | None:
    name = written("ast.literal_eval", context.scope)
    if call.path != "builtins.eval" or len(call.node.args) != 1 or call.node.keywords or name is None:
        return None
    edit = Edit(context.span(call.node.func), name[0])
    return Fix("Call `ast.literal_eval()`", (edit,), preferred=True, imports=(name[1],) if name[1] else ())


def _name_of(call: ast.Call, method: str) -> ast.expr | None:
    """The node of the name of the task that a call sends."""
    function = call.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Subscript):
        return function.value.slice
    if method not in ("send_task", "signature"):
        return None
    return call.args[0] if call.args else keyword_of(call, "name")


def _is_given(node: ast.expr, context: DispatchContext, depth: int = _DEEPEST) -> bool:
    """Whether an expression is what a request holds, and nothing compares it with what is known."""
    if depth <= 0:
        return False
    if isinstance(node, ast.Name):
        if _is_compared(node, context):
            return False
        bound = context.local_names.bindings(node) or []
        if bound and all(one.by in ("parameter", "annotation") for one in bound):
            return _is_in_route(node, context)
        return bool(bound) and all(
            one.by == "value" and one.node is not None and _is_given(one.node, context, depth - 1) for one in bound
        )
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call, ast.Await)):
        inner = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Attribute) and node.attr in _GIVEN and _is_request(inner):
            return True
        if isinstance(node, ast.Call) and not isinstance(inner, ast.Attribute):
            return False
        node = inner
    return isinstance(node, ast.Name) and _is_given(node, context, depth - 1) and not _is_in_route(node, context)


def _is_request(node: ast.expr) -> bool:
    """Whether this is `request` or `self.request`."""
    if isinstance(node, ast.Attribute):
        return node.attr == "request" and isinstance(node.value, ast.Name) and node.value.id == "self"
    return isinstance(node, ast.Name) and node.id == "request"


def _is_compared(node: ast.Name, context: DispatchContext) -> bool:
    """Whether the function asks anywhere what the name is."""
    function = next((outer for outer in context.enclosing(node) if isinstance(outer, _FUNCTIONS)), None)
    return function is not None and any(
        isinstance(inner, ast.Name) and inner.id == node.id
        for test in ast.walk(function)
        if isinstance(test, (ast.Compare, ast.Match))
        for inner in ast.walk(test.left if isinstance(test, ast.Compare) else test.subject)
    )


def _is_in_route(node: ast.Name, context: DispatchContext) -> bool:
    """Whether a parameter comes out of the path of a request: `@app.post("/tasks/{name}")`."""
    function = next((outer for outer in context.enclosing(node) if isinstance(outer, _FUNCTIONS)), None)
    for decorator in function.decorator_list if function is not None else ():
        if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute) and decorator.args:
            path = decorator.args[0].value if isinstance(decorator.args[0], ast.Constant) else None
            is_route = decorator.func.attr in _ROUTING and isinstance(path, str)
            if is_route and re.search(rf"[{{<](?:\w+:)?{node.id}(?::\w+)?[}}>]", str(path)):
                return True
    return False
