"""`textDocument/codeAction`, `codeAction/resolve`: what can be done about findings, and what else can be done.

Quick fixes come from the server's own findings: the diagnostics that a client sends along may be none, or lack
what we gave it. Nothing is kept between an action and its resolve but the action's `data`.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from celery_language_server import refactorings
from celery_language_server.diagnostics import diagnostic
from celery_language_server.params import array_or_empty, find, integer, string
from celery_language_server.positions import to_column
from celery_language_server.protocol import INVALID_PARAMS, RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from celery_analyzers.analysis import FileAnalysis
    from celery_analyzers.findings import Edit, Finding, Fix
    from celery_analyzers.segment_analysis import SegmentAnalysis
    from celery_analyzers.source import LineIndex
    from celery_language_server.documents import Document
    from celery_language_server.server import Server
    from celery_language_server.workspace_edits import TextEdits

QUICK_FIX: Final = "quickfix"
FIX_ALL: Final = "source.fixAll.celery"
KINDS: Final = (QUICK_FIX, FIX_ALL, *refactorings.KINDS)

Position = tuple[int, int]
Action = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A finding in a document. Its spans count from its segment, which begins in `first_line`."""

    finding: Finding
    segment: SegmentAnalysis
    first_line: int
    start: Position
    end: Position


def code_actions(server: Server, params: Any) -> list[Action]:
    """The actions for a range."""
    document = server.documents.get(string(params, "textDocument", "uri"))
    start, end = (_position(document, params, edge, server) for edge in ("start", "end"))
    if document is None or not server.client.action_literals:
        return []
    only = array_or_empty(params, "context", "only")
    actions: list[Action] = []
    if is_wanted(QUICK_FIX, only):
        places = places_at(document.analysis, min(start, end), max(start, end))
        actions += [action for place in places for action in fixes(server, document, place)]
        actions += ignores(server, document, places)
    # A client that cannot ask for the edit later must have named the kind: all fixes take their time.
    if is_wanted(FIX_ALL, only) and (only or _resolves(server)):
        actions += fix_all(server, document)
    if any(is_wanted(kind, only, deeper=True) for kind in refactorings.KINDS) and (only or _resolves(server)):
        selection = min(start, end), max(start, end)
        wanted = partial(is_wanted, only=only)
        actions += refactorings.refactorings(server, document, selection, wanted, resolves=_resolves(server))
    return actions


def resolve(server: Server, params: Any) -> Action:
    """Fill in the edit of an action that was offered without one."""
    document = server.documents.get(string(params, "data", "uri"))
    if document is None:
        raise RequestError(INVALID_PARAMS, "the document of this action is not open")
    kind = string(params, "data", "kind")
    if kind.startswith(refactorings.KINDS):
        return {**params, "edit": refactorings.refactoring_edit(server, document, find(params, "data"))}
    if kind != FIX_ALL:
        raise RequestError(INVALID_PARAMS, "`data.kind` is not of an action of this server")
    return {**params, "edit": fix_all_edit(server, document)}


def is_wanted(kind: str, only: list[Any], *, deeper: bool = False) -> bool:
    """Whether a client that asks for the kinds `only`, and for those below them, wants `kind`.

    With `deeper`, whether it may want one below `kind`.
    """
    if deeper and any(isinstance(wanted, str) and wanted.startswith(f"{kind}.") for wanted in only):
        return True
    return not only or any(wanted == "" or f"{kind}.".startswith(f"{wanted}.") for wanted in only)


def places_at(analysis: FileAnalysis, start: Position, end: Position) -> list[Place]:
    """The findings that a range touches. A cursor stands for its line, and what it touches comes first."""
    first_lines = analysis.line_starts
    first = max(bisect_right(first_lines, start[0]) - 1, 0)
    found: list[Place] = []
    for segment, first_line in zip(analysis.segments[first:], first_lines[first:], strict=False):
        if first_line > end[0]:
            break
        found.extend(_place(finding, segment, first_line) for finding in segment.findings)
    touched = [place for place in found if place.start <= end and start <= place.end]
    if start < end:
        return touched
    return touched + [p for p in found if p not in touched and p.start[0] <= start[0] <= p.end[0]]


def fixes(server: Server, document: Document, place: Place) -> Iterator[Action]:
    """The fixes of one finding."""
    shown = diagnostic(place.finding, place.segment.lines, server.client, place.first_line)
    for fix in place.finding.fixes:
        edit = _fix_edit(server, document, place, fix)
        if edit is not None:
            preferred = {"isPreferred": True} if fix.preferred and server.client.prefers_actions else {}
            yield {"title": fix.title, "kind": QUICK_FIX, "diagnostics": [shown], **preferred, "edit": edit}


