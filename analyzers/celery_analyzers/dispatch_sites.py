"""Finds the calls that send tasks or make signatures of them.

Knows Celery's calling API; what becomes of signatures is `canvas_roles`. Must not know rules.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from celery_analyzers.call_facts import Argument, Dispatch, Role
from celery_analyzers.canvas_roles import SENDING, CanvasRoles, keyword_of
from celery_analyzers.expressions import Reference, expression
from celery_analyzers.findings import Span
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.symbols import UNKNOWN, AppAttribute, External, Scope
from celery_analyzers.syntax import Syntax
from celery_analyzers.task_facts import Option
from celery_analyzers.tasks import ProjectTask, task_of
from celery_analyzers.values import evaluate

SIGNING = frozenset({"s", "si", "signature", "subtask"})
ARGUMENTS_AS_WRITTEN = frozenset({"delay", "delay_on_commit", "s", "si"})
"""Methods that take the task's own arguments, and no options."""
_SIGNATURE = frozenset(
    {"celery.signature", "celery.canvas.signature", "celery.canvas.Signature", "celery.Signature", "celery.subtask"}
    | {"celery.canvas.subtask"}
)
_SEND_TASK = frozenset({"celery.execute.send_task"})
_BY_NAME = frozenset({"signature", "Signature", "subtask", "send_task"})
# By their position, where `apply_async` and the like take them without a name.
_EXECUTION = ("args", "kwargs")


@dataclass(frozen=True, slots=True)
class DispatchSite:
    """A dispatch with the nodes it was read from. `arguments` are the nodes of the positional and of the named
    arguments for the task, as far as they are written in the call. `containers` are those of `args` and `kwargs`, for
    calls that take these."""

    dispatch: Dispatch
    call: ast.Call
    scope: Scope
    positional: tuple[ast.expr, ...]
    keywords: tuple[tuple[str, ast.expr], ...]
    containers: tuple[tuple[str, ast.expr], ...] = ()

    @property
    def fact(self) -> Dispatch:
        return self.dispatch


class DispatchReader:
    """Reads the dispatches of one segment."""

    def __init__(self, syntax: Syntax) -> None:
        self._syntax = syntax
        self.roles = CanvasRoles()

    def read(self, call: ast.Call, scope: Scope, aliases: bool) -> DispatchSite | None:
        """The dispatch that a call is, if it is one. With `aliases`, functions may go by any name here."""
        function = call.func
        if isinstance(function, ast.Attribute) and (function.attr in SENDING or function.attr in SIGNING):
            if (task := self._task(function.value, scope)) is not None:
                return self._dispatch(call, function.attr, scope, task)
            target = self._indexed(function.value, scope)
            if target is not None:
                return self._by_name(call, function.attr, scope, target)
        return self._named(call, scope, aliases)

    def _task(self, receiver: ast.expr, scope: Scope) -> ProjectTask | None:
        if not isinstance(receiver, (ast.Name, ast.Attribute)):
            return None
        receiver_expression = expression(receiver)
        if not isinstance(receiver_expression, Reference):
            return None
        return task_of(evaluate_symbol(receiver_expression, scope))

    def _indexed(self, receiver: ast.expr, scope: Scope) -> ast.expr | None:
        """The name in `app.tasks["shop.tasks.send"]`."""
        if not isinstance(receiver, ast.Subscript) or not isinstance(receiver.value, (ast.Name, ast.Attribute)):
            return None
        is_registry = evaluate_symbol(expression(receiver.value), scope) == AppAttribute("tasks")
        return receiver.slice if is_registry else None

    def _named(self, call: ast.Call, scope: Scope, aliases: bool) -> DispatchSite | None:
        if isinstance(call.func, ast.Attribute):
            is_named = call.func.attr in _BY_NAME
        else:
            is_named = isinstance(call.func, ast.Name) and (aliases or call.func.id in _BY_NAME)
        if not is_named:
            return None
        symbol = evaluate_symbol(expression(call.func), scope)
        if isinstance(symbol, AppAttribute) and symbol.path in ("send_task", "signature"):
            method = symbol.path
        elif isinstance(symbol, External) and symbol.path in _SIGNATURE | _SEND_TASK:
            method = "send_task" if symbol.path in _SEND_TASK else "signature"
        else:
            return None
        target = call.args[0] if call.args else keyword_of(call, "name") or keyword_of(call, "varies")
        if target is None or isinstance(target, ast.Starred):
            return None
        if isinstance(target, (ast.Name, ast.Attribute)) and (task := self._task(target, scope)) is not None:
            return self._dispatch(call, method, scope, task, skip=1)
        return self._by_name(call, method, scope, target, skip=1)

    def _by_name(
        self, call: ast.Call, method: str, scope: Scope, target: ast.expr, skip: int = 0
    ) -> DispatchSite | None:
        site = self._dispatch(call, method, scope, None, skip=skip if call.args else 0)
        name = evaluate(expression(target), scope)
        if isinstance(target, ast.Attribute) and target.attr == "name" and isinstance(target.value, ast.Name):
            # `send_task(add.name)` names the task itself.
            task = self._task(target.value, scope)
            name = UNKNOWN if task is None else None
            dispatch = replace(site.dispatch, task=task, target=name, target_span=self._syntax.span(target))
            return replace(site, dispatch=dispatch)
        return replace(site, dispatch=replace(site.dispatch, target=name, target_span=self._syntax.span(target)))

    def _dispatch(
        self, call: ast.Call, method: str, scope: Scope, task: ProjectTask | None, skip: int = 0
    ) -> DispatchSite:
        given = _as_written(call) if method in ARGUMENTS_AS_WRITTEN else _execution(call, skip, method)
        role: Role = "send" if method in SENDING or method == "send_task" else self.roles.role(call)
        immutable = self.roles.immutability(call)
        if immutable is None:
            immutable = method == "si" or _truth(dict(given.options).get("immutable"))
        if immutable is UNKNOWN:
            role = "alone"
        span = self._syntax.span(call)
        end = self._syntax.span(call.func).end
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        dispatch = Dispatch(
            method,
            role,
            span,
            Span(end - len(name), end) if name else Span(span.start, end),
            task,
            positional=tuple(self._argument(node, scope) for node in given.positional),
            keywords=tuple((n, self._argument(node, scope, key)) for n, key, node in given.keywords),
            complete=given.complete,
            options=tuple(self._option(name, node, scope) for name, node in given.options),
            options_complete=given.options_complete,
            immutable=immutable is True,
        )
        keywords = tuple((n, node) for n, _, node in given.keywords)
        return DispatchSite(dispatch, call, scope, given.positional, keywords, given.containers)

    def _argument(self, node: ast.expr, scope: Scope, key: ast.AST | None = None) -> Argument:
        span = self._syntax.span(node)
        return Argument(evaluate(expression(node), scope), span if key is None else self._syntax.span(key), span)

    def _option(self, name: str, node: ast.keyword, scope: Scope) -> Option:
        span = self._syntax.span(node)
        value = evaluate(expression(node.value), scope)
        return Option(name, value, span, Span(span.start, span.start + len(name)), self._syntax.span(node.value))


