"""The commands in a text of shell: what a shell would take for the words of each simple command.

It is enough shell for the files that start processes: quotes, escapes, comments, operators, lines that go on,
redirections, variables. Nothing is expanded: a word that depends on a variable or a template is not known. Must not
know which commands are looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_UNKNOWN = re.compile(r"\$|`|\{\{|\{%|%\(\w+\)s")
FILLER = "\x01"
"""Stands where an escape was, so that what comes after it keeps its offset. No text that somebody wrote has it."""
_PIECE = re.compile(
    r"""
    (?P<space>(?:[ \t\r\f]|\\\r?\n)+)
    |(?P<filler>\x01)
    |(?P<heredoc><<-?[ \t]*(?P<quote>["']?)(?P<tag>\w+)(?P=quote))
    |(?P<redirection>(?:(?<=\s)\d)?(?:&>|[<>]+)(?:&\d|&-)?)
    |(?P<operator>\n|[;&|()]+)
    |(?P<quoted>'[^']{0,4000}'|"(?:[^"\\]|\\.){0,4000}")
    |(?P<escaped>\\.)
    |(?P<unknown>
        \$\(\([^()]{0,500}\)\)|\$\([^()]{0,500}\)|`[^`]{0,500}`|\{\{[^\n]{0,500}?\}\}|\{%[^\n]{0,500}?%\}
        |%\(\w{1,100}\)s|\$\{[^}]{0,500}\}|\$\$?\w+|\$[@*\#?!$-]
    )
    |(?P<plain>[^\s'"\\$`;&|()<>{%\x01]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_MOST_HEREDOCS = 100
_COMMENT = re.compile(r"#[^\n]*")


@dataclass(frozen=True, slots=True)
class Word:
    """A word without its quotes. `offset` counts from the beginning of the text."""

    text: str
    offset: int
    is_known: bool = True
    """Whether the word is the text, not something that a variable or a template makes of it."""
    script: str | None = None
    """If the word is one quoted string: what stands between the quotes, to be read as a text of its own."""


def word(text: str, offset: int) -> Word:
    """The word that a list has as an item."""
    return Word(text.replace(FILLER, ""), offset, is_known=_UNKNOWN.search(text) is None, script=text)


def folded(text: str) -> str:
    """The lines of a text as one, at the same offsets; a backslash at a line's end goes with it."""
    return re.sub(r"\\?\r?\n", lambda match: " " * len(match[0]), text)


def simple_commands(text: str, base: int = 0) -> Iterator[tuple[Word, ...]]:
    """The words of each simple command; `base` is added to their offsets. Comments and here-documents are left out."""
    words: list[Word] = []
    position, into_file, heredocs = 0, False, 0
    while position < len(text):
        comment = _COMMENT.match(text, position)
        if comment is not None:
            position = comment.end()
            continue
        piece = _PIECE.match(text, position)
        assert piece is not None  # It takes any character.
        if piece["space"] or piece["filler"]:
            position = piece.end()
        elif piece["heredoc"]:
            heredocs += 1
            position = _after_heredoc(text, piece) if heredocs < _MOST_HEREDOCS else piece.end()
        elif piece["redirection"]:
            position = piece.end()
            into_file = piece[0][-1] in "<>"
        elif piece["operator"]:
            position, into_file = piece.end(), False
            if words:
                yield tuple(words)
                words = []
        else:
            read, position = _word(text, position, base)
            if not into_file:
                words.append(read)
            into_file = False
    if words:
        yield tuple(words)


def _word(text: str, start: int, base: int) -> tuple[Word, int]:
    """The word at an offset, and where it ends."""
    pieces: list[str] = []
    position, is_known, quoted = start, True, ""
    while piece := _PIECE.match(text, position):
        raw = piece[0]
        if piece["quoted"]:
            quoted = raw
            is_known = is_known and _UNKNOWN.search(raw) is None
            pieces.append(_unescaped(raw).replace(FILLER, ""))
        elif piece["escaped"]:
            pieces.append(raw[1])
        elif piece["unknown"] or piece["plain"]:
            is_known = is_known and not piece["unknown"]
            pieces.append(raw)
        elif not piece["filler"]:
            break
        position = piece.end()
    script = _unescaped(quoted) if quoted and len(quoted) == position - start else None
    return Word("".join(pieces), base + start, is_known, script), position


def _unescaped(quoted: str) -> str:
    """What stands between quotes, at the same offsets."""
    inner = quoted[1:-1]
    return re.sub(r'\\(["\\$`])', FILLER + r"\1", inner) if quoted[0] == '"' else inner


def _after_heredoc(text: str, start: re.Match[str]) -> int:
    """Where the text goes on after a here-document; what is left of its first line is lost with it."""
    end_of_line = text.find("\n", start.end())
    if end_of_line < 0:
        return start.end()
    end = re.compile(rf"\n[ \t]*{start['tag']}[ \t]*\r?(?=\n|\Z)").search(text, end_of_line)
    return end.end() if end is not None else start.end()
