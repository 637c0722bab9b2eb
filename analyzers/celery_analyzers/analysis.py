"""One file under analysis, kept up to date while it is edited: an edit costs what it touches.

A segment is analysed again when its text changed, or when a name that it looked up now means something else. The
result of any sequence of edits is that of a fresh analysis of the same text.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from celery_analyzers.bindings import ImportBinding
from celery_analyzers.celery_words import CeleryWords
from celery_analyzers.findings import Finding
from celery_analyzers.index_records import SourceRecord
from celery_analyzers.long_text import LARGEST_MODULE, LongText
from celery_analyzers.module_names import module_names, needs_parsing, segment_names
from celery_analyzers.project import Project, Question
from celery_analyzers.registry import RuleSet
from celery_analyzers.scopes import IMPORTS, ORDER, ModuleScope
from celery_analyzers.segment_analysis import SegmentAnalysis, SegmentReading, owner_after
from celery_analyzers.segment_checker import SegmentChecker
from celery_analyzers.segmented_text import Change, SegmentedText
from celery_analyzers.segments import Kind
from celery_analyzers.silencing import of_idle_comment, silence, with_severities, without
from celery_analyzers.source import LineIndex
from celery_analyzers.symbols import ProjectClass
from celery_analyzers.syntax import Problem, Syntax, parse
from celery_analyzers.unread_names import UnreadNames


class FileAnalysis:
    """The findings of one text, through edits. Lines and columns count from 0, columns in code points."""

    def __init__(self, text: str, *, rules: RuleSet, project: Project | None = None, path: Path | None = None) -> None:
        project = project or Project()
        self._scope = ModuleScope({}, project, path)
        self._words = CeleryWords(self._scope)
        self._checker = SegmentChecker(self._scope, self._words, project, rules)
        self._text: SegmentedText | LongText = SegmentedText("")
        self._outdated: set[SegmentAnalysis] = set()
        self.segments: list[SegmentAnalysis] = []
        """The segments in order, with their findings."""
        self.replace(text)

    @property
    def text(self) -> str:
        """The whole text."""
        return self._text.text

    @property
    def line_count(self) -> int:
        """How many lines the text has; an empty text has one."""
        return self._text.line_count

    @property
    def line_starts(self) -> Sequence[int]:
        """The number of the line that each segment begins in."""
        return self._text.line_starts

    def line_text(self, line: int) -> str:
        """The text of a line without its line end; empty past the last line."""
        return self._text.line_text(line)

    def line_index(self) -> LineIndex:
        """The lines of the whole text."""
        return LineIndex(self.text)

    def replace(self, text: str) -> None:
        """Take another text."""
        removed, self.segments = tuple(self.segments), []
        if len(text) > LARGEST_MODULE:
            self._text = LongText(text)
            self._scope.names = UnreadNames()
            return
        self._text = SegmentedText(text)
        self._apply(Change(0, (), tuple(self._text.segments)), removed)

    def edit(self, start: tuple[int, int], end: tuple[int, int], text: str) -> None:
        """Replace what stands between two positions, which are clamped to the text."""
        if isinstance(self._text, LongText):
            self.replace(self._text.edited(start, end, text))
            return
        change = self._text.edit(start, end, text)
        if self._text.length > LARGEST_MODULE:
            self.replace(self.text)
            return
        removed = tuple(self.segments[change.first : change.first + len(change.removed)])
        self._apply(change, removed)

    def refresh(self, *, rules: RuleSet | None = None, project: Project | None = None) -> None:
        """Analyse again what other files, the index or the settings may have changed."""
        self.begin_refresh(rules=rules, project=project)
        self.refresh_some(math.inf)

    @property
    def is_refreshing(self) -> bool:
        """Whether there is something left for `refresh_some`."""
        return bool(self._outdated)

    def begin_refresh(self, *, rules: RuleSet | None = None, project: Project | None = None) -> None:
        """Take note of what is to be analysed again, for `refresh_some` to do so."""
        checker = self._checker
        everything = rules is not None and rules != checker.rules
        if project is not None and project is not checker.project:
            checker.project = self._scope.modules = project
            everything = True
        checker.rules = rules or checker.rules
        self._outdated |= {
            analysis
            for analysis in self.segments
            if everything or analysis.consulted or self._has_other_answers(analysis)
        }

    def refresh_some(self, seconds: float) -> bool:
        """Analyse again for no longer than so many seconds, or one segment: whether all is done."""
        end = time.monotonic() + seconds
        for index, analysis in enumerate(self.segments if self._outdated else ()):
            if analysis in self._outdated:
                self._outdated.discard(analysis)
                self._run_at(index)
                # Once nothing is left, nobody would come back to hear that all is done.
                if self._outdated and time.monotonic() > end:
                    return False
        # What is left was edited meanwhile, and is new.
        self._outdated.clear()
        self._report_idle_file_ignore()
        return True

    def findings(self) -> list[Finding]:
        """All findings in the order in which they stand, spans counting from the text's start."""
        found: list[Finding] = []
        offset = 0
        for analysis in self.segments:
            found.extend(finding.shifted(offset) for finding in analysis.findings)
            offset += len(analysis.segment.text)
        return found

    def problems(self) -> list[Problem]:
        """The segments that cannot be read, spans counting from the text's start."""
        starts = accumulate((len(a.segment.text) for a in self.segments), initial=0)
        return [
            Problem(a.problem.span.shifted(start), a.problem.message)
            for a, start in zip(self.segments, starts, strict=False)
            if a.problem is not None
        ]

    def dependencies(self) -> set[Path]:
        """Other files that the findings depend on, those that were looked for in vain among them."""
        return set[Path]().union(*(analysis.consulted for analysis in self.segments))

    def asked(self) -> dict[Question, object]:
        """What the index of the workspace was asked, with its answers."""
        return {question: answer for analysis in self.segments for question, answer in analysis.asked.items()}

    def has_other_answers(self) -> bool:
        """Whether the index of the workspace has other answers by now than the findings go by."""
        return any(map(self._has_other_answers, self.segments))

    def _has_other_answers(self, analysis: SegmentAnalysis) -> bool:
        came = bool(analysis.withheld) and not self._checker.project.is_without_index
        return came or self._checker.project.has_other_answers(analysis.asked)

    @property
    def scope(self) -> ModuleScope:
        """The names of the module."""
        return self._scope

    @property
    def project(self) -> Project:
        """The project that the file belongs to."""
        return self._checker.project

    def locate(self, line: int, column: int) -> tuple[int, int]:
        """(index of the segment, offset in it) of a position, which is clamped to the text."""
        return self._text.locate(line, column)

    def owner_class(self, analysis: SegmentAnalysis) -> ProjectClass | None:
        """The class whose member a segment is."""
        return self._checker.owner_class(analysis)

    def roles(self) -> Sequence[SourceRecord]:
        """What the module is to the apps that are configured from it."""
        return self._checker.roles()

    def read(self, index: int) -> SegmentReading | None:
        """The syntax of a segment, and what stands in it, read anew: no tree is kept. None where it has none."""
        start = sum(len(before.segment.text) for before in self.segments[:index])
        return self._checker.read(self.segments[index], start)

    def _apply(self, change: Change, removed: tuple[SegmentAnalysis, ...]) -> None:
        reusable = {a.segment: a for a in removed}
        syntaxes: dict[int, Syntax | Problem] = {}
        added: list[SegmentAnalysis] = []
        owner = self._owner_before(change.first)
        for segment in change.added:
            known = reusable.pop(segment, None)
            names = known.names if known else None
            if names is None:
                syntax = parse(segment) if needs_parsing(segment) else None
                names = segment_names(segment, syntax)
                if syntax is not None:
                    syntaxes[len(added)] = syntax
            owner = owner_after(segment, names, owner)
            added.append(SegmentAnalysis(segment, names, owner if segment.kind is Kind.MEMBER else None))
        silenced = self._silenced()
        first = change.first
        self.segments[first : first + len(change.removed)] = added
        following = self._reown(first + len(added), owner)
        changed = self._update_names(removed, [*added, *(self.segments[i] for i in following)])
        renamed = bool(changed) and self._words.update()
        for position in range(len(added)):
            self._run_at(first + position, syntaxes.get(position))
        fresh = {*range(first, first + len(added))}
        if renamed or self._silenced() != silenced:
            stale: Iterable[int] = range(len(self.segments))
        else:
            stale = {*following, *self._users(changed)}
        for index in stale:
            if index not in fresh:
                self._run_at(index)
        self._report_idle_file_ignore()

    def _owner_before(self, index: int) -> str | None:
        """The name of the class that a member at `index` would belong to."""
        if not index:
            return None
        return self.segments[index - 1].owner_of_next()

    def _reown(self, index: int, owner: str | None) -> list[int]:
        """Give the members that follow an edit their class anew; the indexes of those that changed it."""
        changed: list[int] = []
        while index < len(self.segments) and self.segments[index].segment.kind is Kind.MEMBER:
            analysis = self.segments[index]
            if analysis.owner == owner:
                break
            analysis.owner = owner
            changed.append(index)
            index += 1
        return changed

    def _update_names(self, removed: Sequence[SegmentAnalysis], added: Sequence[SegmentAnalysis]) -> set[str]:
        """Gather the module's names again if an edit may have changed them; the names that did change."""
        before = [(a.segment.kind, a.owner, a.names) for a in removed]
        if before == [(a.segment.kind, a.owner, a.names) for a in added]:
            return set()
        old = self._scope.names
        new = self._scope.names = module_names((a.segment, a.names) for a in self.segments)
        changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
        bound = [binding for name in changed for binding in (*old.get(name, ()), *new.get(name, ()))]
        if any(isinstance(binding, ImportBinding) for binding in bound):
            changed.add(IMPORTS)
        if list(old) != list(new):
            changed.add(ORDER)
        return changed

    def _users(self, changed: set[str]) -> Iterator[int]:
        if changed:
            for index, analysis in enumerate(self.segments):
                if not analysis.used.isdisjoint(changed):
                    yield index

    def _silenced(self) -> bool:
        return any(analysis.silences_file for analysis in self.segments if analysis.ignores)

    def _run_at(self, index: int, syntax: Syntax | Problem | None = None) -> None:
        old = self.segments[index]
        analysis = SegmentAnalysis(old.segment, old.names, old.owner)
        found = self._checker.check(analysis, syntax)
        analysis.findings = self._silence(analysis, found)
        self.segments[index] = analysis

    def _silence(self, analysis: SegmentAnalysis, found: list[Finding]) -> tuple[Finding, ...]:
        if self._silenced():
            return ()
        if analysis.withheld:
            return without(analysis.withheld, self._silenced_by_comments(analysis, found))
        return self._silenced_by_comments(analysis, found)

    def _silenced_by_comments(self, analysis: SegmentAnalysis, found: list[Finding]) -> tuple[Finding, ...]:
        # The comments of a segment that cannot be read may silence what is only hidden now.
        if analysis.problem is not None or not analysis.ignores:
            return tuple(with_severities(self._checker.rules, found))
        return silence(self._checker.rules, found, analysis.ignores, analysis.lines)

    def _report_idle_file_ignore(self) -> None:
        """Say of `# celeryls: ignore-file` that there is nothing in the file to ignore."""
        if not self._silenced():
            return
        idle = not any(analysis.found or analysis.problem or analysis.withheld for analysis in self.segments)
        for index, analysis in enumerate(self.segments):
            if not analysis.silences_file:
                continue
            comments = [ignore for ignore in analysis.ignores if ignore.whole_file] if idle else []
            said = tuple(f for i in comments for f in of_idle_comment(self._checker.rules, analysis.segment.text, i))
            if said != analysis.findings:
                self._run_at(index)
                self.segments[index].findings = said
