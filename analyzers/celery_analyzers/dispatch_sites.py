"""Finds the calls that send tasks or make signatures of them, and what becomes of the signatures.

Knows Celery's calling API and its canvas. Must not know rules.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from celery_analyzers.expressions import Reference, expression
from celery_analyzers.facts import Argument, Dispatch, Option, Role
from celery_analyzers.findings import Span
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.symbols import UNKNOWN, AppAttribute, External, Scope
from celery_analyzers.syntax import Syntax
from celery_analyzers.tasks import ProjectTask, task_of
from celery_analyzers.trees import walk
from celery_analyzers.values import evaluate

SENDING = frozenset({"delay", "apply_async", "delay_on_commit", "apply_async_on_commit", "apply"})
SIGNING = frozenset({"s", "si", "signature", "subtask"})
_ARGUMENTS_AS_WRITTEN = frozenset({"delay", "delay_on_commit", "s", "si"})
_SIGNATURE = frozenset(
    {"celery.signature", "celery.canvas.signature", "celery.canvas.Signature", "celery.Signature", "celery.subtask"}
    | {"celery.canvas.subtask"}
)
_SEND_TASK = frozenset({"celery.execute.send_task"})
_BY_NAME = frozenset({"signature", "Signature", "subtask", "send_task"})
_CHAIN = frozenset({"celery.chain", "celery.canvas.chain"})
_GROUP = frozenset({"celery.group", "celery.canvas.group"})
_CHORD = frozenset({"celery.chord", "celery.canvas.chord"})
_CALLBACKS: dict[str, Role] = {"link": "callback", "link_error": "errback", "on_error": "errback"}
# By their position, where `apply_async` and the like take them without a name.
_EXECUTION = ("args", "kwargs")


@dataclass(frozen=True, slots=True)
class DispatchSite:
    """A dispatch with the nodes it was read from. `arguments` are the nodes of the positional and of the named
    arguments for the task, as far as they are written in the call."""

    dispatch: Dispatch
    call: ast.Call
    scope: Scope
    positional: tuple[ast.expr, ...]
    keywords: tuple[tuple[str, ast.expr], ...]

    @property
    def fact(self) -> Dispatch:
        return self.dispatch


class DispatchReader:
    """Reads the dispatches of one segment."""

    def __init__(self, syntax: Syntax) -> None:
        self._syntax = syntax
        self._roles: dict[ast.expr, Role] = {}

    def note_roles(self, node: ast.AST, scope: Scope) -> None:
        """Find out what becomes of the signatures in a statement. Done before its calls are read."""
        for inner in walk(node):
            if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.BitOr):
                if inner not in self._roles:
                    self._chain(_piped(inner), "first")
            elif isinstance(inner, ast.Call):
                self._note_call(inner, scope)

    def _note_call(self, call: ast.Call, scope: Scope) -> None:
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if method in ("link", "link_error", "on_error") and call.args:
            self._set(call.args[0], _CALLBACKS[method])
        for keyword in call.keywords:
            if keyword.arg in ("link", "link_error"):
                members = keyword.value.elts if isinstance(keyword.value, (ast.List, ast.Tuple)) else [keyword.value]
                for member in members:
                    self._set(member, _CALLBACKS[keyword.arg])
        symbol = self._callee(call, scope)
        path = symbol.path if isinstance(symbol, External) else ""
        role = self._roles.get(call, "first")
        # The members of a group that follows something get its result as well.
        member_role: Role = "member" if role in ("first", "member") else role
        if path in _CHAIN:
            self._chain(_members(call), role)
        elif path in _GROUP:
            for member in _members(call):
                self._follow(member, member_role)
        elif path in _CHORD:
            header = call.args[0] if call.args else None
            for member in _elements(header):
                self._follow(member, member_role)
            body = (
                call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "body"), None)
            )
            if body is not None:
                self._follow(body, "body")
        elif isinstance(call.func, ast.Call):
            inner = self._callee(call.func, scope)
            if isinstance(inner, External) and inner.path in _CHORD and call.args:
                # `chord(header)(body)`
                self._follow(call.args[0], "body")

    def _callee(self, call: ast.Call, scope: Scope) -> object:
        if isinstance(call.func, (ast.Name, ast.Attribute)):
            return evaluate_symbol(expression(call.func), scope)
        return UNKNOWN

    def _chain(self, members: list[ast.expr], first: Role) -> None:
        for position, member in enumerate(members):
            self._follow(member, first if position == 0 else "following")

    def _follow(self, node: ast.expr, role: Role) -> None:
        """A member of a chain: a chain inside takes the role with its first member, a group with all of them."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            self._roles[node] = role
            self._chain(_piped(node), role)
        else:
            self._set(node, role)

    def _set(self, node: ast.expr, role: Role) -> None:
        self._roles[node] = role
        # `add.s(1).set(queue="slow")`, `add.s(1).on_error(report.s())` are still the signature.
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr not in ("set", "on_error", "clone"):
                break
            node = node.func.value
            self._roles[node] = role

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
        target = call.args[0] if call.args else _keyword(call, "name") or _keyword(call, "varies")
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
        sends = method in SENDING or method == "send_task"
        role: Role = "send" if sends else self._roles.get(call, "alone")
        as_written = method in _ARGUMENTS_AS_WRITTEN
        positional: list[ast.expr] = []
        keywords: list[tuple[str, ast.expr]] = []
        options: list[tuple[str, ast.expr, Span, Span]] = []
        complete = options_complete = True
        if as_written:
            positional = [a for a in call.args if not isinstance(a, ast.Starred)]
            keywords = [(k.arg, k.value) for k in call.keywords if k.arg is not None]
            complete = len(positional) == len(call.args) and len(keywords) == len(call.keywords)
        else:
            given, options, options_complete = self._execution(call, skip)
            complete = options_complete
            more, listed = _listed(given.get("args"))
            positional.extend(more)
            named, mapped = _mapped(given.get("kwargs"))
            keywords.extend(named)
            complete = complete and listed and mapped
        span = self._syntax.span(call)
        end = self._syntax.span(call.func).end
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        immutable = method == "si" or any(n == "immutable" and _is_true(v) for n, v, _, _ in options)
        dispatch = Dispatch(
            method,
            role,
            span,
            Span(end - len(name), end) if name else Span(span.start, end),
            task,
            positional=tuple(self._argument(node, scope) for node in positional),
            keywords=tuple((n, self._argument(node, scope)) for n, node in keywords),
            complete=complete,
            options=tuple(
                Option(n, evaluate(expression(value), scope), where, name_span, self._syntax.span(value))
                for n, value, where, name_span in options
            ),
            options_complete=options_complete,
            immutable=immutable,
        )
        return DispatchSite(dispatch, call, scope, tuple(positional), tuple(keywords))

    def _execution(
        self, call: ast.Call, skip: int
    ) -> tuple[dict[str, ast.expr], list[tuple[str, ast.expr, Span, Span]], bool]:
        """The `args` and `kwargs` of a call that takes them as containers, its options, and whether that is all."""
        given: dict[str, ast.expr] = {}
        options: list[tuple[str, ast.expr, Span, Span]] = []
        arguments = call.args[skip:]
        complete = not any(isinstance(a, ast.Starred) for a in call.args)
        if complete:
            given.update(zip(_EXECUTION, arguments, strict=False))
        for keyword in call.keywords:
            if keyword.arg is None:
                complete = False
            elif keyword.arg in _EXECUTION:
                given[keyword.arg] = keyword.value
            elif keyword.arg not in ("name", "varies"):
                span = self._syntax.span(keyword)
                options.append((keyword.arg, keyword.value, span, Span(span.start, span.start + len(keyword.arg))))
        return given, options, complete

    def _argument(self, node: ast.expr, scope: Scope) -> Argument:
        span = self._syntax.span(node)
        return Argument(evaluate(expression(node), scope), span, span)


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _piped(node: ast.expr) -> list[ast.expr]:
    """The members of `a | b | c`, in order."""
    members: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        members.append(node.right)
        node = node.left
    return [node, *reversed(members)]


