"""Decisions that a seed makes, the same ones in every release of Python."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

T = TypeVar("T")

GOLDEN_RATIO = 0.6180339887498949


class Chance:
    """Draws from `random()` alone, whose sequence Python promises to keep; that of `choice` has changed
    before."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed).random

    def happens(self, probability: float) -> bool:
        return self._draw() < probability

    def one(self, choices: Sequence[T]) -> T:
        return choices[int(self._draw() * len(choices))]

    def named(self, probabilities: Mapping[str, float]) -> str | None:
        """One of the names, each with its probability, or None with what they leave."""
        draw = self._draw()
        for name, probability in probabilities.items():
            draw -= probability
            if draw < 0:
                return name
        return None


def evenly(seed: int) -> Iterator[float]:
    """Endless points of the unit interval, of which any few that follow each other fill it evenly.

    Independent draws would need hundreds of tasks to come near the distribution of their lengths; a module of
    300 lines has seven.
    """
    point = seed * 0.37
    while True:
        point = (point + GOLDEN_RATIO) % 1
        yield point
