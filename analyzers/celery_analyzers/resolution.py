"""Finds out what a name means: follows imports and assignments, through the project's modules, to Celery and the rest.

Knows Celery's public names. Must not know tasks' options nor rules.
"""

from __future__ import annotations

import builtins

from celery_analyzers.bindings import STAR, Binding, FunctionBinding, ImportBinding, InstanceBinding, ValueBinding
from celery_analyzers.expressions import Choice, Expression, Invocation, Literal, Operation, Reference, Subscription
from celery_analyzers.expressions import Collection as CollectionExpression
from celery_analyzers.expressions import Mapping as MappingExpression
from celery_analyzers.scopes import InnerScope
from celery_analyzers.symbols import (
    APP,
    UNKNOWN,
    App,
    AppAttribute,
    External,
    Instance,
    ProjectClass,
    ProjectFunction,
    ProjectInstance,
    ProjectModule,
    Scope,
    Symbol,
    Value,
)

CELERY_CLASSES = frozenset({"celery.Celery", "celery.app.Celery", "celery.app.base.Celery"})
TASK_CLASSES = frozenset({"celery.Task", "celery.app.task.Task", "celery.contrib.django.task.DjangoTask"})
SHARED_TASK = frozenset({"celery.shared_task", "celery.app.shared_task"})
CRONTAB = frozenset({"celery.schedules.crontab"})
PARTIAL = External("functools.partial")
_CURRENT_APPS = ("celery.current_app", "celery._state.current_app", "celery.app.default_app")
_GET_CURRENT_APP = frozenset({"celery._state.get_current_app", "celery.app.app_or_default"})
# A project may hold a `celery.py` of its own; an absolute import of these still means the library.
_LIBRARIES = frozenset({"celery", "kombu", "billiard"})
_BUILTINS = frozenset(dir(builtins))
_DEEPEST = 24
"""Steps that a name is followed before it counts as unknown; also what ends a cycle of imports."""


def resolve(path: str, scope: Scope, depth: int = _DEEPEST) -> Symbol:
    """What a dotted path means in `scope`."""
    first, *rest = path.split(".")
    symbol = _resolve_name(first, scope, depth)
    for attribute in rest:
        symbol = _attribute(symbol, attribute, depth - 1)
    return symbol


def evaluate_symbol(expression: Expression, scope: Scope, depth: int = _DEEPEST) -> Symbol:
    """What an expression means in `scope`: a symbol, or a Value where it is no name or object that we know."""
    if depth <= 0:
        return UNKNOWN
    if isinstance(expression, Reference):
        return resolve(expression.path, scope, depth - 1)
    if isinstance(expression, Invocation):
        function = evaluate_symbol(expression.function, scope, depth - 1)
        if makes_task(function) or function == PARTIAL:
            return Value(expression, scope)
        made = _call(function, scope, depth - 1)
        # What `dict(...)` and the like make is a value, which `values` tells.
        builtin = isinstance(made, Instance) and made.path.startswith("builtins.")
        return Value(expression, scope) if builtin else made
    if isinstance(expression, (Choice, Operation)):
        parts = expression.options if isinstance(expression, Choice) else expression.operands
        if isinstance(expression, Choice) or expression.operator == "Or":
            symbols = [evaluate_symbol(part, scope, depth - 1) for part in parts]
            if APP in symbols:
                return symbols[symbols.index(APP)]
            return symbols[0] if all(symbol == symbols[0] for symbol in symbols) else UNKNOWN
    if isinstance(expression, Subscription) and expression.key == Literal("celery"):
        value = expression.value
        # Flask's documented place for the Celery app: `app.extensions["celery"]`.
        if isinstance(value, Reference) and value.path.endswith(".extensions"):
            return APP
    if isinstance(expression, (Literal, CollectionExpression, MappingExpression, Operation)):
        return Value(expression, scope)
    return UNKNOWN


