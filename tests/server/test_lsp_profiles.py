"""The whole life of a session under the capabilities that real editors announce.

Every message passes lsprotocol's types on the client's side, and pytest-lsp warns of what the profile does
not allow.
"""

from __future__ import annotations

import sys

# pytest-lsp looks at annotations while it runs.
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_lsp
from lsp_session import COMMAND, ONLY
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities
from pytest_lsp.checks import LspSpecificationWarning
from test_lsp_documents import Model

pytestmark = pytest.mark.filterwarnings(
    f"error::{LspSpecificationWarning.__module__}.{LspSpecificationWarning.__name__}"
)

HEAD = "from celery import Celery  # 😀\r\n\r\napp = Celery()\r\n\r\n\r\n"
TEXT = HEAD + '"""😀"""\r\n@app.task(bind=True)\r\ndef ping():  # 😀\r\n    return "pong"\r\n'
WRONG = 7
PULLS = "visual_studio_code that pulls"


def capabilities(profile: str) -> types.ClientCapabilities:
    if profile != PULLS:
        return client_capabilities(profile)
    found = client_capabilities("visual_studio_code")
    assert found.text_document is not None
    assert found.workspace is not None
    found.text_document.diagnostic = types.DiagnosticClientCapabilities(dynamic_registration=False)
    found.workspace.diagnostics = types.DiagnosticWorkspaceClientCapabilities(refresh_support=True)
    return found


@pytest_lsp.fixture(
    config=ClientServerConfig(server_command=COMMAND), params=["visual_studio_code", "neovim", "emacs", PULLS]
)
async def client(lsp_client: LanguageClient, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[None]:
    @lsp_client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def _(_: types.RegistrationParams) -> None:
        """pytest-lsp's own client announces registrations for its profiles, but takes none."""

    lsp_client.initialized_with = await lsp_client.initialize_session(  # type: ignore[attr-defined]
        types.InitializeParams(
            capabilities=capabilities(request.param),
            initialization_options=ONLY,
            workspace_folders=[types.WorkspaceFolder(uri=tmp_path.as_uri(), name="workspace")],
        )
    )
    yield
    await lsp_client.shutdown_session()


class Editor:
    """What an editor does with one document, whichever way it gets its diagnostics."""

    def __init__(self, client: LanguageClient, uri: str, text: str) -> None:
        self.client = client
        self.uri = uri
        self.version = 1
        self.offered: types.ServerCapabilities = client.initialized_with.capabilities  # type: ignore[attr-defined]
        self.encoding = str(getattr(self.offered.position_encoding, "value", self.offered.position_encoding))
        self.model = Model(text, self.encoding)

    @property
    def document(self) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(uri=self.uri)

    async def diagnostics(self) -> list[types.Diagnostic]:
        if self.offered.diagnostic_provider is None:
            await self.client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
            return list(self.client.diagnostics[self.uri])
        report = await self.client.text_document_diagnostic_async(types.DocumentDiagnosticParams(self.document))
        assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
        assert self.uri not in self.client.diagnostics
        return list(report.items)

    async def open(self) -> list[types.Diagnostic]:
        item = types.TextDocumentItem(self.uri, "python", self.version, self.model.text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return await self.diagnostics()

    async def change(self, *edits: Any) -> list[types.Diagnostic]:
        """Make edits, each in the text that the one before it left."""
        self.version += 1
        changes: list[Any] = []
        for one in edits:
            start, end = one.range.start, one.range.end
            self.model.edit((start.line, start.character), (end.line, end.character), one.new_text)
            changes.append(types.TextDocumentContentChangePartial(text=one.new_text, range=one.range))
        identifier = types.VersionedTextDocumentIdentifier(version=self.version, uri=self.uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, changes))
        return await self.diagnostics()

    async def actions(self, place: types.Position, *only: str) -> list[types.CodeAction]:
        context = types.CodeActionContext(diagnostics=[], only=list(only) or None)  # type: ignore[arg-type]
        params = types.CodeActionParams(self.document, types.Range(place, place), context)
        found = await self.client.text_document_code_action_async(params)
        return [action for action in found or () if isinstance(action, types.CodeAction)]

    async def take(self, action: types.CodeAction) -> list[types.Diagnostic]:
        """Do what the action says."""
        if action.edit is None:
            action = await self.client.code_action_resolve_async(action)
        assert action.edit is not None
        if action.edit.document_changes is not None:
            (changed,) = action.edit.document_changes
            assert isinstance(changed, types.TextDocumentEdit)
            assert changed.text_document.version == self.version
            edits: Any = changed.edits
        else:
            assert action.edit.changes is not None
            edits = action.edit.changes[self.uri]
        return await self.change(
            *sorted(edits, key=lambda one: (one.range.start.line, one.range.start.character), reverse=True)
        )


@pytest.mark.asyncio
async def test_a_session(client: LanguageClient, tmp_path: Path) -> None:
    editor = Editor(client, (tmp_path / "tasks.py").as_uri(), TEXT)

    # Open: the mistake is shown, where the client's own columns say.
    (shown,) = await editor.open()
    assert (shown.code, shown.range.start.line) == ("bind-without-self", WRONG)
    assert shown.range == types.Range(types.Position(WRONG, 4), types.Position(WRONG, 8))

    # Type above it and behind characters of several units.
    end_of_first_line = {"utf-8": 33, "utf-16": 31, "utf-32": 30}[editor.encoding]
    place = types.Position(0, end_of_first_line)
    (shown,) = await editor.change(types.TextEdit(types.Range(place, place), "\r\n# more 😀"))
    assert shown.range.start == types.Position(WRONG + 1, 4)
    assert editor.model.text == TEXT.replace("😀\r\n", "😀\r\n# more 😀\r\n", 1)

    # Fix it, and take the fix back.
    before = editor.model.text
    place = shown.range.start
    fix = (await editor.actions(place, types.CodeActionKind.QuickFix))[0]
    assert list(fix.diagnostics or ()) == [shown]
    assert fix.is_preferred
    assert await editor.take(fix) == []
    assert editor.model.text == before.replace("ping()", "ping(self)")
    (shown,) = await editor.change(
        types.TextEdit(types.Range(types.Position(WRONG + 1, 9), types.Position(WRONG + 1, 13)), "")
    )
    assert editor.model.text == before

    # All safe fixes at once; the action's edit comes later where the client can wait.
    (everything,) = await editor.actions(types.Position(0, 0), "source.fixAll")
    assert await editor.take(everything) == []
    (shown,) = await editor.change(
        types.TextEdit(types.Range(types.Position(WRONG + 1, 9), types.Position(WRONG + 1, 13)), "")
    )

    # Ignore it.
    (ignore,) = [one for one in await editor.actions(place) if one.title.startswith("Ignore")]
    assert await editor.take(ignore) == []
    assert "# 😀  # celeryls: ignore[bind-without-self]" in editor.model.text

    # Save, and close.
    client.text_document_did_save(types.DidSaveTextDocumentParams(editor.document))
    client.text_document_did_close(types.DidCloseTextDocumentParams(editor.document))
    assert await editor.diagnostics() == []
    assert client.messages == []


@pytest.mark.asyncio
async def test_settings_change_while_it_runs(client: LanguageClient, tmp_path: Path) -> None:
    editor = Editor(client, (tmp_path / "tasks.py").as_uri(), TEXT)
    assert len(await editor.open()) == 1
    client.set_configuration({**ONLY, "ignore": ["bind-without-self"]}, section="celeryls", scope_uri=tmp_path.as_uri())
    client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=None))
    for _ in range(100):
        if await editor.diagnostics() == []:
            break
    else:
        pytest.fail("the setting was not taken over")


