"""The one way in which calls and decorators are rewritten: small edits of the original text.

Every function takes the text that the nodes were parsed from, the nodes, and `span_of`, which gives a node's
span in that text. It keeps the commas, quotes, comments and line breaks that are there: what stands on one
line stays on it, what is broken over lines gets its new part on a line of its own, and no comment is lost.
Where there is nothing to do, or no edit that is sure to be right, the answer is no edit.

Knows Python's syntax. Dicts are rewritten by `dict_edits.py`, functions by `function_edits.py`, and how items are put
between commas is known by `listing_edits.py`. Must not know Celery.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping

from celery_analyzers.findings import Edit, Span
from celery_analyzers.layout import SpanOf, call_listing
from celery_analyzers.listing_edits import appended, by_position, insertion, removals, replaced

_CALLABLE = (ast.Name, ast.Attribute, ast.Subscript)


def set_keyword(text: str, call: ast.expr, span_of: SpanOf, name: str, value: str) -> tuple[Edit, ...]:
    """Give `call` the keyword `name=value`, in the place of the value that it has.

    `call` is a call or a decorator; one without parentheses, as `@app.task`, becomes a call.
    """
    return set_keywords(text, call, span_of, {name: value})


def set_keywords(text: str, call: ast.expr, span_of: SpanOf, values: Mapping[str, str]) -> tuple[Edit, ...]:
    """Give `call` several keywords at once: the edits of one `set_keyword` do not know of another's."""
    if not isinstance(call, ast.Call):
        if not values or not isinstance(call, _CALLABLE):
            return ()
        written = ", ".join(f"{name}={value}" for name, value in values.items())
        return (insertion(span_of(call).end, f"({written})"),)
    listing = call_listing(text, call, span_of)
    if listing is None:
        return ()
    present = {keyword.arg: keyword for keyword in call.keywords if keyword.arg is not None}
    edits: list[Edit] = []
    for name in values.keys() & present.keys():
        edits += replaced(text, span_of(present[name]), span_of(present[name].value), values[name])
    missing = [f"{name}={value}" for name, value in values.items() if name not in present]
    edits += appended(text, listing, missing)
    return tuple(sorted(edits, key=by_position))


def exchange_keywords(
    text: str, call: ast.expr, span_of: SpanOf, values: Mapping[str, str], gone: Collection[str]
) -> tuple[Edit, ...]:
    """Give `call` the keywords `values` and take `gone` from it: what is new takes the place of what goes."""
    keywords = {k.arg: k for k in call.keywords if k.arg} if isinstance(call, ast.Call) else {}
    leaving = [name for name in keywords if name in gone and name not in values]
    coming = [name for name in values if name not in keywords]
    edits: list[Edit] = []
    for old, new in zip(leaving, coming, strict=False):
        span = span_of(keywords[old])
        edits += replaced(text, span, span, f"{new}={values[new]}")
    placed = coming[: len(leaving)]
    edits += set_keywords(text, call, span_of, {n: v for n, v in values.items() if n not in placed})
    left = leaving[len(placed) :]
    edits += remove_keywords(text, call, span_of, left, bare=not values) if left else ()
    return tuple(sorted(edits, key=by_position))


def rename_keyword(text: str, call: ast.expr, span_of: SpanOf, name: str, new_name: str) -> tuple[Edit, ...]:
    """Call the keyword `name` of `call` `new_name`, and keep its value."""
    if not isinstance(call, ast.Call):
        return ()
    for keyword in call.keywords:
        if keyword.arg == name and (match := re.compile(r"\w+").match(text, span_of(keyword).start)):
            return (Edit(Span(match.start(), match.end()), new_name),)
    return ()


def remove_keyword(text: str, call: ast.expr, span_of: SpanOf, name: str, *, bare: bool = False) -> tuple[Edit, ...]:
    """Take the keyword `name` out of `call`, with its comma, and with its line where it stands alone on one.

    `bare` takes the parentheses too when nothing is left in them: right for a decorator that works without.
    """
    return remove_keywords(text, call, span_of, (name,), bare=bare)


def remove_keywords(
    text: str, call: ast.expr, span_of: SpanOf, names: Collection[str], *, bare: bool = False
) -> tuple[Edit, ...]:
    """Take several keywords out of `call` at once: the edits of one `remove_keyword` do not know of another's."""
    listing = call_listing(text, call, span_of) if isinstance(call, ast.Call) else None
    if listing is None or not isinstance(call, ast.Call):
        return ()
    starts = {span_of(keyword).start for keyword in call.keywords if keyword.arg in names}
    places = {place for place, item in enumerate(listing.items) if item.start in starts}
    return removals(text, listing, places, bare=bare)
