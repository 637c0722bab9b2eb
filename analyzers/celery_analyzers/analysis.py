"""One file under analysis, kept up to date while it is edited: an edit costs what it touches.

A segment is analysed again when its text changed, or when a name that it looked up now means something else. The
result of any sequence of edits is that of a fresh analysis of the same text.
"""

from __future__ import annotations

import logging
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path

from celery_analyzers.app_contexts import AppContext, BeatContext, SettingContext
from celery_analyzers.app_sites import AppSite
from celery_analyzers.beat_sites import BeatSite
from celery_analyzers.bindings import Binding, ClassBinding, ImportBinding, ValueBinding
from celery_analyzers.call_contexts import CallContext, CanvasContext, DispatchContext
from celery_analyzers.canvas_sites import CanvasSite
from celery_analyzers.configuration_sources import roles_here
from celery_analyzers.context import Context
from celery_analyzers.dispatch_sites import DispatchSite
from celery_analyzers.expressions import Reference
from celery_analyzers.extraction import CrontabSite, SignalSite, Site, TaskSite, sites
from celery_analyzers.facts import Fact
from celery_analyzers.findings import Finding, Span
from celery_analyzers.ignores import Ignore, ignores
from celery_analyzers.import_sites import ImportSite
from celery_analyzers.index_records import SourceRecord
from celery_analyzers.long_text import LARGEST_MODULE, LongText
from celery_analyzers.module_names import SegmentNames, function_name, module_names, needs_parsing, segment_names
from celery_analyzers.project import Project, Question
from celery_analyzers.registry import RuleSet
from celery_analyzers.relevance import CALLS, SEGMENT
from celery_analyzers.resolution import is_task_class
from celery_analyzers.result_sites import ResultSite
from celery_analyzers.rule import Rule
from celery_analyzers.scopes import IMPORTS, ORDER, ModuleScope
from celery_analyzers.segmented_text import Change, SegmentedText
from celery_analyzers.segments import Kind, Segment
from celery_analyzers.setting_sites import ConfigurationSite, DiscoverySite, SettingSite
from celery_analyzers.silencing import in_order, of_idle_comment, silence, with_severities, without
from celery_analyzers.source import LineIndex
from celery_analyzers.symbols import ProjectClass
from celery_analyzers.syntax import TOO_DEEP, Problem, Syntax, parse
from celery_analyzers.task_calls import TaskCallSite, callables_in, calls_of_any
from celery_analyzers.task_class_sites import TaskClassSite
from celery_analyzers.tasks import registering_call
from celery_analyzers.unread_names import UnreadNames

_ASSIGNMENT = re.compile(r"[ \t]*\w+[ \t]*(?:=[^=]|:[^=\n]+=|\[|\.)")
logger = logging.getLogger(__name__)


class SegmentAnalysis:
    """What is known of one segment. A new object whenever anything in it changed, so that its identity is a key.

    Spans count from the segment's start.
    """

    __slots__ = (
        *("_lines", "asked", "consulted", "facts", "findings", "found", "ignores", "names", "owner", "problem"),
        *("segment", "used", "withheld"),
    )

    def __init__(self, segment: Segment, names: SegmentNames, owner: str | None) -> None:
        self.segment = segment
        self.names = names
        self.owner = owner
        """The name of the class whose member this is."""
        self.ignores: tuple[Ignore, ...] = ignores(segment.text)
        self.withheld: frozenset[str] = frozenset()
        """The rules that asked an index which is still to come: what they find cannot be told yet."""
        self.found = 0
        """How many findings there were before comments silenced any."""
        self.findings: tuple[Finding, ...] = ()
        self.problem: Problem | None = None
        self.used: frozenset[str] = frozenset()
        self.consulted: frozenset[Path] = frozenset()
        self.asked: Mapping[Question, object] = {}
        """What the index of the workspace was asked, with its answers."""
        self.facts: tuple[Fact, ...] = ()
        """What the segment says about Celery."""
        self._lines: LineIndex | None = None

    @property
    def lines(self) -> LineIndex:
        """The lines of the segment's text."""
        if self._lines is None:
            self._lines = LineIndex(self.segment.text)
        return self._lines

    @property
    def silences_file(self) -> bool:
        """Whether the segment holds `# celeryls: ignore-file`."""
        return any(ignore.whole_file for ignore in self.ignores)


