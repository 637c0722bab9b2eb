"""Where a new import belongs among those at the top of a module, as isort and ruff sort them.

The imports that are there tell: what stands between blank lines is a section. Where they follow no order, a new one
comes last. Knows the order of imports. Must not know what is imported why.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FUTURE, _STANDARD, _OTHERS, _RELATIVE = range(4)
Key = tuple[bool, str]


@dataclass(frozen=True, slots=True)
class ImportLine:
    """A statement at the top that imports: the start of its first line, the end of its last, and what it imports."""

    start: int
    end: int
    keys: tuple[Key, ...]

    @classmethod
    def of(cls, statement: ast.Import | ast.ImportFrom, start: int, end: int) -> ImportLine:
        """The line that a statement is."""
        if isinstance(statement, ast.Import):
            return cls(start, end, tuple((False, alias.name) for alias in statement.names))
        return cls(start, end, ((True, "." * statement.level + (statement.module or "")),))

    @property
    def sections(self) -> set[int]:
        """The sections that it would stand in."""
        return {_section(name) for _, name in self.keys}


@dataclass(slots=True)
class ImportBlocks:
    """The imports at the top, in the blocks that blank lines make."""

    blocks: list[list[ImportLine]] = field(default_factory=list[list[ImportLine]])

    def add(self, line: ImportLine, text: str) -> None:
        """Take in the next line: it begins a block where a blank line stands in front of it."""
        last = self.blocks[-1][-1] if self.blocks else None
        if last is not None and last.end >= line.start:
            # Two statements on one line are one.
            self.blocks[-1][-1] = ImportLine(last.start, line.end, (*last.keys, *line.keys))
        elif last is None or not _adjoin(text[last.end : line.start]):
            self.blocks.append([line])
        else:
            self.blocks[-1].append(line)

    def edits(self, lines: Iterable[tuple[str, str]], newline: str) -> list[Edit] | None:
        """The edits that put new `from` imports, each given as (module, line), where they belong. None where the
        imports that are there follow no order."""
        if not self.blocks or any(len(_sections(block)) != 1 for block in self.blocks):
            return None
        placed: dict[int, tuple[bool, list[str]]] = {}
        own_block: dict[int, list[tuple[int, str]]] = {}
        for module, line in lines:
            block = self._block_of(module)
            if block is None:
                before = [one for one in self.blocks if min(_sections(one)) < _section(module)]
                own_block.setdefault(len(before), []).append((_section(module), line))
                continue
            offset, behind = _place_in(block, module)
            placed.setdefault(offset, (behind, []))[1].append(line)
        edits = [
            Edit(Span(offset, offset), "".join(newline + one if behind else one + newline for one in group))
            for offset, (behind, group) in placed.items()
        ]
        for index, group in own_block.items():
            if any(edit.span.start in self._edges(index) for edit in edits):
                return None
            edits.append(self._new_block(index, group, newline))
        return edits

    def _block_of(self, module: str) -> list[ImportLine] | None:
        """The block that a module's imports belong to: where its package is imported already, else the first of its
        section."""
        top = module.split(".", 1)[0]
        known = [b for b in self.blocks if top and any(name.split(".", 1)[0] == top for li in b for _, name in li.keys)]
        same = [block for block in self.blocks if _section(module) in _sections(block)]
        return next(iter(known or same), None)

    def _edges(self, index: int) -> set[int]:
        return {self.blocks[index - 1][-1].end} if index else {self.blocks[0][0].start}

    def _new_block(self, index: int, group: Sequence[tuple[int, str]], newline: str) -> Edit:
        parts: list[str] = []
        for number, (section, line) in enumerate(sorted(group)):
            if number and section != sorted(group)[number - 1][0]:
                parts.append("")
            parts.append(line)
        block = newline.join(parts)
        if index:
            end = self.blocks[index - 1][-1].end
            return Edit(Span(end, end), newline + newline + block)
        start = self.blocks[0][0].start
        return Edit(Span(start, start), block + newline + newline)


def _section(module: str) -> int:
    if module.startswith("."):
        return _RELATIVE
    top = module.split(".", 1)[0]
    if top == "__future__":
        return _FUTURE
    return _STANDARD if top in sys.stdlib_module_names else _OTHERS


def _sections(block: Iterable[ImportLine]) -> set[int]:
    return set[int]().union(*(line.sections for line in block))


def _adjoin(between: str) -> bool:
    """Whether no blank line stands in a text between two lines: comments may."""
    lines = between.replace("\r\n", "\n").replace("\r", "\n").split("\n")[1:-1]
    return all(line.strip() for line in lines)


def _place_in(block: Sequence[ImportLine], module: str) -> tuple[int, bool]:
    """Where in a block an import goes, and whether that is behind a line rather than in front of one."""
    for order in (_plain_first, _by_module):
        sorting = [order(line.keys[0]) for line in block]
        if sorting == sorted(sorting):
            following = [line for line, key in zip(block, sorting, strict=True) if key > order((True, module))]
            if following:
                return following[0].start, False
            break
    return block[-1].end, True


def _plain_first(key: Key) -> Key:
    """`import x` in front of `from x import y`, as isort and ruff have it by default."""
    return key[0], key[1].lower()


def _by_module(key: Key) -> Key:
    return False, key[1].lower()
