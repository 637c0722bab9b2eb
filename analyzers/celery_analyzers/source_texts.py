"""Texts of source files as the disk has them, and where in them a name is given its value.

Must not know what a text means, nor the texts that an editor has.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from celery_analyzers.long_text import LARGEST_MODULE
from celery_analyzers.source import LineIndex


def text_on_disk(path: Path) -> str | None:
    """The text of a file; None where it cannot be read. Raises FileNotFoundError where there is no file."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError
        if status.st_size > LARGEST_MODULE:
            return None
        data = path.read_bytes()
    except PermissionError:
        return None
    except (OSError, ValueError):
        raise FileNotFoundError from None
    return None if b"\0" in data else data.decode("utf-8", "replace")


def line_of_name(name: str, text: str) -> int | None:
    """The number of the line that gives a name its value, else of the first that has it; None where none does."""
    name = re.escape(name)
    match = re.search(rf"^[ \t]*{name}[ \t]*[:=\[(]", text, re.MULTILINE) or re.search(rf"\b{name}\b", text)
    return None if match is None else LineIndex(text).position(match.end() - 1)[0]
