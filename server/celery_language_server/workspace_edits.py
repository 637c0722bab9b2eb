"""Turns the edits of fixes into LSP's, in the form that the client understands.

Knows LSP's workspace edits. Must not know what an edit is for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from celery_language_server.positions import to_range

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from celery_analyzers.findings import Edit
    from celery_analyzers.source import LineIndex
    from celery_language_server.client import Client
    from celery_language_server.documents import Document
    from celery_language_server.positions import PositionEncoding


def workspace_edit(
    document: Document, edits: Iterable[Edit], lines: LineIndex, client: Client, first_line: int = 0
) -> dict[str, Any]:
    """Edits of a document, whose spans count in the text of `lines`, which begins in line `first_line`.

    They carry the document's version where the client can check it, so that they never meet another text.
    """
    part = TextPart(document.uri, document.version, lines, tuple(edits), first_line)
    return edit_of_parts((part,), client)


@dataclass(frozen=True, slots=True)
class TextPart:
    """Edits of one file: its URI, its version where it is open, and the text that their spans count in, which begins in
    `first_line`. A file that `is_new` is created first."""

    uri: str
    version: int | None
    lines: LineIndex
    edits: tuple[Edit, ...]
    first_line: int = 0
    is_new: bool = False

    def as_json(self, encoding: PositionEncoding) -> list[dict[str, Any]]:
        """The edits as LSP has them."""
        return [
            {"range": to_range(edit.span, self.lines, encoding, self.first_line), "newText": edit.text}
            for edit in self.edits
        ]


def edit_of_parts(parts: Sequence[TextPart], client: Client) -> dict[str, Any]:
    """The edits of several files at once."""
    if client.document_changes:
        changes: list[dict[str, Any]] = []
        for part in parts:
            if part.is_new:
                changes.append({"kind": "create", "uri": part.uri, "options": {"ignoreIfExists": True}})
            document = {"uri": part.uri, "version": part.version}
            changes.append({"textDocument": document, "edits": part.as_json(client.encoding)})
        return {"documentChanges": changes}
    return {"changes": {part.uri: part.as_json(client.encoding) for part in parts}}