def makes_task(symbol: Symbol) -> bool:
    """Whether a call of this makes a task, or what does: `app.task`, `shared_task`, `app.register_task`."""
    if isinstance(symbol, AppAttribute):
        return symbol.path in ("task", "register_task")
    return isinstance(symbol, External) and symbol.path in SHARED_TASK


def is_celery_class(symbol: Symbol, depth: int = _DEEPEST) -> bool:
    """Whether a symbol is `celery.Celery` or a subclass."""
    return _derives(symbol, CELERY_CLASSES, depth)


def is_task_class(symbol: Symbol, depth: int = _DEEPEST) -> bool:
    """Whether a symbol is `celery.Task` or a subclass."""
    return symbol == AppAttribute("Task") or _derives(symbol, TASK_CLASSES, depth)


def base_classes(symbol: Symbol, depth: int = _DEEPEST) -> list[Symbol]:
    """A class and its bases in the order in which attributes are looked up, roughly; cycles end at `depth`."""
    found = [symbol]
    if isinstance(symbol, ProjectClass) and depth > 0:
        for base in symbol.binding.bases:
            found.extend(base_classes(evaluate_symbol(base, symbol.scope, depth - 1), depth - 4))
    return found


def _derives(symbol: Symbol, roots: frozenset[str], depth: int) -> bool:
    if isinstance(symbol, External):
        return symbol.path in roots
    if isinstance(symbol, AppAttribute):
        return symbol.path == "Task" and roots is TASK_CLASSES
    if isinstance(symbol, ProjectClass) and depth > 0:
        bases = (evaluate_symbol(base, symbol.scope, depth - 1) for base in symbol.binding.bases)
        return any(_derives(base, roots, depth - 4) for base in bases)
    return False


def _resolve_name(name: str, scope: Scope, depth: int) -> Symbol:
    if depth <= 0:
        return UNKNOWN
    found, where = scope.lookup(name)
    if name not in where.memo:
        # Names that are bound to each other, in a circle or in many ways, are followed once.
        where.memo[name] = UNKNOWN
        where.memo[name] = _bound(found, where, depth) if found else _unbound(name, scope, depth)
    return where.memo[name]


def _bound(found: tuple[Binding, ...], where: Scope, depth: int) -> Symbol:
    symbols = [_resolve_binding(binding, where, depth - 1) for binding in found]
    known = [symbol for symbol in symbols if symbol != UNKNOWN]
    if len(known) != len(symbols) and len(symbols) > 1:
        return UNKNOWN
    # Two bindings that mean different things leave open which one counts; two apps are both apps.
    first = symbols[0]
    return first if all(symbol == first for symbol in symbols[1:]) else UNKNOWN


def _unbound(name: str, scope: Scope, depth: int) -> Symbol:
    stars, where = scope.module_scope.lookup(STAR)
    for star in reversed(stars):
        if isinstance(star, ImportBinding):
            symbol = _resolve_import(ImportBinding(star.module, name, star.level), where, depth - 1)
            if isinstance(symbol, External) and symbol.path.startswith("celery."):
                return symbol
            if symbol != UNKNOWN and not isinstance(symbol, External):
                return symbol
    if stars:
        return UNKNOWN
    return External(f"builtins.{name}") if name in _BUILTINS else UNKNOWN


def _resolve_binding(binding: Binding, scope: Scope, depth: int) -> Symbol:
    if isinstance(binding, ImportBinding):
        return _resolve_import(binding, scope, depth)
    if isinstance(binding, ValueBinding):
        return evaluate_symbol(binding.value, scope, depth)
    if isinstance(binding, InstanceBinding):
        value = evaluate_symbol(binding.value, scope, depth)
        return value if value != UNKNOWN else _instance(evaluate_symbol(binding.annotation, scope, depth), scope)
    if isinstance(binding, FunctionBinding):
        return ProjectFunction(binding, scope)
    return ProjectClass(binding, scope)


