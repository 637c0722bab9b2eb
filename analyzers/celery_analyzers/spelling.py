"""What a misspelt name was probably meant to be.

Cautious: a name that may well be meant as it stands has no correction. Must not know whose names these are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def correction(name: str, known: Iterable[str]) -> str | None:
    """The name among `known` that `name` is a slip of; None if there is none, or if several are as near."""
    near = sorted(
        (distance, candidate)
        for candidate in known
        if candidate != name and (distance := _slips(name, candidate)) <= _tolerance(candidate)
    )
    if not near or (len(near) > 1 and near[0][0] == near[1][0]):
        return None
    return near[0][1]


def _tolerance(name: str) -> int:
    """How many slips leave no doubt what was meant. A single word is soon another word."""
    if "_" in name:
        return 2
    return 1 if len(name) >= 5 else 0


def _slips(name: str, wanted: str) -> int:
    """How far a name is from another; words in another order count as one slip, a word's plural as many."""
    if name == f"{wanted}s" and "_" not in wanted:
        return len(name)
    if sorted(name.split("_")) == sorted(wanted.split("_")):
        return 1
    return _distance(name, wanted)


def _distance(one: str, other: str) -> int:
    """How many letters must be added, dropped, replaced or swapped with a neighbour to make the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        before, previous, row = row, before, [i]
        for j, wanted in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if previous and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, previous[j - 2] + 1)
            row.append(cost)
    return row[-1]
