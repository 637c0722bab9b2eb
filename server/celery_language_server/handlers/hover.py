"""`textDocument/hover`: what is known of what the mouse or the cursor is at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from celery_language_server.markup import markup
from celery_language_server.places import spot_of
from celery_language_server.positions import to_range

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from celery_language_server.server import Server


def hover(server: Server, params: Any) -> object:
    """The page for a position; None where there is nothing to say."""
    from celery_analyzers.assist.hover import hover as find

    found = spot_of(server, params)
    if found is None:
        return None
    _, spot = found
    shown = find(spot)
    if shown is None or spot.segment is None:
        return None
    return {
        "contents": markup(shown.text, server.client.hover_markdown),
        "range": to_range(shown.span, spot.segment.lines, server.client.encoding, spot.first_line),
    }


METHODS: Final[Mapping[str, Callable[[Server, Any], object]]] = {"textDocument/hover": hover}
