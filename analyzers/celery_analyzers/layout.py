"""How arguments and parameters lie in the text: their brackets, commas, comments and lines.

`ast` tells what an argument is, not where its parentheses, comma and comment are. Must not make edits.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from celery_analyzers.findings import Span
from celery_analyzers.source import NEWLINE
from celery_analyzers.strings import string_end
from celery_analyzers.trees import Function

_TOKENS = re.compile(r"#[^\r\n]*|\"\"\"|'''|[\"'(\[{)\]}]")
_BETWEEN_ITEMS = re.compile(r"#[^\r\n]*|[(),/*]")
_DEF = re.compile(r"(?:async\b(?:[ \t\f]|\\(?:\r\n|\r|\n))*)?def\b(?:[ \t\f]|\\(?:\r\n|\r|\n))*\w+")

SpanOf = Callable[[ast.AST], Span]
"""Where a node stands in the text."""


@dataclass(frozen=True, slots=True)
class Item:
    """One argument or parameter, with its own parentheses and stars; `comma` is where its comma stands."""

    start: int
    end: int
    comma: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The items between the brackets at `open` and `close`."""

    open: int
    close: int
    items: tuple[Item, ...]


def line_start(text: str, offset: int) -> int:
    """The start of the line of `offset`."""
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def line_end(text: str, offset: int) -> int:
    """The end of the line of `offset`, in front of its line end."""
    match = NEWLINE.search(text, offset)
    return match.start() if match else len(text)


def first_on_line(text: str, offset: int) -> bool:
    """Whether nothing but space stands in front of `offset` on its line."""
    return not text[line_start(text, offset) : offset].strip(" \t\f\ufeff")


def indentation(text: str, offset: int) -> str:
    """The space at the start of the line of `offset`."""
    start = line_start(text, offset)
    end = start
    while end < offset and text[end] in " \t":
        end += 1
    return text[start:end]


def newline_of(text: str) -> str:
    """The line end that `text` uses first, which new lines use too."""
    match = NEWLINE.search(text)
    return match.group() if match else "\n"


def comments_in(text: str, start: int, end: int) -> list[str]:
    """The comments in a range that begins outside of strings and comments."""
    if text.find("#", start, end) < 0:
        return []
    return [token for token, _ in _tokens(text, start, end) if token[0] == "#"]


def call_listing(text: str, call: ast.Call, span_of: SpanOf) -> Listing | None:
    """The arguments of a call. None for `f(x for x in y)`, which takes no second argument as it stands."""
    opening = _next(text, span_of(call.func).end, "(")
    close = span_of(call).end - 1
    spans = sorted(span_of(node) for node in (*call.args, *call.keywords))
    if opening is None or (spans and spans[-1].end > close):
        return None
    return Listing(opening, close, _items(text, opening, close, spans))


def dict_listing(text: str, node: ast.Dict, span_of: SpanOf) -> Listing:
    """The items of a dict; the stars of `**more` belong to their item."""
    whole = span_of(node)
    starts = [span_of(value if key is None else key).start for key, value in zip(node.keys, node.values, strict=True)]
    ends = [span_of(value).end for value in node.values]
    spans = [Span(start, end) for start, end in zip(starts, ends, strict=True)]
    return Listing(whole.start, whole.end - 1, _items(text, whole.start, whole.end - 1, spans))


def parameter_listing(text: str, function: Function, span_of: SpanOf) -> Listing | None:
    """The parameters of a function. A lone `*` belongs to the one behind it, a `/` to the one in front."""
    head = _DEF.search(text, span_of(function).start)
    if head is None:
        return None
    brackets = dict(_opened(text, head.end()))
    if "(" not in brackets:
        return None
    opening = brackets["("]
    close = _closing(text, opening)
    if close is None:
        return None
    arguments = function.args
    nodes = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    ends = {id(node): span_of(node).end for node in nodes}
    positional = [*arguments.posonlyargs, *arguments.args]
    for node, default in (
        *zip(reversed(positional), reversed(arguments.defaults), strict=False),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ):
        if default is not None:
            ends[id(node)] = span_of(default).end
    spans = [Span(span_of(node).start, ends[id(node)]) for node in nodes]
    spans += [span_of(starred) for starred in (arguments.vararg, arguments.kwarg) if starred is not None]
    return Listing(opening, close, _items(text, opening, close, sorted(spans)))


def _tokens(text: str, start: int, end: int) -> Iterator[tuple[str, int]]:
    """Comments and brackets outside of strings, with their offsets."""
    position = start
    while match := _TOKENS.search(text, position, end):
        token = match.group()
        position = match.end()
        if token[0] in "\"'":
            position, _ = string_end(text, match.start(), token, end)
        else:
            yield token, match.start()


def _next(text: str, start: int, wanted: str) -> int | None:
    return next((offset for token, offset in _tokens(text, start, len(text)) if token == wanted), None)


def _opened(text: str, start: int) -> Iterator[tuple[str, int]]:
    """The brackets that open behind a function's name: `[` of its type parameters, `(` of its parameters."""
    depth = 0
    for token, offset in _tokens(text, start, len(text)):
        if token in "([{":
            if depth == 0:
                yield token, offset
            if token == "(" and depth == 0:
                return
            depth += 1
        elif token in ")]}":
            depth -= 1


def _closing(text: str, opening: int) -> int | None:
    depth = 0
    for token, offset in _tokens(text, opening, len(text)):
        if token in "([{":
            depth += 1
        elif token in ")]}":
            depth -= 1
            if depth == 0:
                return offset
    return None


def _items(text: str, opening: int, close: int, spans: list[Span]) -> tuple[Item, ...]:
    """Complete `spans` by what stands between them: parentheses, commas, stars and `/`."""
    items: list[Item] = []
    cursor = opening + 1
    for span in [*spans, Span(close, close)]:
        start = None
        for match in _BETWEEN_ITEMS.finditer(text, cursor, span.start):
            mark = match.group()
            if start is not None or mark[0] == "#":
                continue
            if mark in "(*":
                start = match.start()
            elif items and mark in ")/":
                items[-1] = Item(items[-1].start, match.end())
            elif items and mark == ",":
                items[-1] = replace(items[-1], comma=match.start())
        if span.start < close:
            items.append(Item(span.start if start is None else start, span.end))
        cursor = span.end
    return tuple(items)
