"""The values of string and number literals, from their text.

Knows Python's prefixes, escape sequences and number forms. Must not know LibCST nor where a literal stands.
`ast.literal_eval` is no help: it warns about odd escapes, and a piece of an f-string is no literal of its own.
"""

from __future__ import annotations

import re
import unicodedata

_LITERAL = re.compile(r"(?P<prefix>[A-Za-z]*)(?P<quote>'''|\"\"\"|'|\")(?P<body>.*)(?P=quote)", re.DOTALL)
_ESCAPE = re.compile(
    r"\\(?:(?P<octal>[0-7]{1,3})|(?P<code>x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8})"
    r"|N\{(?P<name>[^}]+)\}|(?P<char>.))",
    re.DOTALL | re.ASCII,
)
_BYTES_ESCAPE = re.compile(
    r"\\(?:(?P<octal>[0-7]{1,3})|(?P<code>x[\da-fA-F]{2})|(?P<char>[^uUN]))", re.DOTALL | re.ASCII
)
_CHARACTERS = {
    "\n": "",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}


def string_value(literal: str) -> str | bytes:
    """The value of one string or bytes literal with its prefix and quotes; its lines end in `\\n` alone.

    Raises ValueError or LookupError for an escape sequence that Python does not accept.
    """
    match = _LITERAL.fullmatch(literal)
    if match is None:
        raise ValueError(f"no string literal: {literal!r}")
    prefix, body = match["prefix"].lower(), match["body"]
    if "b" not in prefix:
        return body if "r" in prefix else _unescaped(body)
    # Bytes are code points below 256 here, which an octal escape may exceed by its ninth bit.
    text = body if "r" in prefix else _BYTES_ESCAPE.sub(_character, body)
    return bytes(ord(character) & 0xFF for character in text)


def formatted_text(piece: str, prefix: str) -> str:
    """The value of what stands between the replacement fields of an f-string or a t-string.

    Raises ValueError or LookupError for an escape sequence that Python does not accept.
    """
    text = piece.replace("{{", "{").replace("}}", "}")
    return text if "r" in prefix.lower() else _unescaped(text)


def integer_value(literal: str) -> int:
    """The value of an integer literal. Raises ValueError where it has more digits than Python reads."""
    return int(literal, 0)


def imaginary_value(literal: str) -> complex:
    """The value of an imaginary literal."""
    return complex(0, float(literal[:-1]))


def identifier(name: str) -> str:
    """A name as Python compares it."""
    return name if name.isascii() else unicodedata.normalize("NFKC", name)


def _unescaped(body: str) -> str:
    return _ESCAPE.sub(_character, body) if "\\" in body else body


def _character(match: re.Match[str]) -> str:
    found = match.groupdict()
    if found["octal"]:
        return chr(int(found["octal"], 8))
    if found["code"]:
        return chr(int(found["code"][1:], 16))
    if found.get("name"):
        return unicodedata.lookup(found["name"])
    if found["char"] in "xuUN":
        raise ValueError(f"truncated escape sequence in {match.string!r}")
    return _CHARACTERS.get(found["char"], match.group())
