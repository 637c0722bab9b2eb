"""Files such as `.env.example`, which show what environment variables a project needs, with values that are none.

Knows the names that such files go by, and how variables stand in them. Must not know rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Collection

_FILE = re.compile(r"(?:.*/)?\.?env[.-](?:example|sample|template|dist)\Z")
_VARIABLE = re.compile(rb"^[ \t]*(?:export[ \t]+)?(CELERY_\w+)[ \t]*=", re.MULTILINE)
_SHOWS = "environment"
_HAS = "environment:"
NEW_FILE = ".env.example"
"""The name of such a file in a project that has had none."""


def is_example(path: str) -> bool:
    """Whether a file, by its path with slashes, shows the environment variables of a project."""
    return _FILE.match(path) is not None


def example_words(data: bytes) -> frozenset[str]:
    """What the record of such a file says of it: that it is one, and which variables of Celery's it has."""
    return frozenset({_SHOWS, *(_HAS + name.decode() for name in _VARIABLE.findall(data))})


def shows_variables(words: Collection[str]) -> bool:
    """Whether the words of a record are those of such a file."""
    return _SHOWS in words


def lacks(words: Collection[str], variable: str) -> bool:
    """Whether the words of a record are those of such a file without a variable."""
    return _SHOWS in words and _HAS + variable not in words


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A line of such a file that shows a variable, to be added at its end. It helps whoever sets up the project: the
    code is right without it."""

    path: Path | None
    variable: str

    @property
    def creates(self) -> bool:
        """Such a file is created where there is none."""
        return True

    def edits(self, text: str) -> tuple[Edit, ...]:
        """The edit that adds the line; none where the variable is there already."""
        if re.search(rf"^[ \t]*(?:export[ \t]+)?{self.variable}[ \t]*=", text, re.MULTILINE):
            return ()
        value = f"your_{self.variable.removeprefix('CELERY_').lower()}_here"
        newline = "\r\n" if "\r\n" in text else "\n"
        before = newline if text and not text.endswith(("\n", "\r")) else ""
        return (Edit(Span(len(text), len(text)), f"{before}{self.variable}={value}{newline}"),)
