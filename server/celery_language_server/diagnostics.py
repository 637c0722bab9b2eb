"""Shows findings as LSP diagnostics.

Knows the JSON of diagnostics. A segment's diagnostics are rendered once, with holes where line numbers
belong, so that after a keystroke nothing but the segment it fell in is rendered anew. Must not know what any
rule means, nor when diagnostics are sent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from celery_language_server.client import UNNECESSARY, Client
from celery_language_server.positions import to_range
from celery_language_server.protocol import RawJson

if TYPE_CHECKING:
    from celery_analyzers.analysis import FileAnalysis, SegmentAnalysis
    from celery_analyzers.findings import Finding
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


@dataclass(slots=True)
class _Rendered:
    """One segment's diagnostics: `template % numbers` gives their JSON, where `numbers` are lines."""

    template: str
    lines: tuple[int, ...]
    first_line: int = -1
    text: str = ""

    @classmethod
    def of(cls, segment: SegmentAnalysis, client: Client) -> _Rendered:
        items: list[str] = []
        numbers: list[int] = []
        for finding in segment.findings:
            shown = diagnostic(finding, segment.lines, client)
            start, end = shown.pop("range").values()
            numbers += start["line"], end["line"]
            items.append(
                f'{{"range":{{"start":{{"line":%d,"character":{start["character"]}}},'
                f'"end":{{"line":%d,"character":{end["character"]}}}}},'
                + json.dumps(shown)[1:].replace("%", "%%")
            )
        return cls(",".join(items), tuple(numbers))

    def at(self, first_line: int) -> str:
        """The JSON where the segment begins in `first_line`."""
        if first_line != self.first_line:
            self.first_line = first_line
            self.text = self.template % tuple([first_line + line for line in self.lines])
        return self.text


class Diagnostics:
    """The diagnostics of one document as JSON, kept up to date with its analysis."""

    __slots__ = ("_client", "_rendered")

    def __init__(self, client: Client) -> None:
        self._client = client
        # A segment's analysis stays the same object until something in it changes.
        self._rendered: dict[SegmentAnalysis, _Rendered] = {}

    def items(self, analysis: FileAnalysis) -> str:
        """All diagnostics, separated by commas."""
        before, self._rendered = self._rendered, {}
        texts: list[str] = []
        for segment, first_line in zip(analysis.segments, analysis.line_starts, strict=False):
            if segment.findings:
                rendered = before.get(segment) or _Rendered.of(segment, self._client)
                self._rendered[segment] = rendered
                texts.append(rendered.at(first_line))
        return ",".join(texts)


def published(document: Document, items: str, client: Client) -> RawJson:
    """The parameters that push a document's diagnostics."""
    version = ""
    if client.versions_diagnostics and document.version is not None:
        version = f'"version":{document.version},'
    return RawJson(f'{{"uri":{json.dumps(document.uri)},{version}"diagnostics":[{items}]}}')


def report(items: str, previous: object) -> RawJson:
    """The answer to a client that pulls and was last told the result id `previous`.

    The id is made from the diagnostics themselves, so it holds exactly as long as neither the text nor the
    settings nor other files change them.
    """
    result_id = blake2b(items.encode(), digest_size=12).hexdigest()
    if result_id == previous:
        return RawJson(f'{{"kind":"unchanged","resultId":"{result_id}"}}')
    return RawJson(f'{{"kind":"full","resultId":"{result_id}","items":[{items}]}}')