@dataclass(frozen=True, slots=True)
class Given:
    """The nodes of what a call gives: arguments for the task, a keyword with the node that names it, and options."""

    positional: tuple[ast.expr, ...]
    keywords: tuple[tuple[str, ast.AST, ast.expr], ...]
    complete: bool
    options: tuple[tuple[str, ast.keyword], ...] = ()
    options_complete: bool = True
    containers: tuple[tuple[str, ast.expr], ...] = ()


def _as_written(call: ast.Call) -> Given:
    """The arguments of a call that takes the task's own."""
    positional = tuple(a for a in call.args if not isinstance(a, ast.Starred))
    keywords = tuple((k.arg, k, k.value) for k in call.keywords if k.arg is not None)
    return Given(positional, keywords, len(positional) == len(call.args) and len(keywords) == len(call.keywords))


def _execution(call: ast.Call, skip: int, method: str) -> Given:
    """The `args` and `kwargs` of a call that takes them as containers, and its options."""
    arguments = call.args[skip:]
    told = not any(isinstance(a, ast.Starred) for a in call.args) and all(k.arg for k in call.keywords)
    given: dict[str, ast.expr] = dict(zip(_EXECUTION, arguments, strict=False)) if told else {}
    given |= {k.arg: k.value for k in call.keywords if k.arg is not None and k.arg in _EXECUTION}
    positional, listed = listed_arguments(given.get("args"))
    keywords, mapped = mapped_arguments(given.get("kwargs"))
    options = tuple(
        (k.arg, k) for k in call.keywords if k.arg is not None and k.arg not in (*_EXECUTION, "name", "varies")
    )
    # `signature("add", (1,), {}, {"queue": "slow"})`
    options_told = told and (method not in ("signature", "subtask", "Signature") or len(arguments) <= len(_EXECUTION))
    complete = told and listed and mapped
    return Given(tuple(positional), tuple(keywords), complete, options, options_told, tuple(given.items()))


def _truth(node: ast.keyword | None) -> object:
    if node is None:
        return False
    return bool(node.value.value) if isinstance(node.value, ast.Constant) else UNKNOWN


def listed_arguments(node: ast.expr | None) -> tuple[list[ast.expr], bool]:
    """The items of `args=`, and whether these are all."""
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return [], True
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [item for item in node.elts if not isinstance(item, ast.Starred)]
        return items, len(items) == len(node.elts)
    return [], False


def mapped_arguments(node: ast.expr | None) -> tuple[list[tuple[str, ast.AST, ast.expr]], bool]:
    """The items of `kwargs=` with the nodes of their names, and whether these are all."""
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return [], True
    if isinstance(node, ast.Dict):
        items: list[tuple[str, ast.AST, ast.expr]] = [
            (key.value, key, value)
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
        ]
        return items, len(items) == len(node.keys)
    is_dict = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict"
    if is_dict and isinstance(node, ast.Call) and not node.args and all(k.arg for k in node.keywords):
        return [(keyword.arg or "", keyword, keyword.value) for keyword in node.keywords], True
    return [], False
