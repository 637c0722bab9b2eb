"""String expressions of a LibCST tree as `ast` nodes: literals, f-strings, t-strings and rows of them.

Knows how CPython joins the pieces of such a row. Must not know other expressions: how to read the ones in
replacement fields comes from the caller.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeAlias

import libcst as cst

from celery_analyzers.modern_syntax.literals import formatted_text, string_value
from celery_analyzers.modern_syntax.places import Place, Places

ReadExpression: TypeAlias = Callable[[Places, cst.BaseExpression], ast.expr]
_Content: TypeAlias = cst.BaseFormattedStringContent | cst.BaseTemplatedStringContent

_NO_CONVERSION = -1
# Template strings are newer than some of the Pythons that this runs on: there they become f-strings.
_TEMPLATE_STR: Any = vars(ast).get("TemplateStr", ast.JoinedStr)
_INTERPOLATION: Any = vars(ast).get("Interpolation")


def string(places: Places, node: cst.BaseString, read: ReadExpression) -> ast.expr:
    """The node of a string literal or of a row of them; `read` is for the expressions in replacement fields."""
    literals = list(_literals(node))
    place = places.of(node)
    plain = [literal for literal in literals if isinstance(literal, cst.SimpleString)]
    if len(plain) == len(literals):
        return _constant(plain, place)
    row = _Row(places, place, read)
    pieces = [piece for literal in literals for piece in row.pieces(literal)]
    templated = any(isinstance(literal, cst.TemplatedString) for literal in literals)
    return (_TEMPLATE_STR if templated else ast.JoinedStr)(values=row.merged(pieces), **place)


def _literals(node: cst.BaseString) -> Iterator[cst.BaseString]:
    while isinstance(node, cst.ConcatenatedString):
        yield node.left
        node = node.right
    yield node


def _constant(literals: list[cst.SimpleString], place: Place) -> ast.Constant:
    values = [string_value(literal.value) for literal in literals]
    texts = [value for value in values if isinstance(value, str)]
    if texts:
        if len(texts) < len(values):
            raise SyntaxError("cannot mix bytes and nonbytes literals")
        kind = "u" if literals[0].value.startswith("u") else None
        return ast.Constant("".join(texts), kind=kind, **place)
    return ast.Constant(b"".join(value for value in values if isinstance(value, bytes)), **place)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of literals of which one at least has replacement fields.

    Text gets the place of the row: `ast` itself gave it no better one before Python 3.12.
    """

    places: Places
    place: Place
    read: ReadExpression

    def pieces(self, literal: cst.BaseString) -> Iterator[str | ast.expr]:
        """The texts and the replacement fields of one literal, in order."""
        if isinstance(literal, (cst.FormattedString, cst.TemplatedString)):
            yield from self._contents(literal.parts, literal.prefix)
        elif isinstance(literal, cst.SimpleString):
            value = string_value(literal.value)
            if isinstance(value, bytes):
                raise SyntaxError("cannot mix bytes and nonbytes literals")
            yield value

    def merged(self, pieces: Iterable[str | ast.expr]) -> list[ast.expr]:
        """The values of the row's node: no two texts in sequence, and no empty one."""
        values: list[ast.expr] = []
        for is_text, group in groupby(pieces, lambda piece: isinstance(piece, str)):
            if not is_text:
                values += [piece for piece in group if isinstance(piece, ast.expr)]
            elif text := "".join(piece for piece in group if isinstance(piece, str)):
                values.append(ast.Constant(text, **self.place))
        return values

    def _contents(self, contents: Iterable[_Content], prefix: str) -> Iterator[str | ast.expr]:
        for part in contents:
            if isinstance(part, (cst.FormattedStringText, cst.TemplatedStringText)):
                yield formatted_text(part.value, prefix)
            elif isinstance(part, (cst.FormattedStringExpression, cst.TemplatedStringExpression)):
                yield from self._field(part, prefix)

    def _field(
        self, node: cst.FormattedStringExpression | cst.TemplatedStringExpression, prefix: str
    ) -> Iterator[str | ast.expr]:
        places = self.places
        source = places.source(places.start(node) + 1, places.end(node.whitespace_after_expression))
        conversion = ord(node.conversion) if node.conversion else _NO_CONVERSION
        if node.equal is not None:
            yield source
            if node.conversion is None and node.format_spec is None:
                conversion = ord("r")
        specification = None
        if node.format_spec is not None:
            values = self.merged(self._contents(node.format_spec, prefix))
            specification = ast.JoinedStr(values=values, **self.place)
        value = self.read(places, node.expression)
        place = places.of(node)
        if _INTERPOLATION is not None and isinstance(node, cst.TemplatedStringExpression):
            shown = source.rpartition("=")[0] if node.equal is not None else source
            yield _INTERPOLATION(value, shown.strip(), conversion, specification, **place)
        else:
            yield ast.FormattedValue(value, conversion, specification, **place)
