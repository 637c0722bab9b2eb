"""Comments that silence findings: `# celeryls: ignore`, `# celeryls: ignore-file` and `# noqa: CEL103`.

Knows the comments' form. Must not know rules beyond their names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from celery_analyzers.findings import Span
from celery_analyzers.strings import string_end

_TOKENS = re.compile(r'"""|\'\'\'|["\']|#[^\r\n]*')
_IGNORE = re.compile(r"#\s*celeryls:\s*ignore(?P<file>-file)?(?![\w-])(?:\s*\[(?P<names>[^\]]*)\])?", re.IGNORECASE)
_NOQA = re.compile(r"#\s*noqa(?P<colon>\s*:\s*(?P<names>[A-Z]+\d+(?:[\s,]+[A-Z]+\d+)*))?(?!\w|\s*:)", re.IGNORECASE)
_NAME = re.compile(r"[^\s,]+")


@dataclass(frozen=True, slots=True)
class Ignore:
    """One comment that silences. `span` is the directive's, `comment` the whole comment's.

    `names` are the rules' names or codes with where each stands; none silence every rule. `whole_file` is
    `ignore-file`. `foreign` marks `# noqa`, which is not ours alone: it is honoured, and reported for our codes only.
    """

    span: Span
    comment: Span
    names: tuple[tuple[str, Span], ...]
    whole_file: bool = False
    foreign: bool = False

    def silences(self, name: str, code: str) -> bool:
        """Whether findings of the rule with this name and code are silenced."""
        if not self.names:
            return True
        return any(named.lower() in (name, code.lower()) for named, _ in self.names)


def comments(text: str) -> Iterator[Span]:
    """Where comments stand in a segment's text; what looks like one in a string is none."""
    position = 0
    while match := _TOKENS.search(text, position):
        if match.group()[0] == "#":
            position = match.end()
            yield Span(match.start(), position)
        else:
            position, _ = string_end(text, match.start(), match.group(), len(text))


def ignores(text: str) -> tuple[Ignore, ...]:
    """The comments in a segment's text that silence findings."""
    if "celeryls" not in text and "noqa" not in text.lower():
        return ()
    return tuple(ignore for comment in comments(text) for ignore in _directives(text, comment))


def _directives(text: str, comment: Span) -> Iterator[Ignore]:
    for match in _IGNORE.finditer(text, comment.start, comment.end):
        yield Ignore(
            Span(match.start(), match.end()), comment, _names(match), whole_file=match.group("file") is not None
        )
    for match in _NOQA.finditer(text, comment.start, comment.end):
        yield Ignore(Span(match.start(), match.end()), comment, _names(match), foreign=True)


def _names(match: re.Match[str]) -> tuple[tuple[str, Span], ...]:
    start = match.start("names")
    if start < 0:
        return ()
    return tuple(
        (name.group(), Span(start + name.start(), start + name.end())) for name in _NAME.finditer(match.group("names"))
    )


class IgnoreContext:
    """What is told about a comment that silences: which of its names silenced nothing, and which are no rules."""

    def __init__(self, text: str, ignore: Ignore, unused: tuple[str, ...], unknown: tuple[str, ...]) -> None:
        self.text = text
        self.ignore = ignore
        self.unused = unused
        self.unknown = unknown
