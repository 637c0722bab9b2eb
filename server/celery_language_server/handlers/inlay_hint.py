"""`textDocument/inlayHint`: what code means but does not say, beside the code.

The next runs of crontabs are counted by Celery's own class. Until it is imported, which is done when the client is
silent, there are no hints of them; then the client is asked to ask again, as it is when the index knows more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from celery_language_server.params import integer, string
from celery_language_server.positions import to_position

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from celery_analyzers.assist.hints import Hint
    from celery_language_server.documents import Document
    from celery_language_server.server import Server

REFRESH: Final = "workspace/inlayHint/refresh"
_PARAMETER: Final = 2
_NEXT_RUN: Final = "next-run"


def inlay_hints(server: Server, params: Any) -> object:
    """The hints for a range of lines."""
    document = server.documents.get(string(params, "textDocument", "uri"))
    first, last = (integer(params, "range", edge, "line") for edge in ("start", "end"))
    if document is None or document.is_excluded:
        return None
    wanted = frozenset(document.folder.configuration.settings.inlay_hints)
    if not wanted:
        return []
    from celery_analyzers.assist.hints import has_schedules, hints
    from celery_analyzers.assist.schedules import is_ready

    if server.client.refreshes_hints:
        server.indexes.refreshes.add(REFRESH)
    if _NEXT_RUN in wanted and not is_ready():
        if has_schedules(document.analysis, first, last):
            server.chores.append(lambda: _prepare(server))
        wanted -= {_NEXT_RUN}
    return [_shown(server, document, hint) for hint in hints(document.analysis, first, last, wanted)]


def _prepare(server: Server) -> None:
    from celery_analyzers.assist.schedules import is_ready, make_ready

    if not is_ready():
        make_ready()
        if server.client.refreshes_hints:
            server.peer.request(REFRESH, None)


def _shown(server: Server, document: Document, hint: Hint) -> dict[str, Any]:
    segment, first_line = document.analysis.segments[hint.segment], document.analysis.line_starts[hint.segment]
    shown: dict[str, Any] = {
        "position": to_position(hint.offset, segment.lines, server.client.encoding, first_line),
        "label": hint.label,
    }
    if hint.names:
        shown["kind"] = _PARAMETER
    else:
        shown["paddingLeft"] = True
    if hint.tip:
        shown["tooltip"] = hint.tip
    return shown


METHODS: Final[Mapping[str, Callable[[Server, Any], object]]] = {"textDocument/inlayHint": inlay_hints}
