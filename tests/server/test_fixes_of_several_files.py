"""Fixes that change several files: in the editor as one edit, and on disk by the command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from command import Command, run
from lsp_local import Local
from test_lsp_code_actions import applied, ask, without

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTINGS = "CELERY_TASK_TIME_LIMIT = 60\nCELERY_TASK_ROUTES = {\n    'shop.old': {'queue': 'old'},\n}\n"
APP = "from celery import Celery\n\napp = Celery('shop')\napp.config_from_object('shop.settings', namespace='CELERY')\n"
TASKS = (
    "from shop.celery import app\n\n\n"
    "@app.task(queue='mail')\ndef send(): ...\n\n\n@app.task(priority=3)\ndef load(): ...\n"
)
ONE = {"select": ["deprecated-task-option"]}
FIX = "Move it to `task_routes`"
ALL = ("--select", "deprecated-task-option", "--min-severity", "hint", "--fix", "--unsafe-fixes")
MOVED = SETTINGS.replace(
    "},\n}", "},\n    'shop.tasks.send': {\"queue\": 'mail'},\n    'shop.tasks.load': {\"priority\": 3},\n}"
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("")
    folder = tmp_path / "shop"
    folder.mkdir()
    for name, text in {"__init__": "", "settings": SETTINGS, "celery": APP, "tasks": TASKS}.items():
        (folder / f"{name}.py").write_text(text)
    return folder


@pytest.fixture
def local() -> Iterator[Local]:
    local = Local(options=ONE)
    yield local
    local.server.indexes.close()


def moves(local: Local, tasks: Path, line: int = 3) -> list[Any]:
    local.await_index(tasks.as_uri())
    return [a for a in ask(local, (line, 12), uri=tasks.as_uri()) if a["title"] == FIX]


def test_one_edit_for_the_editor(local: Local, shop: Path) -> None:
    tasks, settings = shop / "tasks.py", shop / "settings.py"
    local.open(TASKS, version=3, uri=tasks.as_uri())

    (action,) = moves(local, tasks)

    here, there = action["edit"]["documentChanges"]
    assert here["textDocument"] == {"uri": tasks.as_uri(), "version": 3}
    assert applied(TASKS, here["edits"]) == TASKS.replace("(queue='mail')", "")
    assert there["textDocument"] == {"uri": settings.as_uri(), "version": None}
    assert applied(SETTINGS, there["edits"]) == SETTINGS.replace(
        "},\n}", "},\n    'shop.tasks.send': {\"queue\": 'mail'},\n}"
    )


def test_the_other_file_is_as_it_is_in_the_editor(local: Local, shop: Path) -> None:
    tasks, settings = shop / "tasks.py", shop / "settings.py"
    local.open(TASKS, version=3, uri=tasks.as_uri())
    text = "# Mine.\nCELERY_TASK_TIME_LIMIT = 60\n"
    local.open(text, version=8, uri=settings.as_uri())

    (action,) = moves(local, tasks)

    _, there = action["edit"]["documentChanges"]
    assert there["textDocument"] == {"uri": settings.as_uri(), "version": 8}
    added = 'CELERY_TASK_ROUTES = {\n    "shop.tasks.send": {"queue": \'mail\'},\n}\n'
    assert applied(text, there["edits"]) == text + added


def test_clients_without_versioned_edits(shop: Path) -> None:
    tasks = shop / "tasks.py"
    local = Local(without("workspace", "workspaceEdit", "documentChanges"), ONE)
    local.open(TASKS, uri=tasks.as_uri())

    (action,) = moves(local, tasks)

    assert set(action["edit"]["changes"]) == {tasks.as_uri(), (shop / "settings.py").as_uri()}
    local.server.indexes.close()


@pytest.mark.parametrize("routes", ["CELERY_TASK_ROUTES = ROUTES\n", "CELERY_TASK_ROUTES = [{}]\n"])
def test_all_or_nothing(local: Local, shop: Path, routes: str) -> None:
    tasks = shop / "tasks.py"
    local.open(TASKS, uri=tasks.as_uri())
    (shop / "settings.py").write_text(f"CELERY_TASK_TIME_LIMIT = 60\n{routes}")

    assert moves(local, tasks) == []


def test_the_command_writes_all_files(shop: Path) -> None:
    result = run("check", *ALL, cwd=shop.parent)

    assert (shop / "tasks.py").read_text() == TASKS.replace("(queue='mail')", "").replace("(priority=3)", "")
    assert (shop / "settings.py").read_text() == MOVED
    assert result.out == "Found 2 findings (2 fixed, 0 remaining).\n"


def test_the_diff_of_all_files(shop: Path) -> None:
    result = run("check", *ALL, "--diff", cwd=shop.parent)

    assert [line for line in result.out.split("\n") if line.startswith("+++")] == [
        "+++ shop/tasks.py",
        "+++ shop/settings.py",
    ]
    assert "+    'shop.tasks.send': {\"queue\": 'mail'},\n+    'shop.tasks.load': {\"priority\": 3},\n" in result.out
    assert (shop / "settings.py").read_text() == SETTINGS


def test_a_file_that_cannot_be_changed_leaves_all_as_it_is(shop: Path) -> None:
    (shop / "settings.py").write_bytes(b"# coding: ascii\nCELERY_TASK_TIME_LIMIT = 60\nX = '\xff'\n")

    run("check", *ALL, cwd=shop.parent)

    assert (shop / "tasks.py").read_text() == TASKS


def test_stdin_is_one_file(shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(shop)
    command = Command(shop, monkeypatch, capsys)

    result = command("check", *ALL, "--stdin-filename", "tasks.py", "-", stdin=TASKS.encode())

    assert result.out == TASKS