@pytest.mark.asyncio
async def test_a_full_change(client: LanguageClient, tmp_path: Path) -> None:
    editor = Editor(client, (tmp_path / "tasks.py").as_uri(), "")
    assert await editor.open() == []
    identifier = types.VersionedTextDocumentIdentifier(version=2, uri=editor.uri)
    whole = types.TextDocumentContentChangeWholeDocument(text=TEXT)
    client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [whole]))
    assert len(await editor.diagnostics()) == 1


@pytest.mark.asyncio
async def test_help_while_writing(client: LanguageClient, tmp_path: Path) -> None:
    text = HEAD + "@app.task(bi)\r\ndef ping(host):  # 😀\r\n    pass\r\n\r\n\r\nping.delay('😀', )\r\n"
    editor = Editor(client, (tmp_path / "tasks.py").as_uri(), text)
    await editor.open()

    place = types.Position(5, len("@app.task(bi"))
    found = await client.text_document_completion_async(types.CompletionParams(editor.document, place))
    assert isinstance(found, types.CompletionList)
    (bind,) = [item for item in found.items if item.label == "bind"]
    assert isinstance(bind.text_edit, (types.TextEdit, types.InsertReplaceEdit))
    assert bind.text_edit.new_text == "bind=True"
    assert [edit.new_text for edit in bind.additional_text_edits or ()] == ["self, "]
    full = await client.completion_item_resolve_async(bind)
    said = full.documentation
    assert "first argument" in (said.value if isinstance(said, types.MarkupContent) else said or "")

    place = types.Position(10, len("pi"))
    hover = await client.text_document_hover_async(types.HoverParams(editor.document, place))
    assert hover is not None
    assert isinstance(hover.contents, types.MarkupContent)
    assert "ping.delay(host)" in hover.contents.value

    units = len("ping.delay('😀', ".encode("utf-16-le")) // 2 if editor.encoding == "utf-16" else None
    column = units or len("ping.delay('😀', ".encode() if editor.encoding == "utf-8" else "ping.delay('😀', ")
    params = types.SignatureHelpParams(editor.document, types.Position(10, column - 2))
    signature = await client.text_document_signature_help_async(params)
    assert signature is not None
    assert [one.label for one in signature.signatures] == ["ping.delay(host)"]
    assert signature.active_parameter == 0

    lines = types.Range(types.Position(0, 0), types.Position(11, 0))
    hints = await client.text_document_inlay_hint_async(types.InlayHintParams(editor.document, lines))
    assert [hint.label for hint in hints or ()] == ["host="]


def test_the_command_is_that_of_this_python() -> None:
    assert COMMAND[0] == sys.executable
