"""The form in which the manual is kept: what something is, what it does, and where people go wrong with it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """What the manual says of one thing: its type, what it does, and the trap that people fall into, if any."""

    type: str
    text: str
    trap: str = ""
