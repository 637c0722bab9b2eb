"""The value of an expression where it can be told without running code: constants, arithmetic, displays.

A value is a Python number, string, bool, None, bytes, tuple, list, set or dict of values, a `Symbol` where it is a
name of something, or UNKNOWN. Must not know Celery.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, cast

from celery_analyzers.expressions import (
    Choice,
    Collection,
    Expression,
    Invocation,
    Literal,
    Mapping,
    Operation,
    Reference,
    Splat,
)
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.symbols import UNKNOWN, External, Scope, Value

_LONGEST = 100_000
"""Above this magnitude or length arithmetic is not carried out: it is no option of anyone's."""

_BINARY: dict[str, Callable[[Any, Any], object]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": operator.mul,
    "Div": lambda one, other: one / other,
    "FloorDiv": lambda one, other: one // other,
    "Mod": operator.mod,
}


def evaluate(expression: Expression, scope: Scope, depth: int = 16) -> object:
    """The value of `expression` in `scope`, or UNKNOWN. Never raises."""
    if depth <= 0:
        return UNKNOWN
    if isinstance(expression, Literal):
        return expression.value
    if isinstance(expression, Collection):
        return _collection(expression, scope, depth)
    if isinstance(expression, Mapping):
        return _mapping(expression, scope, depth)
    if isinstance(expression, Operation):
        return _operation(expression, scope, depth)
    if isinstance(expression, Choice):
        options = [evaluate(option, scope, depth - 1) for option in expression.options]
        return options[0] if all(_same(option, options[0]) for option in options) else UNKNOWN
    if isinstance(expression, Invocation):
        return _invocation(expression, scope, depth)
    if isinstance(expression, Reference):
        symbol = evaluate_symbol(expression, scope)
        if isinstance(symbol, Value):
            return evaluate(symbol.expression, symbol.scope, depth - 1)
        return symbol
    return UNKNOWN


def beginning(expression: Expression, scope: Scope, depth: int = 8) -> str | None:
    """How a string begins of which the rest may be unknown: the first part of a sum or an f-string."""
    if isinstance(expression, Literal):
        return expression.value if isinstance(expression.value, str) else None
    if isinstance(expression, Operation) and expression.operator in ("Add", "JoinedStr", "Mod") and depth > 0:
        return beginning(expression.operands[0], scope, depth - 1) if expression.operands else ""
    if isinstance(expression, Reference) and depth > 0:
        symbol = evaluate_symbol(expression, scope)
        return beginning(symbol.expression, symbol.scope, depth - 1) if isinstance(symbol, Value) else None
    return None


def is_known(value: object) -> bool:
    """Whether a value, with all that it holds, can be told."""
    if isinstance(value, (tuple, list)):
        return all(is_known(item) for item in cast("list[object]", value))
    return value != UNKNOWN


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def _collection(expression: Collection, scope: Scope, depth: int) -> object:
    items: list[object] = []
    for item in expression.items:
        if not isinstance(item, Splat):
            items.append(evaluate(item, scope, depth - 1))
            continue
        more = evaluate(item.value, scope, depth - 1)
        if not isinstance(more, (tuple, list)):
            return UNKNOWN
        items.extend(cast("list[object]", more))
    return tuple(items) if expression.kind == "tuple" else items


def _mapping(expression: Mapping, scope: Scope, depth: int) -> object:
    result: dict[object, object] = {}
    for key, value in expression.items:
        evaluated = evaluate(value, scope, depth - 1)
        if key is None:
            if not isinstance(evaluated, dict):
                return UNKNOWN
            result.update(evaluated)  # pyright: ignore[reportUnknownArgumentType]
            continue
        name = evaluate(key, scope, depth - 1)
        if not isinstance(name, (str, int, float, bytes, type(None))):
            return UNKNOWN
        result[name] = evaluated
    return result


def _invocation(expression: Invocation, scope: Scope, depth: int) -> object:
    function = evaluate_symbol(expression.function, scope)
    if function == External("builtins.dict") and not expression.arguments:
        items = tuple((None if key is None else Literal(key), value) for key, value in expression.keywords)
        return _mapping(Mapping(items), scope, depth)
    if function in (External("builtins.tuple"), External("builtins.list")) and len(expression.arguments) == 1:
        inner = evaluate(expression.arguments[0], scope, depth - 1)
        if isinstance(inner, (tuple, list)):
            items = cast("list[object]", inner)
            return tuple(items) if function == External("builtins.tuple") else list(items)
    if function in (External("builtins.int"), External("builtins.float")) and len(expression.arguments) == 1:
        inner = evaluate(expression.arguments[0], scope, depth - 1)
        if isinstance(inner, (int, float)):
            return int(inner) if function == External("builtins.int") else float(inner)
    made = evaluate_symbol(expression, scope)
    return UNKNOWN if isinstance(made, Value) else made


def _operation(expression: Operation, scope: Scope, depth: int) -> object:
    values = [evaluate(operand, scope, depth - 1) for operand in expression.operands]
    if not all(is_known(value) for value in values):
        return UNKNOWN
    if expression.operator == "JoinedStr":
        return "".join(cast("list[str]", values)) if all(isinstance(value, str) for value in values) else UNKNOWN
    if len(values) == 1:
        (value,) = values
        if isinstance(value, (int, float)) and expression.operator in ("USub", "UAdd"):
            return -value if expression.operator == "USub" else +value
        return not value if expression.operator == "Not" and isinstance(value, (bool, int, str)) else UNKNOWN
    function = _BINARY.get(expression.operator)
    if function is None:
        return UNKNOWN
    one, other = values
    if not _computable(one, other, expression.operator):
        return UNKNOWN
    try:
        return function(one, other)
    except (ArithmeticError, TypeError, ValueError):
        return UNKNOWN


def _computable(one: object, other: object, operation: str) -> bool:
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return max(abs(one), abs(other)) < 10**15
    if operation == "Add" and type(one) is type(other) and isinstance(one, (str, tuple, list)):
        return len(cast("str", one)) + len(cast("str", other)) < _LONGEST
    return False
