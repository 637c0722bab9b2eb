"""What completion offers, as values: one thing that may be inserted, and a list of them.

Must not know where offers come from, nor how an editor shows them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from celery_analyzers.findings import Edit, NeededImport, Span

OfferKind = Literal[
    "option", "value", "argument", "task", "method", "field", "setting", "rule", "class", "variable", "snippet"
]

NOWHERE: Final = Span(0, 0)


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that may be inserted in place of `span`, which counts from the segment's start, as `edits` do.

    `plain` is inserted as it is, `snippet`, where there is one, by clients that know tab stops. `rank` orders offers,
    `topic` says where its documentation is. `edits` and `imports` come with it. `chosen` marks what is most likely
    meant, `replaces` is what else the user may type to find it.
    """

    label: str
    kind: OfferKind
    plain: str
    span: Span = NOWHERE
    snippet: str | None = None
    detail: str = ""
    rank: int = 50
    topic: tuple[str, str] | None = None
    edits: tuple[Edit, ...] = ()
    imports: tuple[NeededImport, ...] = ()
    chosen: bool = False
    deprecated: bool = False
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """All offers for a place; `is_complete` tells that no others come with more typing or time."""

    offers: tuple[Offer, ...] = ()
    is_complete: bool = True


def placed(offers: Iterable[Offer], span: Span) -> tuple[Offer, ...]:
    """The same offers in place of a span."""
    return tuple(replace(offer, span=span) for offer in offers)


def quoted(offers: Iterable[Offer]) -> tuple[Offer, ...]:
    """Offers of strings with the quotes that are not there yet."""
    return tuple(replace(o, plain=f'"{o.plain}"', label=f'"{o.label}"') for o in offers)


def escaped(text: str) -> str:
    """A text as it stands in a snippet."""
    return text.replace("\\", "\\\\").replace("$", "\\$").replace("}", "\\}")