def _resolve_import(binding: ImportBinding, scope: Scope, depth: int) -> Symbol:
    top = binding.module.split(".", 1)[0]
    modules = None if not binding.level and top in _LIBRARIES else scope.modules
    importer = scope.module_scope
    module = modules.module(importer, binding.module, binding.level) if modules else None
    if binding.name is None:
        return ProjectModule(module) if module else _external(binding.module)
    if module is not None:
        found, _ = module.lookup(binding.name)
        if found or module.lookup(STAR)[0]:
            symbol = _resolve_name(binding.name, module, depth - 1)
            if symbol != UNKNOWN or found:
                return symbol
    if modules is not None:
        inner = f"{binding.module}.{binding.name}" if binding.module else binding.name
        submodule = modules.module(importer, inner, binding.level)
        if submodule is not None:
            return ProjectModule(submodule)
    if module is not None or binding.level:
        return UNKNOWN
    return _external(f"{binding.module}.{binding.name}")


def _external(path: str) -> Symbol:
    for app in _CURRENT_APPS:
        if path == app:
            return APP
    return External(path)


def _attribute(symbol: Symbol, name: str, depth: int) -> Symbol:
    if depth <= 0:
        return UNKNOWN
    if isinstance(symbol, External):
        return _external(f"{symbol.path}.{name}")
    if isinstance(symbol, Instance):
        return External(f"{symbol.path}.{name}")
    if isinstance(symbol, App):
        return External("celery.Task") if name == "Task" else AppAttribute(name, symbol.module)
    if isinstance(symbol, AppAttribute):
        return AppAttribute(f"{symbol.path}.{name}", symbol.module)
    if isinstance(symbol, ProjectModule):
        found, _ = symbol.scope.lookup(name)
        if found or symbol.scope.lookup(STAR)[0]:
            return _resolve_name(name, symbol.scope, depth)
        modules = symbol.scope.modules
        submodule = modules.module(symbol.scope, name, 1) if modules else None
        return ProjectModule(submodule) if submodule else UNKNOWN
    if isinstance(symbol, (ProjectClass, ProjectInstance)):
        owner = symbol if isinstance(symbol, ProjectClass) else symbol.type
        return _class_attribute(owner, name, depth)
    return UNKNOWN


def _class_attribute(owner: ProjectClass, name: str, depth: int) -> Symbol:
    for candidate in base_classes(owner, depth):
        if isinstance(candidate, ProjectClass):
            found = [binding for bound, binding in candidate.binding.body if bound == name]
            if found:
                scope = InnerScope.of(candidate.binding.body, candidate.scope)
                return _resolve_binding(found[-1], scope, depth - 1) if len(found) == 1 else UNKNOWN
        else:
            break
    return UNKNOWN


def _instance(symbol: Symbol, scope: Scope) -> Symbol:
    if is_celery_class(symbol):
        return App(scope.module_scope)
    if isinstance(symbol, ProjectClass):
        return ProjectInstance(symbol)
    return Instance(symbol.path) if isinstance(symbol, External) else UNKNOWN


def _call(function: Symbol, scope: Scope, depth: int) -> Symbol:
    """What a call of `function` in `scope` makes."""
    if isinstance(function, (ProjectClass, External)):
        if isinstance(function, External) and function.path in _GET_CURRENT_APP:
            return APP
        return _instance(function, scope)
    if isinstance(function, ProjectFunction) and depth > 0:
        if is_celery_class(evaluate_symbol(function.binding.annotation, function.scope, depth - 1)):
            return App(function.scope.module_scope)
        inside = InnerScope.of(function.binding.inner, function.scope)
        made = [evaluate_symbol(value, inside, depth - 2) for value in function.binding.returns]
        if made and all(symbol == made[0] for symbol in made):
            return made[0]
    if isinstance(function, AppAttribute) and function.path == "_get_current_object":
        return APP
    return UNKNOWN
