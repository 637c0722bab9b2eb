"""Reads the examples in the documentation of actions: modules before and after, with the cursor in them.

Prose.

    code with a $0

**Title of the offer**:

    code after it
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.indexing import index_of
from celery_analyzers.project import Project
from celery_analyzers.registry import RuleSet
from celery_analyzers.settings import Settings
from celery_codeactions.action import Action
from celery_codeactions.fixes import apply_edits
from celery_codeactions.offers import ChangedFile, Offered, changed_files, offers_at

CURSOR = "$0"
DEFAULT_FILE = "shop/tasks.py"
# Whoever says `Do not retry` has heard of retries.
RULES = RuleSet.from_settings(Settings(preset="all", ignore=("missing-retry-policy",)))
_FILE = re.compile(r"^`(?P<name>[\w./]+)`:$", re.MULTILINE)
_TITLE = re.compile(r"^\*\*(?P<title>.+)\*\*:", re.MULTILINE)


@dataclass
class Example:
    """Files before, the title of what is chosen, and the files after. Without a title nothing is offered."""

    before: dict[str, str] = field(default_factory=dict)
    title: str | None = None
    after: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The file that the cursor is in."""
        return next(name for name, text in self.before.items() if CURSOR in text)

    @property
    def cursor(self) -> int:
        """The offset of the cursor."""
        return self.before[self.file].index(CURSOR)

    @property
    def texts(self) -> dict[str, str]:
        """The files before, without the cursor."""
        return {name: text.replace(CURSOR, "") for name, text in self.before.items()}


def examples(section: str) -> list[Example]:
    """The examples of a section, in order."""
    found: list[Example] = []
    for prose, code in _blocks(section):
        file = _FILE.search(prose)
        title = _TITLE.search(prose)
        name = file["name"] if file else DEFAULT_FILE
        goes_on = file is not None and prose.strip() == file.group()
        if title is not None:
            found[-1].title = title["title"]
            found[-1].after[name] = code
        elif goes_on and found and found[-1].title is not None and name not in found[-1].after:
            found[-1].after[name] = code
        elif goes_on and found and found[-1].title is None and name not in found[-1].before:
            found[-1].before[name] = code
        else:
            found.append(Example(before={name: code}))
    return found


def _blocks(section: str) -> Iterator[tuple[str, str]]:
    """The blocks of code, each with the prose in front of it."""
    prose: list[str] = []
    code: list[str] = []
    for line in [*section.split("\n"), "end"]:
        if line.startswith("    ") or (code and not line.strip()):
            code.append(line[4:])
            continue
        if code:
            yield "\n".join(prose), "\n".join(code).strip("\n") + "\n"
            prose, code = [], []
        prose.append(line)


def analyse(root: Path, name: str, text: str, rules: RuleSet = RULES) -> FileAnalysis:
    """The analysis of a file of a project on disk."""
    project = Project(root, index_of(root))
    project.set_overlay(root / name, text)
    return FileAnalysis(text, rules=rules, project=project, path=root / name)


def write(root: Path, texts: dict[str, str]) -> None:
    """Write files, and make packages of their folders."""
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".py" and path.parent != root:
            (path.parent / "__init__.py").touch()
        path.write_text(text, encoding="utf-8", newline="")


def offered(action: type[Action], analysis: FileAnalysis, start: int, end: int | None = None) -> list[Offered]:
    """What one action offers."""
    return list(offers_at(analysis, start, start if end is None else end, lambda kind: kind == action.leaf_kind()))


def texts_after(changed: tuple[ChangedFile, ...], root: Path) -> dict[str, str]:
    """The files that an action changes, by their names in the project."""
    return {
        one.path.relative_to(root).as_posix(): apply_edits(one.before, one.edits)
        for one in changed
        if one.path is not None
    }


def choose(offers: list[Offered], title: str, root: Path) -> dict[str, str]:
    """The files after the offer with a title."""
    (found,) = [one for one in offers if one.offer.title == title]
    return texts_after(changed_files(found), root)
