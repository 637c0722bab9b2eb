"""Type parameters and type aliases of a LibCST tree as `ast` nodes, as far as the running Python's `ast` has them.

Knows the versions that brought them. Must not know other statements.
"""

from __future__ import annotations

import ast
import sys
from typing import Any, TypeVar

import libcst as cst

from celery_analyzers.modern_syntax.expressions import LOAD, expression, optional, target
from celery_analyzers.modern_syntax.literals import identifier
from celery_analyzers.modern_syntax.places import Places

_NAMES = {cst.TypeVar: "TypeVar", cst.TypeVarTuple: "TypeVarTuple", cst.ParamSpec: "ParamSpec"}
_Node = TypeVar("_Node", bound=ast.stmt)


def parametrized(places: Places, node: _Node, parameters: cst.TypeParameters | None) -> _Node:
    """The definition with its type parameters, where `ast` has a field for them."""
    if sys.version_info >= (3, 12):
        node.type_params = [] if parameters is None else [_parameter(places, each) for each in parameters.params]
    return node


def alias(places: Places, node: cst.TypeAlias) -> ast.stmt:
    """The node of a `type` statement: a plain assignment where `ast` has no other."""
    name = target(places, node.name)
    value = expression(places, node.value)
    # LibCST counts a semicolon into the statement's span.
    place = places.between(places.start(node), places.outer_end(node.value))
    if sys.version_info >= (3, 12):
        return parametrized(places, ast.TypeAlias(name, [], value, **place), node.type_parameters)
    return ast.Assign([name], value, **place)


def _parameter(places: Places, node: cst.TypeParam) -> Any:
    """The node of a type parameter: the stubs for the oldest Python have no name for its type."""
    param = node.param
    fields: dict[str, Any] = {"name": identifier(param.name.value)}
    if isinstance(param, cst.TypeVar):
        fields["bound"] = optional(places, param.bound)
    if sys.version_info >= (3, 13):
        fields["default_value"] = _default(places, node)
    end = places.outer_end(node.default) if node.default else places.end(param)
    return vars(ast)[_NAMES[type(param)]](**fields, **places.between(places.start(param), end))


def _default(places: Places, node: cst.TypeParam) -> ast.expr | None:
    default = optional(places, node.default)
    if default is None or node.default is None or not node.star:
        return default
    start = places.start(node.whitespace_after_star) - len("*")
    return ast.Starred(default, LOAD, **places.between(start, places.outer_end(node.default)))
