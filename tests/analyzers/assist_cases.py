"""Reads the cases of help while writing: Markdown with a module that holds `$0` for the cursor, and what is offered.

A line like `` `shop/tasks.py`: `` above a block names its file; the files of a section make one project. Behind the
modules stand blocks of the word that says what is asked (`completion`, `hover`, `signature`, `hints`) with what is to
come. Of completion there is a line for each offer in the order of their ranks: its label, and behind ` → ` what is
inserted where that is another text. A line `…` allows more, a line `- label` behind it forbids one and `+ label` wants it among them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.assist.hints import hints
from celery_analyzers.assist.spot import Spot
from celery_analyzers.indexing import index_of
from celery_analyzers.project import Project
from celery_analyzers.registry import RuleSet
from celery_analyzers.source import LineIndex

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from celery_analyzers.assist.signatures import SignatureHelp

CURSOR = "$0"
_FENCE = re.compile(r"```(\w+)[ ]*(.*)\Z")
_FILE = re.compile(r"`([^`]+)`:\s*\Z")


@dataclass(slots=True)
class AssistCase:
    """The files of a project, the one with the cursor or with all that is asked of, and what is to come."""

    title: str
    asked: str
    expected: str
    files: dict[str, str] = field(default_factory=dict[str, str])
    main: str = "shop/tasks.py"
    words: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.title

    @property
    def text(self) -> str:
        """The module that something is asked of, without the cursor."""
        return self.files[self.main].replace(CURSOR, "", 1)

    def analysis(self, root: Path) -> FileAnalysis:
        """The module's analysis, in a project of all files."""
        for name, text in self.files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace(CURSOR, "", 1), encoding="utf-8")
        if self.main.count("/") == 1:
            (root / self.main).parent.joinpath("__init__.py").touch()
        index = None if "unindexed" in self.words else index_of(root)
        return FileAnalysis(self.text, rules=RuleSet(()), project=Project(root, index), path=root / self.main)

    def spot(self, root: Path) -> Spot:
        """The place of the cursor."""
        line, column = LineIndex(self.text).position(self.files[self.main].index(CURSOR))
        return Spot(self.analysis(root), line, column)


def read_assist_cases(path: Path) -> Iterator[AssistCase]:
    """The cases of a file: one for each module with what is asked of it."""
    heading, before, number = "", "", 0
    files: dict[str, str] = {}
    main = ""
    asked: set[str] = set()
    lines = iter(path.read_text(encoding="utf-8").split("\n"))
    for line in lines:
        if line.startswith("#"):
            heading, files, number = line.lstrip("# "), {}, 0
        elif fence := _FENCE.match(line):
            body = "".join(f"{inner}\n" for inner in iter(lines.__next__, "```"))
            name = _FILE.search(before)
            if fence[1] in ("completion", "hover", "signature", "hints"):
                number += 1
                words = tuple(fence[2].split())
                yield AssistCase(f"{path.stem}: {heading} {number}", fence[1], body, dict(files), main, words)
                asked.add(main)
            else:
                file = name[1] if name else "shop/tasks.py"
                files[file] = body
                main = file if CURSOR in body or (fence[1] == "python" and not main) else main
                main = file if CURSOR in body or main not in files else main
        if line.strip():
            before = line


def shown_help(found: SignatureHelp | None) -> str:
    """A signature with the parameter that is written between `⟨⟩`."""
    if found is None:
        return ""
    if found.active is None:
        return f"{found.label}\n"
    shown = found.parameters[found.active]
    label = found.label
    return f"{label[: shown.start]}⟨{label[shown.start : shown.end]}⟩{label[shown.end :]}\n"


def shown_hints(analysis: FileAnalysis, now: datetime) -> str:
    """The lines of a module that have hints, with these between `⟨⟩`."""
    marked: dict[int, list[tuple[int, str]]] = {}
    for hint in hints(analysis, 0, 10_000, now=now):
        line, column = analysis.segments[hint.segment].lines.position(hint.offset)
        marked.setdefault(analysis.line_starts[hint.segment] + line, []).append((column, hint.label))
    lines: list[str] = []
    for number in sorted(marked):
        text = analysis.line_text(number)
        for column, label in sorted(marked[number], reverse=True):
            text = f"{text[:column]}⟨{label}⟩{text[column:]}"
        lines.append(f"{text}\n")
    return "".join(lines)
