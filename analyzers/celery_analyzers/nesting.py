"""Says which texts no parser may be given, because their nesting would exhaust the native stack.

CPython's parser refuses nearly all of them by itself, but Python 3.10 crashes on a very long chain of attributes,
calls or operators. LibCST's crashes on brackets and chains of any kind. What is refused here nests deeper than any
program, and yet too little to crash a parser.

Knows brackets, commas, strings and the fields of f-strings. Must not know statements, nor import a parser.
"""

from __future__ import annotations

import re

LONGEST = 30_000
"""Characters of code that may stand between commas or line ends. Brackets count as two, strings as one.

The longest piece of a real program is a polynomial of 17 000. On Python 3.10, a stack of 2 MB holds chains of 25 000
links, of two characters each at least.
"""

_DEEPEST = 200
"""How many brackets and strings may be open at a time. CPython itself accepts no more brackets."""
_MOST = {"lambda": 1_000, "elif": 1_000}
"""How often the keywords may occur that nest across commas and line ends."""

_OPENING = "([{"
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_QUOTES = ('"""', "'''", '"', "'")
_PREFIX = re.compile(r"(?<!\w)(?:[fFtT][rR]?|[rR][fFtT])\Z")
# It begins with one set of characters to be quick. A string without fields is one token, and so are blanks.
_CODE = (
    r"[()\[\]{},;\"'#\\\r\n]"
    r"(?:(?<=[,\r\n])\s+|(?<=#)[^\r\n]*|(?<=\\)(?:\r\n|.)"
    r"|(?<=\")(?:\"\"|[^\"\\\r\n{]*(?:\\[^\r\n{][^\"\\\r\n{]*)*\"(?!\")[ \t]*)"
    r"|(?<=')(?:''|[^'\\\r\n{]*(?:\\[^\r\n{][^'\\\r\n{]*)*'(?!')[ \t]*))?"
)


def too_deep(text: str, longest: int = LONGEST) -> bool:
    """Whether parsing the text could crash. Behind brackets or strings that do not match, no parser looks.

    `longest` is for a parser that bears less than CPython's; see `LONGEST`.
    """
    if any(text.count(keyword) > most for keyword, most in _MOST.items()):
        return True
    if len(text) <= longest and sum(map(text.count, _OPENING)) <= _DEEPEST:
        return False
    scan = _Scan()
    position = 0
    while match := _PATTERNS[scan.opened[-1]].search(text, position):
        if scan.in_code:
            scan.piece += match.start() - position
        if scan.before + scan.piece > longest or len(scan.opened) > _DEEPEST:
            return True
        position = match.end()
        if not (scan.code(match) if scan.in_code else scan.literal(match.group())):
            return False
    return scan.in_code and scan.before + scan.piece + len(text) - position > longest


class _Scan:
    """What is open at one place of a text, by what to look for next, and how much code led there.

    That is nothing, a closing bracket, the quote of a string, or `f` and the quote of one with fields; for such a
    field `}` and the quote, and for the format in it `:` and the quote.
    """

    __slots__ = ("_pieces", "before", "in_code", "opened", "piece")

    def __init__(self) -> None:
        self.opened = [""]
        self.in_code = True
        self.piece = 0
        self.before = 0
        self._pieces: list[int] = []

    def code(self, match: re.Match[str]) -> bool:
        """Takes a token of code. Whether it matches what is open."""
        token, key = match.group(), self.opened[-1]
        if token in _CLOSING:
            self._open(_CLOSING[token])
        elif token in ")]}":
            return self._close(key[:1] == token)
        elif token[0] in ",;" or (token[0] in "\r\n" and not key):
            self.piece = 0
        elif token == ":":
            self.opened[-1] = ":" + key[1:]
            self.in_code = False
        elif token in _QUOTES:
            start = match.start()
            self._open("f" + token if _PREFIX.search(match.string, max(0, start - 3), start) else token)
        elif token[0] in "\"'":
            self.piece += 1
        return True

    def literal(self, token: str) -> bool:
        """Takes a token of a string or of a format. Whether it matches what is open."""
        key = self.opened[-1]
        if token == "{":
            self._open("}" + key[1:])
        elif token in ("}", "\r", "\n", *_QUOTES):
            return self._close(token == ("}" if key[0] == ":" else key.lstrip("f")))
        return True

    def _open(self, key: str) -> None:
        self.opened.append(key)
        self._pieces.append(self.piece)
        self.before += self.piece
        self.piece = 0
        self.in_code = key[0] in ")]}"

    def _close(self, matches: bool) -> bool:
        if matches:
            weight = 2 if self.opened.pop()[0] in ")]}:" else 1
            self.piece = self._pieces.pop()
            self.before -= self.piece
            self.piece += weight
            self.in_code = self.opened[-1][:1] in ("", ")", "]", "}")
        return matches


def _patterns() -> dict[str, re.Pattern[str]]:
    sources = dict.fromkeys(["", *_CLOSING.values()], _CODE)
    for quote in _QUOTES:
        ends = quote if len(quote) == 3 else rf"{quote}|[\r\n]"
        sources[quote] = rf"\\(?:\r\n|.)|{ends}"
        sources["f" + quote] = rf"\\(?:\r\n|[^{{}}])|\{{\{{|\}}\}}|[{{}}]|{ends}"
        sources[":" + quote] = rf"\\(?:\r\n|[^{{}}])|[{{}}]|{ends}"
        sources["}" + quote] = _CODE.replace("[", "[:", 1)
    return {key: re.compile(source, re.DOTALL) for key, source in sources.items()}


_PATTERNS = _patterns()
