"""Nothing that a client sends, and nothing that a library prints, ends or garbles a session."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsp_local import URI, Local, change, edit, notification, published, request
from lsp_session import ErrorResponse, Session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXT = 'from celery import Celery\n\napp = Celery()\n\n\n@app.task(bind=True)\ndef ping():\n    return "pong"\n'
METHODS = (
    *("initialized", "initialize", "$/cancelRequest", "$/setTrace", "codeAction/resolve"),
    *(f"textDocument/{name}" for name in ("didOpen", "didChange", "didSave", "didClose", "diagnostic", "codeAction")),
    *(f"workspace/didChange{name}" for name in ("Configuration", "WatchedFiles", "WorkspaceFolders")),
    *("window/workDoneProgress/cancel", "workspace/executeCommand", "textDocument/unheardOf"),
)
NAMES = (
    "textDocument uri text version languageId contentChanges changes range start end line character context "
    "only diagnostics event added removed settings celeryls ignore id data kind processId workspaceFolders"
)
names = st.sampled_from(NAMES.split())
leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from((URI, "python"))
)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4))


@settings(deadline=None, max_examples=100)
@given(messages=st.lists(st.tuples(st.sampled_from(METHODS), values, st.booleans()), max_size=6))
def test_any_parameters(messages: list[tuple[str, Any, bool]]) -> None:
    local = Local()
    local.open(TEXT)
    sent = local.handle(
        *(request(*one[:2], "x") if one[2] else notification(*one[:2]) for one in messages),
        request("shutdown", None, "end"),
    )
    answers = [message for message in sent if message.get("id") == "x" and "method" not in message]
    assert len(answers) == sum(one[2] and one[0] != "$/cancelRequest" for one in messages)
    for answer in answers:
        if "error" in answer:
            assert answer["error"]["code"] in (-32800, -32700, -32600, -32601, -32602)
            assert "Traceback" not in answer["error"]["message"]
    assert sent[-1] == {"jsonrpc": "2.0", "id": "end", "result": None}


@settings(deadline=None, max_examples=100)
@given(body=st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()))
def test_any_body(body: bytes) -> None:
    local = Local()
    local.handle(body)
    assert local.open(TEXT)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"\xff\xfe\xff", -32700),
        (b"[" * 100_000, -32700),
        (b"7", -32600),
        (b"[]", -32600),
        (b'[{"jsonrpc":"2.0","id":1,"method":"shutdown"}]', -32600),
        (b"{}", -32600),
        (b'{"jsonrpc":"2.0","id":1}', -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"shutdown"}', -32600),
        (b'{"jsonrpc":"2.0","id":{},"method":"shutdown"}', -32600),
        (b'{"jsonrpc":"2.0","method":7}', -32600),
        (b'{"id":' + b"9" * 5000 + b"}", -32700),
    ],
)
def test_messages_that_are_none(body: bytes, code: int) -> None:
    (answer,) = Local().handle(body)
    assert answer["error"]["code"] == code
    assert answer["id"] is None


def test_an_unknown_request_is_refused_and_an_unknown_notification_ignored() -> None:
    local = Local()
    (answer,) = local.handle(request("textDocument/makeCoffee", {}, "tea"), notification("textDocument/madeCoffee"))
    assert answer["id"] == "tea"
    assert answer["error"]["code"] == -32601
    assert "textDocument/makeCoffee" in answer["error"]["message"]


def test_a_bad_parameter_is_named() -> None:
    local = Local()
    for params, named in (
        (None, "textDocument.uri"),
        ({"textDocument": {"uri": 7}}, "textDocument.uri"),
        ({"textDocument": {"uri": URI}}, "range.start.line"),
        (
            {"textDocument": {"uri": URI}, "range": {"start": {"line": 0, "character": True}}},
            "range.start.character",
        ),
    ):
        (answer,) = local.handle(request("textDocument/codeAction", params))
        assert answer["error"]["code"] == -32602
        assert f"`{named}` must be" in answer["error"]["message"]


@pytest.mark.parametrize("number", [7, "seven", -1, 2.5, "", 0])
def test_ids_of_every_kind(number: Any) -> None:
    (answer,) = Local().handle(request("shutdown", None, number))
    assert answer == {"jsonrpc": "2.0", "id": number, "result": None}


def test_a_request_that_is_cancelled_in_time_is_not_begun() -> None:
    local = Local()
    local.open(TEXT)
    params = {
        "textDocument": {"uri": URI},
        "range": edit((5, 0), (5, 0), "")["range"],
        "context": {"diagnostics": []},
    }
    sent = local.handle(
        request("textDocument/codeAction", params, 5),
        request("textDocument/codeAction", params, "5"),
        notification("$/cancelRequest", {"id": 5}),
    )
    assert [(answer["id"], "error" in answer) for answer in sent] == [(5, True), ("5", False)]
    assert sent[0]["error"]["code"] == -32800
    assert local.handle(notification("$/cancelRequest", {"id": 5})) == []


def test_lone_surrogates_are_kept() -> None:
    local = Local()
    local.open(TEXT + "# \ud83d")
    local.handle(change(2, edit((8, 3), (8, 3), "\ude00")))
    assert local.text() == TEXT + "# \ud83d\ude00"
    uri = "untitled:\ud83d"
    (said,) = published(local.open(TEXT, uri=uri))
    assert said["uri"] == uri


def test_a_rule_that_fails_loses_no_text(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "celery_analyzers.segment_checker")

    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("celery_analyzers.rules.bind_without_self.BindWithoutSelf.check_task", fail)
    local = Local()
    local.open(TEXT)
    local.handle(change(2, edit((6, 4), (6, 8), "pong")), change(3, edit((0, 0), (0, 0), "# x\n")))
    assert local.text() == "# x\n" + TEXT.replace("ping", "pong")
    monkeypatch.undo()
    (said,) = published(local.handle(change(4, edit((7, 8), (7, 8), "s"))))
    assert said["diagnostics"][0]["message"].startswith("`pongs`")


def test_diagnostics_that_cannot_be_rendered_stop_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    local = Local()
    local.open(TEXT)

    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("celery_language_server.diagnostics.diagnostic", fail)
    local.handle(change(2, edit((0, 0), (0, 0), "\n")), change(3, edit((5, 0), (5, 0), "# x\n")))
    monkeypatch.undo()
    (said,) = published(local.handle(change(4, edit((0, 0), (1, 0), ""))))
    assert said["diagnostics"][0]["range"]["start"]["line"] == 7


def test_garbage_between_messages(session: Session) -> None:
    session.initialize()
    session.send_bytes(b"garbage\r\n\r\nContent-Length: nonsense\r\n\r\n\r\n\r\n")
    session.send_bytes(b"Content-Length: 3\r\n\r\n{]}Content-Type: x\r\ncontent-length:4\r\n\r\nnull")
    session.open("untitled:a", TEXT)
    assert len(session.published("untitled:a")) == 1
    assert session.stop() == 0


def test_messages_that_arrive_byte_by_byte(session: Session) -> None:
    session.initialize()
    document = {"uri": "untitled:a", "languageId": "python", "version": 1, "text": TEXT}
    body = json.dumps(notification("textDocument/didOpen", {"textDocument": document})).encode()
    for byte in b"Content-Length: %d\r\n\r\n%b" % (len(body), body):
        session.send_bytes(bytes([byte]))
    assert len(session.published("untitled:a")) == 1


def test_huge_texts(session: Session) -> None:
    session.initialize()
    session.open("untitled:line", "x = '" + "y" * 1_000_000 + "'\n" + TEXT)
    assert len(session.published("untitled:line")) == 1
    session.open("untitled:blank", "\n" * 100_000 + TEXT)
    assert session.published("untitled:blank")[0]["range"]["start"]["line"] == 100_006
    session.change("untitled:blank", 2, edit((0, 0), (100_000, 0), ""))
    assert session.published("untitled:blank", 2)[0]["range"]["start"]["line"] == 6


def test_a_flood_of_nonsense_does_not_fill_a_log_that_nobody_reads(session: Session) -> None:
    session._drain = lambda: None  # type: ignore[method-assign]
    session.initialize()
    for number in range(3000):
        session.notify("textDocument/didOpen", {"noise": number, "padding": "x" * 100})
    session.open("untitled:a", TEXT)
    assert len(session.published("untitled:a")) == 1


def test_errors_are_clear_and_no_tracebacks(session: Session) -> None:
    with pytest.raises(ErrorResponse) as early:
        session.request("shutdown")
    assert early.value.message == "`shutdown` came before `initialize`"
    session.initialize()
    with pytest.raises(ErrorResponse) as unknown:
        session.request("textDocument/hover2", {})
    assert "textDocument/hover2" in unknown.value.message
    session.notify("textDocument/didOpen", {"textDocument": {"uri": "untitled:a"}})
    session.settle()
    time.sleep(0.2)
    assert b"textDocument.text" in session.stderr
    assert b"Traceback" not in session.stderr


CUSTOMIZE = """
import os, subprocess, sys, threading, time

