"""Fixes that create a file: by the editor where it can, by the command, and never over one that is there."""

from __future__ import annotations

import copy
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from command import Command, run
from lsp_local import Local, request
from lsp_session import PUSHED
from lsprotocol import types
from lsprotocol.converters import get_converter
from pytest_lsp import client_capabilities
from test_lsp_code_actions import applied, ask

from celery_language_server import mended_files
from celery_language_server.sources import UnreadableError, create

if TYPE_CHECKING:
    from pathlib import Path

APP = """import os

from celery import Celery

app = Celery("shop", broker="amqps://shop:tr0ub4dor@mq.example.org/")
app.conf.result_backend = "redis://:tr0ub4dor@cache.example.org/0"
"""
FIXED = APP.replace('"amqps://shop:tr0ub4dor@mq.example.org/"', 'os.environ["CELERY_BROKER_URL"]')
ALL_FIXED = FIXED.replace('"redis://:tr0ub4dor@cache.example.org/0"', 'os.environ["CELERY_RESULT_BACKEND"]')
BROKER = "CELERY_BROKER_URL=your_broker_url_here\n"
BACKEND = "CELERY_RESULT_BACKEND=your_result_backend_here\n"
CHECK = ("check", "--select", "credentials-in-config")
FIX = (*CHECK, "--fix", "--unsafe-fixes")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "shop.py").write_text(APP)
    return tmp_path


