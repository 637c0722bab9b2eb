"""Where string literals end, also broken ones and f-strings with quotes inside their braces.

Knows Python's quoting. Must not know statements, brackets or lines beyond what a string needs.
"""

from __future__ import annotations

import re

_BODIES = {
    '"': re.compile(r'(?:[^"\\\r\n]+|\\(?:\r\n|.|\Z))*"?', re.DOTALL),
    "'": re.compile(r"(?:[^'\\\r\n]+|\\(?:\r\n|.|\Z))*'?", re.DOTALL),
    '"""': re.compile(r'(?:[^"\\]+|\\(?:.|\Z)|"(?!""))*(?:""")?', re.DOTALL),
    "'''": re.compile(r"(?:[^'\\]+|\\(?:.|\Z)|'(?!''))*(?:''')?", re.DOTALL),
}
_PREFIX = re.compile(r"(?<![\w])(?:[fFtT][rR]?|[rR][fFtT])\Z")
_IN_FIELD = re.compile(r"""\"\"\"|'''|["'(\[{)\]}]""")
_IN_LITERAL = {
    quote: re.compile(r"\{\{|\{|\\(?:\r\n|.)|" + quote + ("" if len(quote) == 3 else r"|[\r\n]"), re.DOTALL)
    for quote in _BODIES
}

_PLAIN = re.compile(r"""[rRuU]?(?P<quote>\"\"\"|'''|["'])(?P<text>[^"'\\\r\n]*)(?P=quote)\Z""")

LONGEST_FIELD = 4_000
"""Code points that a replacement field with line ends may span before it counts as unterminated."""


def string_end(text: str, start: int, quote: str, limit: int) -> tuple[int, int]:
    """The offset behind the string whose opening `quote` stands at `start`, and how far the text decided it.

    Both are at most `limit`. An unterminated string ends with its line, or at `limit` where it is triple-quoted.
    """
    body = start + len(quote)
    match = _BODIES[quote].match(text, body, limit)
    end = match.end() if match else limit
    if _PREFIX.search(text, max(0, start - 3), start) and _has_open_field(text[body:end]):
        looked = max(end, min(limit, body + LONGEST_FIELD))
        nested = _formatted_end(text, body, quote, looked)
        return (end if nested is None else nested), looked
    return end, end


def inside_plain(literal: str) -> tuple[int, int] | None:
    """Where in a literal the text begins and ends that the string says; None unless it is one literal, and plain."""
    match = _PLAIN.match(literal)
    return match.span("text") if match else None


def _has_open_field(literal: str) -> bool:
    plain = literal.replace("{{", "").replace("}}", "")
    return plain.count("{") != plain.count("}")


def _formatted_end(text: str, position: int, quote: str, limit: int) -> int | None:
    """The end of an f-string by PEP 701's rules, where a field may hold any string. None: it does not end."""
    while match := _IN_LITERAL[quote].search(text, position, limit):
        token = match.group()
        position = match.end()
        if token == quote:
            return position
        if token in "\r\n":
            return None
        if token == "{":
            field_end = _field_end(text, position, limit)
            if field_end is None:
                return None
            position = field_end
    return None


def _field_end(text: str, position: int, limit: int) -> int | None:
    depth = 0
    while match := _IN_FIELD.search(text, position, limit):
        token = match.group()
        position = match.end()
        if token in "([{":
            depth += 1
        elif token in ")]}":
            if depth == 0:
                return position
            depth -= 1
        else:
            position, _ = string_end(text, match.start(), token, limit)
    return None
