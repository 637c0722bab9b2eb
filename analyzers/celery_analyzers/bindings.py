"""What a block of statements binds: imports, assignments, functions and classes, as frozen values.

Knows Python's binding statements. Must not follow a name; that is `symbols`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from celery_analyzers.expressions import OPAQUE, Expression, Invocation, Reference, expression
from celery_analyzers.trees import Function
from celery_analyzers.waiting_calls import WaitingCall
from celery_analyzers.wrapper_sketches import Sketch, sketch

ParameterKind = Literal["positional-only", "positional", "keyword-only", "*", "**"]


@dataclass(frozen=True, slots=True)
class ImportBinding:
    """`import module` (then `name` is None) or `from module import name`; `level` counts the leading dots."""

    module: str
    name: str | None = None
    level: int = 0


@dataclass(frozen=True, slots=True)
class ValueBinding:
    """A name bound to the value of an expression, opaque where it cannot be told."""

    value: Expression


@dataclass(frozen=True, slots=True)
class InstanceBinding:
    """A name that an annotation says to hold an instance of a class; `value` is what it is bound to, if anything."""

    annotation: Expression
    value: Expression = OPAQUE


@dataclass(frozen=True, slots=True)
class ParameterBinding:
    """A parameter of a function. `annotation` is opaque, and `default` None, where there is none."""

    name: str
    kind: ParameterKind
    annotation: Expression = OPAQUE
    default: Expression | None = None


@dataclass(frozen=True, slots=True)
class FunctionBinding:
    """A function as others see it: what it returns, said by its annotation and its return statements, its own
    bindings, its decorators from the outside in, and its parameters; these are None where nobody read them.

    `sketch` tells how it may make tasks of other functions. `handed_up` is the one call by which an `__init__` hands
    arguments to that of its base class, if it has one. `waits` are the calls in it that are given no timeout; they are
    kept for undecorated functions of a module that speak of a client.
    """

    name: str
    annotation: Expression = OPAQUE
    returns: tuple[Expression, ...] = ()
    inner: Bindings = ()
    decorators: tuple[Expression, ...] = ()
    parameters: tuple[ParameterBinding, ...] | None = None
    sketch: Sketch | None = None
    is_async: bool = False
    handed_up: Invocation | None = None
    waits: tuple[WaitingCall, ...] = ()


@dataclass(frozen=True, slots=True)
class ClassBinding:
    """A class: its bases, what its body binds, methods among it, and its decorators from the outside in."""

    name: str
    bases: tuple[Expression, ...]
    body: Bindings = ()
    decorators: tuple[Expression, ...] = ()


Binding = ImportBinding | ValueBinding | InstanceBinding | FunctionBinding | ClassBinding
Bindings = tuple[tuple[str, Binding], ...]

STAR = "*"
"""The name under which `from module import *` is kept: it may bind any name."""

_UNKNOWN = ValueBinding(OPAQUE)


def bindings(statements: Iterable[ast.stmt]) -> Bindings:
    """What `statements` bind in their own scope, in order; blocks of `if`, `try`, `with` and loops are entered."""
    return tuple(_bindings(statements))


def function_scope(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Bindings:
    """What is bound inside a function: its parameters, then what its body binds."""
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    parameters: list[tuple[str, Binding]] = [
        (p.arg, _UNKNOWN if p.annotation is None else InstanceBinding(expression(p.annotation))) for p in named
    ]
    parameters.extend((extra.arg, _UNKNOWN) for extra in (arguments.vararg, arguments.kwarg) if extra)
    body = () if isinstance(node, ast.Lambda) else bindings(node.body)
    return (*parameters, *body)


def _bindings(statements: Iterable[ast.stmt]) -> Iterator[tuple[str, Binding]]:
    for node in statements:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    yield alias.asname, ImportBinding(alias.name)
                else:
                    top = alias.name.split(".", 1)[0]
                    yield top, ImportBinding(top)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, ImportBinding(node.module or "", alias.name, node.level)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _targets(target, node.value)
        elif isinstance(node, ast.AnnAssign):
            if isinstance(node.target, ast.Name):
                yield node.target.id, InstanceBinding(expression(node.annotation), expression(node.value))
        elif isinstance(node, ast.AugAssign):
            yield from _targets(node.target, None)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, function_binding(node)
        elif isinstance(node, ast.ClassDef):
            yield node.name, class_binding(node)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            yield from _targets(node.target, None)
            yield from _bindings([*node.body, *node.orelse])
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                if item.optional_vars is not None:
                    yield from _targets(item.optional_vars, item.context_expr)
            yield from _bindings(node.body)
        elif isinstance(node, (ast.If, ast.While)):
            yield from _bindings([*node.body, *node.orelse])
        elif isinstance(node, ast.Try) or type(node).__name__ == "TryStar":
            yield from _try_bindings(node)  # pyright: ignore[reportArgumentType]
        elif isinstance(node, ast.Match):
            for case in node.cases:
                yield from _bindings(case.body)


def _try_bindings(node: ast.Try) -> Iterator[tuple[str, Binding]]:
    yield from _bindings(node.body)
    for handler in node.handlers:
        if handler.name:
            yield handler.name, _UNKNOWN
        # `except ImportError: thing = None` says what a name is without, not what it is.
        for name, binding in _bindings(handler.body):
            if binding != ValueBinding(expression(ast.Constant(None))):
                yield name, binding
    yield from _bindings([*node.orelse, *node.finalbody])


def _targets(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, Binding]]:
    if isinstance(target, ast.Name):
        yield target.id, _UNKNOWN if value is None else ValueBinding(expression(value))
    elif isinstance(target, (ast.Tuple, ast.List)):
        items = value.elts if isinstance(value, (ast.Tuple, ast.List)) else []
        paired = len(items) == len(target.elts) and not any(isinstance(e, ast.Starred) for e in [*items, *target.elts])
        for position, element in enumerate(target.elts):
            yield from _targets(element, items[position] if paired else None)
    elif isinstance(target, ast.Starred):
        yield from _targets(target.value, None)


def function_binding(node: Function) -> FunctionBinding:
    """What can be told of a function from outside. The inside is kept for factories and wrappers only: it costs, and
    a function without a `return` of a call, a name or an attribute makes nothing that others could know."""
    annotation = expression(node.returns) if node.returns is not None else OPAQUE
    returns = tuple(
        value
        for statement in _own_statements(node.body)
        if isinstance(statement, ast.Return)
        and isinstance(value := expression(statement.value), (Reference, Invocation))
    )
    wrapper = sketch(node)
    return FunctionBinding(
        node.name,
        annotation,
        returns,
        function_scope(node) if returns or wrapper else (),
        tuple(expression(decorator) for decorator in node.decorator_list),
        parameters(node.args),
        wrapper,
        isinstance(node, ast.AsyncFunctionDef),
        _handed_up(node) if node.name == "__init__" else None,
    )


def _handed_up(node: Function) -> Invocation | None:
    """The call `super().__init__(...)` among an `__init__`'s own statements; None if there is not just this one."""
    made = [
        call
        for statement in _own_statements(node.body)
        if isinstance(statement, ast.Expr)
        and isinstance(call := expression(statement.value), Invocation)
        and _is_super_init(statement.value)
    ]
    return made[0] if len(made) == 1 else None


