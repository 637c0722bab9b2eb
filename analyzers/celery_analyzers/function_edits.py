"""Edits of functions in the text: their parameters, statements and handlers of exceptions.

Every function takes the text that the nodes were parsed from, the node, and `span_of`, as those of `edits.py` do, and
keeps to the same: no comment is lost, and where no edit is sure to be right, the answer is none. Must not know Celery.
"""

from __future__ import annotations

import ast
import re

from celery_analyzers.findings import Edit, Span
from celery_analyzers.layout import (
    SpanOf,
    first_on_line,
    indentation,
    line_end,
    line_start,
    newline_of,
    parameter_listing,
)
from celery_analyzers.listing_edits import STEP, appended, insertion, removals, replaced, share_a_line
from celery_analyzers.trees import Function

_DEFAULT = re.compile(r"[ \t]*=[ \t]*(?!=)")


def add_parameter(
    text: str,
    function: Function,
    span_of: SpanOf,
    parameter: str,
    *,
    first: bool = False,
) -> tuple[Edit, ...]:
    """Give `function` the parameter whose source is `parameter`, such as `self` or `limit: int = 10`.

    It becomes the first one, or the last: behind a `*args`, in front of a `**kwargs`.
    """
    listing = parameter_listing(text, function, span_of)
    if listing is None:
        return ()
    if not listing.items or not (first or (function.args.kwarg and not parameter.startswith("**"))):
        return appended(text, listing, [parameter])
    if first:
        start = listing.items[0].start
        if line_start(text, start) > listing.open and not share_a_line(text, listing):
            # In front of the comments that speak of the parameter that has been the first so far.
            line = newline_of(text) + indentation(text, start) + parameter + ","
            return (insertion(line_end(text, listing.open), line),)
    else:
        start = listing.items[-1].start
    own_line = first_on_line(text, start) and not share_a_line(text, listing)
    between = newline_of(text) + indentation(text, start) if own_line else " "
    return (insertion(start, f"{parameter},{between}"),)


def remove_parameter(text: str, function: Function, span_of: SpanOf, name: str) -> tuple[Edit, ...]:
    """Take the parameter `name` from `function`, with its comma. No edits where a `/` or a lone `*` stands by it."""
    listing = parameter_listing(text, function, span_of)
    arguments = function.args
    nodes = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    node = next((node for node in nodes if node.arg == name), None)
    if listing is None or node is None:
        return ()
    start = span_of(node).start
    for index, item in enumerate(listing.items):
        if item.start == start and not text[start : item.end].endswith("/"):
            return removals(text, listing, {index})
    return ()


def annotate_parameter(text: str, parameter: ast.arg, span_of: SpanOf, annotation: str) -> tuple[Edit, ...]:
    """Annotate `parameter`, in the place of the annotation that it has."""
    if parameter.annotation is not None:
        return tuple(replaced(text, span_of(parameter), span_of(parameter.annotation), annotation))
    end = span_of(parameter).end
    default = _DEFAULT.match(text, end)
    if default is None:
        return (insertion(end, f": {annotation}"),)
    return (Edit(Span(end, default.end()), f": {annotation} = "),)


def insert_before(text: str, statement: ast.stmt, span_of: SpanOf, code: str) -> tuple[Edit, ...]:
    """Put `code` in front of `statement` and its decorators, on lines of its own with the same indentation.

    A statement that shares its line, as in `if late: send()`, can have but one simple statement put in front.
    """
    start = span_of(statement).start
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        for decorator in statement.decorator_list[:1]:
            start = text.rfind("@", 0, span_of(decorator).start)
    lines = code.split("\n")
    if first_on_line(text, start):
        between = newline_of(text) + indentation(text, start)
        return (insertion(start, "".join(line + between for line in lines)),)
    return (insertion(start, f"{code}; "),) if len(lines) == 1 else ()


def let_through(text: str, handler: ast.ExceptHandler, span_of: SpanOf, types: str) -> tuple[Edit, ...]:
    """Put a handler in front of `handler` that raises exceptions of `types` again."""
    start = span_of(handler).start
    newline, indent = newline_of(text), indentation(text, start)
    step = indentation(text, span_of(handler.body[0]).start).removeprefix(indent)
    step = step or ("\t" if indent.endswith("\t") else STEP)
    return (insertion(start, f"except {types}:{newline}{indent}{step}raise{newline}{indent}"),)


def raise_again(text: str, handler: ast.ExceptHandler, span_of: SpanOf) -> tuple[Edit, ...]:
    """Have `handler` raise at its end what it caught, in the place of a `pass`, `continue` or plain `return`."""
    last = handler.body[-1]
    span = span_of(last)
    does_nothing = isinstance(last, (ast.Pass, ast.Continue))
    if does_nothing or (isinstance(last, ast.Return) and (last.value is None or isinstance(last.value, ast.Constant))):
        return (Edit(span, "raise"),)
    if isinstance(last, (ast.Return, ast.Raise, ast.Break)):
        return ()
    if not first_on_line(text, span.start):
        return (insertion(span.end, "; raise"),)
    end = line_end(text, span.end)
    return (insertion(end, newline_of(text) + indentation(text, span.start) + "raise"),)
