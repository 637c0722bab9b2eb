"""Pseudo-names of a module's scope: the tasks that calls register, and the settings that code gives an app.

They live among the module's bindings so that whatever looks them up depends on them as on any other name.
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
from celery_analyzers.resolution import SHARED_TASK, base_classes, evaluate_symbol, is_celery_class, resolve
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.symbols import APP, UNKNOWN, AppAttribute, External, ProjectClass, Scope, Symbol
from celery_analyzers.trees import walk
from celery_analyzers.values import evaluate

CONFIGURATION = "@configuration"
"""The pseudo-name of calls and assignments that may configure an app."""
_REGISTERED = "@task:"
_SETTING = Reference("@setting")
# Which module Django's settings are is decided by the environment; `Project` searches them by words instead.
_DJANGO_SETTINGS = "django.conf:settings"
NOT_SET = None


def is_task_decorator(symbol: Symbol) -> bool:
    """Whether calling this makes a task: `app.task` or `shared_task`."""
    if isinstance(symbol, AppAttribute):
        return symbol.path == "task"
    return isinstance(symbol, External) and symbol.path in SHARED_TASK


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
        for node in walk(statement):
            if isinstance(node, ast.Call):
                yield from _call(node, top_level)
            elif isinstance(node, ast.Assign):
                yield from _assignment(node, top_level)


def _named_tasks(statements: list[ast.stmt]) -> Iterator[tuple[str, Binding]]:
    """`send = job(send_mail)`: under whatever name, it may be Celery's decorator that is called."""
    for statement in statements:
        call = statement.value if isinstance(statement, (ast.Assign, ast.Expr)) else None
        if not isinstance(call, ast.Call) or len(call.args) != 1 or _looks_like_task(call):
            continue
        if isinstance(function := call.args[0], ast.Name):
            yield registered_name(function.id), ValueBinding(expression(call))


def _looks_like_task(call: ast.Call) -> bool:
    path = dotted_path(call.func)
    return path is None or "task" in path.rpartition(".")[2]


def _call(node: ast.Call, top_level: bool) -> Iterator[tuple[str, Binding]]:
    path = dotted_path(node.func)
    last = path.rsplit(".", 1)[-1] if path else ""
    if last == "register_task" and len(node.args) == 1:
        argument = node.args[0]
        target = dotted_path(argument.func) if isinstance(argument, ast.Call) else dotted_path(argument)
        if target:
            yield registered_name(target), ValueBinding(expression(node))
    elif len(node.args) == 1 and isinstance(node.args[0], ast.Name) and _looks_like_task(node):
        yield registered_name(node.args[0].id), ValueBinding(expression(node))
    receiver = path.rpartition(".conf.")[0] if path else ""
    if last in ("update", "setdefault") and receiver:
        yield CONFIGURATION, _configuration(receiver if top_level else "", node)
    elif last in ("config_from_object", "add_defaults") and path:
        yield CONFIGURATION, _configuration(path.rpartition(".")[0] if top_level else "", node)
    elif last.endswith("Celery") or any(keyword.arg == "broker" for keyword in node.keywords):
        yield CONFIGURATION, ValueBinding(expression(node))


def _configuration(receiver: str, node: ast.Call) -> ValueBinding:
    return ValueBinding(Invocation(_SETTING, (Literal(receiver), expression(node)), ()))


def _assignment(node: ast.Assign, top_level: bool) -> Iterator[tuple[str, Binding]]:
    for target in node.targets:
        name: Expression | None = None
        path: str | None = None
        if isinstance(target, ast.Attribute):
            path, name = dotted_path(target.value), Literal(target.attr)
        elif isinstance(target, ast.Subscript):
            path, name = dotted_path(target.value), expression(target.slice)
        if name is not None and path is not None and path.rpartition(".")[2] == "conf":
            call = Invocation(Reference(path + ".update"), (Mapping(((name, expression(node.value)),)),), ())
            receiver = path.rpartition(".")[0] if top_level else ""
            yield CONFIGURATION, ValueBinding(Invocation(_SETTING, (Literal(receiver), call), ()))


def registering_call(name: str, scope: Scope) -> Invocation | None:
    """The call that makes the module's function or class `name` a task, if exactly one does."""
    found, where = scope.lookup(registered_name(name))
    calls = [
        binding.value
        for binding in found
        if isinstance(binding, ValueBinding)
        and isinstance(binding.value, Invocation)
        and _registers(binding.value, where)
    ]
    return calls[0] if len(calls) == 1 else None


def _registers(call: Invocation, scope: Scope) -> bool:
    function = call.function
    if isinstance(function, Invocation):
        function = function.function
    symbol = evaluate_symbol(function, scope)
    return is_task_decorator(symbol) or symbol == AppAttribute("register_task")


