"""Texts as clients show them: Markdown where they can, and plain text made of it where they cannot.

Knows the little Markdown that our pages use. Must not know what a page says.
"""

from __future__ import annotations

import re
from typing import Final

_LINK: Final = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_RULER: Final = re.compile(r"\|(?:[ \t]*:?-+:?[ \t]*\|)+\Z")
_EMPHASIS: Final = re.compile(r"\*\*|(?<!\\)`")


def markup(text: str, markdown: bool) -> dict[str, str]:
    """A text as LSP's MarkupContent."""
    return {"kind": "markdown", "value": text} if markdown else {"kind": "plaintext", "value": plain(text)}


def documentation(text: str, markdown: bool) -> object:
    """The documentation of something: a mere text where the client has not said that it takes more."""
    return markup(text, markdown=True) if markdown else plain(text)


def plain(text: str) -> str:
    """A page without Markdown's marks: tables become lines, links their texts. Code blocks stay as they are."""
    lines: list[str] = []
    in_code = False
    for line in text.split("\n"):
        if line.startswith("```"):
            in_code = not in_code
        elif in_code:
            lines.append(line)
        elif not _RULER.match(line):
            lines.append(_plain_line(line))
    return "\n".join(lines)


def _plain_line(line: str) -> str:
    line = _EMPHASIS.sub("", _LINK.sub(r"\1", line))
    if line.startswith("|"):
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
        return "  ".join(cells)
    return line.lstrip("#").lstrip() if line.startswith("#") else line
