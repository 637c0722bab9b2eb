"""Reads one segment of a module and runs the rules over what it says about Celery.

Notes what the outcome depends on: the names, files and answers of the index that were looked up meanwhile. Must not
know the other segments, nor what comments silence.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence

from celery_analyzers.bindings import ClassBinding
from celery_analyzers.celery_words import CeleryWords
from celery_analyzers.configuration_sources import roles_here
from celery_analyzers.extraction import sites
from celery_analyzers.findings import Finding, Span
from celery_analyzers.index_records import SourceRecord
from celery_analyzers.project import Project
from celery_analyzers.registry import RuleSet
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.segment_analysis import SegmentAnalysis, SegmentReading
from celery_analyzers.segments import Kind
from celery_analyzers.silencing import in_order
from celery_analyzers.site_checks import check_of, hook_of
from celery_analyzers.sites import Site
from celery_analyzers.symbols import ProjectClass
from celery_analyzers.syntax import TOO_DEEP, Problem, Syntax, parse

_ASSIGNMENT = re.compile(r"[ \t]*\w+[ \t]*(?:=[^=]|:[^=\n]+=|\[|\.)")
logger = logging.getLogger(__name__)


class SegmentChecker:
    """Checks the segments of the module whose names are in `scope`."""

    __slots__ = ("_scope", "_withheld", "_words", "project", "rules")

    def __init__(self, scope: ModuleScope, words: CeleryWords, project: Project, rules: RuleSet) -> None:
        self._scope = scope
        self._words = words
        self.project = project
        self.rules = rules
        self._withheld: set[str] = set()

    def check(self, analysis: SegmentAnalysis, syntax: Syntax | Problem | None) -> list[Finding]:
        """Find out all that there is to know of a segment; its findings, whatever comments say.

        `syntax` is the segment's, if somebody has parsed it already.
        """
        self._scope.begin()
        self.project.begin()
        self._withheld = set()
        found = self._found(analysis, syntax)
        analysis.withheld = frozenset(self._withheld)
        analysis.found = len(found)
        analysis.used = frozenset(self._scope.used)
        analysis.consulted = frozenset(self.project.consulted)
        analysis.asked = self.project.asked
        return found

    def read(self, analysis: SegmentAnalysis, start: int) -> SegmentReading | None:
        """The syntax of a segment that begins at `start`, and what stands in it, read anew; None where it has none."""
        segment = analysis.segment
        self._scope.begin()
        self.project.begin()
        syntax = parse(segment, analysis.lines)
        if segment.kind in (Kind.TRIVIA, Kind.CLASS_HEAD) or isinstance(syntax, Problem):
            return None
        owner = self.owner_class(analysis)
        found: tuple[Site, ...] = ()
        if self._is_relevant(analysis, owner):
            try:
                found = tuple(self._sites(syntax, owner))
            except RecursionError:
                return None
        return SegmentReading(start, syntax, owner, found)

    def _found(self, analysis: SegmentAnalysis, syntax: Syntax | Problem | None) -> list[Finding]:
        segment = analysis.segment
        owner = self.owner_class(analysis)
        if not self._is_relevant(analysis, owner):
            return []
        syntax = syntax or parse(segment, analysis.lines)
        if isinstance(syntax, Problem):
            analysis.problem = syntax
            return []
        try:
            read = list(self._sites(syntax, owner))
        except RecursionError:
            # What Python's own parser could just about read may be nested too deeply to be walked.
            analysis.problem = Problem(Span(0, len(segment.text)), TOO_DEEP)
            return []
        analysis.facts = tuple(site.fact for site in read)
        return list(in_order([finding for site in read for finding in self._check_site(site, syntax, owner)]))

    def _sites(self, syntax: Syntax, owner: ProjectClass | None) -> Iterator[Site]:
        calls = self._words.may_call(syntax.text)
        callables = self._words.callables(syntax.text)
        return sites(syntax, self._scope, owner, calls=calls, roles=self.roles(), callables=callables)

    def _is_relevant(self, analysis: SegmentAnalysis, owner: ProjectClass | None) -> bool:
        segment = analysis.segment
        if self._words.concern(segment, analysis.names, owner):
            return True
        if segment.kind is Kind.TRIVIA or _ASSIGNMENT.match(segment.text, segment.code_start) is None:
            return False
        return bool(self.roles())

    def owner_class(self, analysis: SegmentAnalysis) -> ProjectClass | None:
        """The class whose member a segment is."""
        if analysis.owner is None:
            return None
        found, scope = self._scope.lookup(analysis.owner)
        binding = found[-1] if found else None
        if isinstance(binding, ClassBinding):
            return ProjectClass(binding, scope)
        return ProjectClass(ClassBinding(analysis.owner, ()), self._scope)

    def roles(self) -> Sequence[SourceRecord]:
        """What the module is to the apps that are configured from it."""
        path = self._scope.path
        known = () if path is None else self.project.ask("roles", str(path)) or ()
        return (*known, *(role for role in roles_here(self._scope) if role not in known))

    def _check_site(self, site: Site, syntax: Syntax, owner: ProjectClass | None) -> Iterator[Finding]:
        rules = self.rules.overriding(hook_of(site))
        if not rules:
            return
        check = check_of(site, syntax, owner, self.project)
        for rule in rules:
            self.project.is_unanswered = False
            try:
                yield from check(rule)
            except Exception:
                # A mistake in one rule must not cost the user the findings of the others, nor the server.
                logger.exception("The rule %s failed in %s; please report this", rule.name(), self._scope.path)
            if self.project.is_unanswered:
                self._withheld.add(rule.name())
