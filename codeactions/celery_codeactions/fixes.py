"""Applies edits to a text, and completes a fix by what it needs elsewhere in the module: imports and renames.

Must not know rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_codeactions.imports import import_edits
from celery_codeactions.renames import rename_edits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from celery_analyzers.findings import Edit, Fix


def resolve(fix: Fix, text: str) -> tuple[Edit, ...]:
    """All edits of a fix of `text`, with those that import what it uses and that rename what it renames, in order.

    No edits where a name that the fix needs means something else in the module already.
    """
    first = min((edit.span.start for edit in fix.edits), default=None)
    imports, renames = import_edits(fix.imports, text, first), rename_edits(fix.renames, text)
    if imports is None or renames is None or any(conflict(one, other) for one in imports for other in fix.edits):
        return ()
    return ordered({*imports, *fix.edits, *renames})


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
