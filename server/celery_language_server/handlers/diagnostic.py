"""`textDocument/diagnostic`, `workspace/diagnostic`: diagnostics for clients that ask for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from celery_language_server.diagnostics import report
from celery_language_server.params import array_or_empty, find, string

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from celery_language_server.server import Server


def pull(server: Server, params: Any) -> object:
    """The diagnostics of a document; none for one that is not open or not ours."""
    document = server.documents.get(string(params, "textDocument", "uri"))
    previous = find(params, "previousResultId")
    return report(b"", "none", previous) if document is None else server.publisher.pull(document, previous)


def pull_all(server: Server, params: Any) -> object:
    """The diagnostics of all files that are not open, where the settings ask for them."""
    server.publisher.pulled()
    previous = {
        uri: value
        for item in array_or_empty(params, "previousResultIds")
        if isinstance(uri := find(item, "uri"), str) and isinstance(value := find(item, "value"), str)
    }
    return server.closed.report(previous)


METHODS: Final[Mapping[str, Callable[[Server, Any], object]]] = {
    "textDocument/diagnostic": pull,
    "workspace/diagnostic": pull_all,
}
