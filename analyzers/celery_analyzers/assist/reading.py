"""What stands at a place of a segment's text: the word, string or comment, and the calls and displays around it.

Reads tokens and not syntax, as code does not parse while somebody types in it. A bracket that was left open ends where
another statement begins. Knows Python's tokens. Must not know what a name means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from celery_analyzers.findings import Span
from celery_analyzers.strings import string_end

_TOKEN = re.compile(
    r"(?P<string>[rRbBuUfFtT]{0,2}(?P<quote>\"\"\"|'''|[\"']))"
    r"|(?P<comment>#[^\r\n]*)|(?P<line>\r\n|\r|\n)|(?P<joined>\\(?:\r\n|\r|\n)?)"
    r"|(?P<name>[^\W\d]\w*)|(?P<number>\.?\d[\w.]*)"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])"
    r"|(?P<operator>:=|==|!=|<=|>=|->|\*\*|//|[^\s\w])"
)
_INDENT = re.compile(r"[ \t]*")
# No bracket can hold these at the beginning of a line.
_STATEMENT = re.compile(
    r"(?:async[ \t]+def|def|class|import|with|while|try|return|raise|del|global|nonlocal|assert|pass|break|continue)\b"
    r"|from[ \t]+[\w.]+[ \t]+import\b|@\w"
)
_GOES_ON = re.compile(
    r"[)\]}\"'*\d(\[{#]|[rRbBuUfFtT]{1,2}[\"']|\w+[ \t]*=[^=\r\n]*,|\w+,|[-+.|&]|(?:for|if|else|and|or|in)\b"
)
"""How a line begins that goes on inside a bracket though it is indented no deeper than the statement."""
_ARGUMENT = re.compile(r"\w+[ \t]*=(?!=)|\*")
_NO_OPERANDS = frozenset(
    {"return", "await", "in", "not", "and", "or", "is", "if", "else", "yield", "from", "raise", "assert", "lambda"}
    | {"del", "for", "while", "with", "as", "elif", "except", "import", "async", "case", "match"}
)
_BEHIND = 20_000
"""Code points behind the cursor that are read for what a call or display goes on with."""


@dataclass(slots=True)
class Item:
    """An argument of a call, or an item of a display, as far as it is written.

    `keyword` is the name in `name=`, or the string that is the key of a dict's item, with the span of either's name.
    """

    start: int
    value_start: int
    end: int
    keyword: str | None = None
    keyword_span: Span | None = None
    splat: bool = False
    tokens: int = 0
    """Tokens of the value."""
    word: Span | None = None
    """The only token so far, if that is a name."""
    literal: Span | None = None
    """What the only token says, if that is a string."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it is written."""
        return not self.tokens and self.keyword_span is None


@dataclass(slots=True)
class Bracket:
    """A bracket around the cursor. `callee` is the source of what is called, or subscripted; None where nothing is.

    `active` is the number of the item that the cursor is in.
    """

    kind: str
    start: int
    callee: str | None = None
    callee_start: int = 0
    is_decorator: bool = False
    is_definition: bool = False
    items: list[Item] = field(default_factory=list[Item])
    active: int = 0
    end: int | None = None
    """Where the bracket that closes it stands."""

    @property
    def item(self) -> Item:
        """What the cursor is in."""
        return self.items[self.active]

    def others(self) -> list[Item]:
        """The items beside the one that the cursor is in."""
        return [item for number, item in enumerate(self.items) if number != self.active and not item.is_empty]

    def keywords(self) -> set[str]:
        """The keywords, or keys, of the items beside the one that the cursor is in."""
        return {item.keyword for item in self.others() if item.keyword is not None}

    @property
    def position(self) -> int:
        """How many positional arguments stand in front of the cursor's."""
        return sum(item.keyword is None and not item.is_empty for item in self.items[: self.active])


@dataclass(frozen=True, slots=True)
class StringAt:
    """The string that the cursor is in: the span of what it says, and whether it is closed."""

    span: Span
    closed: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What stands at `offset` of `text`. `word` is the name around the cursor, empty where there is none.

    `receiver` is the source of what stands in front of the dot before the word; None where there is no dot. `brackets`
    are those around the cursor, the outermost first. `statement` is where the statement begins, `is_first` whether the
    word, with what it is an attribute of, begins it.
    """

    text: str
    offset: int
    word: Span
    receiver: str | None = None
    receiver_start: int = 0
    string: StringAt | None = None
    comment: Span | None = None
    brackets: tuple[Bracket, ...] = ()
    statement: int = 0
    is_first: bool = False

    @property
    def bracket(self) -> Bracket | None:
        """The innermost bracket."""
        return self.brackets[-1] if self.brackets else None

    @property
    def typed(self) -> str:
        """What of the word, or of the string, stands in front of the cursor."""
        start = self.string.span.start if self.string else self.word.start
        return self.text[start : self.offset]

    @property
    def in_code(self) -> bool:
        """Whether the cursor is neither in a string nor in a comment."""
        return self.string is None and self.comment is None

    def source(self, span: Span) -> str:
        """The text at a span."""
        return self.text[span.start : span.end]


def read(text: str, offset: int, start: int = 0) -> Reading:
    """What stands at `offset` of a segment's text, whose code begins at `start`."""
    return _Reader(text, max(0, min(offset, len(text)))).run(min(start, offset))


