"""Pseudo-names of a module's scope: the tasks that calls register, and the settings that code gives an app.

They live among the module's bindings so that whatever looks them up depends on them as on any other name. Knows the
forms in which they are written. Must not know what a name means; that is `tasks` and `configuration`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from celery_analyzers.bindings import Binding, ValueBinding
from celery_analyzers.expressions import (
    Expression,
    Invocation,
    Literal,
    Mapping,
    Reference,
    dotted_path,
    expression,
)
from celery_analyzers.relevance import CALLS, CONFIGURES
from celery_analyzers.trees import walk

CONFIGURATION = "@configuration"
"""The pseudo-name of calls and assignments that may configure an app."""
_REGISTERED = "@task:"
SETTING = Reference("@setting")
"""The function of the pseudo-calls that hold what configures an app: `@setting(receiver, call)`."""


def registered_name(name: str) -> str:
    """The pseudo-name under which calls that may make a task of the function or class `name` are kept."""
    return _REGISTERED + name


def registrations(text: str, statements: list[ast.stmt]) -> Iterator[tuple[str, Binding]]:
    """The pseudo-bindings of a segment. Whether the names in them mean Celery is asked when they are looked up."""
    yield from _named_tasks(statements)
    if not (CALLS.search(text) or CONFIGURES.search(text)):
        return
    for statement in statements:
        top_level = not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        certain = not isinstance(statement, (ast.If, ast.Try, ast.For, ast.While, ast.Match))
        local: frozenset[str] = frozenset() if top_level else _local_functions(statement)
        for node in walk(statement):
            if isinstance(node, ast.Call):
                yield from ((name, found) for name, found in _call(node, top_level, certain) if name not in local)
            elif isinstance(node, ast.Assign):
                yield from _assignment(node, top_level, certain)


def _named_tasks(statements: list[ast.stmt]) -> Iterator[tuple[str, Binding]]:
    """`send = job(send_mail)`: under whatever name, it may be Celery's decorator that is called."""
    for statement in statements:
        call = statement.value if isinstance(statement, (ast.Assign, ast.Expr)) else None
        if not isinstance(call, ast.Call) or len(call.args) != 1 or _looks_like_task(call):
            continue
        if isinstance(function := call.args[0], ast.Name):
            yield registered_name(function.id), ValueBinding(expression(call))


def _local_functions(statement: ast.stmt) -> frozenset[str]:
    """The pseudo-names of tasks that are made of what is a parameter, or a function, inside a function: these are not
    the module's functions of the same names."""
    nodes = (node for node in walk(statement) if node is not statement)
    names = (
        node.arg if isinstance(node, ast.arg) else node.name
        for node in nodes
        if isinstance(node, (ast.arg, ast.FunctionDef, ast.AsyncFunctionDef))
    )
    return frozenset(map(registered_name, names))


def _looks_like_task(call: ast.Call) -> bool:
    path = dotted_path(call.func)
    return path is None or "task" in path.rpartition(".")[2]


def _call(node: ast.Call, top_level: bool, certain: bool) -> Iterator[tuple[str, Binding]]:
    path = dotted_path(node.func)
    last = path.rsplit(".", 1)[-1] if path else ""
    if last == "register_task" and len(node.args) == 1:
        argument = node.args[0]
        target = dotted_path(argument.func) if isinstance(argument, ast.Call) else dotted_path(argument)
        if target:
            yield registered_name(target), ValueBinding(expression(node))
    elif len(node.args) == 1 and isinstance(node.args[0], ast.Name) and _looks_like_task(node):
        yield registered_name(node.args[0].id), ValueBinding(expression(node))
    receiver = path.rpartition(".conf.")[0] if path and path.endswith((".conf.update", ".conf.setdefault")) else ""
    if receiver:
        yield CONFIGURATION, _configuration(receiver if top_level else "", expression(node), certain)
    elif last in ("config_from_object", "add_defaults") and path:
        yield CONFIGURATION, _configuration(path.rpartition(".")[0] if top_level else "", expression(node), certain)
    elif last.endswith("Celery") or any(keyword.arg == "broker" for keyword in node.keywords):
        yield CONFIGURATION, ValueBinding(expression(node))


def _configuration(receiver: str, call: Expression, certain: bool) -> ValueBinding:
    return ValueBinding(Invocation(SETTING, (Literal(receiver), call, Literal(certain)), ()))


def _assignment(node: ast.Assign, top_level: bool, certain: bool) -> Iterator[tuple[str, Binding]]:
    for target in node.targets:
        name: Expression | None = None
        path: str | None = None
        if isinstance(target, ast.Attribute):
            path, name = dotted_path(target.value), Literal(target.attr)
        elif isinstance(target, ast.Subscript):
            path, name = dotted_path(target.value), expression(target.slice)
        if name is not None and path is not None and path.rpartition(".")[2] == "conf":
            call = Invocation(Reference(path + ".update"), (Mapping(((name, expression(node.value)),)),), ())
            yield CONFIGURATION, _configuration(path.rpartition(".")[0] if top_level else "", call, certain)