class FileAnalysis:
    """The findings of one text, through edits. Lines and columns count from 0, columns in code points."""

    def __init__(self, text: str, *, rules: RuleSet, project: Project | None = None, path: Path | None = None) -> None:
        self._rules = rules
        self._project = project or Project()
        self._scope = ModuleScope({}, self._project, path)
        self._text: SegmentedText | LongText = SegmentedText("")
        self._aliases: re.Pattern[str] | None = None
        self._callables: frozenset[str] = frozenset()
        """The names that a call of a task may begin with."""
        self._calls_a_task: re.Pattern[str] | None = None
        self._outdated: set[SegmentAnalysis] = set()
        self._withheld: set[str] = set()
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
        everything = rules is not None and rules != self._rules
        if project is not None and project is not self._project:
            self._project = self._scope.modules = project
            everything = True
        self._rules = rules or self._rules
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
        came = bool(analysis.withheld) and not self._project.is_without_index
        return came or self._project.has_other_answers(analysis.asked)

    @property
    def scope(self) -> ModuleScope:
        """The names of the module."""
        return self._scope

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
            owner = _owner(owner, segment, names)
            added.append(SegmentAnalysis(segment, names, owner if segment.kind is Kind.MEMBER else None))
        silenced = self._silenced()
        first = change.first
        self.segments[first : first + len(change.removed)] = added
        following = self._reown(first + len(added), owner)
        changed = self._update_names(removed, [*added, *(self.segments[i] for i in following)])
        renamed = bool(changed) and self._update_aliases()
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
        before = self.segments[index - 1]
        return _owner(before.owner, before.segment, before.names)

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

    def _update_aliases(self) -> bool:
        """Note the names under which this module knows Celery's own; whether they changed."""
        names = self._scope.names
        imported = {name for name, found in names.items() if any(_is_celerys(binding) for binding in found)}
        assigned = {
            name
            for name, found in names.items()
            if any(
                isinstance(binding, ValueBinding)
                and isinstance(binding.value, Reference)
                and (binding.value.path.endswith(".task") or binding.value.path.split(".")[0] in imported)
                for binding in found
            )
        }
        aliases = sorted(re.escape(name) for name in imported | assigned if not SEGMENT.search(name))
        pattern = re.compile(rf"\b(?:{'|'.join(aliases)})\b") if aliases else None
        callables = callables_in(names)
        changed = (pattern, callables) != (self._aliases, self._callables)
        if callables != self._callables:
            self._calls_a_task = calls_of_any(callables)
        self._aliases, self._callables = pattern, callables
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
        self._scope.begin()
        self._project.begin()
        self._withheld = set()
        found = self._check(analysis, syntax)
        analysis.withheld = frozenset(self._withheld)
        analysis.found = len(found)
        analysis.used = frozenset(self._scope.used)
        analysis.consulted = frozenset(self._project.consulted)
        analysis.asked = self._project.asked
        analysis.findings = self._silence(analysis, found)
        self.segments[index] = analysis

    def _check(self, analysis: SegmentAnalysis, syntax: Syntax | Problem | None) -> list[Finding]:
        segment = analysis.segment
        owner = self._owner_class(analysis)
        if not self._is_relevant(segment, analysis.names, owner):
            return []
        syntax = syntax or parse(segment, analysis.lines)
        if isinstance(syntax, Problem):
            analysis.problem = syntax
            return []
        calls = self._may_call(segment.text)
        try:
            callables = self._callables if self._calls_one(segment.text) else ()
            read = list(sites(syntax, self._scope, owner, calls=calls, roles=self._roles(), callables=callables))
        except RecursionError:
            # What Python's own parser could just about read may be nested too deeply to be walked.
            analysis.problem = Problem(Span(0, len(segment.text)), TOO_DEEP)
            return []
        analysis.facts = tuple(site.fact for site in read)
        return list(in_order([finding for site in read for finding in self._check_site(site, syntax, owner)]))

    def _roles(self) -> Sequence[SourceRecord]:
        """What the module is to the apps that are configured from it."""
        path = self._scope.path
        known = () if path is None else self._project.ask("roles", str(path)) or ()
        return (*known, *(role for role in roles_here(self._scope) if role not in known))

    def _check_site(self, site: Site, syntax: Syntax, owner: ProjectClass | None) -> Iterator[Finding]:
        check = _asked(site, syntax, owner, self._project)
        for rule in self._rules.rules:
            self._project.is_unanswered = False
            try:
                yield from check(rule)
            except Exception:
                # A mistake in one rule must not cost the user the findings of the others, nor the server.
                logger.exception("The rule %s failed in %s; please report this", rule.name(), self._scope.path)
            if self._project.is_unanswered:
                self._withheld.add(rule.name())

    def _is_relevant(self, segment: Segment, names: SegmentNames, owner: ProjectClass | None) -> bool:
        if segment.kind is Kind.TRIVIA:
            return False
        if owner is not None and is_task_class(owner):
            return True
        if segment.kind is Kind.CLASS_HEAD:
            return self._is_task_class(names)
        if _ASSIGNMENT.match(segment.text, segment.code_start) and self._roles():
            return True
        if SEGMENT.search(segment.text) or (self._aliases and self._aliases.search(segment.text)):
            return True
        if self._calls_one(segment.text):
            return True
        name = function_name(segment)
        if name is None:
            return False
        if owner is not None:
            return name == "run" and registering_call(owner.binding.name, self._scope) is not None
        return registering_call(name, self._scope) is not None

    def _is_task_class(self, names: SegmentNames) -> bool:
        """Whether the head of a class is that of a task class."""
        return bool(names.bases) and is_task_class(ProjectClass(ClassBinding("", names.bases), self._scope))

    def _calls_one(self, text: str) -> bool:
        """Whether a text may call a task as a plain function."""
        return self._calls_a_task is not None and self._calls_a_task.search(text) is not None

    def _may_call(self, text: str) -> bool:
        """Whether a call in a text may make a crontab or a task, under whatever name the module knows these."""
        return bool(CALLS.search(text) or (self._aliases and self._aliases.search(text)))

    def _owner_class(self, analysis: SegmentAnalysis) -> ProjectClass | None:
        if analysis.owner is None:
            return None
        found, scope = self._scope.lookup(analysis.owner)
        binding = found[-1] if found else None
        if isinstance(binding, ClassBinding):
            return ProjectClass(binding, scope)
        return ProjectClass(ClassBinding(analysis.owner, ()), self._scope)

    def _silence(self, analysis: SegmentAnalysis, found: list[Finding]) -> tuple[Finding, ...]:
        if self._silenced():
            return ()
        if analysis.withheld:
            return without(analysis.withheld, self._silenced_by_comments(analysis, found))
        return self._silenced_by_comments(analysis, found)

    def _silenced_by_comments(self, analysis: SegmentAnalysis, found: list[Finding]) -> tuple[Finding, ...]:
        # The comments of a segment that cannot be read may silence what is only hidden now.
        if analysis.problem is not None or not analysis.ignores:
            return tuple(with_severities(self._rules, found))
        return silence(self._rules, found, analysis.ignores, analysis.lines)

    def _report_idle_file_ignore(self) -> None:
        """Say of `# celeryls: ignore-file` that there is nothing in the file to ignore."""
        if not self._silenced():
            return
        idle = not any(analysis.found or analysis.problem or analysis.withheld for analysis in self.segments)
        for index, analysis in enumerate(self.segments):
            if not analysis.silences_file:
                continue
            comments = [ignore for ignore in analysis.ignores if ignore.whole_file] if idle else []
            said = tuple(f for i in comments for f in of_idle_comment(self._rules, analysis.segment.text, i))
            if said != analysis.findings:
                self._run_at(index)
                self.segments[index].findings = said