def chatter():
    while "celery_language_server.server" not in sys.modules:
        time.sleep(0.01)
    time.sleep(0.1)
    while True:
        print("printed")
        sys.__stdout__.write("printed to the real one") and sys.__stdout__.flush()
        os.write(1, b"written to the descriptor")
        subprocess.run([sys.executable, "-S", "-c", "import sys; print('a child', sys.stdin.read())"])
        time.sleep(0.05)

if "celery_language_server" in " ".join(sys.orig_argv):
    threading.Thread(target=chatter, daemon=True).start()
"""


def test_stdout_is_kept_clean(start: Callable[..., Session], tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(CUSTOMIZE)
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    session = start(env={"PYTHONPATH": path})
    session.initialize()
    for version in range(20):
        session.open("untitled:a", TEXT, version)
        assert len(session.published("untitled:a", version)) == 1
        time.sleep(0.05)
    assert b"a child \n" in session.stderr.replace(b"\r", b"")
    assert b"printed" in session.stderr
    assert b"written to the descriptor" in session.stderr
    assert session.stop() == 0


def test_a_client_that_is_slow_to_read(start: Callable[..., Session]) -> None:
    session = start()
    release = threading.Event()
    read = session._readline
    session.initialize()

    def slowly() -> bytes:
        release.wait()
        return read()

    session._readline = slowly
    for number in range(400):
        session.open(f"untitled:{number}", TEXT * 5)
    release.set()
    assert len(session.published("untitled:399")) == 5
