"""Edits of what stands in brackets, separated by commas: items are written, taken out or replaced.

Keeps the commas, comments and line breaks that are there. Knows how items lie in the text (`layout.py`). Must not
know what they are.
"""

from __future__ import annotations

from celery_analyzers.findings import Edit, Span
from celery_analyzers.layout import (
    Item,
    Listing,
    comments_in,
    first_on_line,
    indentation,
    line_end,
    line_start,
    newline_of,
)

STEP = "    "
"""How far code is indented where the text does not tell."""


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
    indent = indentation(text, offset) + ("" if first_on_line(text, offset) else STEP)
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
        indent = indentation(text, listing.close) + STEP
        lines = "".join(f"{indent}{part},{newline}" for part in parts)
        return (insertion(line_start(text, listing.close), lines),)

    last = listing.items[-1]
    behind = last.end if last.comma is None else last.comma + 1
    dangling = line_end(text, behind) < listing.close
    if last.comma is None and share_a_line(text, listing) and not comments_in(text, last.end, listing.close):
        return (insertion(last.end, "".join(f", {part}" for part in parts)),)
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


def share_a_line(text: str, listing: Listing) -> bool:
    """Whether all items stand on one line, without a comma that says that each is to have its own."""
    first, last = listing.items[0], listing.items[-1]
    if last.comma is not None or line_start(text, first.start) != line_start(text, last.start):
        return False
    return len(listing.items) > 1 or line_start(text, first.start) < listing.open


def _item_indentation(text: str, listing: Listing) -> str:
    for item in reversed(listing.items):
        if first_on_line(text, item.start):
            return indentation(text, item.start)
    return indentation(text, listing.close) + STEP


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
