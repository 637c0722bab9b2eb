"""The names of a module that cannot be read, or not in full: what it may bind has a meaning that nobody can tell.

Knows what can be told of a text that does not parse. Must not know why it cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from celery_analyzers.bindings import STAR, Binding, ValueBinding
from celery_analyzers.expressions import OPAQUE

_UNKNOWN: tuple[Binding, ...] = (ValueBinding(OPAQUE),)
_WORD = re.compile(r"\w+")


class UnreadNames(Mapping[str, tuple[Binding, ...]]):
    """The names that are known, over those that may be bound all the same: any, or the words of `texts`."""

    def __init__(
        self, known: Mapping[str, tuple[Binding, ...]] | None = None, texts: tuple[str, ...] | None = None
    ) -> None:
        self._known = known or {}
        self._words = None if texts is None else frozenset(word for text in texts for word in _WORD.findall(text))

    def __getitem__(self, name: str) -> tuple[Binding, ...]:
        if name == STAR or name.startswith("@"):
            return self._known[name]
        may_be_bound = self._words is None or name in self._words
        # A name that is bound twice counts as it is bound last, be that where nobody can read it.
        if not may_be_bound:
            return self._known[name]
        return (*self._known.get(name, ()), *_UNKNOWN)

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)
