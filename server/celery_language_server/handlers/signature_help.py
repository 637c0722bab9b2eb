"""`textDocument/signatureHelp`: the parameters of the call that is being written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from celery_language_server.markup import documentation
from celery_language_server.places import spot_of
from celery_language_server.positions import to_units

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from celery_analyzers.assist.signatures import Shown, SignatureHelp
    from celery_language_server.server import Server


def signature_help(server: Server, params: Any) -> object:
    """The signature of the call around a position; None where there is none of ours."""
    from celery_analyzers.assist.signatures import signature_help as find

    found = spot_of(server, params)
    shown = None if found is None else find(found[1])
    if shown is None:
        return None
    signature: dict[str, Any] = {
        "label": shown.label,
        "parameters": [_parameter(server, shown, each) for each in shown.parameters],
    }
    if shown.text:
        signature["documentation"] = documentation(shown.text, server.client.signature_markdown)
    # A number past the last parameter says that none is being written.
    active = len(shown.parameters) if shown.active is None else shown.active
    if server.client.active_parameter:
        signature["activeParameter"] = active
    return {"signatures": [signature], "activeSignature": 0, "activeParameter": active}


def _parameter(server: Server, shown: SignatureHelp, parameter: Shown) -> dict[str, Any]:
    client = server.client
    label: object = shown.label[parameter.start : parameter.end]
    if client.signature_offsets:
        # Offsets in a label are UTF-16 whatever was agreed upon for positions.
        label = [to_units(shown.label, at, "utf-16") for at in (parameter.start, parameter.end)]
    said: dict[str, Any] = {"label": label}
    if parameter.text:
        said["documentation"] = documentation(parameter.text, client.signature_markdown)
    return said


METHODS: Final[Mapping[str, Callable[[Server, Any], object]]] = {"textDocument/signatureHelp": signature_help}
