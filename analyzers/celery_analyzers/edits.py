"""The one way in which calls, decorators and signatures are rewritten: small edits of the original text.

Every function takes the text that the nodes were parsed from, the nodes, and `span_of`, which gives a node's
span in that text. It keeps the commas, quotes, comments and line breaks that are there: what stands on one
line stays on it, what is broken over lines gets its new part on a line of its own, and no comment is lost.
Where there is nothing to do, or no edit that is sure to be right, the answer is no edit.

Knows Python's syntax and layout. Must not know Celery.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Mapping

from celery_analyzers.findings import Edit, Span
from celery_analyzers.layout import (
    Item,
    Listing,
    call_listing,
    comments_in,
    dict_listing,
    first_on_line,
    indentation,
    line_end,
    line_start,
    newline_of,
    parameter_listing,
)
from celery_analyzers.strings import inside_plain
from celery_analyzers.trees import Function

SpanOf = Callable[[ast.AST], Span]
_STEP = "    "
_CALLABLE = (ast.Name, ast.Attribute, ast.Subscript)
_DEFAULT = re.compile(r"[ \t]*=[ \t]*(?!=)")


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


def rename_key(text: str, node: ast.expr, span_of: SpanOf, name: str, new_name: str) -> tuple[Edit, ...]:
    """Call the key `name` of a dict `new_name`, and keep its value."""
    key, _ = _dict_items(node).get(name, (None, None))
    span = span_of(key) if key is not None else Span(0, 0)
    inside = inside_plain(text[span.start : span.end])
    return (Edit(Span(span.start + inside[0], span.start + inside[1]), new_name),) if inside else ()


def remove_key(text: str, node: ast.expr, span_of: SpanOf, name: str) -> tuple[Edit, ...]:
    """Take the key `name` with its value out of a dict, as `remove_keyword` does with a keyword."""
    items = _dict_items(node)
    if not isinstance(node, ast.Dict) or name not in items:
        return ()
    listing = dict_listing(text, node, span_of)
    return removals(text, listing, {_item_at(listing, span_of(items[name][0]).start)})


def nest_items(text: str, node: ast.Dict, span_of: SpanOf, names: list[str], under: str) -> tuple[Edit, ...]:
    """Move the items `names` of a dict into the dict that stands in it under the key `under`, or that is made there.

    No edits where what stands there is no dict, or may have one of the keys already.
    """
    keys, listing = _dict_items(node), dict_listing(text, node, span_of)
    places = [_item_at(listing, span_of(keys[name][0]).start) for name in names]
    spans = [Span(listing.items[place].start, listing.items[place].end) for place in places]
    written = [text[span.start : span.end] for span in spans]
    inner = keys[under][1] if under in keys else None
    if inner is None:
        quote = text[span_of(keys[names[0]][0]).end - 1]
        edits = [Edit(spans[0], f"{quote}{under}{quote}: {{{', '.join(written)}}}")]
        places = places[1:]
    elif isinstance(inner, ast.Dict) and len(_dict_items(inner)) == len(inner.keys):
        if not _dict_items(inner).keys().isdisjoint(names):
            return ()
        edits = list(appended(text, dict_listing(text, inner, span_of), written))
    else:
        return ()
    return tuple(sorted([*edits, *removals(text, listing, set(places))], key=by_position))


def add_item(text: str, node: ast.Dict, span_of: SpanOf, key: str, value: str) -> tuple[Edit, ...]:
    """Write the item `"key": value` behind the last one of a dict, with the quotes of its other keys.

    No edits where the dict has the key already.
    """
    if key in _dict_items(node):
        return ()
    written = [text[span_of(other).end - 1] for other in node.keys if isinstance(other, ast.Constant)]
    quote = next((one for one in written if one in "'\""), '"')
    return appended(text, dict_listing(text, node, span_of), [f"{quote}{key}{quote}: {value}"])


def removals(text: str, listing: Listing, places: set[int], *, bare: bool = False) -> tuple[Edit, ...]:
    """Take items out of a listing; neighbours as one, as each removal goes by what stands beside it.

    `bare` takes the brackets too when nothing is left in them.
    """
    items: list[Item] = []
    removed: list[int] = []
    for place, item in enumerate(listing.items):
        if place in places and place - 1 in places:
            items[-1] = Item(items[-1].start, item.end, item.comma)
            continue
        if place in places:
            removed.append(len(items))
        items.append(item)
    merged = Listing(listing.open, listing.close, tuple(items))
    return tuple(_removal(text, merged, index, bare) for index in removed)


def _item_at(listing: Listing, offset: int) -> int:
    return next(index for index, item in enumerate(listing.items) if item.start <= offset < item.end)


def _dict_items(node: ast.expr) -> dict[str, tuple[ast.expr, ast.expr]]:
    """The items of a dict whose keys are plain strings."""
    pairs = zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ()
    return {key.value: (key, value) for key, value in pairs if isinstance(key, ast.Constant) and type(key.value) is str}


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
        if line_start(text, start) > listing.open:
            # In front of the comments that speak of the parameter that has been the first so far.
            line = newline_of(text) + indentation(text, start) + parameter + ","
            return (insertion(line_end(text, listing.open), line),)
    else:
        start = listing.items[-1].start
    between = newline_of(text) + indentation(text, start) if first_on_line(text, start) else " "
    return (insertion(start, f"{parameter},{between}"),)


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
    step = step or ("\t" if indent.endswith("\t") else _STEP)
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


def insertion(offset: int, text: str) -> Edit:
    """Write `text` at a place."""
    return Edit(Span(offset, offset), text)


def by_position(edit: Edit) -> Span:
    """The key that sorts edits."""
    return edit.span


def replaced(text: str, owner: Span, old: Span, new: str) -> list[Edit]:
    """Write `new` for `old`, a part of `owner`, and keep the comments of the old in front of `owner`."""
    if text[old.start : old.end] == new:
        return []
    edits = [Edit(old, new)]
    if kept := _as_lines(text, owner.start, comments_in(text, old.start, old.end)):
        edits.insert(0, insertion(owner.start, kept))
    return edits


def _as_lines(text: str, offset: int, comments: list[str]) -> str:
    """`comments`, each on a line, as they can stand at `offset` in front of more code."""
    if not comments:
        return ""
    margin = "" if text[offset - 1] in " \t\r\n" else "  "
    indent = indentation(text, offset) + ("" if first_on_line(text, offset) else _STEP)
    return margin + "".join(comment + newline_of(text) + indent for comment in comments)


def appended(text: str, listing: Listing, parts: list[str]) -> tuple[Edit, ...]:
    """Write `parts` behind the last item of a listing."""
    if not parts:
        return ()
    newline = newline_of(text)
    if not listing.items:
        inside = text[listing.open + 1 : listing.close]
        if not inside.strip(" \t"):
            return (Edit(Span(listing.open + 1, listing.close), ", ".join(parts)),)
        indent = indentation(text, listing.close) + _STEP
        lines = "".join(f"{indent}{part},{newline}" for part in parts)
        return (insertion(line_start(text, listing.close), lines),)

    last = listing.items[-1]
    behind = last.end if last.comma is None else last.comma + 1
    dangling = line_end(text, behind) < listing.close
    if not dangling and not first_on_line(text, last.start):
        return (insertion(last.end, "".join(f", {part}" for part in parts)),)
    indent = _item_indentation(text, listing)
    # A trailing comma follows the new part where it is usual, and where there has been one.
    trailing = "," if dangling or last.comma is not None else ""
    lines = ",".join(f"{newline}{indent}{part}" for part in parts) + trailing
    if not dangling:
        return (insertion(behind, lines if last.comma is not None else "," + lines),)
    # Behind the comment that speaks of the last item.
    end = line_end(text, behind)
    if last.comma is not None:
        return (insertion(end, lines),)
    if end == last.end:
        return (insertion(end, "," + lines),)
    return (insertion(last.end, ","), insertion(end, lines))


def _item_indentation(text: str, listing: Listing) -> str:
    for item in reversed(listing.items):
        if first_on_line(text, item.start):
            return indentation(text, item.start)
    return indentation(text, listing.close) + _STEP


def _removal(text: str, listing: Listing, index: int, bare: bool) -> Edit:
    item = listing.items[index]
    before = listing.items[index - 1] if index else None
    after = listing.items[index + 1] if index + 1 < len(listing.items) else None
    following = after.start if after else listing.close
    item_end = item.end if item.comma is None else item.comma + 1

    if not before and not after and not comments_in(text, listing.open, listing.close):
        if bare:
            return Edit(Span(listing.open, listing.close + 1), "")
        return Edit(Span(listing.open + 1, listing.close), "")
    if first_on_line(text, item.start) and line_end(text, item_end) < following:
        return _line_removal(text, item, item_end)
    start, end = _shared_line_span(text, item, item_end, before, after)
    comments = comments_in(text, start, end)
    if comments:
        start, end = item.start, item_end
        comments = comments_in(text, start, end)
    return Edit(Span(start, end), _as_lines(text, start, comments))


def _line_removal(text: str, item: Item, item_end: int) -> Edit:
    """Delete the lines that hold nothing but the item; a comment of theirs keeps a line."""
    start, end = line_start(text, item.start), line_end(text, item_end)
    comments = comments_in(text, item.start, end)
    if comments:
        indent = newline_of(text) + indentation(text, item.start)
        return Edit(Span(item.start, end), indent.join(comments))
    end += 2 if text.startswith("\r\n", end) else 1
    return Edit(Span(start, end), "")


def _shared_line_span(text: str, item: Item, item_end: int, before: Item | None, after: Item | None) -> tuple[int, int]:
    """What to delete of a line on which the item is not alone, so that commas and spaces are right again."""
    if after and not (before and line_end(text, item_end) < after.start):
        return item.start, after.start
    if before is None:
        return item.start, item_end
    if item.comma is None:
        return before.end, item_end
    return (before.end if before.comma is None else before.comma + 1), item_end
