"""Tasks as other places know them: what a name that a task is bound to means, with the task's options and parameters.

Knows how Celery declares tasks. Must not know where they are called, nor rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol, cast

from celery_analyzers.bindings import FunctionBinding, ParameterBinding, ValueBinding
from celery_analyzers.expressions import Expression, Invocation, callee
from celery_analyzers.makers import CELERYS, Maker, maker_of
from celery_analyzers.registrations import registered_name
from celery_analyzers.resolution import evaluate_symbol, is_task_class
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

Form = Literal["decorator", "call", "class"]
STATICMETHOD = External("builtins.staticmethod")
TRANSPARENT_DECORATORS = frozenset({"django.db.transaction.atomic", "django.db.transaction.non_atomic_requests"})
"""Decorators that pass on all arguments and what comes back."""


class Task(Protocol):
    """What is told of a task wherever it is met."""

    @property
    def name(self) -> str:
        """The name of its function or class."""
        ...

    @property
    def form(self) -> Form:
        """How it is declared."""
        ...

    @property
    def options_known(self) -> bool:
        """Whether all its options can be told."""
        ...

    @property
    def base(self) -> Symbol | None:
        """What `base=` or the class's bases mean; None where there is no such."""
        ...

    @property
    def maker(self) -> Maker:
        """What makes it a task."""
        ...

    def value(self, name: str) -> object:
        """The value of an option that is set at the task itself; NOT_GIVEN where it is not."""
        ...


@dataclass(frozen=True, slots=True)
class _NotGiven:
    """Nothing sets it here, which is not None: that is a value of Celery's."""


NOT_GIVEN = _NotGiven()


@dataclass(frozen=True, slots=True)
class ProjectTask:
    """A task of the project. `scope` is that of the module which defines the function or class.

    `parameters` are those of a message: without the task instance. None where they cannot be told, as another function
    may run in place of the decorated one.
    """

    name: str
    form: Form
    scope: Scope = field(compare=False)
    options: tuple[tuple[str, object], ...] = ()
    options_known: bool = True
    base: Symbol | None = None
    maker: Maker = CELERYS
    parameters: tuple[ParameterBinding, ...] | None = None

    def value(self, name: str) -> object:
        """The value of an option that is set at the task itself; NOT_GIVEN where it is not."""
        return dict(self.options).get(name, NOT_GIVEN)


def task_of(symbol: Symbol) -> ProjectTask | None:
    """The task that something is, if it is one."""
    if isinstance(symbol, ProjectFunction):
        return _decorated(symbol)
    if isinstance(symbol, Value) and isinstance(symbol.expression, Invocation):
        return _made(symbol.expression, symbol.scope)
    return None


def _decorated(symbol: ProjectFunction) -> ProjectTask | None:
    function = symbol.binding
    for position, decorator in enumerate(function.decorators):
        maker = maker_of(decorator, symbol.scope)
        if maker is None:
            # Whatever stands above the task's decorator may return something else.
            if evaluate_symbol(decorator, symbol.scope) != STATICMETHOD:
                return None
            continue
        options, known = written_options(decorator, maker, symbol.scope)
        return _task(symbol, "decorator", maker, options, known, function.decorators[position + 1 :])
    return None


def written_options(decorator: Expression, maker: Maker, scope: Scope) -> tuple[tuple[tuple[str, object], ...], bool]:
    """The options of a decorator, the wrapper's own first, and whether all of them can be told."""
    options = dict(maker.options)
    known = maker.options_known
    for name, value in decorator.keywords if isinstance(decorator, Invocation) else ():
        if name is None:
            more = evaluate(value, scope)
            known = known and isinstance(more, dict)
            options.update(cast("dict[str, object]", more) if isinstance(more, dict) else {})
        elif maker.passes_on(name):
            options[name] = evaluate(value, scope)
    return tuple(options.items()), known


def _made(call: Invocation, scope: Scope) -> ProjectTask | None:
    """`app.task(function, **options)`, `app.task(**options)(function)`, `app.register_task(Class())`."""
    if len(call.arguments) != 1:
        return None
    if evaluate_symbol(call.function, scope) == AppAttribute("register_task"):
        return _registered(call.arguments[0], scope)
    decorator = applied(call)
    maker = maker_of(decorator, scope)
    function = evaluate_symbol(call.arguments[0], scope)
    if maker is None or not isinstance(function, ProjectFunction):
        return None
    options, known = written_options(decorator, maker, scope)
    return _task(function, "call", maker, options, known, function.binding.decorators)


def _registered(argument: Expression, scope: Scope) -> ProjectTask | None:
    symbol = evaluate_symbol(argument, scope)
    owner = symbol.type if isinstance(symbol, ProjectInstance) else symbol
    if not isinstance(owner, ProjectClass) or not is_task_class(owner):
        return None
    return class_task(owner)


def class_task(owner: ProjectClass) -> ProjectTask:
    """The task that a registered class makes."""
    run = [b for name, b in owner.binding.body if name == "run" and isinstance(b, FunctionBinding)]
    parameters = run[0].parameters if len(run) == 1 and not run[0].decorators else None
    taken = None if parameters is None or not _takes_instance(parameters) else parameters[1:]
    return ProjectTask(owner.binding.name, "class", owner.scope, base=owner, parameters=taken)


def _task(
    symbol: ProjectFunction,
    form: Form,
    maker: Maker,
    options: tuple[tuple[str, object], ...],
    known: bool,
    inner: tuple[Expression, ...],
) -> ProjectTask:
    given = dict(options)
    base = given.get("base")
    bind = given.get("bind", False)
    return ProjectTask(
        symbol.binding.name,
        form,
        symbol.scope,
        options,
        known,
        base_symbol(base),
        maker,
        _message_parameters(symbol, maker, bind, known, inner),
    )


def base_symbol(base: object) -> Symbol | None:
    """What the value of `base=` means; None where it is not given."""
    if base is None:
        return None
    return base if isinstance(base, (External, ProjectClass, AppAttribute)) else UNKNOWN


def _message_parameters(
    symbol: ProjectFunction, maker: Maker, bind: object, known: bool, inner: tuple[Expression, ...]
) -> tuple[ParameterBinding, ...] | None:
    parameters = symbol.binding.parameters
    if parameters is None or not known or not maker.keeps_function or not isinstance(bind, (bool, int, type(None))):
        return None
    if any(not is_transparent(decorator, symbol.scope) for decorator in inner):
        return None
    if not bind:
        return parameters
    return parameters[1:] if _takes_instance(parameters) else None


def _takes_instance(parameters: tuple[ParameterBinding, ...]) -> bool:
    return bool(parameters) and parameters[0].kind in ("positional", "positional-only")


def is_transparent(decorator: Expression, scope: Scope) -> bool:
    """Whether a decorator passes on all arguments and what comes back."""
    symbol = evaluate_symbol(callee(decorator), scope)
    return isinstance(symbol, External) and symbol.path in TRANSPARENT_DECORATORS


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
    if evaluate_symbol(call.function, scope) == AppAttribute("register_task"):
        return True
    return maker_of(applied(call), scope) is not None


def applied(call: Invocation) -> Expression:
    """The decorator in a call that makes a task: `app.task(**options)` of `app.task(**options)(function)` and of
    `app.task(function, **options)`."""
    return call.function if isinstance(call.function, Invocation) else Invocation(call.function, (), call.keywords)
