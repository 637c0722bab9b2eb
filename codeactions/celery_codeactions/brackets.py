"""Reads one expression as text: its brackets, commas and clauses, and the same expression on one line.

Knows Python's brackets and strings. Must not know how long a line may be.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from celery_analyzers.layout import comments_in
from celery_analyzers.strings import string_end

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(r"\"\"\"|'''|[\"'(\[{)\]},]")
_CLAUSE = re.compile(r"\s((?:async\s+)?for|if)\s")


def on_one_line(source: str) -> str:
    """An expression over several lines as one that can be broken anew; as it is where it holds comments or strings over
    several lines."""
    lines = source.split("\n")
    if len(lines) == 1 or comments_in(source, 0, len(source)) or '"""' in source or "'''" in source:
        return source
    parts = [line.strip() for line in lines]
    joined = parts[0]
    for part in parts[1:]:
        glued = joined.endswith(("(", "[", "{")) or part.startswith((")", "]", "}"))
        if part.startswith((")", "]", "}")) and joined.endswith(",") and not _is_single(joined):
            joined = joined[:-1]
        joined += part if glued else f" {part}"
    return joined


def _is_single(source: str) -> bool:
    """Whether a text that ends in a comma ends in the one item of a tuple."""
    depth = 0
    commas = 0
    for token, offset in reversed(list(_tokens(source))):
        if token == ",":
            commas += depth == 0
        elif token in ")]}":
            depth += 1
        elif depth:
            depth -= 1
        else:
            return commas == 1 and token == "(" and not is_call(source, offset)
    return True


def brackets(source: str) -> list[tuple[int, int]]:
    """The outermost pairs of brackets."""
    pairs: list[tuple[int, int]] = []
    opened: list[int] = []
    for token, offset in _tokens(source):
        if token in "([{":
            opened.append(offset)
        elif token in ")]}" and opened:
            start = opened.pop()
            if not opened:
                pairs.append((start, offset))
    return pairs


def commas(body: str) -> list[int]:
    """The commas outside of all brackets."""
    depth = 0
    found: list[int] = []
    for token, offset in _tokens(body):
        if token == ",":
            found += [offset] if not depth else []
        else:
            depth += 1 if token in "([{" else -1
    return found


def items_of(body: str) -> list[str]:
    """What the commas outside of all brackets part."""
    edges = [-1, *commas(body), len(body)]
    parts = (body[start + 1 : end].strip() for start, end in itertools.pairwise(edges))
    return [part for part in parts if part]


def clauses_of(body: str) -> list[str]:
    """The clauses of a comprehension: its element, then what begins with `for` or `if`. None of anything else."""
    inside = [*brackets(body), *_strings(body)]
    edges = [0]
    for match in _CLAUSE.finditer(body):
        is_outside = not any(start < match.start() < end for start, end in inside)
        if is_outside and (match.group(1) != "if" or len(edges) > 1):
            edges.append(match.start(1))
    edges.append(len(body))
    return [body[start:end].strip() for start, end in itertools.pairwise(edges)] if len(edges) > 2 else []


def _strings(source: str) -> Iterator[tuple[int, int]]:
    position = 0
    while match := _TOKEN.search(source, position):
        position = match.end()
        if match.group()[0] in "\"'":
            position, _ = string_end(source, match.start(), match.group(), len(source))
            yield match.start(), position


def _tokens(source: str) -> Iterator[tuple[str, int]]:
    position = 0
    while match := _TOKEN.search(source, position):
        token, position = match.group(), match.end()
        if token[0] in "\"'":
            position, _ = string_end(source, match.start(), token, len(source))
        else:
            yield token, match.start()


def is_balanced(source: str) -> bool:
    """Whether every bracket is closed where it should be."""
    depth = 0
    for token, _ in _tokens(source):
        depth += 0 if token == "," else 1 if token in "([{" else -1
        if depth < 0:
            return False
    return depth == 0


def is_call(source: str, opening: int) -> bool:
    """Whether brackets hold the arguments of a call, or a subscript, rather than a tuple, a list or the like."""
    before = source[:opening].rstrip()[-1:]
    return bool(before) and (before.isalnum() or before in "_)]\"'")
