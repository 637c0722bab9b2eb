"""The refactorings among the code actions: what is offered at a selection, and the edits of the one that is chosen.

A client asks for actions at every move of the cursor, and for the edit of one of them at most: so edits are computed
when they are asked for, from what the action carries in its `data`. Nothing is kept in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from celery_analyzers.source import LineIndex
from celery_language_server.params import find, integer, string
from celery_language_server.protocol import CONTENT_MODIFIED, INVALID_PARAMS, RequestError
from celery_language_server.uris import to_uri
from celery_language_server.workspace_edits import TextEdits, workspace_edits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from celery_codeactions.offers import Offered
    from celery_language_server.documents import Document
    from celery_language_server.server import Server

KINDS: Final = ("refactor.rewrite", "refactor.extract", "refactor.inline")
Position = tuple[int, int]


def refactorings(
    server: Server,
    document: Document,
    selection: tuple[Position, Position],
    wanted: Callable[[str], bool],
    *,
    resolves: bool,
) -> Iterator[dict[str, Any]]:
    """What can be done at a selection, with the edits only where the client cannot ask for them later."""
    from celery_codeactions.offers import offers_at

    lines = document.analysis.line_index()
    first, last = (lines.offset(*position) for position in selection)
    for offered in offers_at(document.analysis, first, last, wanted, _texts(server)):
        if offered.offer.creates_file and not (server.client.creates_files and server.client.document_changes):
            continue
        preferred = {"isPreferred": True} if offered.offer.preferred and server.client.prefers_actions else {}
        action: dict[str, Any] = {"title": offered.offer.title, "kind": offered.action.leaf_kind(), **preferred}
        if resolves:
            yield {**action, "data": _data(document, offered, first, last)}
        elif edit := _edit(server, document, offered):
            yield {**action, "edit": edit}


def refactoring_edit(server: Server, document: Document, data: Any) -> dict[str, Any]:
    """The edit of a refactoring by the `data` that it was offered with."""
    from celery_codeactions.offers import chosen

    if find(data, "version") != document.version:
        raise RequestError(CONTENT_MODIFIED, "the document has changed since this action was offered")
    start, end = integer(data, "start"), integer(data, "end")
    name, variant = string(data, "action"), string(data, "variant")
    offered = chosen(document.analysis, start, end, name, variant, _texts(server))
    edit = None if offered is None else _edit(server, document, offered)
    if edit is None:
        raise RequestError(INVALID_PARAMS, "this action is not possible here")
    return edit


def _data(document: Document, offered: Offered, start: int, end: int) -> dict[str, Any]:
    return {
        "uri": document.uri,
        "kind": offered.action.leaf_kind(),
        "version": document.version,
        "action": offered.action.name(),
        "variant": offered.offer.variant,
        "start": start,
        "end": end,
    }


def _edit(server: Server, document: Document, offered: Offered) -> dict[str, Any] | None:
    from celery_codeactions.offers import changed_files

    parts: list[TextEdits] = []
    for changed in changed_files(offered):
        if changed.path == document.path:
            uri, version = document.uri, document.version
        else:
            assert changed.path is not None
            opened = _opened(server, changed.path)
            uri, version = (opened.uri, opened.version) if opened else (to_uri(changed.path), None)
        parts.append(TextEdits(uri, version, changed.edits, LineIndex(changed.before), is_new=changed.is_new))
    return workspace_edits(parts, server.client) if parts else None


def _opened(server: Server, path: Path) -> Document | None:
    return next((document for document in server.documents if document.path == path), None)


def _texts(server: Server) -> Callable[[Path], str | None]:
    """Gives the texts of files as they are in the editor, else on disk."""

    def text_of(path: Path) -> str | None:
        opened = _opened(server, path)
        if opened is not None:
            return opened.analysis.text
        return server.folders.of(path).project.text(path)

    return text_of
