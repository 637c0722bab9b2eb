"""What the server does for each LSP method: one file for each group of methods.

A handler takes the server and the parameters as the client sent them, and returns the result as JSON. It
raises `RequestError` for parameters that cannot be understood. Adding a method is adding it to its file's
`METHODS`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from celery_language_server.handlers import (
    code_action,
    completion,
    diagnostic,
    hover,
    inlay_hint,
    lifecycle,
    signature_help,
    text_document,
    workspace,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from celery_language_server.server import Server

HANDLERS: Final[Mapping[str, Callable[[Server, Any], object]]] = MappingProxyType(
    {
        **lifecycle.METHODS,
        **text_document.METHODS,
        **diagnostic.METHODS,
        **code_action.METHODS,
        **completion.METHODS,
        **hover.METHODS,
        **signature_help.METHODS,
        **inlay_hint.METHODS,
        **workspace.METHODS,
    }
)
