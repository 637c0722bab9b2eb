"""How the functions around a name bind it, read from their syntax.

Scopes know what a name was bound to, but not by a loop, a `with` or a handler, nor inside comprehensions. Knows
Python's binding statements. Must not know what a value means.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from celery_analyzers.trees import Function, children, walk

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_INNER = (*_FUNCTIONS, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
SET_OPERATORS = (ast.Sub, ast.BitAnd, ast.BitOr, ast.BitXor)


@dataclass(frozen=True, slots=True)
class Bound:
    """One binding of a name: to a value, to what a loop takes out of one, to the first of several, to what a `with`
    gives, to an exception, or by an annotation. A `parameter` has no annotation, `definition` stands for imports,
    functions and classes, `other` for all that tells nothing, and `same` for what leaves the kind of value as it is.
    """

    by: Literal[
        "value", "element", "first", "context", "caught", "annotation", "parameter", "definition", "other", "same"
    ]
    node: ast.expr | None = None


class LocalNames:
    """The names that the functions of one segment bind. `enclosing` gives what encloses a node, from the inside out."""

    def __init__(self, enclosing: Callable[[ast.AST], Iterable[ast.AST]]) -> None:
        self._enclosing = enclosing
        self._bound: dict[Function, dict[str, list[Bound]]] = {}

    def is_local(self, node: ast.expr) -> bool:
        """Whether an expression begins with something else than a name that a scope can tell."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return not isinstance(node, ast.Name) or self.bindings(node) is not None

    def bindings(self, node: ast.Name) -> list[Bound] | None:
        """How the functions around a name bind it; None where they do not, or only by a definition."""
        inner: ast.AST = node
        for outer in self._enclosing(node):
            if isinstance(outer, _COMPREHENSIONS):
                for generator in outer.generators:
                    if inner is not generator and (found := _of_target(generator.target, node.id, generator.iter)):
                        return found
            elif isinstance(outer, ast.Lambda):
                if any(argument.arg == node.id for argument in _arguments(outer.args)):
                    return [Bound("other")]
            elif isinstance(outer, _FUNCTIONS) and inner in outer.body:
                if outer not in self._bound:
                    self._bound[outer] = _bound_in(outer)
                if found := self._bound[outer].get(node.id):
                    return None if all(bound.by == "definition" for bound in found) else found
            inner = outer
        return None

    def parameter(self, node: ast.Name) -> tuple[Function, int] | None:
        """The function whose parameter a name is, and which one it is."""
        for function in self._enclosing(node):
            if isinstance(function, _FUNCTIONS):
                names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
                if node.id in names:
                    return function, names.index(node.id)
        return None

    def is_method(self, function: Function) -> bool:
        """Whether a function stands in nothing else that the segment shows, and gets an instance if it is a method."""
        names = (d.id for d in function.decorator_list if isinstance(d, ast.Name))
        return not any(name in ("staticmethod", "classmethod") for name in names) and not list(
            self._enclosing(function)
        )


def is_none(node: ast.expr) -> bool:
    """Whether this is the constant None."""
    return isinstance(node, ast.Constant) and node.value is None


def bindings_in(function: Function, name: str) -> Iterator[Bound]:
    """The bindings of a name in a function's own body, its parameters apart."""
    return (bound for bound_name, bound in _in_body(function) if bound_name == name)


def _bound_in(function: Function) -> dict[str, list[Bound]]:
    """The bindings of all names in a function: its parameters, then those of its own body."""
    found: dict[str, list[Bound]] = {}
    for name, bound in (*_of_parameters(function.args), *_in_body(function)):
        found.setdefault(name, []).append(bound)
    return found


def _in_body(function: Function) -> Iterator[tuple[str, Bound]]:
    pending: list[ast.AST] = list(function.body)
    while pending:
        node = pending.pop()
        yield from _in_statement(node)
        if not isinstance(node, (*_INNER, *_COMPREHENSIONS)):
            pending.extend(children(node))


def _of_parameters(arguments: ast.arguments) -> Iterator[tuple[str, Bound]]:
    for argument in _arguments(arguments):
        if argument in (arguments.vararg, arguments.kwarg):
            yield argument.arg, Bound("other")
        elif argument.annotation is not None:
            yield argument.arg, Bound("annotation", argument.annotation)
        else:
            yield argument.arg, Bound("parameter")


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    starred = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *starred]


def _of_target(target: ast.expr, name: str, iterable: ast.expr) -> list[Bound]:
    """How a loop over `iterable` binds a name."""
    return [bound for bound_name, bound in _looped(target, iterable) if bound_name == name][:1]


def _looped(target: ast.expr, iterable: ast.expr) -> Iterator[tuple[str, Bound]]:
    if isinstance(target, ast.Name):
        yield target.id, Bound("element", iterable)
    else:
        yield from ((name, Bound("other")) for name in _names_in(target))


def _names_in(target: ast.AST) -> set[str]:
    return {node.id for node in walk(target) if isinstance(node, ast.Name)}


def _in_statement(node: ast.AST) -> Iterator[tuple[str, Bound]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _assigned(target, node.value)
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
        if isinstance(node.target, ast.Name) and node.value is not None:
            yield node.target.id, Bound("same" if is_none(node.value) else "value", node.value)
    elif isinstance(node, ast.AugAssign):
        if isinstance(node.target, ast.Name):
            yield node.target.id, Bound("same" if isinstance(node.op, SET_OPERATORS) else "other")
    elif isinstance(node, (ast.For, ast.AsyncFor)):
        yield from _looped(node.target, node.iter)
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        for item in node.items:
            by = "context" if isinstance(item.optional_vars, ast.Name) else "other"
            names = set[str]() if item.optional_vars is None else _names_in(item.optional_vars)
            yield from ((name, Bound(by, item.context_expr)) for name in names)
    else:
        yield from _otherwise(node)


def _otherwise(node: ast.AST) -> Iterator[tuple[str, Bound]]:
    """The names that other statements than assignments, loops and `with` bind."""
    if isinstance(node, ast.ExceptHandler):
        if node.name:
            yield node.name, Bound("caught")
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from ((alias.asname or alias.name.split(".", 1)[0], Bound("definition")) for alias in node.names)
    elif isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        yield node.name, Bound("definition")
    elif isinstance(node, (ast.Global, ast.Nonlocal)):
        yield from ((name, Bound("other")) for name in node.names)
    elif isinstance(node, (ast.MatchAs, ast.MatchStar, ast.MatchMapping)):
        names = (getattr(node, "name", None), getattr(node, "rest", None))
        yield from ((name, Bound("other")) for name in names if isinstance(name, str))


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, Bound]]:
    if isinstance(target, ast.Name):
        yield target.id, Bound("same" if is_none(value) else "value", value)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for position, element in enumerate(target.elts):
            if not isinstance(element, ast.Name):
                yield from ((name, Bound("other")) for name in _names_in(element))
            elif isinstance(value, (ast.Tuple, ast.List)):
                yield element.id, _paired(target, value, position)
            else:
                yield element.id, Bound("first" if position == 0 else "other", value)


def _paired(target: ast.Tuple | ast.List, value: ast.Tuple | ast.List, position: int) -> Bound:
    """What the target at a position gets in `a, b = 1, 2`."""
    is_plain = not any(isinstance(element, ast.Starred) for element in (*target.elts, *value.elts))
    return Bound("value", value.elts[position]) if is_plain and len(target.elts) == len(value.elts) else Bound("other")
