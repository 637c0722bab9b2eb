"""Expressions of a LibCST tree as `ast` nodes.

Knows what the two trees call the same expression, and which tokens CPython counts into its place. Must not know
statements.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import libcst as cst

from celery_analyzers.modern_syntax import operators, string_nodes
from celery_analyzers.modern_syntax.literals import identifier, imaginary_value, integer_value
from celery_analyzers.modern_syntax.places import Place, Places

LOAD, STORE, DEL = ast.Load(), ast.Store(), ast.Del()

_KEYWORDS: Mapping[str, bool | None] = {"True": True, "False": False, "None": None}


def expression(places: Places, node: cst.BaseExpression) -> ast.expr:
    """The node of an expression that is read. Raises LookupError for one that Python does not have."""
    return _EXPRESSIONS[type(node)](places, node)


def optional(places: Places, node: cst.BaseExpression | None) -> ast.expr | None:
    """The node of an expression that may be missing."""
    return None if node is None else expression(places, node)


def target(places: Places, node: cst.BaseExpression, context: ast.expr_context = STORE) -> ast.expr:
    """The node of an expression that is assigned to or deleted. Raises SyntaxError where it cannot be."""
    return _in_context(expression(places, node), context)


def single_target(places: Places, node: cst.BaseExpression) -> ast.Name | ast.Attribute | ast.Subscript:
    """The node of an expression that one value is assigned to. Raises SyntaxError where it cannot be."""
    found = target(places, node)
    if not isinstance(found, (ast.Name, ast.Attribute, ast.Subscript)):
        raise SyntaxError(f"cannot assign one value to {type(found).__name__}")
    return found


def arguments(places: Places, nodes: Iterable[cst.Arg]) -> tuple[list[ast.expr], list[ast.keyword]]:
    """The positional and the named arguments of a call or of a class."""
    positional: list[ast.expr] = []
    named: list[ast.keyword] = []
    for node in nodes:
        value = expression(places, node.value)
        place = places.of(node)
        if node.keyword is not None or node.star == "**":
            name = None if node.keyword is None else identifier(node.keyword.value)
            named.append(ast.keyword(name, value, **place))
        else:
            positional.append(ast.Starred(value, LOAD, **place) if node.star else value)
    return positional, named


def parameters(places: Places, node: cst.Parameters) -> ast.arguments:
    """The parameters of a function or of a lambda."""

    def argument(param: cst.Param) -> ast.arg:
        annotation = param.annotation
        end = places.end(annotation or param.name)
        return ast.arg(
            identifier(param.name.value),
            optional(places, annotation and annotation.annotation),
            **places.between(places.start(param.name), end),
        )

    positional = [*node.posonly_params, *node.params]
    star = node.star_arg
    return ast.arguments(
        posonlyargs=[argument(param) for param in node.posonly_params],
        args=[argument(param) for param in node.params],
        vararg=argument(star) if isinstance(star, cst.Param) else None,
        kwonlyargs=[argument(param) for param in node.kwonly_params],
        kw_defaults=[optional(places, param.default) for param in node.kwonly_params],
        kwarg=argument(node.star_kwarg) if node.star_kwarg else None,
        defaults=[expression(places, param.default) for param in positional if param.default],
    )


def _in_context(node: ast.expr, context: ast.expr_context) -> ast.expr:
    if not isinstance(node, (ast.Attribute, ast.List, ast.Name, ast.Starred, ast.Subscript, ast.Tuple)):
        raise SyntaxError(f"cannot assign to or delete {type(node).__name__}")
    node.ctx = context
    if isinstance(node, ast.Starred):
        _in_context(node.value, context)
    elif isinstance(node, (ast.List, ast.Tuple)):
        for element in node.elts:
            _in_context(element, context)
    return node


def _name(places: Places, node: cst.Name) -> ast.expr:
    if node.value in _KEYWORDS:
        return ast.Constant(_KEYWORDS[node.value], **places.of(node))
    return ast.Name(identifier(node.value), LOAD, **places.of(node))


def _boolean(places: Places, node: cst.BooleanOperation) -> ast.BoolOp:
    # CPython holds `a and b and c` in one node, unless parentheses are between.
    operands: list[cst.BaseExpression] = [node.right]
    left = node.left
    while isinstance(left, cst.BooleanOperation) and type(left.operator) is type(node.operator) and not left.lpar:
        operands.append(left.right)
        left = left.left
    values = [expression(places, operand) for operand in (left, *reversed(operands))]
    return ast.BoolOp(operators.BOOLEAN[type(node.operator)], values, **places.of(node))


def _comparison(places: Places, node: cst.Comparison) -> ast.Compare:
    return ast.Compare(
        expression(places, node.left),
        [operators.COMPARISON[type(right.operator)] for right in node.comparisons],
        [expression(places, right.comparator) for right in node.comparisons],
        **places.of(node),
    )


def _call(places: Places, node: cst.Call) -> ast.Call:
    positional, named = arguments(places, node.args)
    sole = positional[0] if positional and len(node.args) == 1 else None
    if isinstance(sole, ast.GeneratorExp) and not node.args[0].value.lpar:
        # The parentheses of the call are the generator's, too.
        place = places.between(places.end(node.whitespace_after_func), places.end(node))
        positional[0] = ast.GeneratorExp(sole.elt, sole.generators, **place)
    return ast.Call(expression(places, node.func), positional, named, **places.of(node))


def _subscript(places: Places, node: cst.Subscript) -> ast.Subscript:
    elements = [_index(places, element.slice) for element in node.slice]
    last = node.slice[-1]
    if len(elements) == 1 and not isinstance(last.comma, cst.Comma) and not isinstance(elements[0], ast.Starred):
        index = elements[0]
    else:
        end = places.end(last.comma) if isinstance(last.comma, cst.Comma) else _index_end(places, last.slice)
        index = ast.Tuple(elements, LOAD, **places.between(places.start(node.slice[0]), end))
    return ast.Subscript(expression(places, node.value), index, LOAD, **places.of(node))


def _named(places: Places, node: cst.NamedExpr) -> ast.NamedExpr:
    name = target(places, node.target)
    if not isinstance(name, ast.Name):
        raise SyntaxError(f"cannot name a value {type(name).__name__}")
    return ast.NamedExpr(name, expression(places, node.value), **places.of(node))


def _index(places: Places, node: cst.BaseSlice) -> ast.expr:
    if isinstance(node, cst.Index):
        value = expression(places, node.value)
        return ast.Starred(value, LOAD, **places.of(node)) if node.star else value
    assert isinstance(node, cst.Slice)
    bounds = (node.lower, node.upper, node.step)
    place = places.between(places.start(node), _index_end(places, node))
    return ast.Slice(*(optional(places, bound) for bound in bounds), **place)


def _index_end(places: Places, node: cst.BaseSlice) -> int:
    # The blanks behind a colon are the colon's, also where nothing but the bracket follows.
    if not isinstance(node, cst.Slice) or node.step:
        return places.end(node)
    if isinstance(node.second_colon, cst.Colon):
        return places.end(node.second_colon)
    return places.outer_end(node.upper) if node.upper else places.end(node.first_colon)


def _yield(places: Places, node: cst.Yield) -> ast.expr:
    if isinstance(node.value, cst.From):
        return ast.YieldFrom(expression(places, node.value.item), **places.of(node))
    return ast.Yield(optional(places, node.value), **places.of(node))


def _elements(places: Places, nodes: Sequence[cst.BaseElement]) -> list[ast.expr]:
    return [
        _starred(places, node) if isinstance(node, cst.StarredElement) else expression(places, node.value)
        for node in nodes
    ]


def _starred(places: Places, node: cst.StarredElement) -> ast.Starred:
    return ast.Starred(expression(places, node.value), LOAD, **places.of(node))


def _with_parentheses(places: Places, node: cst.Tuple | cst.GeneratorExp) -> Place:
    """The place of a node whose innermost parentheses are its own for CPython, where it has any."""
    if not node.lpar:
        return places.of(node)
    return places.between(places.start(node.lpar[-1]), places.end(node.rpar[0]))


def _tuple(places: Places, node: cst.Tuple) -> ast.Tuple:
    return ast.Tuple(_elements(places, node.elements), LOAD, **_with_parentheses(places, node))


def _dict(places: Places, node: cst.Dict) -> ast.Dict:
    keys = [element.key if isinstance(element, cst.DictElement) else None for element in node.elements]
    return ast.Dict(
        [optional(places, key) for key in keys],
        [expression(places, element.value) for element in node.elements],
        **places.of(node),
    )


def _comprehensions(places: Places, node: cst.CompFor | None) -> list[ast.comprehension]:
    found: list[ast.comprehension] = []
    while node is not None:
        found.append(
            ast.comprehension(
                target(places, node.target),
                expression(places, node.iter),
                [expression(places, condition.test) for condition in node.ifs],
                int(node.asynchronous is not None),
            )
        )
        node = node.inner_for_in
    return found


def _unpacked_dict(places: Places, node: cst.StarredDictComp) -> ast.DictComp:
    # This is how Python 3.15, the first that has it, tells `{**a for a in b}`; the stubs are older.
    missing: Any = None
    return ast.DictComp(
        expression(places, node.value), missing, _comprehensions(places, node.for_in), **places.of(node)
    )


def _string(places: Places, node: cst.BaseString) -> ast.expr:
    return string_nodes.string(places, node, expression)


_EXPRESSIONS: Mapping[type[cst.BaseExpression], Callable[[Places, Any], ast.expr]] = {
    cst.Attribute: lambda places, node: ast.Attribute(
        expression(places, node.value), identifier(node.attr.value), LOAD, **places.of(node)
    ),
    cst.Await: lambda places, node: ast.Await(expression(places, node.expression), **places.of(node)),
    cst.BinaryOperation: lambda places, node: ast.BinOp(
        expression(places, node.left),
        operators.BINARY[type(node.operator)],
        expression(places, node.right),
        **places.of(node),
    ),
    cst.BooleanOperation: _boolean,
    cst.Call: _call,
    cst.Comparison: _comparison,
    cst.ConcatenatedString: _string,
    cst.Dict: _dict,
    cst.DictComp: lambda places, node: ast.DictComp(
        expression(places, node.key),
        expression(places, node.value),
        _comprehensions(places, node.for_in),
        **places.of(node),
    ),
    cst.Ellipsis: lambda places, node: ast.Constant(..., **places.of(node)),
    cst.Float: lambda places, node: ast.Constant(float(node.value), **places.of(node)),
    cst.FormattedString: _string,
    cst.GeneratorExp: lambda places, node: ast.GeneratorExp(
        expression(places, node.elt), _comprehensions(places, node.for_in), **_with_parentheses(places, node)
    ),
    cst.IfExp: lambda places, node: ast.IfExp(
        expression(places, node.test),
        expression(places, node.body),
        expression(places, node.orelse),
        **places.of(node),
    ),
    cst.Imaginary: lambda places, node: ast.Constant(imaginary_value(node.value), **places.of(node)),
    cst.Integer: lambda places, node: ast.Constant(integer_value(node.value), **places.of(node)),
    cst.Lambda: lambda places, node: ast.Lambda(
        parameters(places, node.params), expression(places, node.body), **places.of(node)
    ),
    cst.List: lambda places, node: ast.List(_elements(places, node.elements), LOAD, **places.of(node)),
    cst.ListComp: lambda places, node: ast.ListComp(
        expression(places, node.elt), _comprehensions(places, node.for_in), **places.of(node)
    ),
    cst.Name: _name,
    cst.NamedExpr: _named,
    cst.Set: lambda places, node: ast.Set(_elements(places, node.elements), **places.of(node)),
    cst.SetComp: lambda places, node: ast.SetComp(
        expression(places, node.elt), _comprehensions(places, node.for_in), **places.of(node)
    ),
    cst.SimpleString: _string,
    cst.StarredDictComp: _unpacked_dict,
    cst.StarredElement: _starred,
    cst.Subscript: _subscript,
    cst.TemplatedString: _string,
    cst.Tuple: _tuple,
    cst.UnaryOperation: lambda places, node: ast.UnaryOp(
        operators.UNARY[type(node.operator)], expression(places, node.expression), **places.of(node)
    ),
    cst.Yield: _yield,
}
