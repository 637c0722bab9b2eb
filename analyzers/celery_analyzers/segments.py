"""Splits a module into its top-level statements, and keeps the split up to date while the text is edited.

A segment is one top-level statement with the blank lines and comments in front of it: decorators belong to their
`def` or `class`, `else`, `except` and `finally` to their head. A class is several segments, its head and each of its
members, so that a method is as cheap to edit as a function. `a = 1; b = 2` is one segment.

A statement that is broken costs itself only. A bracket left open ends where a statement begins that no bracket can
hold; a triple quote left open ends where it would swallow code and leave prose outside. Both are decided by the text
nearby, so that an edit re-splits its neighbourhood only and always gives what a fresh split gives.

Knows lines, strings, brackets and keywords. Must not parse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from celery_analyzers.source import count_newlines
from celery_analyzers.strings import string_end

_EOL = r"(?:\r\n|\r|\n)"
_TOKENS = r'"""|\'\'\'|["\'(\[{)\]}]|#[^\r\n]*|\\(?:\r\n|\r|\n)?'
_CODE = r"(?=[^ \t\f\r\n#])"
# At the top level only lines that begin in column 0 can end a statement; a form feed resets the column.
_TOP = re.compile(rf"{_TOKENS}|(?P<line>{_EOL}(?:[ \t]*\f)*(?P<indent>){_CODE})")
_MEMBER = re.compile(rf"{_TOKENS}|(?P<line>{_EOL}(?:[ \t]*\f)*(?P<indent>[ \t]*){_CODE})")
_TRIVIA = re.compile(rf"\ufeff?(?:[ \t\f]*(?:#[^\r\n]*)?{_EOL})*(?:[ \t\f]*(?:#[^\r\n]*)?\Z)?")
_INDENT = re.compile(r"(?:[ \t]*\f)*([ \t]*)")

_CONTINUES = re.compile(r"(?:else|elif|except|finally)\b")
_CONTINUED = re.compile(r"(?:async[ \t]+)?(?:if|for|while|try)\b")
_DECORATED = re.compile(r"@|(?:def|class|async)\b")
_CLASS = re.compile(r"class\b")
# No bracket can hold these at the beginning of a line, so an open bracket in front of them was left open.
_STATEMENT = re.compile(
    r"(?:async[ \t]+def|def|class|import|with|while|try|return|raise|del|global|nonlocal|assert|pass|break|continue)\b"
    r"|from[ \t]+[\w.]+[ \t]+import\b"
)
_CODE_LINE = re.compile(r"(?:\r\n|\r|\n)(?=@\w|(?:def|class|async|import|from)[ \t]+\w)")
# What follows the closing quotes when they are in truth the opening quotes of the next docstring.
_PROSE = re.compile(
    r"[ \t]*(?:\d|(?!(?:if|in|is|and|or|not|else|for|as|async|from)\b|[rRbBuUfFtT]{1,3}[\"'])[^\W\d])"
    r"|[ \t]*(?:(?:\r\n|\r|\n)[ \t]*)+"
    r"(?::|(?!(?:if|elif|else|for|while|with|try|except|finally|def|class|return|raise|yield|await|async|import|from"
    r"|del|global|nonlocal|assert|pass|break|continue|not|lambda|match|case|type|print|exec)\b)"
    r"[^\W\d]\w*[ \t]+(?!(?:if|in|is|and|or|not|else|for|as|async|from|import)\b)[^\W\d])"
)
_KEYWORD = 16
"""Room for the longest keyword at the beginning of a line that decides whether a statement goes on."""
LOOKAHEAD = 4_096
"""Code points behind a segment that decide where it ends, unless it is broken: the trivia and keyword that follow."""


class Kind(Enum):
    """What a segment holds."""

    STATEMENT = "statement"
    CLASS_HEAD = "class head"
    MEMBER = "member"
    TRIVIA = "trivia"


@dataclass(frozen=True, slots=True)
class Segment:
    """One statement of a module, or one member of a class, with the trivia in front of it.

    `context` is the indentation of the class body that the split was in at the segment's start, empty outside.
    `ahead` tells how many code points behind the end of its group the split looked at; segments that one broken
    statement was cut into form a group, of which the first has `starts_group`.
    """

    text: str
    kind: Kind
    context: str
    starts_group: bool
    ahead: int
    line_count: int

    @property
    def code_start(self) -> int:
        """Where the trivia in front ends: the start of the first line of code."""
        match = _TRIVIA.match(self.text)
        return match.end() if match else 0


