"""What makes a task of a function: Celery's own decorators, and the project's wrappers of them.

Reads a wrapper, be it a function, a class with `__call__`, a `functools.partial` or a saved call, for the options
that it sets and those that it passes on. Knows Celery's decorators. Must not know tasks nor rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from celery_analyzers.bindings import FunctionBinding
from celery_analyzers.expressions import Expression, Invocation, Literal, Reference
from celery_analyzers.resolution import PARTIAL, SHARED_TASK, evaluate_symbol
from celery_analyzers.scopes import InnerScope
from celery_analyzers.symbols import (
    UNKNOWN,
    AppAttribute,
    External,
    ProjectClass,
    ProjectFunction,
    ProjectInstance,
    Scope,
    Symbol,
    Value,
)
from celery_analyzers.values import evaluate
from celery_analyzers.wrapper_sketches import Making, Sketch

_DEEPEST = 5
"""Wrappers of wrappers that are followed."""


@dataclass(frozen=True, slots=True)
class Maker:
    """What a task decorator does.

    `app` is the scope of the module that makes the app, None for the current app. `options` are those that a wrapper
    sets. `options_known` is False where it may set others. Keywords that are written in the decorator reach Celery
    where `forwards`, but for those that the wrapper `takes` for itself. `keeps_function` is False where another
    function may run in place of the decorated one, so that its parameters and what it returns are not known, and
    `keeps_name` where that one may have another name.
    """

    app: Scope | None = field(default=None, compare=False)
    is_shared: bool = False
    is_wrapper: bool = False
    options: tuple[tuple[str, object], ...] = ()
    options_known: bool = True
    forwards: bool = True
    takes: frozenset[str] = frozenset()
    keeps_function: bool = True
    keeps_name: bool = True

    def passes_on(self, keyword: str) -> bool:
        """Whether a keyword that is written in the decorator is an option to Celery."""
        return self.forwards and keyword not in self.takes


CELERYS = Maker()
DECLARED = Maker(is_wrapper=True, options_known=False, keeps_function=False, keeps_name=False)
"""A decorator that the project's configuration calls one, and of which nothing else is known."""


def maker_of(decorator: Expression, scope: Scope, depth: int = _DEEPEST) -> Maker | None:
    """What a decorator does, if it makes a task of a function."""
    call = decorator if isinstance(decorator, Invocation) else None
    callee = call.function if call else decorator
    return _maker(evaluate_symbol(callee, scope), call, scope, depth)


def _maker(symbol: Symbol, call: Invocation | None, scope: Scope, depth: int) -> Maker | None:
    if depth <= 0:
        return None
    if isinstance(symbol, AppAttribute):
        return Maker(symbol.module) if symbol.path == "task" else None
    if isinstance(symbol, External):
        if symbol.path in SHARED_TASK:
            return Maker(is_shared=True)
        return DECLARED if _is_declared(symbol.path, scope) else None
    if isinstance(symbol, Value):
        return _saved(symbol, depth)
    if isinstance(symbol, ProjectFunction):
        made = _wrapped(symbol.binding, symbol.scope, call, scope, depth)
        return made or (DECLARED if _is_declared(symbol.binding.name, symbol.scope, local=True) else None)
    if isinstance(symbol, (ProjectClass, ProjectInstance)):
        return _called(symbol, call, scope, depth)
    return None


def _is_declared(path: str, scope: Scope, *, local: bool = False) -> bool:
    modules = scope.modules
    return modules is not None and modules.declares_task_decorator(path, scope.module_scope if local else None)


def _saved(symbol: Value, depth: int) -> Maker | None:
    """`task = shared_task(bind=True)`, `task = functools.partial(shared_task, bind=True)`."""
    made = symbol.expression
    if not isinstance(made, Invocation):
        return None
    is_partial = evaluate_symbol(made.function, symbol.scope) == PARTIAL
    if is_partial:
        if len(made.arguments) != 1:
            return None
        inner = maker_of(made.arguments[0], symbol.scope, depth - 1)
    elif made.arguments:
        # Applied to a function already: what is saved is a task.
        return None
    else:
        inner = maker_of(made, symbol.scope, depth - 1)
    if inner is None:
        return None
    options, known = _keywords(made.keywords, symbol.scope)
    forwarded = tuple((name, value) for name, value in options.items() if inner.passes_on(name))
    return replace(
        inner,
        is_wrapper=True,
        options=(*inner.options, *forwarded),
        options_known=inner.options_known and known,
        forwards=inner.forwards and is_partial,
    )


def _called(symbol: ProjectClass | ProjectInstance, call: Invocation | None, scope: Scope, depth: int) -> Maker | None:
    """`@Deco(...)` and `@deco`, by the `__call__` of the class."""
    owner = symbol if isinstance(symbol, ProjectClass) else symbol.type
    made_here = isinstance(symbol, ProjectClass)
    if made_here and call is None:
        return None
    found = [b for name, b in owner.binding.body if name == "__call__" and isinstance(b, FunctionBinding)]
    if len(found) != 1:
        return None
    # What an instance was made with is not followed into its `__call__`.
    made = _wrapped(found[0], owner.scope, None if made_here else call, scope, depth, method=True)
    return replace(made, options_known=False) if made and made_here else made


