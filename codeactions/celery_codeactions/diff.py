"""Shows what edits do to a file as a unified diff that `patch -p0` and `git apply -p0` accept.

Must not know where the texts come from.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Patch programs break lines at \n only, so that a carriage return is part of its line.
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_NO_NEWLINE = "\\ No newline at end of file"


def unified_diff(before: str, after: str, path: str) -> str:
    """The diff from `before` to `after`, empty where they are the same."""
    return "".join(_lines(before, after, path))


def _lines(before: str, after: str, path: str) -> Iterator[str]:
    for line in difflib.unified_diff(_LINE.findall(before), _LINE.findall(after), path, path):
        yield line
        if not line.endswith("\n"):
            yield f"\n{_NO_NEWLINE}\n"
