"""What a function that wraps Celery's task decorators does with what it is given, as frozen values.

Knows the forms in which such functions are written. Must not know what a name means; that is `makers`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from celery_analyzers.expressions import Expression, Invocation, dotted_path, expression
from celery_analyzers.trees import Function


@dataclass(frozen=True, slots=True)
class Making:
    """A place in a wrapper that may make a task.

    `maker` is the decorator, as in `app.task(bind=True, **options)`, or the call that has the function among its
    arguments, as in `app.task(function, bind=True)`. `made_of` is the name of the function that it
    is given, None where the wrapper returns the decorator itself. Where `replaced`, that function was defined in the
    wrapper and runs in place of the task's own, whose name it has only where it `keeps_name`.
    """

    maker: Expression
    made_of: str | None
    replaced: bool
    keeps_name: bool = True


@dataclass(frozen=True, slots=True)
class KeywordWrite:
    """`options[key] = value` or `options.setdefault(key, value)` on the wrapper's own `**options`.

    `key` is None where something is done to them that cannot be told, such as `update`. A removal, as by
    `options.pop(key)`, has no `value`.
    """

    key: str | None
    value: Expression
    is_default: bool
    certain: bool
    is_removal: bool = False


@dataclass(frozen=True, slots=True)
class Sketch:
    """A function that may wrap a task decorator. `keywords` is the name of its `**options`."""

    makings: tuple[Making, ...]
    keywords: str | None
    writes: tuple[KeywordWrite, ...]


def sketch(node: Function) -> Sketch | None:
    """The sketch of a function; None where nothing in it looks like a wrapper of a task decorator."""
    nested = {inner.name: _keeps_name(inner) for inner in _functions(node.body)}
    makings = tuple(_makings(node.body, nested, frozenset(_returned(node.body))))
    if not makings:
        return None
    keywords = node.args.kwarg.arg if node.args.kwarg else None
    return Sketch(makings, keywords, tuple(_writes(node.body, keywords, certain=True)) if keywords else ())


def _functions(statements: Sequence[ast.stmt]) -> Iterator[Function]:
    for statement in statements:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield statement
        for block in _blocks(statement):
            yield from _functions(block)


def _keeps_name(function: Function) -> bool:
    """Whether a function takes over the name of another, by `functools.wraps`."""
    callees = (decorator.func for decorator in function.decorator_list if isinstance(decorator, ast.Call))
    return any((dotted_path(callee) or "").rpartition(".")[2] == "wraps" for callee in callees)


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        block = getattr(statement, field, None)
        if isinstance(block, list):
            yield block
    for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield part.body


def _returned(statements: Sequence[ast.stmt]) -> Iterator[str]:
    """The names that a wrapper, or what is nested in it, returns."""
    for statement in statements:
        if isinstance(statement, ast.Return) and isinstance(statement.value, ast.Name):
            yield statement.value.id
        for block in _blocks(statement):
            yield from _returned(block)


def _makings(statements: Sequence[ast.stmt], nested: Mapping[str, bool], returned: frozenset[str]) -> Iterator[Making]:
    for statement in statements:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for decorator in statement.decorator_list:
                # A task that the wrapper keeps to itself is not made of the decorated function.
                if statement.name in returned and _may_make(decorator):
                    kept = nested[statement.name]
                    yield Making(expression(decorator), statement.name, replaced=True, keeps_name=kept)
        elif isinstance(statement, (ast.Return, ast.Assign, ast.AnnAssign)) and isinstance(statement.value, ast.Call):
            yield from _making(statement.value, nested)
        for block in _blocks(statement):
            yield from _makings(block, nested, returned)


def _making(call: ast.Call, nested: Mapping[str, bool]) -> Iterator[Making]:
    if isinstance(call.func, ast.Call):
        # `app.task(**options)(function)`
        if len(call.args) == 1 and isinstance(call.args[0], ast.Name) and _may_make(call.func):
            name = call.args[0].id
            yield Making(expression(call.func), name, name in nested, nested.get(name, True))
    elif _may_make(call):
        made = expression(call)
        assert isinstance(made, Invocation)
        if len(call.args) == 1 and isinstance(call.args[0], ast.Name):
            # `app.task(function, **options)`
            name = call.args[0].id
            yield Making(made, name, name in nested, nested.get(name, True))
        else:
            yield Making(made, None, replaced=False)


def _may_make(node: ast.expr) -> bool:
    call = node if isinstance(node, ast.Call) else None
    path = dotted_path(call.func if call else node)
    if path is None:
        return False
    last = path.rpartition(".")[2].lower()
    return "task" in last or "job" in last or (call is not None and any(k.arg is None for k in call.keywords))


def _writes(statements: Sequence[ast.stmt], name: str, *, certain: bool) -> Iterator[KeywordWrite]:
    for statement in statements:
        for call in _calls(statement):
            if isinstance(call.func, ast.Attribute) and dotted_path(call.func.value) == name:
                yield from _call_write(call, call.func.attr, certain=certain)
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Subscript) and dotted_path(target.value) == name:
                    yield _write(target.slice, statement.value, certain=certain)
                elif isinstance(target, ast.Name) and target.id == name:
                    yield KeywordWrite(None, expression(None), is_default=False, certain=certain)
        elif isinstance(statement, ast.Delete):
            for target in statement.targets:
                if isinstance(target, ast.Subscript) and dotted_path(target.value) == name:
                    yield _removal(target.slice, certain=certain)
        inner = certain and isinstance(statement, (ast.With, ast.FunctionDef))
        for block in _blocks(statement):
            yield from _writes(block, name, certain=inner)


def _calls(statement: ast.stmt) -> Iterator[ast.Call]:
    """The calls in a statement's own expressions, the blocks in it apart."""
    for part in ast.iter_child_nodes(statement):
        if isinstance(part, ast.expr):
            yield from (node for node in ast.walk(part) if isinstance(node, ast.Call))


def _removal(key: ast.expr, *, certain: bool) -> KeywordWrite:
    name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None
    return KeywordWrite(name, expression(None), is_default=False, certain=certain, is_removal=True)


def _write(key: ast.expr, value: ast.expr | None, *, certain: bool, is_default: bool = False) -> KeywordWrite:
    name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None
    return KeywordWrite(name, expression(value), is_default, certain)


def _call_write(call: ast.Call, method: str, *, certain: bool) -> Iterator[KeywordWrite]:
    if method == "setdefault" and len(call.args) == 2:
        yield _write(call.args[0], call.args[1], certain=certain, is_default=True)
    elif method == "pop" and call.args:
        yield _removal(call.args[0], certain=certain)
    elif method == "update":
        for keyword in call.keywords:
            yield KeywordWrite(keyword.arg, expression(keyword.value), is_default=False, certain=certain)
        for argument in call.args:
            items = (
                zip(argument.keys, argument.values, strict=True) if isinstance(argument, ast.Dict) else [(None, None)]
            )
            for key, value in items:
                yield _write(key or ast.Name("?"), value, certain=certain)
