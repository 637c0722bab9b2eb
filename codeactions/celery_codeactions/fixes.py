"""Applies edits to a text, and completes a fix by the imports that it needs.

Must not know rules.
"""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING

from celery_codeactions.imports import import_edits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from celery_analyzers.findings import Edit, Fix


def resolve(fix: Fix, text: str) -> tuple[Edit, ...]:
    """All edits of a fix of `text`, those that import what it uses included, in order.

    No edits where a name that the fix needs means something else in the module already.
    """
    first = min((edit.span.start for edit in fix.edits), default=None)
    imports = import_edits(fix.imports, text, first)
    if imports is None or any(conflict(one, other) for one in imports for other in fix.edits):
        return ()
    return ordered((*imports, *fix.edits))


def ordered(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Edits in the order in which they stand in the text."""
    return tuple(sorted(edits, key=lambda edit: edit.span))


def conflict(one: Edit, other: Edit) -> bool:
    """Whether two edits touch: then neither was made with the other in mind."""
    return one.span.start <= other.span.end and other.span.start <= one.span.end


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text after edits that do not overlap. Raises ValueError where they do."""
    parts: list[str] = []
    position = 0
    for edit in ordered(edits):
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