class _Reader:
    """Goes through the tokens of a text, and takes note of its state where the cursor is."""

    def __init__(self, text: str, offset: int) -> None:
        self.text = text
        self.offset = offset
        self.stack: list[Bracket] = []
        # Where the operands began that the open brackets belong to.
        self.operands: list[int | None] = []
        # Where the operand began that goes on: a name with its attributes, calls and subscripts.
        self.operand: int | None = None
        self.dot = 0
        self.before = ""
        """What kind of token was read last, or the operator."""
        self.statement = 0
        self.indent = 0
        self.noted: Reading | None = None

    def run(self, start: int) -> Reading:
        self._begin_statement(start)
        position = start
        while match := _TOKEN.search(self.text, position):
            kind = "string" if match.lastgroup == "quote" else match.lastgroup
            begin, end, inside, closed = match.start(), match.end(), None, False
            if kind == "string":
                inside, closed, end = self._string(match)
            if self.noted is None and begin >= self.offset:
                at_word = kind == "name" and begin == self.offset
                self._note(Span(self.offset, end if at_word else self.offset))
            if self.noted is not None and not self._goes_on(end):
                break
            if self.noted is None and kind == "name" and end >= self.offset:
                receiver, first = self._receiver(), self._is_first()
                self._read(kind, match, end, inside)
                self._note(Span(begin, end), receiver, first)
            elif self.noted is None and inside is not None and inside.start <= self.offset <= inside.end:
                self._read(kind, match, end, inside)
                self._note(Span(self.offset, self.offset), (None, 0), string=StringAt(inside, closed))
            elif self.noted is None and kind == "comment" and end >= self.offset:
                self._note(Span(self.offset, self.offset), (None, 0), comment=Span(begin, end))
            else:
                self._read(kind, match, end, inside)
            position = end
        if self.noted is None:
            self._note(Span(self.offset, self.offset))
        assert self.noted is not None
        return self.noted

    def _string(self, match: re.Match[str]) -> tuple[Span, bool, int]:
        """What a string says, whether it is closed, and its end."""
        quote, opening = match.group("quote"), match.start("quote")
        end, _ = string_end(self.text, opening, quote, len(self.text))
        content = opening + len(quote)
        closed = end >= content + len(quote) and self.text.endswith(quote, content, end)
        return Span(content, end - len(quote) if closed else end), closed, end

    def _note(
        self,
        word: Span,
        receiver: tuple[str | None, int] | None = None,
        first: bool | None = None,
        string: StringAt | None = None,
        comment: Span | None = None,
    ) -> None:
        """This is where the cursor is."""
        for bracket in self.stack:
            bracket.active = len(bracket.items) - 1
        source, start = self._receiver() if receiver is None else receiver
        is_first = (self._is_first() if first is None else first) and string is None and comment is None
        around = tuple(self.stack)
        self.noted = Reading(
            self.text, self.offset, word, source, start, string, comment, around, self.statement, is_first
        )

    def _receiver(self) -> tuple[str | None, int]:
        """What the dot stands behind that was read last, if it was one."""
        if self.before != "." or self.operand is None:
            return None, 0
        return self.text[self.operand : self.dot], self.operand

    def _is_first(self) -> bool:
        """Whether nothing stands in front in the statement but what this is an attribute of."""
        return not self.stack and (self.before == "" or (self.before == "." and self.operand == self.statement))

    def _goes_on(self, end: int) -> bool:
        """Whether what comes behind the cursor still belongs to the brackets around it."""
        assert self.noted is not None
        return bool(self.stack) and end < self.offset + _BEHIND and any(b.end is None for b in self.noted.brackets)

    def _read(self, kind: str | None, match: re.Match[str], end: int, inside: Span | None) -> None:
        start = match.start()
        if kind == "name":
            self._name(start, end, match.group())
        elif kind == "line":
            self._line(end)
        elif kind == "open":
            self._open(match.group(), start)
        elif kind == "close":
            self._close(start, end)
        elif kind == "operator":
            self._operator(match.group(), start, end)
        elif kind in ("string", "number"):
            self._token(start, end, literal=inside)
            self.operand, self.before = start, kind

    def _begin_statement(self, position: int) -> None:
        match = _INDENT.match(self.text, position)
        self.statement = match.end() if match else position
        self.indent = self.statement - position
        self.operand, self.before = None, ""

    def _line(self, position: int) -> None:
        if not self.stack:
            self._begin_statement(position)
            return
        match = _INDENT.match(self.text, position)
        code = match.end() if match else position
        if code >= len(self.text) or self.text[code] in "\r\n#":
            return
        # Where the cursor is, something is about to be typed: the line is not what it will be.
        typed = self.noted is None and code >= self.offset
        shallow = not typed and code - position <= self.indent and not _GOES_ON.match(self.text, code)
        if shallow or _STATEMENT.match(self.text, code):
            self.stack.clear()
            self.operands.clear()
            self._begin_statement(position)
        elif self.noted is not None and self._is_unfinished(code):
            self.stack[-1].items.append(Item(code, code, code))
            self.operand, self.before = None, ","

    def _is_unfinished(self, code: int) -> bool:
        """Whether the comma is still to come behind the word at the cursor, as a line with another argument follows."""
        item, word = self.stack[-1].items[-1].word, self.noted.word if self.noted is not None else None
        return item is not None and item == word and _ARGUMENT.match(self.text, code) is not None

    def _token(self, start: int, end: int, word: Span | None = None, literal: Span | None = None) -> None:
        """Note a token in the item that it belongs to."""
        if not self.stack:
            return
        item = self.stack[-1].items[-1]
        if not item.tokens:
            item.start = start if item.keyword_span is None else item.start
            item.value_start = start
        item.tokens += 1
        item.end = end
        item.word = word if item.tokens == 1 else None
        item.literal = literal if item.tokens == 1 else None

    def _name(self, start: int, end: int, name: str) -> None:
        self._token(start, end, word=Span(start, end))
        if name in _NO_OPERANDS or name in ("def", "class"):
            self.operand, self.before = None, name
            return
        if self.before != "." or self.operand is None:
            self.operand = start
        self.before = "defined" if self.before in ("def", "class") else "name"

    def _open(self, kind: str, start: int) -> None:
        bracket = Bracket(kind, start, items=[Item(start + 1, start + 1, start + 1)])
        bracket.is_definition = self.before == "defined"
        continues = self.operand is not None and self.before in ("name", "close", "string") and kind != "{"
        if continues and self.operand is not None:
            bracket.callee, bracket.callee_start = self.text[self.operand : start].rstrip(), self.operand
            bracket.is_decorator = not self.stack and self.text.startswith("@", self.statement)
        self._token(start, start + 1)
        self.operands.append(self.operand if continues else start)
        self.stack.append(bracket)
        self.operand, self.before = None, "open"

    def _close(self, start: int, end: int) -> None:
        self.before = "close"
        if not self.stack:
            self.operand = None
            return
        self.stack.pop().end = start
        self.operand = self.operands.pop()
        if self.stack:
            self.stack[-1].items[-1].end = end

    def _operator(self, operator: str, start: int, end: int) -> None:
        if operator == ".":
            self.dot = start
            self._token(start, end)
        elif self.stack and operator == ",":
            self.stack[-1].items.append(Item(end, end, end))
            self.operand = None
        elif not (self.stack and self._names_item(operator, start, end)):
            if self.stack and operator in ("*", "**") and not self.stack[-1].items[-1].tokens:
                self.stack[-1].items[-1].splat = True
            self._token(start, end)
            self.operand = None
        self.before = operator if operator != ";" or self.stack else ""

    def _names_item(self, operator: str, start: int, end: int) -> bool:
        """Whether what stands in front is the keyword of an argument, or the key of a dict's item."""
        bracket = self.stack[-1]
        item = bracket.items[-1]
        if operator == "=" and bracket.kind == "(" and item.word is not None:
            item.keyword, item.keyword_span = self.text[item.word.start : item.word.end], item.word
        elif operator == ":" and bracket.kind == "{" and item.keyword_span is None:
            span = item.literal
            item.keyword = None if span is None else self.text[span.start : span.end]
            item.keyword_span = span or Span(item.start, start)
        else:
            return False
        item.value_start, item.end, item.tokens, item.word, item.literal = end, end, 0, None, None
        self.operand = None
        return True
