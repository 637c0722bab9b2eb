"""Statements of a LibCST tree as `ast` nodes.

Knows what the two trees call the same statement, where CPython lets it end, and what the statements become that the
running Python's `ast` is too old for. Must not know how the text was parsed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst

from celery_analyzers.modern_syntax import operators, type_parameters
from celery_analyzers.modern_syntax.expressions import (
    DEL,
    arguments,
    expression,
    optional,
    parameters,
    single_target,
    target,
)
from celery_analyzers.modern_syntax.literals import identifier
from celery_analyzers.modern_syntax.patterns import pattern
from celery_analyzers.modern_syntax.places import Place, Places, Point

_TRY_STAR: type[ast.Try] = vars(ast).get("TryStar", ast.Try)


def statements(places: Places, nodes: Iterable[cst.BaseStatement | cst.BaseSmallStatement]) -> list[ast.stmt]:
    """The nodes of statements in sequence. Raises LookupError for one that Python does not have."""
    found: list[ast.stmt] = []
    for node in nodes:
        parts = node.body if isinstance(node, cst.SimpleStatementLine) else (node,)
        found += [_STATEMENTS[type(part)](places, part) for part in parts]
    return found


@dataclass(frozen=True, slots=True)
class _Block:
    """The statements of a block and the point where it ends; a missing block ends before any other."""

    statements: list[ast.stmt]
    end: Point


def _block(places: Places, node: cst.BaseSuite | cst.Else | cst.Finally | None) -> _Block:
    if isinstance(node, (cst.Else, cst.Finally)):
        node = node.body
    if node is None:
        return _Block([], (0, 0))
    body = statements(places, node.body)
    last = node.body[-1]
    if isinstance(last, cst.SimpleStatementLine):
        last = last.body[-1]
    if isinstance(last, cst.BaseSmallStatement) and isinstance(last.semicolon, cst.Semicolon):
        return _Block(body, places.point(places.end(last.semicolon)))
    return _Block(body, _end(body[-1]))


def _end(node: ast.stmt | ast.excepthandler) -> Point:
    return node.end_lineno or 0, node.end_col_offset or 0


def _until(places: Places, node: cst.CSTNode, *blocks: _Block) -> Place:
    """The place of a compound statement: LibCST leaves out the semicolon that its last block may end in."""
    return places.until(places.start(node), max(block.end for block in blocks))


def _class(places: Places, node: cst.ClassDef) -> ast.ClassDef:
    body = _block(places, node.body)
    bases, keywords = arguments(places, [*node.bases, *node.keywords])
    return type_parameters.parametrized(
        places,
        ast.ClassDef(
            name=identifier(node.name.value),
            bases=bases,
            keywords=keywords,
            body=body.statements,
            decorator_list=_decorators(places, node.decorators),
            **_until(places, node, body),
        ),
        node.type_parameters,
    )


def _function(places: Places, node: cst.FunctionDef) -> ast.FunctionDef | ast.AsyncFunctionDef:
    body = _block(places, node.body)
    kind = ast.AsyncFunctionDef if node.asynchronous else ast.FunctionDef
    return type_parameters.parametrized(
        places,
        kind(
            name=identifier(node.name.value),
            args=parameters(places, node.params),
            body=body.statements,
            decorator_list=_decorators(places, node.decorators),
            returns=optional(places, node.returns and node.returns.annotation),
            **_until(places, node, body),
        ),
        node.type_parameters,
    )


def _decorators(places: Places, nodes: Iterable[cst.Decorator]) -> list[ast.expr]:
    return [expression(places, node.decorator) for node in nodes]


def _if(places: Places, node: cst.If) -> ast.If:
    body = _block(places, node.body)
    if isinstance(node.orelse, cst.If):
        nested = _if(places, node.orelse)
        orelse = _Block([nested], _end(nested))
    else:
        orelse = _block(places, node.orelse)
    test = expression(places, node.test)
    return ast.If(test, body.statements, orelse.statements, **_until(places, node, body, orelse))


def _for(places: Places, node: cst.For) -> ast.For | ast.AsyncFor:
    body = _block(places, node.body)
    orelse = _block(places, node.orelse)
    return (ast.AsyncFor if node.asynchronous else ast.For)(
        target=target(places, node.target),
        iter=expression(places, node.iter),
        body=body.statements,
        orelse=orelse.statements,
        **_until(places, node, body, orelse),
    )


def _while(places: Places, node: cst.While) -> ast.While:
    body = _block(places, node.body)
    orelse = _block(places, node.orelse)
    test = expression(places, node.test)
    return ast.While(test, body.statements, orelse.statements, **_until(places, node, body, orelse))


def _with(places: Places, node: cst.With) -> ast.With | ast.AsyncWith:
    body = _block(places, node.body)
    items = [
        ast.withitem(
            expression(places, item.item),
            None if item.asname is None else target(places, item.asname.name),
        )
        for item in node.items
    ]
    kind = ast.AsyncWith if node.asynchronous else ast.With
    return kind(items=items, body=body.statements, **_until(places, node, body))


def _try(places: Places, node: cst.Try | cst.TryStar) -> ast.Try:
    body = _block(places, node.body)
    handlers = [_handler(places, handler) for handler in node.handlers]
    orelse = _block(places, node.orelse)
    final = _block(places, node.finalbody)
    handled = _Block([], _end(handlers[-1]) if handlers else body.end)
    return (_TRY_STAR if isinstance(node, cst.TryStar) else ast.Try)(
        body=body.statements,
        handlers=handlers,
        orelse=orelse.statements,
        finalbody=final.statements,
        **_until(places, node, handled, orelse, final),
    )


def _handler(places: Places, node: cst.ExceptHandler | cst.ExceptStarHandler) -> ast.ExceptHandler:
    body = _block(places, node.body)
    name = node.name.name if node.name else None
    return ast.ExceptHandler(
        optional(places, node.type),
        identifier(name.value) if isinstance(name, cst.Name) else None,
        body.statements,
        **_until(places, node, body),
    )


def _match(places: Places, node: cst.Match) -> ast.Match:
    bodies = [_block(places, case.body) for case in node.cases]
    cases = [
        ast.match_case(pattern(places, case.pattern), optional(places, case.guard), body.statements)
        for case, body in zip(node.cases, bodies, strict=True)
    ]
    return ast.Match(expression(places, node.subject), cases, **_until(places, node, *bodies))


def _import(places: Places, node: cst.Import | cst.LazyImport) -> ast.Import:
    return ast.Import(names=_aliases(places, node.names), **_lazy(node), **places.of(node))


def _import_from(places: Places, node: cst.ImportFrom | cst.LazyImportFrom) -> ast.ImportFrom:
    if isinstance(node.names, cst.ImportStar):
        names = [ast.alias("*", **places.of(node.names))]
    else:
        names = _aliases(places, node.names)
    module = None if node.module is None else _dotted(node.module)
    return ast.ImportFrom(module, names, len(node.relative), **_lazy(node), **places.of(node))


def _lazy(node: cst.CSTNode) -> dict[str, Any]:
    if "is_lazy" not in ast.Import._fields:
        return {}
    return {"is_lazy": int(isinstance(node, (cst.LazyImport, cst.LazyImportFrom)))}


def _aliases(places: Places, nodes: Sequence[cst.ImportAlias]) -> list[ast.alias]:
    names = [node.asname.name if node.asname else None for node in nodes]
    return [
        ast.alias(_dotted(node.name), identifier(name.value) if isinstance(name, cst.Name) else None, **places.of(node))
        for node, name in zip(nodes, names, strict=True)
    ]


def _dotted(node: cst.BaseExpression) -> str:
    names: list[str] = []
    while isinstance(node, cst.Attribute):
        names.append(identifier(node.attr.value))
        node = node.value
    assert isinstance(node, cst.Name)
    return ".".join([identifier(node.value), *reversed(names)])


def _annotated(places: Places, node: cst.AnnAssign) -> ast.AnnAssign:
    return ast.AnnAssign(
        target=single_target(places, node.target),
        annotation=expression(places, node.annotation.annotation),
        value=optional(places, node.value),
        simple=int(isinstance(node.target, cst.Name) and not node.target.lpar),
        **places.of(node),
    )


def _delete(places: Places, node: cst.Del) -> ast.Delete:
    found = target(places, node.target, DEL)
    targets = found.elts if isinstance(found, ast.Tuple) and not node.target.lpar else [found]
    return ast.Delete(targets, **places.of(node))


def _raise(places: Places, node: cst.Raise) -> ast.Raise:
    cause = node.cause and node.cause.item
    return ast.Raise(optional(places, node.exc), optional(places, cause), **places.of(node))


_STATEMENTS: Mapping[type[cst.CSTNode], Callable[[Places, Any], ast.stmt]] = {
    cst.AnnAssign: _annotated,
    cst.Assert: lambda places, node: ast.Assert(
        expression(places, node.test), optional(places, node.msg), **places.of(node)
    ),
    cst.Assign: lambda places, node: ast.Assign(
        [target(places, each.target) for each in node.targets], expression(places, node.value), **places.of(node)
    ),
    cst.AugAssign: lambda places, node: ast.AugAssign(
        single_target(places, node.target),
        operators.AUGMENTED[type(node.operator)],
        expression(places, node.value),
        **places.of(node),
    ),
    cst.Break: lambda places, node: ast.Break(**places.of(node)),
    cst.ClassDef: _class,
    cst.Continue: lambda places, node: ast.Continue(**places.of(node)),
    cst.Del: _delete,
    cst.Expr: lambda places, node: ast.Expr(expression(places, node.value), **places.of(node)),
    cst.For: _for,
    cst.FunctionDef: _function,
    cst.Global: lambda places, node: ast.Global(_names(node), **places.of(node)),
    cst.If: _if,
    cst.Import: _import,
    cst.ImportFrom: _import_from,
    cst.LazyImport: _import,
    cst.LazyImportFrom: _import_from,
    cst.Match: _match,
    cst.Nonlocal: lambda places, node: ast.Nonlocal(_names(node), **places.of(node)),
    cst.Pass: lambda places, node: ast.Pass(**places.of(node)),
    cst.Raise: _raise,
    cst.Return: lambda places, node: ast.Return(optional(places, node.value), **places.of(node)),
    cst.Try: _try,
    cst.TryStar: _try,
    cst.TypeAlias: type_parameters.alias,
    cst.While: _while,
    cst.With: _with,
}


def _names(node: cst.Global | cst.Nonlocal) -> list[str]:
    return [identifier(item.name.value) for item in node.names]