def _is_super_init(node: ast.expr) -> bool:
    function = node.func if isinstance(node, ast.Call) else None
    owner = function.value if isinstance(function, ast.Attribute) and function.attr == "__init__" else None
    return isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id == "super"


def parameters(arguments: ast.arguments) -> tuple[ParameterBinding, ...]:
    """The parameters of a function in the order in which they are written."""
    return tuple(
        ParameterBinding(
            argument.arg,
            kind,
            OPAQUE if argument.annotation is None else expression(argument.annotation),
            None if default is None else expression(default),
        )
        for argument, kind, default in listed_parameters(arguments)
    )


def listed_parameters(arguments: ast.arguments) -> Iterator[tuple[ast.arg, ParameterKind, ast.expr | None]]:
    """The parameters of a function in order, each with its kind and its default."""
    positional: list[tuple[ast.arg, ParameterKind]] = [(a, "positional-only") for a in arguments.posonlyargs]
    positional.extend((a, "positional") for a in arguments.args)
    missing = len(positional) - len(arguments.defaults)
    defaults: list[ast.expr | None] = [*([None] * missing), *arguments.defaults]
    for (argument, kind), default in zip(positional, defaults, strict=True):
        yield argument, kind, default
    if arguments.vararg:
        yield arguments.vararg, "*", None
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield argument, "keyword-only", default
    if arguments.kwarg:
        yield arguments.kwarg, "**", None


def class_binding(node: ast.ClassDef) -> ClassBinding:
    """A class and what its body binds."""
    return ClassBinding(
        node.name,
        tuple(expression(base) for base in node.bases),
        bindings(node.body),
        tuple(expression(decorator) for decorator in node.decorator_list),
    )


def _own_statements(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in statements:
        yield statement
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        for field in ("body", "orelse", "finalbody"):
            yield from _own_statements(getattr(statement, field, ()))
        for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            yield from _own_statements(part.body)
