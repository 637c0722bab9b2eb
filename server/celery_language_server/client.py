"""What the client at the other end can do, as it said when it connected.

Knows LSP's client capabilities. Must not know what is done with them.
"""

from __future__ import annotations

from dataclasses import dataclass

from celery_language_server.params import array_or_empty, find, flag
from celery_language_server.positions import DEFAULT, PositionEncoding, negotiate

UNNECESSARY = 1


@dataclass(frozen=True, slots=True)
class Client:
    """The capabilities that make a difference to us. The defaults are those of a client that says nothing."""

    encoding: PositionEncoding = DEFAULT
    pulls_diagnostics: bool = False
    refreshes_diagnostics: bool = False
    versions_diagnostics: bool = False
    describes_codes: bool = False
    tags_unnecessary: bool = False
    action_literals: bool = False
    prefers_actions: bool = False
    action_data: bool = False
    resolves_edits: bool = False
    document_changes: bool = False
    creates_files: bool = False
    answers_configuration: bool = False
    registers_configuration: bool = False
    registers_watchers: bool = False
    tells_file_operations: bool = False
    shows_progress: bool = False

    @classmethod
    def of(cls, capabilities: object) -> Client:
        """Read the `capabilities` of an initialize request."""
        document = find(capabilities, "textDocument")
        workspace = find(capabilities, "workspace")
        published = find(document, "publishDiagnostics")
        pulled = find(document, "diagnostic")
        action = find(document, "codeAction")
        # Since LSP 3.18 `diagnostic` holds what used to stand under `publishDiagnostics` alone.
        shown: tuple[object, ...] = (pulled, published)
        return cls(
            encoding=negotiate(array_or_empty(capabilities, "general", "positionEncodings")),
            pulls_diagnostics=isinstance(pulled, dict),
            refreshes_diagnostics=flag(workspace, "diagnostics", "refreshSupport"),
            versions_diagnostics=flag(published, "versionSupport"),
            describes_codes=any(flag(place, "codeDescriptionSupport") for place in shown),
            tags_unnecessary=any(_has_tag(place, UNNECESSARY) for place in shown),
            action_literals=isinstance(find(action, "codeActionLiteralSupport"), dict),
            prefers_actions=flag(action, "isPreferredSupport"),
            action_data=flag(action, "dataSupport"),
            resolves_edits="edit" in array_or_empty(action, "resolveSupport", "properties"),
            document_changes=flag(workspace, "workspaceEdit", "documentChanges"),
            creates_files="create" in array_or_empty(workspace, "workspaceEdit", "resourceOperations"),
            answers_configuration=flag(workspace, "configuration"),
            registers_configuration=flag(workspace, "didChangeConfiguration", "dynamicRegistration"),
            registers_watchers=flag(workspace, "didChangeWatchedFiles", "dynamicRegistration"),
            tells_file_operations=isinstance(find(workspace, "fileOperations"), dict),
            shows_progress=flag(capabilities, "window", "workDoneProgress"),
        )


def _has_tag(place: object, tag: int) -> bool:
    # Early clients say `true` for "all tags of that time".
    return flag(place, "tagSupport") or tag in array_or_empty(place, "tagSupport", "valueSet")
