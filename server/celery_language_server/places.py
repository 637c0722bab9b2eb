"""Where a request points: the document, and the place in its analysis. Must not know what is asked there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery_language_server.params import integer, string
from celery_language_server.positions import to_column

if TYPE_CHECKING:
    from celery_analyzers.assist.spot import Spot
    from celery_language_server.documents import Document
    from celery_language_server.server import Server


def spot_of(server: Server, params: Any) -> tuple[Document, Spot] | None:
    """The document and the place that a request's `textDocument` and `position` mean; None for a file that is not
    ours."""
    from celery_analyzers.assist.spot import Spot

    document = server.documents.get(string(params, "textDocument", "uri"))
    line, units = integer(params, "position", "line"), integer(params, "position", "character")
    if document is None or document.is_excluded:
        return None
    column = to_column(document.analysis.line_text(line), units, server.client.encoding)
    return document, Spot(document.analysis, line, column)
