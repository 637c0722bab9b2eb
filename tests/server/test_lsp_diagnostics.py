"""Diagnostics: what they hold, and when they are sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from lsp_local import URI, Local, change, edit, notification, published, request
from lsp_session import ONLY, PULLED, PUSHED, Session

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "from celery import Celery\n\napp = Celery()\n\n\n"
BOUND = '@app.task(bind=True)\ndef ping():\n    return "pong"\n'
MENDED = BOUND.replace("ping()", "ping(self)")
NAME = {"start": {"line": 6, "character": 4}, "end": {"line": 6, "character": 8}}
Start = Callable[..., Session]


def pull(local: Local, previous: str | None = None) -> dict[str, Any]:
    params = {"textDocument": {"uri": URI}, "previousResultId": previous}
    (answer,) = local.handle(request("textDocument/diagnostic", params))
    return answer["result"]


def test_what_a_diagnostic_holds() -> None:
    (said,) = published(Local().open(HEAD + BOUND, version=3))
    assert said["uri"] == URI
    assert said["version"] == 3
    (shown,) = said["diagnostics"]
    assert shown.pop("message").startswith("`ping` is bound")
    assert shown.pop("codeDescription")["href"].endswith("/bind-without-self.md")
    assert shown == {"range": NAME, "severity": 1, "code": "bind-without-self", "source": "celeryls"}


def test_a_client_gets_no_more_than_it_knows() -> None:
    (said,) = published(Local({}).open(HEAD + BOUND))
    assert "version" not in said
    assert set(said["diagnostics"][0]) == {"range", "severity", "code", "source", "message"}


@pytest.mark.parametrize(("encoding", "end"), [("utf-8", 12), ("utf-16", 10), ("utf-32", 9)])
def test_columns_are_the_clients(encoding: str, end: int) -> None:
    text = HEAD + BOUND.replace("ping", "字bcde")
    (said,) = published(Local({"general": {"positionEncodings": [encoding]}}).open(text))
    found = said["diagnostics"][0]["range"]
    assert found["start"] == {"line": 6, "character": 4}
    assert found["end"]["character"] == {"utf-8": 11, "utf-16": 9, "utf-32": 9}[encoding]


def test_lines_follow_what_is_inserted_above() -> None:
    local = Local()
    local.open(HEAD + BOUND + "\n\n" + BOUND.replace("ping", "100%s"))
    for version in range(2, 6):
        (said,) = published(local.handle(change(version, edit((0, 0), (0, 0), "# %d %s\n" * version))))
        moved = sum(range(2, version + 1))
        assert said["diagnostics"][0]["range"]["start"] == {"line": 6 + moved, "character": 4}
    (said,) = published(local.handle(change(9, edit((0, 0), (moved, 0), ""))))
    assert said["diagnostics"][0]["range"] == NAME


def test_a_mended_task_is_fine() -> None:
    local = Local()
    local.open(HEAD + BOUND)
    (said,) = published(local.handle(change(2, edit((6, 9), (6, 9), "self"))))
    assert said["diagnostics"] == []


def test_closing_clears() -> None:
    local = Local()
    local.open(HEAD + BOUND)
    (said,) = published(local.handle(notification("textDocument/didClose", {"textDocument": {"uri": URI}})))
    assert said == {"uri": URI, "diagnostics": []}


def test_changes_that_wait_together_are_published_once() -> None:
    local = Local()
    local.open("")
    typed = [change(number + 2, edit((0, number), (0, number), "x")) for number in range(20)]
    said = published(local.handle(*typed))
    assert [one["version"] for one in said] == [21]
    assert local.text() == "x" * 20


def test_changes_that_never_stop_are_published_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    local = Local()
    local.open("")
    clock = iter(range(1000))
    monkeypatch.setattr("celery_language_server.publisher.time.monotonic", lambda: next(clock))
    said = published(local.handle(*[change(number + 2, {"text": "x"}) for number in range(20)]))
    assert len(said) > 3
    assert said[-1]["version"] == 21


def test_several_documents_that_change_together() -> None:
    local = Local()
    local.open("", uri="untitled:a")
    local.open("", uri="untitled:b")
    said = published(
        local.handle(
            change(2, {"text": "x"}, uri="untitled:a"),
            change(2, {"text": "x"}, uri="untitled:b"),
            change(3, {"text": "y"}, uri="untitled:a"),
        )
    )
    assert [(one["uri"], one["version"]) for one in said] == [("untitled:a", 3), ("untitled:b", 2)]


def test_a_document_that_closes_before_it_is_published() -> None:
    local = Local()
    local.open("")
    close = notification("textDocument/didClose", {"textDocument": {"uri": URI}})
    (said,) = published(local.handle(change(2, {"text": HEAD + BOUND}), close))
    assert said["diagnostics"] == []


def test_a_client_that_pulls_is_never_pushed_to() -> None:
    local = Local(PULLED)
    assert local.open(HEAD + BOUND) == []
    assert local.handle(change(2, edit((0, 0), (0, 0), "\n"))) == []
    assert len(pull(local)["items"]) == 1
    assert local.handle(notification("textDocument/didClose", {"textDocument": {"uri": URI}})) == []


def test_a_pull_answers_for_the_changes_that_wait_in_front_of_it() -> None:
    local = Local(PULLED)
    local.open(HEAD + BOUND)
    params = {"textDocument": {"uri": URI}}
    sent = local.handle(
        change(2, edit((0, 0), (0, 0), "\n")),
        change(3, edit((0, 0), (0, 0), "\n")),
        request("textDocument/diagnostic", params, "p"),
        change(4, edit((8, 9), (8, 9), "self")),
        request("textDocument/diagnostic", params, "q"),
    )
    assert [answer["id"] for answer in sent] == ["p", "q"]
    assert sent[0]["result"]["items"][0]["range"]["start"]["line"] == 8
    assert sent[1]["result"]["items"] == []


def test_result_ids() -> None:
    local = Local(PULLED)
    local.open(HEAD + BOUND)
    first = pull(local)
    assert first["kind"] == "full"
    assert pull(local, first["resultId"]) == {"kind": "unchanged", "resultId": first["resultId"]}
    assert pull(local, "another")["kind"] == "full"
    # An edit that moves nothing.
    local.handle(change(2, edit((8, 0), (8, 0), "# the end")))
    assert pull(local, first["resultId"])["kind"] == "unchanged"
    local.handle(change(3, edit((0, 0), (0, 0), "\n")))
    second = pull(local, first["resultId"])
    assert second["kind"] == "full"
    # Settings count.
    settings = notification("workspace/didChangeConfiguration", {"settings": {**ONLY, "ignore": ["bind-without-self"]}})
    said = local.handle(settings)
    assert [one["method"] for one in said] == ["workspace/diagnostic/refresh", "workspace/configuration"]
    third = pull(local, second["resultId"])
    assert (third["kind"], third["items"]) == ("full", [])


def test_result_ids_see_other_files(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(HEAD)
    tasks = (tmp_path / "tasks.py").as_uri()
    local = Local(PULLED)
    local.handle(
        notification(
            "workspace/didChangeWorkspaceFolders",
            {"event": {"added": [{"uri": tmp_path.as_uri(), "name": "w"}], "removed": []}},
        )
    )
    local.open("from shop import app\n\n" + BOUND, uri=tasks)
    params = {"textDocument": {"uri": tasks}}

    def pulled(previous: str | None) -> dict[str, Any]:
        (answer,) = local.handle(request("textDocument/diagnostic", {**params, "previousResultId": previous}))
        return answer["result"]

    first = pulled(None)
    assert len(first["items"]) == 1
    # The other file changes in the editor, ...
    local.open("app = print\n", uri=(tmp_path / "shop.py").as_uri())
    second = pulled(first["resultId"])
    assert second["items"] == []
    # ... is given up there, ...
    local.handle(notification("textDocument/didClose", {"textDocument": {"uri": (tmp_path / "shop.py").as_uri()}}))
    third = pulled(second["resultId"])
    assert third["items"] == first["items"]
    # ... and changes on disk.
    (tmp_path / "shop.py").write_text("app = print\n")
    event = {"changes": [{"uri": (tmp_path / "shop.py").as_uri(), "type": 2}]}
    (said,) = local.handle(notification("workspace/didChangeWatchedFiles", event))
    assert said["method"] == "workspace/diagnostic/refresh"
    assert pulled(third["resultId"])["items"] == []


def test_what_is_not_open_has_no_diagnostics() -> None:
    local = Local(PULLED)
    (answer,) = local.handle(request("textDocument/diagnostic", {"textDocument": {"uri": "file:///not/open.py"}}))
    assert answer["result"]["items"] == []


def test_pushed_diagnostics_follow_other_files(session: Session, tmp_path: Path) -> None:
    shop, tasks = tmp_path / "shop.py", tmp_path / "tasks.py"
    session.initialize(tmp_path)
    session.open(shop.as_uri(), HEAD)
    session.open(tasks.as_uri(), "from shop import app\n\n" + BOUND, version=8)
    assert len(session.published(tasks.as_uri(), 8)) == 1
    session.settle()
    heard = len(session.heard)
    session.change(shop.as_uri(), 2, "app = print\n")
    assert session.published(tasks.as_uri(), 8, since=heard) == []
    session.settle()
    heard = len(session.heard)
    session.notify("textDocument/didClose", {"textDocument": {"uri": shop.as_uri()}})
    shop.write_text(HEAD)
    session.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": shop.as_uri(), "type": 1}]})
    assert len(session.published(tasks.as_uri(), 8, since=heard)) == 1


def test_typing_in_a_body_does_not_touch_other_files(session: Session, tmp_path: Path) -> None:
    shop, tasks = tmp_path / "shop.py", tmp_path / "tasks.py"
    session.initialize(tmp_path)
    session.open(shop.as_uri(), HEAD + MENDED)
    session.open(tasks.as_uri(), "from shop import app\n\n" + BOUND)
    session.published(tasks.as_uri(), 1)
    session.change(shop.as_uri(), 2, edit((7, 11), (7, 11), "not "))
    session.published(shop.as_uri(), 2)
    session.settle()
    uris = [params["uri"] for params in session.all("textDocument/publishDiagnostics")]
    assert uris == [shop.as_uri(), tasks.as_uri(), shop.as_uri()]


@pytest.mark.parametrize("profile", [PUSHED, PULLED, {}], ids=["pushed", "pulled", "plain"])
def test_the_whole_session_in_one_stream(start: Start, profile: Any) -> None:
    """A client need not wait for anything."""
    session = start()
    texts = [HEAD + BOUND, HEAD + MENDED]
    messages: list[Any] = [
        request("initialize", {"capabilities": profile, "initializationOptions": ONLY}, "i"),
        notification("initialized", {}),
    ]
    document = {"uri": URI, "languageId": "python", "version": 1, "text": texts[0]}
    messages.append(notification("textDocument/didOpen", {"textDocument": document}))
    messages += [change(number + 2, {"text": texts[number % 2]}) for number in range(50)]
    messages += [request("textDocument/diagnostic", {"textDocument": {"uri": URI}}, "d")]
    session.send(*messages, request("shutdown", None, "s"))
    session.wait(lambda message: message.get("id") == "s")
    session.notify("exit")
    assert session.process.wait(10) == 0
    answers = {message["id"]: message["result"] for message in session.heard if "result" in message}
    assert set(answers) == {"i", "d", "s"}
    assert answers["d"]["items"] == []
    assert json.dumps(session.heard)


def test_untitled_documents_and_windows_paths(session: Session) -> None:
    session.initialize()
    for uri in (
        "untitled:Untitled-1",
        "file:///c%3A/Users/me/tasks.py",
        "file://server/share/tasks.py",
        "zipfile:x::y",
    ):
        session.open(uri, HEAD + BOUND)
        assert len(session.published(uri)) == 1


@pytest.mark.parametrize(
    "last",
    [b"not JSON", {"jsonrpc": "2.0", "id": 1, "result": [None]}, notification("$/cancelRequest", {"id": 77})],
    ids=["noise", "an answer", "a cancellation"],
)
def test_what_arrives_after_a_change_cannot_keep_its_diagnostics_back(
    last: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = Local()
    local.open("")
    handle = local.server.handle

    def handle_while_more_arrives(message: Any) -> None:
        handle(message)
        local.channel.inbox.append(last if isinstance(last, bytes) else json.dumps(last).encode())

    monkeypatch.setattr(local.server, "handle", handle_while_more_arrives)
    assert published(local.handle(change(2, {"text": HEAD + BOUND})))
