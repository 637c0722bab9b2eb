"""Texts of source files as the disk has them, and where in them names and functions stand.

Must not know what a text means, nor the texts that an editor has.
"""

from __future__ import annotations

import inspect
import os
import re
import stat
from pathlib import Path

from celery_analyzers.long_text import LARGEST_MODULE
from celery_analyzers.module_names import head_end
from celery_analyzers.source import LineIndex
from celery_analyzers.strings import string_end

_DOCSTRING = re.compile(r"(?:[ \t]*(?:#[^\r\n]*)?[\r\n]+)*[ \t]*[rR]?(?P<quote>\"\"\"|'''|[\"'])")


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


def line_of_function(name: str, text: str) -> int | None:
    """The number of the first line of a function of a module; None where there is none."""
    match = re.search(rf"^def[ \t]+{re.escape(name)}\b", text, re.MULTILINE)
    return None if match is None else LineIndex(text).position(match.start())[0]


def docstring_of(function: str, text: str) -> str | None:
    """The first paragraph of the docstring of a function; None where it has none, or cannot be found."""
    match = re.search(rf"^[ \t]*(?:async[ \t]+)?def[ \t]+{re.escape(function)}\b", text, re.MULTILINE)
    end = None if match is None else head_end(text, match.end())
    opening = None if end is None else _DOCSTRING.match(text, end)
    if opening is None:
        return None
    quote = opening["quote"]
    close, _ = string_end(text, opening.start("quote"), quote, len(text))
    said = text[opening.end() : close].removesuffix(quote)
    return inspect.cleandoc(said).split("\n\n")[0].strip() or None
