"""Edits of dicts in the text, such as settings: keys are renamed, added, taken out or moved.

Every function takes the text that the nodes were parsed from, the node, and `span_of`, as those of `edits.py` do, and
keeps to the same: no comment is lost, and where no edit is sure to be right, the answer is none. Must not know Celery.
"""

from __future__ import annotations

import ast

from celery_analyzers.findings import Edit, Span
from celery_analyzers.layout import Listing, SpanOf, dict_listing
from celery_analyzers.listing_edits import appended, by_position, removals
from celery_analyzers.strings import inside_plain


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


def _item_at(listing: Listing, offset: int) -> int:
    return next(index for index, item in enumerate(listing.items) if item.start <= offset < item.end)


def _dict_items(node: ast.expr) -> dict[str, tuple[ast.expr, ast.expr]]:
    """The items of a dict whose keys are plain strings."""
    pairs = zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ()
    return {key.value: (key, value) for key, value in pairs if isinstance(key, ast.Constant) and type(key.value) is str}
