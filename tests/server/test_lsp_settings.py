"""Settings: where they come from, that they change at run time, and what happens when they are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from lsp_local import Local, notification, published, request
from lsp_session import ONLY, PULLED, PUSHED, Session

if TYPE_CHECKING:
    from pathlib import Path

TEXT = 'from celery import Celery\n\napp = Celery()\n\n\n@app.task(bind=True)\ndef ping():\n    return "pong"\n'
OFF = {**ONLY, "ignore": ["bind-without-self"]}
SETTINGS_FILES = {
    "pyproject.toml": '[tool.celeryls]\nignore = ["bind-without-self"]\n',
    "celeryls.toml": 'ignore = ["bind-without-self"]\n',
    ".celeryls.toml": 'severity = {"bind-without-self" = "off"}\n',
}


def codes(diagnostics: list[Any]) -> list[str]:
    return [one["code"] for one in diagnostics]


def saved(session: Session, path: Path) -> None:
    session.notify("textDocument/didSave", {"textDocument": {"uri": path.as_uri()}})


@pytest.mark.parametrize("name", SETTINGS_FILES)
@pytest.mark.parametrize("told", ["watched", "saved"])
def test_a_file_that_is_written_changed_and_removed(session: Session, tmp_path: Path, name: str, told: str) -> None:
    uri, file = (tmp_path / "tasks.py").as_uri(), tmp_path / name

    def tell() -> int:
        heard = len(session.heard)
        if told == "saved":
            saved(session, file)
        else:
            session.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": file.as_uri(), "type": 2}]})
        return heard

    session.initialize(tmp_path)
    session.open(uri, TEXT)
    assert codes(session.published(uri)) == ["bind-without-self"]
    file.write_text(SETTINGS_FILES[name])
    assert codes(session.published(uri, since=tell())) == []
    file.unlink()
    assert codes(session.published(uri, since=tell())) == ["bind-without-self"]


def test_severity_is_a_setting(session: Session, tmp_path: Path) -> None:
    (tmp_path / "celeryls.toml").write_text('severity = {"bind-without-self" = "hint"}\n')
    uri = (tmp_path / "tasks.py").as_uri()
    session.initialize(tmp_path)
    session.open(uri, TEXT)
    assert session.published(uri)[0]["severity"] == 4


def test_excluded_files_have_no_findings(session: Session, tmp_path: Path) -> None:
    (tmp_path / "celeryls.toml").write_text('exclude = ["legacy/"]\n')
    session.initialize(tmp_path)
    for name, count in (("legacy/tasks.py", 0), ("new/tasks.py", 1)):
        uri = (tmp_path / name).as_uri()
        session.open(uri, TEXT)
        assert len(session.published(uri)) == count


@pytest.mark.parametrize("options", [OFF, {"settings": OFF}, {"celeryls": OFF}, {"settings": {"celeryls": OFF}}])
def test_initialization_options(session: Session, options: Any) -> None:
    session.initialize(options=options)
    session.open("untitled:a", TEXT)
    assert session.published("untitled:a") == []


@pytest.mark.parametrize("options", [None, 7, [], "x", {"settings": 5}, {"unknown": 1}])
def test_initialization_options_that_mean_nothing(session: Session, options: Any) -> None:
    session.initialize(options=options)
    session.open("untitled:a", TEXT)
    assert "bind-without-self" in codes(session.published("untitled:a"))


def test_the_client_is_asked_for_each_folder(session: Session, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    session.configuration = lambda item: OFF if item.get("scopeUri") == two.as_uri() else None
    session.initialize(one, two)
    session.wait(lambda message: message.get("method") == "workspace/configuration")
    session.settle()
    session.settle()
    for folder, count in ((one, 1), (two, 0), (tmp_path, 1)):
        uri = (folder / "tasks.py").as_uri()
        session.open(uri, TEXT)
        assert len(session.published(uri)) == count
    heard = len(session.heard)
    session.configuration = lambda item: OFF if item.get("scopeUri") == one.as_uri() else {}
    session.notify("workspace/didChangeConfiguration", {"settings": None})
    assert session.published((one / "tasks.py").as_uri(), since=heard) == []
    assert len(session.published((two / "tasks.py").as_uri(), since=heard)) == 1


def test_a_client_that_cannot_be_asked_sends_them_along(session: Session) -> None:
    session.initialize(capabilities={})
    session.open("untitled:a", TEXT)
    assert len(session.published("untitled:a")) == 1
    for settings, count in ((OFF, 0), ({**ONLY, "ignore": []}, 1), ({"celeryls": OFF}, 0)):
        heard = len(session.heard)
        session.notify("workspace/didChangeConfiguration", {"settings": settings})
        assert len(session.published("untitled:a", since=heard)) == count
    assert session.all("workspace/configuration") == []


@pytest.mark.parametrize("name", SETTINGS_FILES)
def test_a_broken_file_gets_one_message_and_changes_nothing(session: Session, tmp_path: Path, name: str) -> None:
    file, uri = tmp_path / name, (tmp_path / "tasks.py").as_uri()
    good = SETTINGS_FILES[name]
    file.write_text(good)
    session.initialize(tmp_path)
    session.open(uri, TEXT)
    assert session.published(uri) == []
    for broken in (good + "ignore = 5 5\n", good.replace("ignore", "ignroe").replace("severity", "sevreity")):
        before = len(session.all("window/showMessage"))
        file.write_text(broken)
        saved(session, file)
        saved(session, file)
        session.settle()
        (message,) = session.all("window/showMessage")[before:]
        assert message["type"] == 1
        assert name in message["message"]
        assert "\n" not in message["message"]
        version = before + 2
        session.change(uri, version, TEXT)
        assert session.published(uri, version) == []
    # When it is whole again it is read again, and a mistake made again is told again.
    file.write_text(good)
    saved(session, file)
    session.settle()
    file.write_text(broken)
    saved(session, file)
    session.settle()
    assert len(session.all("window/showMessage")) == 3


def test_a_file_that_is_broken_from_the_start(session: Session, tmp_path: Path) -> None:
    (tmp_path / "celeryls.toml").write_text("ignore = 7\n")
    uri = (tmp_path / "tasks.py").as_uri()
    session.initialize(tmp_path)
    session.open(uri, TEXT)
    assert len(session.published(uri)) == 1
    (message,) = session.all("window/showMessage")
    assert "celeryls.toml" in message["message"]
    assert "ignore" in message["message"]


def test_a_clients_mistake_is_told_once(session: Session) -> None:
    session.initialize(capabilities={})
    session.open("untitled:a", TEXT)
    for _ in range(3):
        session.notify("workspace/didChangeConfiguration", {"settings": {"ignore": 5}})
    session.settle()
    (message,) = session.all("window/showMessage")
    assert "ignore" in message["message"]
    assert len(session.published("untitled:a")) == 1


def test_presets_groups_and_files_of_tests_change_at_run_time(session: Session, tmp_path: Path) -> None:
    uri = (tmp_path / "checks" / "tasks.py").as_uri()
    text = TEXT + "\n\n@app.task\ndef pong(x): ...\n"
    session.initialize(tmp_path, capabilities={}, options={"preset": "strict", "ignore": ["time-limits"]})
    session.open(uri, text)
    assert codes(session.published(uri)) == ["bind-without-self", "untyped-task-argument"]
    for settings, severities in (
        ({"preset": "recommended"}, [1]),
        ({"extendSelect": ["signatures"]}, [1, 3]),
        ({"select": ["CEL1"], "testFiles": ["checks/*"]}, [2]),
        ({"select": ["CEL1"], "testFiles": ["checks/*"], "testSeverity": "same"}, [1]),
        ({"select": ["CEL1"], "severity": {"signatures": "hint", "CEL101": "warning"}}, [4, 2]),
        ({"select": ["CEL1"], "testFiles": ["checks/*"], "testSeverity": "off"}, []),
        ({"preset": "all", "ignore": ["time-limits"], "perFileIgnores": {"other/*": ["ALL"]}}, [1, 3]),
        ({"preset": "all", "perFileIgnores": {"checks/*": ["CEL1", "time-limits"]}}, []),
    ):
        heard = len(session.heard)
        session.notify("workspace/didChangeConfiguration", {"settings": settings})
        assert [one["severity"] for one in session.published(uri, since=heard)] == severities


@pytest.mark.parametrize(
    "settings",
    [
        {"preset": "everything"},
        {"preset": 5},
        {"extendSelect": ["no-such-group"]},
        {"perFileIgnores": ["ALL"]},
        {"perFileIgnores": {"[": ["ALL"]}},
        {"testFiles": ["{a"]},
        {"testSeverity": "loud"},
        {"severity": {"no-such-group": "off"}},
    ],
)
def test_mistakes_of_a_client_are_told_and_change_nothing(settings: Any) -> None:
    local = Local({})
    local.open(TEXT)
    sent = local.handle(notification("workspace/didChangeConfiguration", {"settings": settings}))
    (said,) = [one for one in sent if one.get("method") == "window/showMessage"]
    assert said["params"]["message"].startswith("the editor's settings: celeryls.")
    assert published(sent) == []


def test_folders_come_and_go(session: Session, tmp_path: Path) -> None:
    loud, quiet = tmp_path / "loud", tmp_path / "quiet"
    for folder in (loud, quiet):
        folder.mkdir()
    (quiet / "celeryls.toml").write_text(SETTINGS_FILES["celeryls.toml"])
    (tmp_path / "celeryls.toml").write_text('severity = {"bind-without-self" = "hint"}\n')
    inner = quiet / "inner"
    inner.mkdir()
    (inner / "celeryls.toml").write_text('severity = {"bind-without-self" = "information"}\n')
    uri = (inner / "tasks.py").as_uri()

    def folders(*, added: tuple[Path, ...] = (), removed: tuple[Path, ...] = ()) -> list[Any]:
        heard = len(session.heard)
        event = {
            kind: [{"uri": path.as_uri(), "name": path.name} for path in paths]
            for kind, paths in (("added", added), ("removed", removed))
        }
        session.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        return session.published(uri, since=heard)

    session.initialize(loud, quiet)
    session.open(uri, TEXT)
    assert session.published(uri) == []
    # The innermost folder counts.
    assert folders(added=(inner,))[0]["severity"] == 3
    assert folders(removed=(inner,)) == []
    # Without a folder the nearest configuration counts.
    assert folders(removed=(quiet,))[0]["severity"] == 3


@pytest.mark.parametrize("profile", [PUSHED, PULLED], ids=["pushed", "pulled"])
def test_registrations_are_for_clients_that_take_them(session: Session, profile: Any) -> None:
    session.initialize(capabilities=profile)
    session.settle()
    assert session.all("client/registerCapability") == []


def test_files_and_settings_are_watched() -> None:
    dynamic = {"dynamicRegistration": True}
    local = Local({"workspace": {"didChangeWatchedFiles": dynamic, "didChangeConfiguration": dynamic}})
    (said,) = [one for one in local.channel.sent if one.get("method") == "client/registerCapability"]
    registered = {one["method"]: one["registerOptions"] for one in said["params"]["registrations"]}
    assert registered["workspace/didChangeConfiguration"] == {"section": "celeryls"}
    patterns = {one["globPattern"] for one in registered["workspace/didChangeWatchedFiles"]["watchers"]}
    assert any("*.{py,toml," in pattern for pattern in patterns)
    assert any("Procfile" in pattern for pattern in patterns)


def test_settings_that_change_nothing_publish_nothing() -> None:
    local = Local({})
    local.open(TEXT)
    settings = notification("workspace/didChangeConfiguration", {"settings": {**ONLY, "ignore": []}})
    assert published(local.handle(settings)) == []


def test_an_error_answer_to_the_question_for_settings_is_no_harm() -> None:
    local = Local()
    (asked,) = [one for one in local.channel.sent if one.get("method") == "workspace/configuration"]
    error = {"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32601, "message": "no"}}
    for answer in (error, {"jsonrpc": "2.0", "id": asked["id"], "result": 5}, error, request("shutdown")):
        local.handle(answer)
