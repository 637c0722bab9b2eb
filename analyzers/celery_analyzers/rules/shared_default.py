"""`shared-default`: a default value that all runs of a task in a process share."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.bindings import listed_parameters
from celery_analyzers.findings import Edit, Fix, Severity
from celery_analyzers.function_edits import insert_before
from celery_analyzers.layout import first_on_line
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_CONTAINERS = frozenset(
    {"builtins.bytearray", "builtins.dict", "builtins.list", "builtins.set", "collections.Counter"}
    | {"collections.OrderedDict", "collections.defaultdict", "collections.deque"}
)
_MOMENTS = frozenset(
    {"datetime.date.today", "datetime.datetime.now", "datetime.datetime.today", "datetime.datetime.utcnow"}
    | {"django.utils.timezone.localdate", "django.utils.timezone.localtime", "django.utils.timezone.now"}
    | {"random.randint", "random.random", "time.monotonic", "time.time", "uuid.uuid1", "uuid.uuid4"}
)
"""Functions that give something else each time."""
_CHANGES = frozenset(
    {"add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "remove", "reverse"}
    | {"setdefault", "sort", "update"}
)


class SharedDefault(Rule):
    """A default value is made once, and all runs of the task share it.

    ## What it does

    Finds parameters of tasks whose default is a list, a dict or a set that the task changes or hands on, and
    those whose default is the time, a date or something random.

    ## Why is this bad

    Python makes a default value once, when the function is defined. A worker's process lives for days and runs
    a task thousands of times: what one run appends to its default list, the next one finds there, with the data
    of another user. And a default of `datetime.now()` is the time at which the worker was started.

    ## Example

        @app.task
        def collect(order, seen=[]):
        #                       ^^ all runs of `collect` in a worker's process share this default: what one adds to it,
        #                          the next finds there
            seen.append(order)
            return seen

    ## Use instead

        @app.task
        def collect(order, seen=None):
            if seen is None:
                seen = []
            seen.append(order)
            return seen

    ## Not flagged

    Values that nothing can change, and lists that are only read:

        @app.task
        def ship(order, parcels=(), options={}):
            for parcel in parcels:
                pack(parcel, options.get("paper"))

    ## Fix safety

    The fix is unsafe: callers that pass None on purpose get the default then, and an annotation may have to
    allow None.

    ## References

    - [Tasks](https://docs.celeryq.dev/en/stable/userguide/tasks.html)
    - [Default argument values](https://docs.python.org/3/tutorial/controlflow.html#default-argument-values)
    """

    code = "CEL107"
    severity = Severity.WARNING
    proofs = (
        Proof(
            run="[collect.delay(order).get(timeout=10) for order in (7, 8)]",
            fails="returns: [[7], [7, 8]]",
            succeeds="[[7], [8]]",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or context.function is None or context.in_tests:
            return
        for parameter, _, default in listed_parameters(context.function.args):
            if not isinstance(default, (*_DISPLAYS, ast.Call)):
                continue
            fix = _fix(parameter.arg, default, context)
            if _gives_moment(default, context):
                message = f"this is computed once, when the worker starts: all runs of `{task.name}` get the same"
                yield self.finding(context.span(default), message, fix)
            elif _is_container(default, context):
                message = f"all runs of `{task.name}` in a worker's process share this default"
                use = _worst_use(parameter.arg, body)
                if use is not None:
                    message += ": what one adds to it, the next finds there" if use is Severity.WARNING else ""
                    yield self.finding(context.span(default), message, fix, severity=use)


def _gives_moment(default: ast.expr, context: Context) -> bool:
    symbol = context.symbol(default.func) if isinstance(default, ast.Call) else None
    return isinstance(symbol, External) and symbol.path in _MOMENTS


def _is_container(default: ast.expr, context: Context) -> bool:
    if isinstance(default, ast.Call):
        symbol = context.symbol(default.func)
        return isinstance(symbol, External) and symbol.path in _CONTAINERS
    return isinstance(default, _DISPLAYS)


def _worst_use(name: str, body: Body) -> Severity | None:
    """A warning where the body changes what a parameter holds, an information where others may; None else."""
    worst = None
    for node in body.nodes:
        if not isinstance(node, ast.Name) or node.id != name:
            continue
        if not isinstance(node.ctx, ast.Load):
            parent = next(body.parents(node))
            if isinstance(parent, ast.AugAssign):
                return Severity.WARNING
            # It is something else from there on.
            return None
        parent = next(body.parents(node))
        if _is_changed(node, parent, body):
            return Severity.WARNING
        if _is_handed_on(node, parent, body):
            worst = Severity.INFORMATION
    return worst


def _is_changed(node: ast.Name, parent: ast.AST, body: Body) -> bool:
    if isinstance(parent, ast.Subscript):
        return parent.value is node and not isinstance(parent.ctx, ast.Load)
    if isinstance(parent, ast.Attribute) and parent.attr in _CHANGES:
        call = next(body.parents(parent))
        return isinstance(call, ast.Call) and call.func is parent
    return False


def _is_handed_on(node: ast.Name, parent: ast.AST, body: Body) -> bool:
    """Whether others get what a parameter holds, and may change it; a builtin does not, nor does who gets a copy."""
    if isinstance(parent, ast.keyword):
        return parent.arg is not None
    if isinstance(parent, ast.Call):
        return node in parent.args and not (body.call(parent).path or "").startswith("builtins.")
    return isinstance(parent, (ast.Return, ast.Assign, ast.Yield))


def _fix(name: str, default: ast.expr, context: Context) -> Fix | None:
    """Make the default anew in each run."""
    assert context.function is not None
    first = next((statement for statement in context.function.body if not _is_docstring(statement, context)), None)
    if first is None or not first_on_line(context.text, context.span(first).start):
        return None
    span = context.span(default)
    made = f"if {name} is None:\n    {name} = {context.source(span)}"
    edits = (Edit(span, "None"), *insert_before(context.text, first, context.span, made))
    return Fix(f"Make `{name}` anew in each run", edits, preferred=True)


def _is_docstring(statement: ast.stmt, context: Context) -> bool:
    assert context.function is not None
    is_first = statement is context.function.body[0]
    return is_first and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