@pytest.fixture
def celeryls(shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.chdir(shop)
    return Command(shop, monkeypatch, capsys)


def edit_by(capabilities: Any, shop: Path) -> dict[str, Any]:
    """The edit of the fix that a client with these capabilities is offered."""
    local = Local(capabilities, {"select": ["credentials-in-config"]})
    uri = (shop / "shop.py").as_uri()
    local.open(APP, version=3, uri=uri)
    try:
        local.await_index(uri)
        # Some clients have to ask.
        local.handle(request("textDocument/diagnostic", {"textDocument": {"uri": uri}}))
        (edit,) = (action["edit"] for action in ask(local, (4, 30), uri=uri) if action["title"].startswith("Read it"))
    finally:
        local.server.indexes.close()
    get_converter().structure(edit, types.WorkspaceEdit)
    return edit


def that_creates(*operations: str) -> dict[str, Any]:
    capabilities = copy.deepcopy(PUSHED)
    capabilities["workspace"]["workspaceEdit"]["resourceOperations"] = list(operations)
    return capabilities


def test_the_editor_creates_the_file_before_it_changes_another(shop: Path) -> None:
    example = (shop / ".env.example").as_uri()

    created, here, there = edit_by(that_creates("create", "rename"), shop)["documentChanges"]

    assert created == {"kind": "create", "uri": example}
    assert here["textDocument"] == {"uri": (shop / "shop.py").as_uri(), "version": 3}
    assert applied(APP, here["edits"]) == FIXED
    assert there["textDocument"] == {"uri": example, "version": None}
    assert applied("", there["edits"]) == BROKER


def test_a_file_that_is_there_is_changed(shop: Path) -> None:
    (shop / ".env.example").write_text("DEBUG=1")

    _, there = edit_by(that_creates("create"), shop)["documentChanges"]

    assert applied("DEBUG=1", there["edits"]) == f"DEBUG=1\n{BROKER}"


@pytest.mark.parametrize("operations", [(), ("rename", "delete")])
def test_editors_that_cannot_create_files_fix_the_code_alone(shop: Path, operations: tuple[str, ...]) -> None:
    (here,) = edit_by(that_creates(*operations), shop)["documentChanges"]

    assert applied(APP, here["edits"]) == FIXED


def test_files_are_created_without_versions_where_the_client_knows_none(shop: Path) -> None:
    capabilities = that_creates("create")
    capabilities["workspace"]["workspaceEdit"]["documentChanges"] = False

    created, here, there = edit_by(capabilities, shop)["documentChanges"]

    assert created["kind"] == "create"
    assert here["textDocument"] == {"uri": (shop / "shop.py").as_uri(), "version": None}
    assert there["textDocument"] == {"uri": created["uri"], "version": None}


@pytest.mark.parametrize(("profile", "creates"), [("visual_studio_code", True), ("neovim", True), ("emacs", False)])
def test_real_editors(shop: Path, profile: str, creates: bool) -> None:
    edit = edit_by(get_converter().unstructure(client_capabilities(profile)), shop)

    changes = edit["documentChanges"]
    example = (shop / ".env.example").as_uri()
    assert [change["uri"] for change in changes if "kind" in change] == [example] * creates
    assert [change["textDocument"]["uri"] for change in changes if "textDocument" in change] == (
        [(shop / "shop.py").as_uri(), *[example] * creates]
    )


def test_the_command_writes_the_file(celeryls: Command, shop: Path) -> None:
    result = celeryls(*FIX)

    assert (shop / "shop.py").read_text() == ALL_FIXED
    assert (shop / ".env.example").read_text() == BROKER + BACKEND
    assert result.out == "Found 2 findings (2 fixed, 0 remaining).\n"
    shown = sorted(path.name for path in shop.iterdir() if path.name != ".celeryls_cache")
    assert shown == [".env.example", "pyproject.toml", "shop.py"]


def test_two_files_that_need_the_same_variable(celeryls: Command, shop: Path) -> None:
    (shop / "other.py").write_text(APP)

    celeryls(*FIX)

    assert (shop / "shop.py").read_text() == (shop / "other.py").read_text() == ALL_FIXED
    assert (shop / ".env.example").read_text() == BROKER + BACKEND


def test_the_diff_shows_a_new_file(celeryls: Command, shop: Path) -> None:
    result = celeryls(*FIX, "--diff")

    assert result.out.endswith(
        "diff --git .env.example .env.example\nnew file mode 100644\n--- /dev/null\n+++ .env.example\n"
        f"@@ -0,0 +1,2 @@\n+{BROKER}+{BACKEND}"
    )
    assert not (shop / ".env.example").exists()
    assert (shop / "shop.py").read_text() == APP


def test_no_other_file_is_touched(celeryls: Command, shop: Path) -> None:
    (shop / ".gitignore").write_text("*.pyc\n")

    celeryls(*FIX)

    assert (shop / ".gitignore").read_text() == "*.pyc\n"
    assert not (shop / ".env").exists()


def test_a_file_that_appears_meanwhile_is_left_as_it_is(
    celeryls: Command, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(path: str, data: bytes) -> None:
        (shop / ".env.example").write_text("MINE=1\n")
        create(path, data)

    monkeypatch.setattr(mended_files, "create", late)

    result = celeryls(*FIX)

    assert (shop / ".env.example").read_text() == "MINE=1\n"
    assert result.err == "warning: .env.example could not be created: File exists\n"


@pytest.mark.skipif(os.name == "nt", reason="needs links")
def test_a_link_that_leads_nowhere_is_not_written_through(celeryls: Command, shop: Path) -> None:
    (shop / ".env.example").symlink_to(shop / "gone")

    celeryls(*FIX)

    assert (shop / "shop.py").read_text() == ALL_FIXED
    assert not (shop / "gone").exists()
    with pytest.raises(UnreadableError):
        create(str(shop / ".env.example"), b"")


def test_stdin_is_fixed_alone(celeryls: Command, shop: Path) -> None:
    result = celeryls(*FIX, "--stdin-filename", "shop.py", "-", stdin=APP.encode())

    assert result.out == ALL_FIXED
    assert not (shop / ".env.example").exists()


def test_json_holds_the_edits_of_the_code(shop: Path) -> None:
    result = run(*CHECK, "--output-format", "json", cwd=shop)

    reports: list[dict[str, Any]] = json.loads(result.out)
    assert [[edit["text"] for edit in fix["edits"]] for report in reports for fix in report["fixes"]] == [
        ['os.environ["CELERY_BROKER_URL"]'],
        ['os.environ["CELERY_RESULT_BACKEND"]'],
    ]