@dataclass(frozen=True, slots=True)
class Group:
    """What one step of the split found.

    `pieces` are the ends and kinds of the segments, `reach` is the offset up to which the text decided them, and
    `context` the indentation of the class body that the next step begins in.
    """

    pieces: tuple[tuple[int, Kind], ...]
    reach: int
    context: str

    @property
    def end(self) -> int:
        """Where the next step begins."""
        return self.pieces[-1][0]


def segments_of(text: str, start: int, context: str, group: Group) -> Iterator[Segment]:
    """The segments of a group that was found at `start` of `text` in `context`."""
    ahead = group.reach - group.end
    first = True
    for end, kind in group.pieces:
        piece = text[start:end]
        yield Segment(piece, kind, context, first, ahead, count_newlines(piece))
        first = False
        start = end


def next_group(text: str, start: int, context: str) -> Group:
    """The statement at `start`, which is no more than the text from there on and `context` decide."""
    match = _TRIVIA.match(text, start)
    line = match.end() if match else start
    if line >= len(text):
        return Group(((len(text), Kind.TRIVIA),), len(text), context)
    indent = _INDENT.match(text, line)
    assert indent is not None
    level = context if indent.group(1) else ""
    return _Scan(text, start, indent.end(), level).run()


class _Scan:
    """Finds the end of one statement. `level` is the indentation of the statements beside it."""

    __slots__ = ("code", "decorated", "floor", "head", "level", "reach", "start", "text")

    def __init__(self, text: str, start: int, code: int, level: str) -> None:
        self.text = text
        self.start = start
        self.code = code
        self.level = level
        self.floor = code
        self.reach = code
        self.decorated = text[code] == "@"
        self.head = not level and _CLASS.match(text, code) is not None

    def run(self) -> Group:
        text, position, depth = self.text, self.code, 0
        pattern = _MEMBER if self.level or self.head else _TOP
        comment = -1
        while match := pattern.search(text, position):
            position = match.end()
            token = match.group()
            if match.group("line"):
                line = match.start("indent")
                if depth:
                    if self._opens_statement(position, match.group("indent")):
                        return self._recovered(line)
                elif self.head:
                    if head := self._class_head(line, match.group("indent"), comment):
                        return head
                    pattern = _TOP
                    position = match.start()
                elif match.group("indent") == "" or len(match.group("indent")) <= len(self.level):
                    if self._ends_before(position):
                        return self._group(line, match.group("indent"))
                    if self.head:
                        pattern = _MEMBER
                # A line start is no token of the statement: what follows it may be trivia of the next.
                continue
            if token[0] == "#":
                if comment < self.floor:
                    comment = match.start()
                continue
            if token in "([{":
                depth += 1
            elif token in ")]}":
                depth = max(0, depth - 1)
            elif token[0] != "\\":
                position, looked = string_end(text, match.start(), token, len(text))
                self.reach = max(self.reach, looked)
                if len(token) == 3 and (swallowed := self._swallowed_code(match.start(), position)) is not None:
                    return self._recovered(swallowed)
            self.floor = position
        if depth:
            return self._recovered(len(text))
        if self.head and (head := self._class_head(len(text), "", comment)):
            return head
        return self._group(len(text), "")

    def _group(self, line: int, indent: str) -> Group:
        """The statement ends before the code line at `line`."""
        end = _code_end(self.text, self.floor, line)
        kind = Kind.MEMBER if self.level else Kind.STATEMENT
        return Group(((end, kind),), self._reach(line), self.level if indent else "")

    def _reach(self, line: int) -> int:
        return min(len(self.text), max(self.reach, line + len(self.level) + _KEYWORD))

    def _ends_before(self, code: int) -> bool:
        """Whether the code at the beginning of a line starts another statement."""
        if self.decorated:
            match = _DECORATED.match(self.text, code)
            if match is None:
                return True
            self.decorated = match.group() == "@"
            self.head = match.group() == "class" and not self.level
            return False
        return not (_CONTINUES.match(self.text, code) and _CONTINUED.match(self.text, self.code))

    def _class_head(self, line: int, indent: str, comment: int) -> Group | None:
        """The group of a class head in front of the code line at `line`; None if the class has no block."""
        self.head = False
        end = _code_end(self.text, self.floor, line)
        code_end = comment if self.floor <= comment < end else end
        if not indent or not self.text[self.floor : code_end].rstrip().endswith(":"):
            return None
        return Group(((end, Kind.CLASS_HEAD),), self._reach(line), indent)

    def _opens_statement(self, code: int, indent: str) -> bool:
        """Whether a line inside brackets begins a statement, which shows that a bracket was left open."""
        if indent not in ("", self.level):
            return False
        if self.text[code] != "@":
            if self.text.startswith(("from", "async"), code):
                # These are told by what follows them, however far behind.
                self.reach = max(self.reach, _line_end(self.text, code) + 1)
            return _STATEMENT.match(self.text, code) is not None
        # `@` also multiplies matrices. It decorates when a `def` or `class` follows the lines that belong to it.
        for match in re.compile(rf"{_EOL}{indent}(?=[^ \t\f\r\n#)\]}}])").finditer(self.text, code):
            self.reach = max(self.reach, match.end() + _KEYWORD)
            if self.text[match.end()] != "@":
                return _DECORATED.match(self.text, match.end()) is not None
        self.reach = len(self.text)
        return False

    def _swallowed_code(self, start: int, end: int) -> int | None:
        """Where code begins in a triple-quoted string that was left open; None if the string is in order."""
        match = _CODE_LINE.search(self.text, start, end)
        if match is None:
            return None
        quote = self.text[start : start + 3]
        closed = end - start >= 6 and self.text.endswith(quote, start, end)
        prose = _PROSE.match(self.text, end)
        follows = _code_end_of_next_line(self.text, end)
        self.reach = max(self.reach, follows)
        return match.end() if not closed or prose else None

    def _recovered(self, end: int) -> Group:
        """The broken statement and what it swallowed, up to `end`, cut at every line that can begin a statement."""
        text = self.text
        pieces: list[tuple[int, Kind]] = []
        pattern = _MEMBER if self.level else _TOP
        position = floor = self.code
        level = self.level
        # It begins anew: what the first pass made of the decorators is behind it.
        decorated = text[self.code] == "@"
        while match := pattern.search(text, position, end):
            position = match.end()
            token = match.group()
            if match.group("line"):
                indent = match.group("indent")
                if indent == "" or len(indent) <= len(level):
                    if decorated and (follows := _DECORATED.match(text, position)):
                        decorated = follows.group() == "@"
                    elif not _CONTINUES.match(text, position) and text[position] not in ")]}":
                        pieces.append((_code_end(text, floor, match.start("indent")), self._kind(level)))
                        floor = position
                        level = level if indent else ""
                        decorated = text[position] == "@"
                continue
            if token[0] == "#":
                continue
            if token[0] in "\"'":
                position, _ = string_end(text, match.start(), token, end)
                if len(token) == 3 and not text.endswith(token, match.start() + 3, position):
                    line_end = re.compile(r"[^\r\n]*").match(text, match.end(), end)
                    position = line_end.end() if line_end else end
            floor = position
        pieces.append((_code_end(text, floor, end), self._kind(level)))
        indent = _INDENT.match(text, end)
        inside = bool(level and indent and indent.group(1) and end < len(text))
        return Group(tuple(pieces), self._reach(end), level if inside else "")

    @staticmethod
    def _kind(level: str) -> Kind:
        return Kind.MEMBER if level else Kind.STATEMENT


def _code_end(text: str, floor: int, end: int) -> int:
    """The end of the last line of code in front of `end`, where a line begins; `floor` is known to be code."""
    while end > floor:
        last = end
        if text[last - 1] in "\r\n":
            last -= 2 if text.endswith("\r\n", floor, last) else 1
        start = max(text.rfind("\n", floor, last), text.rfind("\r", floor, last)) + 1
        if start == 0:
            return end
        line = text[start:last].strip(" \t\f")
        if line and line[0] != "#":
            return end
        end = start
    return end


def _line_end(text: str, position: int) -> int:
    match = re.compile(r"[^\r\n]*").match(text, position)
    return match.end() if match else position


def _code_end_of_next_line(text: str, position: int) -> int:
    match = re.compile(rf"[^\r\n]*(?:{_EOL}[ \t]*)*[^\r\n]*").match(text, position)
    return match.end() if match else position
