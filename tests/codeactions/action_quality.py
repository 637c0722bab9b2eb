"""Applies every action that is offered in a file, and says what is wrong with what comes of it."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ruff import find_ruff_bin

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.call_facts import Dispatch
from celery_analyzers.ignores import comments
from celery_analyzers.project import Project
from celery_analyzers.registry import RuleSet
from celery_analyzers.task_facts import TaskDefinition
from celery_codeactions.fixes import apply_edits
from celery_codeactions.line_length import line_length
from celery_codeactions.offers import ChangedFile, changed_files, offers_at


@dataclass(frozen=True, slots=True)
class Applied:
    """An action that was applied at an offset of a file, and what is wrong with the result; None if nothing is."""

    action: str
    title: str
    offset: int
    complaint: str | None
    after: str = ""


def cursors(analysis: FileAnalysis) -> Iterator[int]:
    """Where to ask: at every task, every dispatch, and the start of every statement that is a call or a loop."""
    offset = 0
    for part in analysis.segments:
        for fact in part.facts:
            if isinstance(fact, TaskDefinition) and fact.function is not None:
                yield offset + fact.span.start
            elif isinstance(fact, Dispatch):
                yield offset + fact.method_span.start
        offset += len(part.segment.text)


def apply_all(text: str, path: Path, project: Project, rules: RuleSet, *, formats: bool = True) -> Iterator[Applied]:
    """Apply every offer at every place of a file, each to the text as it was."""
    analysis = FileAnalysis(text, rules=rules, project=project, path=path)
    is_formatted = formats and _formatted(text, path, project.root) == text
    seen: set[tuple[str, str, str]] = set()
    for cursor in cursors(analysis):
        for offered in list(offers_at(analysis, cursor, cursor)):
            changed = changed_files(offered)
            key = (
                offered.action.name(),
                offered.offer.variant,
                "".join(apply_edits(c.before, c.edits) for c in changed),
            )
            if key in seen:
                continue
            seen.add(key)
            complaint = None if changed else "it changes nothing"
            for one in changed:
                complaint = complaint or _complaint(one, project, rules, is_formatted and one.path == path)
            after = next((apply_edits(c.before, c.edits) for c in changed if c.path == path), text)
            complaint = complaint or _again(offered.action.name(), offered.offer.title, after, text, path, project)
            yield Applied(offered.action.name(), offered.offer.title, cursor, complaint, after)


def _complaint(changed: ChangedFile, project: Project, rules: RuleSet, is_formatted: bool) -> str | None:
    before, after = changed.before, apply_edits(changed.before, changed.edits)
    if before == after:
        return "it changes nothing"
    if _parses(before) and not _parses(after):
        return "the result does not parse"
    lost = Counter(_comments(before)) - Counter(_comments(after))
    if lost:
        return f"comments are lost: {list(lost)}"
    if _newlines(after) - _newlines(before) and _newlines(before):
        return "the line ends are others"
    if changed.is_new:
        return (
            None if _parses(after) and _formatted(after, Path(), None) == after else "the file is not as it should be"
        )
    if before.endswith("\n") != after.endswith("\n"):
        return "the end of the file is another"
    old, new = (
        Counter(f.rule for f in FileAnalysis(t, rules=rules, project=project, path=changed.path).findings())
        for t in (before, after)
    )
    if new - old:
        return f"there are new findings: {dict(new - old)}"
    if is_formatted and changed.path is not None and _formatted(after, changed.path, project.root) != after:
        return "the result is not as it would be formatted"
    return None


def _again(action: str, title: str, after: str, before: str, path: Path, project: Project) -> str | None:
    """Whether the same is offered once more at a place where it was done."""
    analysis = FileAnalysis(after, rules=RuleSet(()), project=project, path=path)
    first = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), None)
    if first is None:
        return None
    last = len(after)
    for a, b in zip(reversed(before), reversed(after), strict=False):
        if a != b:
            break
        last -= 1
    for cursor in {first, max(first, last - 1)}:
        for offered in offers_at(analysis, cursor, cursor):
            if offered.action.name() == action and offered.offer.title == title:
                again = changed_files(offered)
                if not again or any(apply_edits(c.before, c.edits) == c.before for c in again):
                    return "it is offered again, and does nothing"
                if action not in ("delay-to-apply-async", "apply-async-to-delay", "send-on-commit", "call-to-delay"):
                    return "it is offered again"
    return None


def _parses(text: str) -> bool:
    try:
        ast.parse(text.removeprefix("\ufeff"))
    except (SyntaxError, ValueError):
        return False
    return True


def _comments(text: str) -> list[str]:
    return [text[span.start : span.end].rstrip() for span in comments(text)]


def _newlines(text: str) -> set[str]:
    return set(re.findall(r"\r\n|\r|\n", text))


def _formatted(text: str, path: Path, root: Path | None) -> str:
    command = [find_ruff_bin(), "format", "--isolated", "--line-length", str(line_length(path, root)), "-"]
    result = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    return result.stdout.decode() if result.returncode == 0 else ""
