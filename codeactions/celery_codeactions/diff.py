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
    return "".join(_lines(before, after, path, path))


def new_file_diff(text: str, path: str) -> str:
    """The diff that creates a file, as git shows it."""
    return f"diff --git {path} {path}\nnew file mode 100644\n" + "".join(_lines("", text, "/dev/null", path))


def _lines(before: str, after: str, old_path: str, new_path: str) -> Iterator[str]:
    # As git does: without a tab, `patch` takes the name to end at its first space.
    old_tab, new_tab = ("\t" if " " in path else "" for path in (old_path, new_path))
    for line in difflib.unified_diff(
        _LINE.findall(before), _LINE.findall(after), old_path + old_tab, new_path + new_tab
    ):
        yield line
        if not line.endswith("\n"):
            yield f"\n{_NO_NEWLINE}\n"