def _members(call: ast.Call) -> list[ast.expr]:
    """The members of `chain(a, b)`, `group([a, b])`, `group(f(x) for x in xs)`."""
    if len(call.args) == 1 and not isinstance(call.args[0], ast.Call):
        return list(_elements(call.args[0]))
    return [argument for argument in call.args if not isinstance(argument, ast.Starred)]


def _elements(node: ast.expr | None) -> Iterator[ast.expr]:
    if isinstance(node, (ast.List, ast.Tuple)):
        yield from (item for item in node.elts if not isinstance(item, ast.Starred))
    elif isinstance(node, (ast.ListComp, ast.GeneratorExp)):
        yield node.elt
    elif node is not None:
        yield node


def _listed(node: ast.expr | None) -> tuple[list[ast.expr], bool]:
    """The items of `args=`, and whether these are all."""
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return [], True
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [item for item in node.elts if not isinstance(item, ast.Starred)]
        return items, len(items) == len(node.elts)
    return [], False


def _mapped(node: ast.expr | None) -> tuple[list[tuple[str, ast.expr]], bool]:
    """The items of `kwargs=`, and whether these are all."""
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return [], True
    if isinstance(node, ast.Dict):
        items = [
            (key.value, value)
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
        ]
        return items, len(items) == len(node.keys)
    is_dict = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict"
    if is_dict and isinstance(node, ast.Call) and not node.args and all(k.arg for k in node.keywords):
        return [(keyword.arg or "", keyword.value) for keyword in node.keywords], True
    return [], False
