"""Turns the edits of fixes into LSP's, in the form that the client understands.

Knows LSP's workspace edits. Must not know what an edit is for.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Final

from celery_analyzers.findings import Edit, Span
from celery_analyzers.source import LineIndex
from celery_language_server.positions import to_range

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from celery_language_server.client import Client
    from celery_language_server.documents import Document

# Comparing more lines than this takes longer than anybody waits for.
MOST_LINES: Final = 5_000


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


def workspace_edit(
    document: Document, edits: Iterable[Edit], lines: LineIndex, client: Client, first_line: int = 0
) -> dict[str, Any]:
    """Edits of a document, whose spans count in the text of `lines`, which begins in line `first_line`."""
    return workspace_edits([TextEdits(document.uri, document.version, edits, lines, first_line)], client)


def workspace_edits(changed: Sequence[TextEdits], client: Client) -> dict[str, Any]:
    """Edits of several texts, to be applied together.

    They carry the documents' versions where the client can check them, so that they never meet another text.
    """
    listed = {
        text.uri: [
            {"range": to_range(edit.span, text.lines, client.encoding, text.first_line), "newText": edit.text}
            for edit in text.edits
        ]
        for text in changed
    }
    # A file that is there by now stops the client: then nothing must have been changed yet.
    created = [{"kind": "create", "uri": text.uri} for text in changed if text.is_new]
    # Clients that create files know `documentChanges`, be it without versions.
    if client.document_changes or created:
        versions = {text.uri: text.version if client.document_changes else None for text in changed}
        edited = [
            {"textDocument": {"uri": uri, "version": versions[uri]}, "edits": edits} for uri, edits in listed.items()
        ]
        return {"documentChanges": [*created, *edited]}
    return {"changes": listed}


def between(before: str, after: str) -> tuple[Edit, ...]:
    """Edits that make one text out of another and leave alone the lines that are the same in both.

    One large edit would take the editor's cursor, folds and marks with it.
    """
    old_lines, new_lines = LineIndex(before), LineIndex(after)
    old, new = list(_lines(old_lines)), list(_lines(new_lines))
    first = _common(old, new)
    last = _common(old[first:][::-1], new[first:][::-1])
    old_middle, new_middle = old[first : len(old) - last], new[first : len(new) - last]
    blocks = [("replace", 0, len(old_middle), 0, len(new_middle))]
    if max(len(old_middle), len(new_middle)) <= MOST_LINES:
        blocks = SequenceMatcher(None, old_middle, new_middle, autojunk=False).get_opcodes()
    starts = [*old_lines.starts[first:], len(before)]
    return tuple(
        Edit(Span(starts[start], starts[end]), "".join(new_middle[new_start:new_end]))
        for tag, start, end, new_start, new_end in blocks
        if tag != "equal"
    )


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines are the same at the start of both."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _lines(index: LineIndex) -> Iterator[str]:
    """The lines with their line ends."""
    for start, end in zip(index.starts, [*index.starts[1:], len(index.text)], strict=True):
        yield index.text[start:end]
