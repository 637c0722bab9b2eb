"""Applies every fix that can be applied, until nothing more is found to mend.

Works in passes: fixes that do not touch each other are applied together, the result is analysed again, and so
on. A fix that would break the module, or lead back to a text that was there before, is left out.

Must not know rules.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from celery_codeactions.fixes import apply_edits, conflict, others, parses, resolve
from celery_codeactions.imports import import_edits
from celery_codeactions.renames import rename_edits

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from celery_analyzers.findings import Edit, Finding, Fix, NeededImport, Span

MAX_PASSES = 100
"""Enough for any chain of fixes; a fix that always asks for another would go on for ever."""


class Analysis(Protocol):
    """What is asked of an analysed text."""

    def findings(self) -> Sequence[Finding]:
        """What is wrong."""
        ...

    def problems(self) -> Sequence[object]:
        """What could not be parsed."""
        ...


class OtherFiles(Protocol):
    """The other files of the project, as they are after the fixes so far."""

    def text(self, path: Path, creates: bool = False) -> str | None:
        """The text of a file, empty where it `creates` one; None where it cannot be read and written."""
        ...

    def change(self, path: Path, text: str) -> None:
        """Take another text for a file."""
        ...


@dataclass(frozen=True, slots=True)
class FixResult:
    """The text after the fixes, how many findings each rule had fixed, and the findings that stay."""

    text: str
    fixed: Mapping[str, int]
    remaining: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    """A finding's fix. `key` tells it from others in whatever text it is found again."""

    rule: str
    fix: Fix
    key: tuple[object, ...]
    elsewhere: Mapping[Path, tuple[Edit, ...]] | None = None
    """What it changes in other files. Then it is applied alone, as another fix may change the same place."""


def apply(
    analyse: Callable[[str], Analysis],
    text: str,
    *,
    unsafe: bool,
    rules: Collection[str] | None = None,
    files: OtherFiles | None = None,
) -> FixResult:
    """Fix what `analyse` finds in `text`: by safe fixes, or by all where `unsafe`.

    `rules` are the names of the rules whose findings are fixed; None for all. Fixes that change other files are made
    where there are `files` for it.
    """
    analysis = analyse(text)
    seen = {text}
    refused: set[tuple[object, ...]] = set()
    fixed: Counter[str] = Counter()
    parsed = parses(text)
    for _ in range(MAX_PASSES):
        choices = _choose(analysis.findings(), text, unsafe, rules, refused, files)
        while choices:
            edits = _combined(choices, text)
            changed = text if edits is None else apply_edits(text, edits)
            if changed not in seen and (parses(changed) or not parsed):
                candidate = analyse(changed)
                if len(candidate.problems()) <= len(analysis.problems()):
                    break
            # One of them is to blame: look for it by halves.
            if len(choices) == 1:
                refused.add(choices[0].key)
                choices = _choose(analysis.findings(), text, unsafe, rules, refused, files)
            else:
                choices = choices[: len(choices) // 2]
        else:
            break
        if choices[0].elsewhere and files is not None:
            _change_others(choices[0].elsewhere, files)
            candidate = analyse(changed)
        text, analysis = changed, candidate
        seen.add(text)
        fixed.update(choice.rule for choice in choices)
    return FixResult(text, dict(fixed), tuple(analysis.findings()))


def _choose(
    findings: Iterable[Finding],
    text: str,
    unsafe: bool,
    rules: Collection[str] | None,
    refused: set[tuple[object, ...]],
    files: OtherFiles | None,
) -> list[_Choice]:
    """One fix of each finding, as long as they do not touch each other; else one that changes more than its segment."""
    choices: list[_Choice] = []
    taken: list[Span] = []
    possible: dict[tuple[NeededImport, ...], bool] = {}
    for finding in findings:
        if rules is not None and finding.rule not in rules:
            continue
        for fix in sorted(finding.fixes, key=lambda fix: not fix.preferred):
            if not fix.edits or (fix.safety == "unsafe" and not unsafe):
                continue
            if fix.imports not in possible:
                possible[fix.imports] = import_edits(fix.imports, text) is not None
            key = _key(finding, fix, text)
            if key in refused or not possible[fix.imports]:
                continue
            if fix.elsewhere:
                elsewhere = others(fix, files.text if files is not None else _no_text)
                if elsewhere is None or not resolve(fix, text):
                    continue
                if not choices:
                    return [_Choice(finding.rule, fix, key, elsewhere)]
                break
            if not any(_touches(taken, edit.span) for edit in fix.edits):
                for edit in fix.edits:
                    insort(taken, edit.span)
                choices.append(_Choice(finding.rule, fix, key))
            break
    return choices


def _no_text(path: Path, creates: bool) -> None:
    """The text of a file where no other files are to be changed."""


def _change_others(elsewhere: Mapping[Path, tuple[Edit, ...]], files: OtherFiles) -> None:
    for path, edits in elsewhere.items():
        text = files.text(path)
        if text is not None:
            files.change(path, apply_edits(text, edits))


def _key(finding: Finding, fix: Fix, text: str) -> tuple[object, ...]:
    changes = tuple((text[edit.span.start : edit.span.end], edit.text) for edit in fix.edits)
    return finding.rule, finding.message, fix.title, changes


def _touches(taken: list[Span], span: Span) -> bool:
    """Whether `span` touches one of `taken`, which are sorted and, but for those of one fix, apart."""
    index = bisect_left(taken, span)
    return any(span.start <= other.end and other.start <= span.end for other in taken[max(0, index - 2) : index + 2])


def _combined(choices: Sequence[_Choice], text: str) -> list[Edit] | None:
    """The edits of all choices with what they need elsewhere; None where those get in each other's way."""
    if choices[0].elsewhere is not None:
        return list(resolve(choices[0].fix, text)) or None
    edits = [edit for choice in choices for edit in choice.fix.edits]
    renames = rename_edits({pair: None for choice in choices for pair in choice.fix.renames}, text)
    if renames is None:
        return None
    edits += [edit for edit in renames if edit not in edits]
    wanted = [needed for choice in choices for needed in choice.fix.imports]
    imports = import_edits(wanted, text, min(edit.span.start for edit in edits))
    if imports is None or any(conflict(one, other) for one in imports for other in edits):
        return None
    return [*imports, *edits]
