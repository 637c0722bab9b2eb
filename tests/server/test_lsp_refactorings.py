"""Refactorings over LSP: listed without their edits, resolved from what they carry, for one file and for several."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from lsp_local import URI, Local, change, edit, request
from lsp_session import PUSHED
from test_lsp_code_actions import applied, titles, without

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.index import ProjectIndex
from celery_analyzers.indexing import record_of
from celery_analyzers.project import Project
from celery_analyzers.registry import RuleSet
from celery_codeactions.registry import all_actions
from celery_language_server.handlers.code_action import KINDS

TEXT = "from celery import shared_task\n\n\n@shared_task\ndef report(day):\n    print(day)\n\n\ndef close():\n    report.delay(1)\n"
BIND = "Bind `report` to get its instance as `self`"
BOUND = TEXT.replace("@shared_task\n", "@shared_task(bind=True)\n").replace("report(day)", "report(self, day)")


def ask(local: Local, line: int, character: int, uri: str = URI, **context: Any) -> list[dict[str, Any]]:
    place = edit((line, character), (line, character), "")["range"]
    params = {"textDocument": {"uri": uri}, "range": place, "context": {"diagnostics": [], **context}}
    (answer,) = local.handle(request("textDocument/codeAction", params))
    return [action for action in answer["result"] if action["kind"].startswith("refactor")]


def chosen(actions: list[dict[str, Any]], title: str) -> dict[str, Any]:
    (found,) = [action for action in actions if action["title"] == title]
    return found


@pytest.fixture
def local() -> Local:
    local = Local()
    local.open(TEXT, version=4)
    return local


@pytest.mark.parametrize(("line", "character"), [(3, 0), (3, 5), (4, 6), (5, 6)])
def test_offered_at_decorator_name_and_body(local: Local, line: int, character: int) -> None:
    action = chosen(ask(local, line, character), BIND)
    assert action["kind"] == "refactor.rewrite.celery.bindTask"
    assert "edit" not in action


def test_not_offered_elsewhere(local: Local) -> None:
    assert ask(local, 0, 0) == []
    assert BIND not in titles(ask(local, 9, 13))


def test_the_edit_comes_when_it_is_chosen(local: Local) -> None:
    action = chosen(ask(local, 4, 6), BIND)
    (answer,) = local.handle(request("codeAction/resolve", action))
    assert {**action, "edit": answer["result"]["edit"]} == answer["result"]
    (changed,) = answer["result"]["edit"]["documentChanges"]
    assert changed["textDocument"] == {"uri": URI, "version": 4}
    assert applied(TEXT, changed["edits"]) == BOUND


def test_every_offer_can_be_resolved(local: Local) -> None:
    for line, character in ((4, 6), (9, 13)):
        actions = ask(local, line, character)
        assert actions
        for action in actions:
            (answer,) = local.handle(request("codeAction/resolve", action))
            assert answer["result"]["edit"]["documentChanges"]


@pytest.mark.parametrize(
    ("only", "is_offered"),
    [
        (["refactor"], True),
        (["refactor.rewrite"], True),
        (["refactor.rewrite.celery"], True),
        (["refactor.rewrite.celery.bindTask"], True),
        (["refactor.rewrite.celery.unbindTask"], False),
        (["refactor.extract"], False),
        (["quickfix"], False),
        (["source"], False),
        ([], True),
    ],
)
def test_only(local: Local, only: list[str], is_offered: bool) -> None:
    assert (BIND in titles(ask(local, 4, 6, only=only))) is is_offered


def test_the_best_is_preferred(local: Local) -> None:
    preferred = [action["title"] for action in ask(local, 4, 6) if action.get("isPreferred")]
    assert preferred == ["Limit `report`: a warning after 5 min, the end after 6 min"]


def test_kinds_are_announced() -> None:
    assert all(any(action.leaf_kind().startswith(f"{kind}.") for kind in KINDS) for action in all_actions())


def test_a_document_that_changed_meanwhile_is_not_touched(local: Local) -> None:
    action = chosen(ask(local, 4, 6), BIND)
    local.handle(change(5, edit((0, 0), (0, 0), "# 1\n")))
    (answer,) = local.handle(request("codeAction/resolve", action))
    assert answer["error"]["code"] == -32801


@pytest.mark.parametrize(
    "wrong", [{"action": "other"}, {"variant": "other"}, {"start": 0, "end": 0}, {"start": None}, {"action": 7}]
)
def test_an_action_that_is_not_possible_is_a_clear_error(local: Local, wrong: dict[str, Any]) -> None:
    action = chosen(ask(local, 4, 6), BIND)
    (answer,) = local.handle(request("codeAction/resolve", {**action, "data": {**action["data"], **wrong}}))
    assert answer["error"]["code"] == -32602


def test_clients_that_do_not_resolve_get_the_edit_at_once_where_they_ask_for_refactorings() -> None:
    local = Local(without("textDocument", "codeAction", "resolveSupport"))
    local.open(TEXT)
    assert ask(local, 4, 6) == []
    action = chosen(ask(local, 4, 6, only=["refactor"]), BIND)
    assert "data" not in action
    assert applied(TEXT, action["edit"]["documentChanges"][0]["edits"]) == BOUND


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_line_ends_are_kept(newline: str) -> None:
    text = ("# 😀 字\n" + TEXT).replace("\n", newline)
    local = Local()
    local.open(text)
    action = chosen(ask(local, 5, 6), BIND)
    (answer,) = local.handle(request("codeAction/resolve", action))
    after = applied(text, answer["result"]["edit"]["documentChanges"][0]["edits"])
    assert after == ("# 😀 字\n" + BOUND).replace("\n", newline)


def test_a_file_is_created_where_the_client_can(tmp_path: Path) -> None:
    capabilities = copy.deepcopy(PUSHED)
    path = tmp_path / "tasks.py"
    path.write_text(TEXT)
    (tmp_path / "pyproject.toml").write_text("")
    title = "Write tests for `report` in `tests/test_report.py`"
    plain = Local(capabilities)
    plain.open(TEXT, uri=path.as_uri())
    assert title not in titles(ask(plain, 4, 6, uri=path.as_uri()))
    capabilities["workspace"]["workspaceEdit"]["resourceOperations"] = ["create"]
    local = Local(capabilities)
    local.open(TEXT, uri=path.as_uri())
    action = chosen(ask(local, 4, 6, uri=path.as_uri()), title)
    (answer,) = local.handle(request("codeAction/resolve", action))
    create, changed = answer["result"]["edit"]["documentChanges"]
    uri = (tmp_path / "tests" / "test_report.py").as_uri()
    assert create == {"kind": "create", "uri": uri}
    assert changed["textDocument"] == {"uri": uri, "version": None}
    assert applied("", changed["edits"]).startswith('"""Tests of the task `report`."""')


def test_several_files_are_changed_at_once_each_with_its_version(tmp_path: Path) -> None:
    app = "from celery import Celery\n\napp = Celery('shop')\napp.conf.task_acks_late = True\n"
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "tasks.py").write_text(TEXT)
    (tmp_path / "celery.py").write_text("not what is open\n")
    local = Local()
    local.open(app, version=7, uri=(tmp_path / "celery.py").as_uri())
    local.open(TEXT, version=8, uri=(tmp_path / "tasks.py").as_uri())
    folder = local.server.folders.of(tmp_path / "tasks.py")
    folder.project.set_index(index_with(folder.project, {tmp_path / "celery.py": app, tmp_path / "tasks.py": TEXT}))
    title = "Limit all tasks of the app: a warning after 5 min, the end after 6 min"
    action = chosen(ask(local, 4, 6, uri=(tmp_path / "tasks.py").as_uri()), title)
    (answer,) = local.handle(request("codeAction/resolve", action))
    (changed,) = answer["result"]["edit"]["documentChanges"]
    assert changed["textDocument"] == {"uri": (tmp_path / "celery.py").as_uri(), "version": 7}
    limits = "app.conf.task_soft_time_limit = 300\napp.conf.task_time_limit = 360\n"
    assert applied(app, changed["edits"]) == app + limits


def index_with(project: Project, texts: dict[Path, str]) -> ProjectIndex:
    """The index of a project of some open texts."""
    records = {}
    for path, text in texts.items():
        analysis = FileAnalysis(text, rules=RuleSet(()), project=project, path=path)
        records[str(path)] = record_of(analysis, Project(project.root))
    return ProjectIndex(records, frozenset(records), root=str(project.root))
