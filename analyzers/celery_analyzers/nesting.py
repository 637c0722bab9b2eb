"""Says which texts no parser may be given, because their nesting would exhaust the native stack.

CPython's parser refuses nearly all of them by itself, but Python 3.10 crashes on a very long chain of attributes,
calls or operators. LibCST's crashes on all of them. What is refused here is deeper than any program, and yet far
from a crash of either parser, where LibCST's has `STACK_SIZE` bytes of stack.

Knows brackets, commas, strings and the fields of f-strings. Must not know statements, nor import a parser.
"""

from __future__ import annotations

import re

STACK_SIZE = 128 << 20
"""Bytes of stack for LibCST's parser: it needs half of them at most for what is not too deep.

At most, an indented block takes it 26 kB, a `lambda` 15 kB, an open bracket 11 kB, any other character 1 kB.
"""

_DEEPEST = 200
"""How many brackets and strings may be open at a time. CPython itself accepts no more brackets."""
_WIDEST = 1_000
"""How many blanks may indent a statement, and so how many blocks may be open. CPython itself accepts 100 blocks."""
_LONGEST = 30_000
"""How many characters of code may stand between commas and line ends; a string or bracket counts as one."""
_MOST = {"lambda": 1_000, "elif": 1_000}
"""How often the keywords may occur that nest across commas and line ends."""

_OPENING = "([{"
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_QUOTES = ('"""', "'''", '"', "'")
_PREFIX = re.compile(r"(?<!\w)(?:[fFtT][rR]?|[rR][fFtT])\Z")
# One set of characters to begin with, so that the search is quick; a string without fields or escapes is one token.
_CODE = (
    r"[()\[\]{},;:\"'#\\\r\n]"
    r"(?:(?<=[\r\n])\s+|(?<=\")(?:[^\"\\\r\n{]+\"|\"\"|\"(?!\"))|(?<=')(?:[^'\\\r\n{]+'|''|'(?!'))"
    r"|(?<=#)[^\r\n]*|(?<=\\)(?:\r\n|.))?"
)


def _patterns() -> dict[str, re.Pattern[str]]:
    """What to look for next, by what is open.

    That is nothing, the closing bracket, the quote of a string or `f` and the quote of one with fields; for such a
    field `}` and the quote, and for the format in it `:` and the quote.
    """
    sources = dict.fromkeys(["", *_CLOSING.values()], _CODE.replace(":", "", 1))
    for quote in _QUOTES:
        ends = quote if len(quote) == 3 else rf"{quote}|[\r\n]"
        sources[quote] = rf"\\(?:\r\n|.)|{ends}"
        sources["f" + quote] = rf"\\(?:\r\n|[^{{}}])|\{{\{{|\}}\}}|[{{}}]|{ends}"
        sources[":" + quote] = rf"\\(?:\r\n|[^{{}}])|[{{}}]|{ends}"
        sources["}" + quote] = _CODE
    return {key: re.compile(source, re.DOTALL) for key, source in sources.items()}


_PATTERNS = _patterns()


def too_deep(text: str) -> bool:
    """Whether parsing the text could crash. Where its brackets or strings do not match, what follows is not seen.

    Never refuses a text without such nesting, however long it is.
    """
    if any(text.count(keyword) > most for keyword, most in _MOST.items()):
        return True
    if len(text) <= _LONGEST and sum(map(text.count, _OPENING)) <= _DEEPEST:
        return False
    opened = [""]
    pieces: list[int] = []
    before = piece = position = 0
    while match := _PATTERNS[opened[-1]].search(text, position):
        token, key = match.group(), opened[-1]
        inner = ""
        closes = False
        if key[:1] in ("f", ":", '"', "'"):
            if token == "{":
                inner = "}" + key[1:]
            else:
                closes = token == ("}" if key[0] == ":" else key.lstrip("f"))
                if not closes and token[0] in "}\r\n\"'" and token != "}}":
                    return False
        else:
            piece += match.start() - position
            if before + piece > _LONGEST:
                return True
            if token in _CLOSING:
                inner = _CLOSING[token]
            elif token in ")]}":
                if key[:1] != token:
                    return False
                closes = True
            elif token in ",;":
                piece = 0
            elif token[0] in "\r\n":
                if not key:
                    piece = 0
                    if len(token) > _WIDEST and max(map(len, token.splitlines())) > _WIDEST:
                        return True
            elif token == ":":
                opened[-1] = ":" + key[1:]
            elif token in _QUOTES:
                prefixed = _PREFIX.search(text, max(0, match.start() - 3), match.start())
                inner = "f" + token if prefixed else token
            elif token[-1] in "\"'" and token[0] not in "#\\":
                piece += 2
        position = match.end()
        if inner:
            opened.append(inner)
            if len(opened) > _DEEPEST:
                return True
            pieces.append(piece)
            before += piece
            piece = 0
        elif closes:
            opened.pop()
            piece = pieces.pop()
            before -= piece
            piece += 2
    return opened[-1][:1] in ("", ")", "]", "}") and before + piece + len(text) - position > _LONGEST
