"""Shows findings as LSP diagnostics.

Knows the JSON of diagnostics. A segment's diagnostics are rendered once, with holes where line numbers
belong, so that after a keystroke nothing but the segment it fell in is rendered anew. Must not know what any
rule means, nor when diagnostics are sent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from celery_language_server.client import UNNECESSARY, Client
from celery_language_server.positions import to_range
from celery_language_server.protocol import RawJson, dump

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celery_analyzers.analysis import FileAnalysis
    from celery_analyzers.findings import Finding
    from celery_analyzers.segment_analysis import SegmentAnalysis
    from celery_analyzers.source import LineIndex
    from celery_language_server.documents import Document

SOURCE: Final = "celeryls"


def diagnostic(finding: Finding, lines: LineIndex, client: Client, first_line: int = 0) -> dict[str, Any]:
    """The diagnostic that shows `finding`, whose span counts in the text of `lines`.

    This text begins in line `first_line` of the document.
    """
    from celery_analyzers.registry import find_rule

    shown: dict[str, Any] = {
        "range": to_range(finding.span, lines, client.encoding, first_line),
        "severity": 5 - finding.severity,
        "code": finding.rule,
        "source": SOURCE,
        "message": finding.message,
    }
    if client.describes_codes and (rule := find_rule(finding.rule)) is not None:
        shown["codeDescription"] = {"href": rule.url()}
    if finding.unnecessary and client.tags_unnecessary:
        shown["tags"] = [UNNECESSARY]
    return shown


@dataclass(frozen=True, slots=True)
class _Template:
    """One segment's diagnostics: `text % numbers` is their JSON, where `numbers` are lines."""

    text: bytes
    lines: tuple[int, ...]

    @classmethod
    def of(cls, segment: SegmentAnalysis, client: Client) -> _Template:
        if not segment.findings:
            return _NOTHING
        items: list[str] = []
        numbers: list[int] = []
        for finding in segment.findings:
            shown = diagnostic(finding, segment.lines, client)
            start, end = shown.pop("range").values()
            numbers += start["line"], end["line"]
            items.append(
                f'{{"range":{{"start":{{"line":%d,"character":{start["character"]}}},'
                f'"end":{{"line":%d,"character":{end["character"]}}}}},' + json.dumps(shown)[1:].replace("%", "%%")
            )
        return cls(",".join(items).encode(), tuple(numbers))

    def at(self, first_line: int) -> bytes:
        """The JSON where the segment begins in `first_line`."""
        return self.text % tuple([first_line + line for line in self.lines]) if self.lines else b""


_NOTHING: Final = _Template(b"", ())


class Diagnostics:
    """The diagnostics of one document as JSON, kept up to date with its analysis."""

    __slots__ = ("_client", "_first_lines", "_items", "_segments", "_templates")

    def __init__(self, client: Client) -> None:
        self._client = client
        # One for each segment, whose analysis stays the same object until something in it changes.
        self._segments: list[SegmentAnalysis] = []
        self._templates: list[_Template] = []
        self._items: list[bytes] = []
        self._first_lines: Sequence[int] = ()

    def items(self, analysis: FileAnalysis) -> bytes:
        """All diagnostics, separated by commas."""
        segments, first_lines = analysis.segments, analysis.line_starts
        known = dict(zip(self._segments, self._templates, strict=True))
        found = list(map(known.get, segments))
        templates = [t or _Template.of(s, self._client) for t, s in zip(found, segments, strict=True)]
        if first_lines is self._first_lines:
            # No line moved.
            for index in [index for index, template in enumerate(found) if template is None]:
                self._items[index] = templates[index].at(first_lines[index])
        else:
            pairs = zip(templates, first_lines, strict=False)
            self._items = [template.at(first_line) for template, first_line in pairs]
        self._segments, self._templates, self._first_lines = list(segments), templates, first_lines
        return b",".join(filter(None, self._items))


def published(document: Document, items: bytes, client: Client) -> RawJson:
    """The parameters that push a document's diagnostics."""
    version = b""
    if client.versions_diagnostics and document.version is not None:
        version = b'"version":%d,' % document.version
    return RawJson(b'{"uri":%b,%b"diagnostics":[%b]}' % (dump(document.uri), version, items))


def report(items: bytes, result_id: str, previous: object) -> RawJson:
    """The answer to a client that pulls and was last told the result id `previous`."""
    if result_id == previous:
        return RawJson(b'{"kind":"unchanged","resultId":%b}' % dump(result_id))
    return RawJson(b'{"kind":"full","resultId":%b,"items":[%b]}' % (dump(result_id), items))
