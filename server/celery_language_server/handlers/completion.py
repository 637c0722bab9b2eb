"""`textDocument/completion`, `completionItem/resolve`: what may be written at the cursor.

What an item says for reading, and what it imports, is found when the client asks for the item alone, if it does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from celery_language_server.markup import documentation
from celery_language_server.params import array_or_empty, find, string
from celery_language_server.places import spot_of
from celery_language_server.positions import to_position, to_range

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from celery_analyzers.assist.offers import Offer
    from celery_analyzers.assist.spot import Spot
    from celery_analyzers.findings import Edit, NeededImport
    from celery_analyzers.source import LineIndex
    from celery_language_server.documents import Document
    from celery_language_server.server import Server

TRIGGERS: Final = (".", "@", "(", "[", "{", ",", "=", '"', "'")
_KINDS: Final = {
    "option": 10,
    "value": 12,
    "argument": 6,
    "task": 3,
    "method": 2,
    "field": 5,
    "setting": 10,
    "rule": 20,
    "class": 7,
    "variable": 6,
    "snippet": 15,
}
_SNIPPET: Final = 2
_DEPRECATED: Final = 1
_TAIL: Final = re.compile(r"[\w.:/*-]*")

Item = dict[str, Any]


def completion(server: Server, params: Any) -> object:
    """The offers for a position."""
    from celery_analyzers.assist.completion import complete

    found = spot_of(server, params)
    if found is None:
        return None
    document, spot = found
    made = complete(spot)
    if not made.offers:
        return {"isIncomplete": not made.is_complete, "items": []}
    presenter = _Presenter(server, document, spot)
    return {"isIncomplete": not made.is_complete, "items": [presenter.item(offer) for offer in made.offers]}


def resolve(server: Server, params: Any) -> Item:
    """An item with what it says for reading, and with what it imports."""
    from celery_analyzers.assist.pages import page
    from celery_analyzers.findings import NeededImport

    item = cast("Item", params) if isinstance(params, dict) else Item()
    data: object = item.get("data")
    if data is None:
        return item
    document = server.documents.get(string(item, "data", "uri"))
    if document is None:
        return item
    item = {**item}
    shelf, name = find(data, "topic", 0), find(data, "topic", 1)
    if isinstance(shelf, str) and isinstance(name, str):
        text = page(shelf, name, document.analysis)
        if text is not None:
            item["documentation"] = documentation(text, server.client.completion_markdown)
    needed = array_or_empty(data, "imports")
    if needed:
        imports = [NeededImport(string(one, 0), string(one, 1), find(one, 2)) for one in needed]
        item["additionalTextEdits"] = [*item.get("additionalTextEdits", ()), *_imports(server, document, imports)]
    return item


class _Presenter:
    """Shows the offers for one place as LSP's items."""

    def __init__(self, server: Server, document: Document, spot: Spot) -> None:
        self._server = server
        self._client = server.client
        self._document = document
        self._spot = spot
        assert spot.segment is not None
        self._lines = spot.segment.lines

    def item(self, offer: Offer) -> Item:
        """An offer as the client takes it."""
        client = self._client
        is_snippet = client.completion_snippets and offer.snippet is not None
        new_text = offer.snippet if is_snippet else offer.plain
        item: Item = {
            "label": offer.label,
            "kind": _KINDS[offer.kind],
            "sortText": f"{offer.rank:03}{offer.label}",
            "textEdit": self._text_edit(offer, new_text or ""),
        }
        filtered = offer.replaces or offer.label.strip('"')
        if filtered != offer.label:
            item["filterText"] = filtered
        if offer.detail:
            item["detail"] = offer.detail
        if is_snippet:
            item["insertTextFormat"] = _SNIPPET
        if offer.chosen:
            item["preselect"] = True
        if offer.deprecated and client.completion_deprecated:
            item["tags"] = [_DEPRECATED]
        self._add_edits(item, offer)
        return item

    def _text_edit(self, offer: Offer, new_text: str) -> Item:
        start, end = self._span(offer)
        encoding, first = self._client.encoding, self._spot.first_line
        begin, close = (to_position(at, self._lines, encoding, first) for at in (start, end))
        if not self._client.completion_replaces or end == self._spot.offset:
            return {"range": {"start": begin, "end": close}, "newText": new_text}
        here = to_position(self._spot.offset, self._lines, encoding, first)
        return {
            "newText": new_text,
            "insert": {"start": begin, "end": here},
            "replace": {"start": begin, "end": close},
        }

    def _span(self, offer: Offer) -> tuple[int, int]:
        """What an offer replaces: on the line of the cursor, and of an open string no more than the name."""
        start, end = offer.span.start, offer.span.end
        text, offset = self._spot.own_text, self._spot.offset
        string = self._spot.reading.string
        if string is not None and (not string.closed or re.search(r"[\r\n]", text[start:end])):
            tail = _TAIL.match(text, offset)
            end = tail.end() if tail else offset
            start = max(start, text.rfind("\n", 0, offset) + 1, text.rfind("\r", 0, offset) + 1)
        return start, max(end, offset)

    def _add_edits(self, item: Item, offer: Offer) -> None:
        client = self._client
        edits = [_edit(edit, self._edited_lines(), self._server, self._spot.first_line) for edit in offer.edits]
        data: Item = {"uri": self._document.uri}
        if offer.imports and "additionalTextEdits" in client.completion_resolves:
            data["imports"] = [[one.module, one.name, one.alias] for one in offer.imports]
        elif offer.imports:
            edits += _imports(self._server, self._document, list(offer.imports))
        if offer.topic is not None:
            data["topic"] = list(offer.topic)
        if edits:
            item["additionalTextEdits"] = edits
        if len(data) > 1:
            item["data"] = data

    def _edited_lines(self) -> LineIndex:
        from celery_analyzers.source import LineIndex

        return LineIndex(self._spot.text)


def _imports(server: Server, document: Document, imports: list[NeededImport]) -> list[Item]:
    """The edits that import what an offer uses."""
    from celery_codeactions.imports import import_edits

    lines = document.analysis.line_index()
    return [_edit(edit, lines, server, 0) for edit in import_edits(imports, lines.text) or ()]


def _edit(edit: Edit, lines: LineIndex, server: Server, first_line: int) -> Item:
    return {"range": to_range(edit.span, lines, server.client.encoding, first_line), "newText": edit.text}


METHODS: Final[Mapping[str, Callable[[Server, Any], object]]] = {
    "textDocument/completion": completion,
    "completionItem/resolve": resolve,
}
