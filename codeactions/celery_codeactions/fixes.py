"""Applies edits to a text, and completes a fix by what it needs elsewhere in the module, imports and renames, and by
what it changes in other files.

Must not know rules.
"""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING

from celery_codeactions.imports import import_edits
from celery_codeactions.renames import rename_edits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from celery_analyzers.findings import Edit, Fix


def resolve(fix: Fix, text: str) -> tuple[Edit, ...]:
    """All edits of a fix of `text`, with those that import what it uses and that rename what it renames, in order; what
    it changes in other files is left to `others`.

    No edits where a name that the fix needs means something else in the module already.
    """
    first = min((edit.span.start for edit in fix.edits), default=None)
    imports, renames = import_edits(fix.imports, text, first), rename_edits(fix.renames, text)
    beside: list[Edit] = []
    for other in fix.elsewhere:
        found = other.edits(text) if other.path is None else ()
        if other.path is None and not found:
            return ()
        beside += found
    added = [*(imports or ()), *beside]
    if imports is None or renames is None or any(conflict(one, other) for one in added for other in fix.edits):
        return ()
    return ordered({*added, *fix.edits, *renames})


def others(fix: Fix, text_of: Callable[[Path, bool], str | None]) -> dict[Path, tuple[Edit, ...]] | None:
    """The edits that a fix makes in other files; None where one of them cannot be made that the fix needs.

    `text_of` gives the text of a file, and an empty one for a file that is yet to be created where it is told that this
    is meant. It gives None where the file cannot be had.
    """
    made: dict[Path, tuple[Edit, ...]] = {}
    for other in fix.elsewhere:
        if other.path is None:
            continue
        text = text_of(other.path, other.creates)
        found = () if text is None or other.path in made else other.edits(text)
        if found:
            made[other.path] = found
        elif not other.creates:
            return None
    return made


def ordered(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Edits in the order in which they stand in the text."""
    return tuple(sorted(edits, key=lambda edit: edit.span))


def conflict(one: Edit, other: Edit) -> bool:
    """Whether two edits touch: then neither was made with the other in mind."""
    return one.span.start <= other.span.end and other.span.start <= one.span.end


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text after edits that do not overlap. Raises ValueError where they do; one that comes twice is made once."""
    parts: list[str] = []
    position = 0
    last: Edit | None = None
    for edit in ordered(edits):
        if edit == last and edit.span.start < edit.span.end:
            continue
        last = edit
        if edit.span.start < position:
            raise ValueError(f"edits overlap at {edit.span.start}")
        parts += text[position : edit.span.start], edit.text
        position = edit.span.end
    parts.append(text[position:])
    return "".join(parts)


def parses(text: str) -> bool:
    """Whether this Python reads the text as a whole."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text.removeprefix("\ufeff"))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True
