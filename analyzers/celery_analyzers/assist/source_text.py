"""Expressions written out again: defaults, annotations and values, as documentation shows them.

Knows the frozen form of expressions. Must not know what they mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from celery_analyzers.bindings import ParameterBinding
from celery_analyzers.expressions import (
    Choice,
    Collection,
    Expression,
    Invocation,
    Literal,
    Mapping,
    Opaque,
    Operation,
    Reference,
    Splat,
    Subscription,
)
from celery_analyzers.symbols import UNKNOWN, External, Instance, ProjectClass, ProjectFunction

_OPERATORS = {
    "Add": "+",
    "Sub": "-",
    "Mult": "*",
    "Div": "/",
    "FloorDiv": "//",
    "Mod": "%",
    "Pow": "**",
    "BitOr": "|",
    "BitAnd": "&",
    "Or": "or",
    "And": "and",
}
_UNARY = {"USub": "-", "UAdd": "+", "Not": "not ", "Invert": "~"}


def written(expression: Expression) -> str:
    """An expression as code; `...` stands for what is not known."""
    if isinstance(expression, Literal):
        return repr(expression.value) if expression.value is not ... else "..."
    if isinstance(expression, Reference):
        return expression.path
    if isinstance(expression, Collection):
        items = ", ".join(map(written, expression.items))
        opening, closing = {"tuple": "()", "list": "[]", "set": "{}"}[expression.kind]
        comma = "," if expression.kind == "tuple" and len(expression.items) == 1 else ""
        return f"{opening}{items}{comma}{closing}"
    if isinstance(expression, Mapping):
        items = (f"**{written(v)}" if k is None else f"{written(k)}: {written(v)}" for k, v in expression.items)
        return "{" + ", ".join(items) + "}"
    if isinstance(expression, Invocation):
        keywords = [f"**{written(v)}" if k is None else f"{k}={written(v)}" for k, v in expression.keywords]
        return f"{written(expression.function)}({', '.join([*map(written, expression.arguments), *keywords])})"
    if isinstance(expression, Operation):
        return _operation(expression)
    if isinstance(expression, Subscription):
        key = written(expression.key)
        if isinstance(expression.key, Collection) and expression.key.kind == "tuple":
            key = key[1:-1].rstrip(",")
        return f"{written(expression.value)}[{key}]"
    if isinstance(expression, Splat):
        return f"*{written(expression.value)}"
    return " or ".join(map(written, expression.options)) if isinstance(expression, Choice) else "..."


def _operation(expression: Operation) -> str:
    parts = [written(operand) for operand in expression.operands]
    if len(parts) == 1 and expression.operator in _UNARY:
        return _UNARY[expression.operator] + parts[0]
    sign = _OPERATORS.get(expression.operator)
    return f" {sign} ".join(parts) if sign is not None else "..."


def written_parameter(parameter: ParameterBinding) -> str:
    """A parameter as it stands in a signature."""
    stars = {"*": "*", "**": "**"}.get(parameter.kind, "")
    annotated = "" if isinstance(parameter.annotation, Opaque) else f": {written(parameter.annotation)}"
    default = ""
    if parameter.default is not None:
        default = f" = {written(parameter.default)}" if annotated else f"={written(parameter.default)}"
    return f"{stars}{parameter.name}{annotated}{default}"


def written_parameters(parameters: Sequence[ParameterBinding]) -> list[tuple[str, str]]:
    """The parts of a signature, each with the name of its parameter: the marks `/` and `*` have none."""
    parts: list[tuple[str, str]] = []
    before = ""
    for parameter in parameters:
        if before == "positional-only" and parameter.kind != "positional-only":
            parts.append(("", "/"))
        if parameter.kind == "keyword-only" and before not in ("keyword-only", "*"):
            parts.append(("", "*"))
        parts.append((parameter.name, written_parameter(parameter)))
        before = parameter.kind
    return [*parts, ("", "/")] if before == "positional-only" else parts


def written_signature(parameters: Sequence[ParameterBinding]) -> str:
    """What stands between the parentheses of a function."""
    return ", ".join(text for _, text in written_parameters(parameters))


def written_value(value: object) -> str:
    """A value of the engine as code: what cannot be told is `…`."""
    if value == UNKNOWN:
        return "…"
    if isinstance(value, (External, Instance)):
        made = "()" if isinstance(value, Instance) else ""
        return value.path.removeprefix("builtins.").rpartition(".")[2] + made
    if isinstance(value, (ProjectClass, ProjectFunction)):
        return value.binding.name
    if isinstance(value, (tuple, list)):
        items = [written_value(item) for item in cast("list[object]", value)]
        text = ", ".join(items)
        return f"[{text}]" if isinstance(value, list) else f"({text}{',' if len(items) == 1 else ''})"
    if isinstance(value, dict):
        items = [f"{k!r}: {written_value(v)}" for k, v in cast("dict[object, object]", value).items()]
        return "{" + ", ".join(items) + "}"
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return repr(value)
    return "…"