def _wrapped(
    function: FunctionBinding, home: Scope, call: Invocation | None, scope: Scope, depth: int, *, method: bool = False
) -> Maker | None:
    """What a project function does that wraps a task decorator."""
    outline = function.sketch
    if outline is None or function.parameters is None:
        return None
    inside = InnerScope.of(function.inner, home)
    arguments, left, complete = _bound(function, call, scope, method=method)
    found: list[tuple[Making, Maker]] = []
    for making in outline.makings:
        inner = maker_of(_as_called(making, arguments, outline.keywords), inside, depth - 1)
        if inner is not None:
            found.append((making, inner))
    if not found:
        return None
    making, inner = found[-1]
    if len({m for m, _ in found}) > 1:
        # It makes tasks in several ways: that it does is known, and nothing else.
        app = inner.app if all(one.app is inner.app for _, one in found) else None
        return replace(DECLARED, app=app, takes=frozenset(arguments))
    made = _made(making, inner, outline, arguments, inside)
    taken = {p.name for p in function.parameters if p.kind in ("positional", "keyword-only")}
    return replace(
        made,
        is_wrapper=True,
        takes=made.takes | taken,
        options_known=made.options_known and complete and not left,
        keeps_function=made.keeps_function and not making.replaced,
        keeps_name=made.keeps_name and making.keeps_name,
    )


def _as_called(making: Making, arguments: Mapping[str, object], keywords: str | None) -> Expression:
    """A decorator in a wrapper with what the wrapper's parameters stand for, without the function that it is applied to
    and the `**options` that it was given: what these are is told where it is used."""
    maker = making.maker
    if not isinstance(maker, Invocation):
        return maker

    def meant(value: Expression) -> Expression:
        given = arguments.get(value.path, UNKNOWN) if isinstance(value, Reference) else UNKNOWN
        return Literal(given) if isinstance(given, (str, int, float, type(None))) else value

    return Invocation(
        maker.function,
        tuple(a for a in map(meant, maker.arguments) if a != Reference(making.made_of or "")),
        tuple((k, meant(value)) for k, value in maker.keywords if keywords is None or value != Reference(keywords)),
    )


def _made(making: Making, inner: Maker, outline: Sketch, arguments: Mapping[str, object], inside: Scope) -> Maker:
    options, takes = dict(inner.options), inner.takes
    known, forwards = inner.options_known, False
    for name, value in making.maker.keywords if isinstance(making.maker, Invocation) else ():
        if name is None:
            if outline.keywords is not None and value == Reference(outline.keywords):
                forwards = True
                continue
            more = evaluate(value, inside)
            known = known and isinstance(more, dict)
            options.update(cast("dict[str, object]", more) if isinstance(more, dict) else {})
        elif inner.passes_on(name):
            options[name] = _value(value, arguments, inside)
    for write in outline.writes if forwards else ():
        if write.key is None:
            known = False
            continue
        if not write.is_default:
            takes |= {write.key}
        if write.is_removal:
            if not write.certain:
                options[write.key] = UNKNOWN
        elif not (write.is_default and write.key in options):
            options[write.key] = _value(write.value, arguments, inside) if write.certain else UNKNOWN
    return replace(
        inner,
        options=tuple(options.items()),
        options_known=known,
        forwards=forwards and inner.forwards,
        takes=takes,
    )


def _value(value: Expression, arguments: Mapping[str, object], inside: Scope) -> object:
    if isinstance(value, Reference) and value.path in arguments:
        return arguments[value.path]
    return evaluate(value, inside)


def _bound(
    function: FunctionBinding, call: Invocation | None, scope: Scope, *, method: bool
) -> tuple[dict[str, object], bool, bool]:
    """What a decorator's arguments give the wrapper's parameters, whether a positional one is left over, and whether
    all of them can be told."""
    assert function.parameters is not None
    parameters = function.parameters[1:] if method else function.parameters
    values: dict[str, object] = {
        p.name: UNKNOWN if p.default is None else evaluate(p.default, InnerScope.of((), scope)) for p in parameters
    }
    if call is None:
        return values, False, True
    positional = [p.name for p in parameters if p.kind in ("positional", "positional-only")]
    for name, argument in zip(positional, call.arguments, strict=False):
        values[name] = evaluate(argument, scope)
    options, complete = _keywords(call.keywords, scope)
    named = {p.name for p in parameters if p.kind in ("positional", "keyword-only")}
    values.update({name: value for name, value in options.items() if name in named})
    takes_any = any(p.kind == "*" for p in parameters)
    return values, len(call.arguments) > len(positional) and takes_any, complete


def _keywords(keywords: tuple[tuple[str | None, Expression], ...], scope: Scope) -> tuple[dict[str, object], bool]:
    """The keywords of a call, with those of `**` where that can be told, and whether all of it could."""
    found: dict[str, object] = {}
    complete = True
    for name, value in keywords:
        evaluated = evaluate(value, scope)
        if name is not None:
            found[name] = evaluated
        elif isinstance(evaluated, dict):
            found.update(cast("dict[str, object]", evaluated))
        else:
            complete = False
    return found, complete