def setting(name: str, scope: Scope) -> object:
    """The value of a setting by its new, lower-case name, as the module's own code gives it to an app.

    NOT_SET (None) where nothing sets it, UNKNOWN where something may. What another module configures counts only
    when this one names it in `config_from_object`.
    """
    found, where = scope.module_scope.lookup(CONFIGURATION)
    answer: object = NOT_SET
    for binding in found:
        if isinstance(binding, ValueBinding) and isinstance(binding.value, Invocation):
            value = _configured(binding.value, name, where)
            if value is not NOT_SET:
                answer = value
    return answer


def app_argument(name: str, scope: Scope) -> object:
    """What the module gives the parameter `name` of the apps that it makes: None where nothing, UNKNOWN where apps
    differ or it cannot be told."""
    found, where = scope.module_scope.lookup(CONFIGURATION)
    calls = [b.value for b in found if isinstance(b, ValueBinding) and isinstance(b.value, Invocation)]
    values = [
        _from_keywords(call, name, where) for call in calls if call.function != _SETTING and _makes_app(call, where)
    ]
    given = [value for value in values if value is not NOT_SET]
    return NOT_SET if not given else given[0] if len(values) == 1 else UNKNOWN


def app_attributes(scope: Scope) -> frozenset[str]:
    """What the project's own classes give to the apps that the module makes, beside what Celery does."""
    found, where = scope.module_scope.lookup(CONFIGURATION)
    calls = [b.value for b in found if isinstance(b, ValueBinding) and isinstance(b.value, Invocation)]
    made = (evaluate_symbol(call.function, where) for call in calls if call.function != _SETTING)
    classes = (base for symbol in made if is_celery_class(symbol) for base in base_classes(symbol))
    return frozenset(name for base in classes if isinstance(base, ProjectClass) for name, _ in base.binding.body)


def _makes_app(call: Invocation, scope: Scope) -> bool:
    return is_celery_class(evaluate_symbol(call.function, scope)) or evaluate_symbol(call, scope) == APP


def _configured(call: Invocation, name: str, scope: Scope) -> object:
    if call.function != _SETTING:
        return _from_keywords(call, name, scope) if _makes_app(call, scope) else NOT_SET
    receiver, inner = call.arguments
    assert isinstance(receiver, Literal)
    assert isinstance(inner, Invocation)
    if receiver.value and resolve(str(receiver.value), scope) != APP:
        return NOT_SET
    method = inner.function.path.rpartition(".")[2] if isinstance(inner.function, Reference) else ""
    if method == "config_from_object":
        return _from_object(inner, name, scope)
    for argument in inner.arguments:
        value = _from_mapping(evaluate(argument, scope), name)
        if value is not NOT_SET:
            return value
    return _from_keywords(inner, name, scope)


def _from_keywords(call: Invocation, name: str, scope: Scope) -> object:
    for key, value in call.keywords:
        if key is None:
            found = _from_mapping(evaluate(value, scope), name)
            if found is not NOT_SET:
                return found
        elif key == name:
            return evaluate(value, scope)
    return NOT_SET


def _from_mapping(mapping: object, name: str) -> object:
    if not isinstance(mapping, dict):
        return UNKNOWN if not isinstance(mapping, str) else NOT_SET
    for key in spellings(name):
        if key in mapping:
            return mapping[key]  # pyright: ignore[reportUnknownVariableType]
    return NOT_SET


def _from_object(call: Invocation, name: str, scope: Scope) -> object:
    if not call.arguments:
        return UNKNOWN
    keywords = {key: value for key, value in call.keywords if key}
    namespace = evaluate(keywords["namespace"], scope) if "namespace" in keywords else None
    source = evaluate(call.arguments[0], scope)
    where: Scope | None = None
    if source == _DJANGO_SETTINGS:
        return NOT_SET
    if isinstance(source, str) and scope.modules is not None and isinstance(scope.module_scope, ModuleScope):
        where = scope.modules.module(scope.module_scope, source, 0)
    if where is None:
        return UNKNOWN
    for key in spellings(name, namespace if isinstance(namespace, str) else None):
        found, _ = where.lookup(key)
        if found:
            return evaluate(Reference(key), where)
    return NOT_SET


def spellings(name: str, namespace: str | None = None) -> tuple[str, ...]:
    """The keys under which a setting counts: its new name, the old one of the time limits, and the namespace's."""
    old = f"CELERYD_{name.upper()}" if name.endswith("time_limit") else name.upper()
    return (name, old, f"{namespace}_{name.upper()}") if namespace else (name, old)