def ignores(server: Server, document: Document, places: list[Place]) -> Iterator[Action]:
    """The comments that silence findings, where they can stand."""
    from celery_codeactions.ignore_comments import ignore_edits
    from celery_language_server.workspace_edits import workspace_edit

    offered: set[tuple[int, tuple[Edit, ...]]] = set()
    for place in places:
        lines = place.segment.lines
        edits = ignore_edits(place.finding, lines.text)
        if edits and (place.first_line, edits) not in offered:
            offered.add((place.first_line, edits))
            yield {
                "title": f"Ignore `{place.finding.rule}` here",
                "kind": QUICK_FIX,
                "diagnostics": [diagnostic(place.finding, lines, server.client, place.first_line)],
                "edit": workspace_edit(document, edits, lines, server.client, place.first_line),
            }


def fix_all(server: Server, document: Document) -> Iterator[Action]:
    """One action for all safe fixes of a document, if it has any."""
    fixes_here = (fix for part in document.analysis.segments for found in part.findings for fix in found.fixes)
    if any(fix.safety == "safe" and not fix.elsewhere for fix in fixes_here):
        action: Action = {"title": "Apply all safe fixes of celeryls", "kind": FIX_ALL}
        if _resolves(server):
            yield {**action, "data": {"uri": document.uri, "kind": FIX_ALL}}
        else:
            yield {**action, "edit": fix_all_edit(server, document)}


def fix_all_edit(server: Server, document: Document) -> dict[str, Any]:
    """The edit that applies all safe fixes."""
    from celery_codeactions.differences import between
    from celery_codeactions.fix_all import apply
    from celery_language_server.workspace_edits import workspace_edit

    before = document.analysis.line_index()

    def analyse(text: str) -> FileAnalysis:
        return document.analysis if text == before.text else document.folder.analyse(text, document.path)

    after = apply(analyse, before.text, unsafe=False).text
    return workspace_edit(document, between(before.text, after), before, server.client)


def _fix_edit(server: Server, document: Document, place: Place, fix: Fix) -> dict[str, Any] | None:
    """The edit of a fix; None where what it needs cannot be imported, or changed elsewhere."""
    from celery_codeactions.fixes import others
    from celery_codeactions.fixes import resolve as completed
    from celery_language_server.workspace_edits import TextEdits, workspace_edits

    lines, first_line = place.segment.lines, place.first_line
    if fix.imports or fix.renames or fix.elsewhere:
        # Only these concern the rest of the file.
        lines, first_line = document.analysis.line_index(), 0
        fix = fix.shifted(lines.starts[place.first_line])
    edits = completed(fix, lines.text)
    texts: dict[Path, _Other] = {}
    changed = others(fix, partial(_text_at, server, document, texts))
    if not edits or changed is None:
        return None
    here = TextEdits(document.uri, document.version, edits, lines, first_line)
    return workspace_edits([here, *(texts[path].edited(made) for path, made in changed.items())], server.client)


@dataclass(frozen=True, slots=True)
class _Other:
    """Another file that a fix changes: as it is in the editor, else on disk, else empty and to be created."""

    uri: str
    version: int | None
    lines: LineIndex
    is_new: bool = False

    def edited(self, edits: tuple[Edit, ...]) -> TextEdits:
        """Edits of the file."""
        from celery_language_server.workspace_edits import TextEdits

        return TextEdits(self.uri, self.version, edits, self.lines, is_new=self.is_new)


def _text_at(server: Server, document: Document, texts: dict[Path, _Other], path: Path, creates: bool) -> str | None:
    """The text of another file of the document's project, which is noted in `texts`; None where it cannot be had, nor
    created if that is meant."""
    from celery_analyzers.source import LineIndex
    from celery_language_server.sources import UnreadableError, decode, read
    from celery_language_server.uris import to_uri

    for other in server.documents:
        if other.path == path:
            texts[path] = _Other(other.uri, other.version, other.analysis.line_index())
            return texts[path].lines.text
    root = document.folder.project.root
    if root is None or not path.is_relative_to(root):
        return None
    is_new = creates and server.client.creates_files and not os.path.lexists(path)
    try:
        text = "" if is_new else decode(read(str(path))).text
    except UnreadableError:
        return None
    texts[path] = _Other(to_uri(path), None, LineIndex(text), is_new)
    return text


def _place(finding: Finding, segment: SegmentAnalysis, first_line: int) -> Place:
    (start, start_column), (end, end_column) = map(segment.lines.position, (finding.span.start, finding.span.end))
    return Place(finding, segment, first_line, (first_line + start, start_column), (first_line + end, end_column))


def _position(document: Document | None, params: Any, edge: str, server: Server) -> Position:
    line = integer(params, "range", edge, "line")
    units = integer(params, "range", edge, "character")
    text = document.analysis.line_text(line) if document is not None else ""
    return line, to_column(text, units, server.client.encoding)


def _resolves(server: Server) -> bool:
    return server.client.resolves_edits and server.client.action_data


METHODS: Final[Mapping[str, Callable[[Server, Any], object]]] = {
    "textDocument/codeAction": code_actions,
    "codeAction/resolve": resolve,
}
