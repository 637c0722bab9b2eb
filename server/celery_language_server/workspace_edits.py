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


@dataclass(frozen=True, slots=True)
class TextEdits:
    """Edits of one text. `lines` are the lines of the text in which their spans count, which begins in `first_line`.

    `version` is that of the open document, None for a file that is not open. A file that `is_new` has to be created,
    which only some clients can.
    """

    uri: str
    version: int | None
    edits: Iterable[Edit]
    lines: LineIndex
    first_line: int = 0
    is_new: bool = False

    def as_json(self, encoding: PositionEncoding) -> list[dict[str, Any]]:
        """The edits as LSP has them."""
        return [
            {"range": to_range(edit.span, self.lines, encoding, self.first_line), "newText": edit.text}
            for edit in self.edits
        ]


def workspace_edit(
    document: Document, edits: Iterable[Edit], lines: LineIndex, client: Client, first_line: int = 0
) -> dict[str, Any]:
    """Edits of a document, whose spans count in the text of `lines`, which begins in line `first_line`."""
    return workspace_edits([TextEdits(document.uri, document.version, edits, lines, first_line)], client)


def workspace_edits(changed: Sequence[TextEdits], client: Client) -> dict[str, Any]:
    """Edits of several texts, to be applied together.

    They carry the documents' versions where the client can check them, so that they never meet another text.
    """
    # A file that is there by now stops the client: then nothing must have been changed yet.
    created = [{"kind": "create", "uri": text.uri} for text in changed if text.is_new]
    listed = {text.uri: text.as_json(client.encoding) for text in changed}
    # Clients that create files know `documentChanges`, be it without versions.
    if client.document_changes or created:
        versions = {text.uri: text.version if client.document_changes else None for text in changed}
        edited = [
            {"textDocument": {"uri": uri, "version": versions[uri]}, "edits": edits} for uri, edits in listed.items()
        ]
        return {"documentChanges": [*created, *edited]}
    return {"changes": listed}