def _owner(owner: str | None, segment: Segment, names: SegmentNames) -> str | None:
    if segment.kind is Kind.CLASS_HEAD:
        return names.class_name
    return owner if segment.kind is Kind.MEMBER or segment.kind is Kind.TRIVIA else None


def _is_celerys(binding: Binding) -> bool:
    return isinstance(binding, ImportBinding) and binding.module.split(".", 1)[0] == "celery"


def _asked(
    site: Site, syntax: Syntax, owner: ProjectClass | None, project: Project
) -> Callable[[Rule], Iterator[Finding]]:
    """What rules are asked about a site."""
    if isinstance(site, TaskSite):
        context = Context(syntax, site.scope, project, function=site.function, decorator=site.decorator, task=site.task)
        return lambda rule: rule.check_task(site.task, context)
    if isinstance(site, CrontabSite):
        of_crontab = Context(syntax, site.scope, project, call=site.call)
        return lambda rule: rule.check_crontab(site.crontab, of_crontab)
    if isinstance(site, DispatchSite):
        of_dispatch = DispatchContext(syntax, project, site, owner)
        return lambda rule: rule.check_dispatch(site.dispatch, of_dispatch)
    if isinstance(site, TaskCallSite):
        of_task_call = CallContext(syntax, project, site, owner, site.called.task)
        return lambda rule: rule.check_task_called(site.called, of_task_call)
    if isinstance(site, CanvasSite):
        of_canvas = CanvasContext(syntax, project, site, owner)
        return lambda rule: rule.check_canvas(site.canvas, of_canvas)
    if isinstance(site, ResultSite):
        of_result = CallContext(syntax, project, site, owner)
        return lambda rule: rule.check_result(site.result, of_result)
    if isinstance(site, AppSite):
        of_app = AppContext(syntax, project, site)
        return lambda rule: rule.check_app(site.app, of_app)
    if isinstance(site, SettingSite):
        of_setting = SettingContext(syntax, project, site)
        return lambda rule: rule.check_setting(site.setting, of_setting)
    if isinstance(site, ConfigurationSite):
        of_call = Context(syntax, site.scope, project, call=site.call)
        return lambda rule: rule.check_configuration(site.configured, of_call)
    if isinstance(site, DiscoverySite):
        of_discovery = Context(syntax, site.scope, project, call=site.call)
        return lambda rule: rule.check_discovery(site.discovery, of_discovery)
    if isinstance(site, BeatSite):
        of_entry = BeatContext(syntax, project, site)
        return lambda rule: rule.check_beat_entry(site.entry, of_entry)
    if isinstance(site, ImportSite):
        of_import = Context(syntax, site.scope, project, statement=site.node)
        return lambda rule: rule.check_import(site.imported, of_import)
    if isinstance(site, TaskClassSite):
        of_class = Context(syntax, site.scope, project, statement=site.node)
        return lambda rule: rule.check_task_class(site.made, of_class)
    if isinstance(site, SignalSite):
        of_handler = Context(syntax, site.scope, project, function=site.function)
        return lambda rule: rule.check_signal_handler(site.handler, of_handler)
    of_method = Context(syntax, site.scope, project, function=site.node)
    return lambda rule: rule.check_task_method(site.method, of_method)
