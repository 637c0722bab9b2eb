"""Asks all actions what they offer at a place, and completes what a chosen one changes.

Edits are completed by the imports that they need, and lines that they made too long are broken. Nothing is kept between
the two questions: what was offered is found again by its action and variant. Must not know any single action, nor LSP.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Span
from celery_codeactions.differences import between
from celery_codeactions.fixes import apply_edits, conflict, ordered, parses
from celery_codeactions.imports import import_edits
from celery_codeactions.line_breaks import with_line_breaks
from celery_codeactions.line_length import line_length
from celery_codeactions.place import Place
from celery_codeactions.registry import all_actions, find_action
from celery_codeactions.unused_imports import without_imports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from celery_analyzers.analysis import FileAnalysis
    from celery_analyzers.findings import NeededImport
    from celery_codeactions.action import Action, Offer
    from celery_codeactions.place import Texts

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer of an action, with the place where it was made."""

    action: type[Action]
    offer: Offer
    place: Place


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file that an action changes: its text before, and the edits, whose spans count from its start. The path is None
    for a text that stands nowhere. A file that `is_new` is to be created."""

    path: Path | None
    before: str
    edits: tuple[Edit, ...]
    is_new: bool = False


def offers_at(
    analysis: FileAnalysis,
    start: int,
    end: int,
    wanted: Callable[[str], bool] = lambda _: True,
    texts: Texts | None = None,
) -> Iterator[Offered]:
    """What can be done at a selection, by actions whose kinds are `wanted`. `texts` gives the texts of other files."""
    place = Place(analysis, start, end, texts)
    if place.syntax is None:
        return
    for action in all_actions():
        if wanted(action.leaf_kind()):
            for offer in _offers(action, place):
                yield Offered(action, offer, place)


def chosen(
    analysis: FileAnalysis, start: int, end: int, action: str, variant: str, texts: Texts | None = None
) -> Offered | None:
    """What was offered at a selection by the name of its action and its variant; None where it is not offered."""
    known = find_action(action)
    place = Place(analysis, start, end, texts)
    if known is None or place.syntax is None:
        return None
    return next((Offered(known, offer, place) for offer in _offers(known, place) if offer.variant == variant), None)


def _offers(action: type[Action], place: Place) -> list[Offer]:
    try:
        return list(action().offers(place))
    except Exception:
        # A mistake in one action must not cost the user the others.
        logger.exception("The action %s failed in %s; please report this", action.name(), place.path)
        return []


def changed_files(offered: Offered) -> tuple[ChangedFile, ...]:
    """What an offer changes; nothing where it cannot be done."""
    try:
        changes = offered.offer.changes()
    except Exception:
        logger.exception("The action %s failed in %s; please report this", offered.action.name(), offered.place.path)
        return ()
    if not changes.edits and not changes.files:
        return ()
    place = offered.place
    project, path, text = place.project, place.path, place.analysis.text
    moved = tuple(edit.shifted(place.segment_start) for edit in changes.edits)
    own = _completed(text, moved, changes.imports, line_length(path, project.root), changes.drops)
    if own is None:
        return ()
    found = [ChangedFile(path, text, own)] if own else []
    for other in changes.files:
        text = place.text_of(other.path)
        limit = line_length(other.path, project.root)
        if other.content is not None and text is None:
            content = with_line_breaks("", [Edit(Span(0, 0), other.content)], limit)
            found.append(ChangedFile(other.path, "", (Edit(Span(0, 0), content),), is_new=True))
            continue
        edits = None if text is None else _completed(text, other.edits, other.imports, limit)
        if text is None or edits is None:
            return ()
        found.append(ChangedFile(other.path, text, edits))
    return tuple(found)


def _completed(
    text: str, edits: tuple[Edit, ...], imports: tuple[NeededImport, ...], limit: int, drops: tuple[str, ...] = ()
) -> tuple[Edit, ...] | None:
    """Edits with the imports that they need and the line breaks that they make necessary; None where an import is not
    possible."""
    needed = import_edits(imports, text, min((edit.span.start for edit in edits), default=None))
    if needed is None or any(conflict(one, other) for one in needed for other in edits):
        return None
    written = ordered((*needed, *edits))
    after = without_imports(with_line_breaks(text, written, limit), drops)
    if parses(text) and not parses(after):
        logger.error("An action would break %s; please report this", [edit.text for edit in written])
        return None
    return written if after == apply_edits(text, written) else between(text, after)
