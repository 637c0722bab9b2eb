"""Patterns of paths, as `per-file-ignores` and `test-files` have them: those of ruff.

`*` and `?` stand for any characters, slashes among them; `**/` for any folders, none among them; `[ab]` and `[!ab]` for
a character, and `{a,b}` for one of several texts. A pattern speaks of a file's name, or of its path inside the project.
Must not know what is done with the files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_CLASS = re.compile(r"\[(?P<no>[!^]?)(?P<within>\][^\]]*|[^\]]+)\]")


class PatternError(ValueError):
    """A pattern that cannot be understood. The text says why."""


def check_patterns(patterns: Iterable[str]) -> str | None:
    """What is wrong with the first pattern that cannot be understood; None if all can."""
    for pattern in patterns:
        try:
            _compiled((pattern,))
        except PatternError as error:
            return f"`{pattern}` is no pattern: {error}"
    return None


def is_matched(patterns: tuple[str, ...], inside: str) -> bool:
    """Whether one of the patterns speaks of the file whose path inside the project is `inside`, with slashes."""
    matches = _compiled(patterns).fullmatch
    return matches(inside) is not None or matches(inside[inside.rfind("/") + 1 :]) is not None


@lru_cache(256)
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    alternatives = "|".join(_regex(pattern.removeprefix("./")) for pattern in patterns)
    try:
        # Without a pattern nothing is matched.
        return re.compile(alternatives or r"(?!)", re.DOTALL)
    except re.error as error:
        raise PatternError(error.msg) from None


def _regex(pattern: str) -> str:
    if not pattern:
        raise PatternError("it is empty")
    written: list[str] = []
    open_braces = 0
    position = 0
    while position < len(pattern):
        part = _stars(pattern, position) or pattern[position]
        position += len(part)
        if part[0] == "*":
            # `**/` is any folders; elsewhere two stars are as good as one.
            written.append("(?:.*/)?" if part == "**/" else ".*")
        elif part == "?":
            written.append(".")
        elif part == "[":
            found = _CLASS.match(pattern, position - 1)
            if found is None:
                raise PatternError("a `[` is never closed")
            within = re.sub(r"([\\^\[\]&~|])", r"\\\1", found["within"])
            written.append(f"[{'^' if found['no'] else ''}{within}]")
            position = found.end()
        elif part == "{":
            open_braces += 1
            written.append("(?:")
        elif part in ",}" and open_braces:
            open_braces -= part == "}"
            written.append("|" if part == "," else ")")
        elif part == "}":
            raise PatternError("a `}` closes nothing")
        elif part == "\\":
            if position == len(pattern):
                raise PatternError("there is nothing behind the last `\\`")
            written.append(re.escape(pattern[position]))
            position += 1
        else:
            written.append(re.escape(part))
    if open_braces:
        raise PatternError("a `{` is never closed")
    return "".join(written)


def _stars(pattern: str, position: int) -> str:
    """The stars that begin at a position, with the slash behind two that stand for any folders."""
    end = position
    while pattern[end : end + 1] == "*":
        end += 1
    is_folders = end - position == 2 and pattern[end : end + 1] == "/" and pattern[position - 1 : position] in ("", "/")
    return pattern[position : end + is_folders]
