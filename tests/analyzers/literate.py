"""Reads the literate test files: Markdown whose code blocks are cases.

A section is a case. Blocks of other languages that have a file name are files that stand by. Its `python` blocks are modules, with the expected findings as carets (see `rule_examples`):
`rule-name: a part of the message`, or `rule-name (warning): a part` where the severity matters. A line like
`` `shop/tasks.py`: `` above a block names its file, and the files of a section make one project. Blocks without a
file name stand alone, each a case of its own. A block without carets asserts silence.

Words behind `python`: `crlf` and `cr` give the block these line ends, `bom` puts a byte order mark in
front, `tabs` turns indentation into tabs, `unfinished` allows what does not parse. `fixed` marks the text
that the module in front of it has when the first fix of each of its findings is applied, and `fixed: Remove
the option` the one that the fix with this title makes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HEADING = re.compile(r"(#+) (.+)")
_FILE = re.compile(r"`([^`]+)`:\s*\Z")
_FENCE = re.compile(r"(`{3,})\s*(\w*)\s*(.*)")
_LINE_ENDS = {"crlf": "\r\n", "cr": "\r"}


@dataclass(slots=True)
class Block:
    """A module: its marked text, and what becomes of it by fixes (`None` stands for the first ones)."""

    text: str
    path: str | None
    flags: tuple[str, ...]
    line: int
    is_python: bool = True
    fixed: dict[str | None, str] = field(default_factory=dict)

    def written(self, text: str) -> str:
        """A text as the block's flags want it: line ends and byte order mark."""
        for flag in self.flags:
            text = text.replace("\n", _LINE_ENDS.get(flag, "\n"))
        return "\ufeff" + text if "bom" in self.flags else text


@dataclass(slots=True)
class Case:
    """Modules that make one project."""

    file: str
    title: str
    blocks: list[Block]

    def __str__(self) -> str:
        return f"{self.file}:{self.blocks[0].line} {self.title}"


def read_cases(path: Path) -> Iterator[Case]:
    """The cases of a literate test file."""
    titles: list[str] = []
    blocks: list[Block] = []
    before = ""
    lines = iter(enumerate(path.read_text(encoding="utf-8").split("\n"), start=1))
    for number, line in lines:
        if heading := _HEADING.match(line):
            yield from _cases(path, titles, blocks)
            blocks = []
            titles = [*titles[: len(heading[1]) - 1], heading[2]]
        elif fence := _FENCE.match(line):
            body: list[str] = []
            for _, inner in lines:
                if inner.rstrip() == fence[1]:
                    break
                body.append(inner)
            if fence[2] == "python":
                _add(blocks, "\n".join(body) + "\n", fence[3].strip(), _FILE.search(before), number)
            elif file := _FILE.search(before):
                blocks.append(Block("\n".join(body) + "\n", file[1], (), number, is_python=False))
        if line.strip():
            before = line
    yield from _cases(path, titles, blocks)


def _add(blocks: list[Block], text: str, words: str, file: re.Match[str] | None, line: int) -> None:
    if words.startswith("fixed"):
        title = words.removeprefix("fixed").removeprefix(":").strip() or None
        blocks[-1].fixed[title] = _with_tabs(text) if "tabs" in blocks[-1].flags else text
    else:
        text = _with_tabs(text) if "tabs" in words.split() else text
        blocks.append(Block(text, file[1] if file else None, tuple(words.split()), line))


def _with_tabs(text: str) -> str:
    return re.sub(r"^( {4})+", lambda match: "\t" * (len(match[0]) // 4), text, flags=re.MULTILINE)


def _cases(path: Path, titles: list[str], blocks: list[Block]) -> Iterator[Case]:
    title = " / ".join(titles[1:] or titles)
    if any(block.path for block in blocks):
        yield Case(path.stem, title, blocks)
    else:
        for block in blocks:
            yield Case(path.stem, title, [block])
