"""Completion, hover, signature help and inlay hints over the real server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from lsp_session import PUSHED, Session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = "from celery import Celery\n\napp = Celery()\n\n\n"
TASK = '@app.task(bind=True)\ndef ping(self, host: str, count: int = 3):\n    """Pings 😀."""\n\n\n'
ITEM: dict[str, Any] = {
    "snippetSupport": True,
    "insertReplaceSupport": True,
    "documentationFormat": ["markdown", "plaintext"],
    "tagSupport": {"valueSet": [1]},
    "resolveSupport": {"properties": ["documentation", "additionalTextEdits"]},
}
RICH: dict[str, Any] = {
    **PUSHED,
    "textDocument": {
        **PUSHED["textDocument"],
        "completion": {"completionItem": ITEM},
        "hover": {"contentFormat": ["markdown"]},
        "signatureHelp": {
            "signatureInformation": {
                "documentationFormat": ["markdown"],
                "parameterInformation": {"labelOffsetSupport": True},
                "activeParameterSupport": True,
            }
        },
    },
    "workspace": {**PUSHED["workspace"], "inlayHint": {"refreshSupport": True}},
}


class Editor:
    """One document with a cursor at `$0`."""

    def __init__(self, session: Session, folder: Path, marked: str, name: str = "tasks.py") -> None:
        self.session = session
        self.uri = (folder / name).as_uri()
        before, _, after = marked.partition("$0")
        self.text = before + after
        line = before.count("\n")
        column = len(before.rpartition("\n")[2].encode("utf-16-le")) // 2
        self.position = {"line": line, "character": column}
        session.open(self.uri, self.text)

    def ask(self, method: str) -> Any:
        return self.session.request(
            f"textDocument/{method}", {"textDocument": {"uri": self.uri}, "position": self.position}
        )

    def items(self) -> dict[str, Any]:
        return {item["label"]: item for item in self.ask("completion")["items"]}

    def hints(self) -> Any:
        lines = self.text.count("\n")
        whole = {"start": {"line": 0, "character": 0}, "end": {"line": lines, "character": 0}}
        return self.session.request("textDocument/inlayHint", {"textDocument": {"uri": self.uri}, "range": whole})

    def taken(self, item: dict[str, Any]) -> str:
        """The text after an item was taken by a client that replaces."""
        edit = item["textEdit"]
        edits = [{"range": edit.get("replace") or edit["range"], "newText": edit["newText"]}]
        edits += item.get("additionalTextEdits", [])
        text = self.text
        for one in sorted(edits, key=lambda e: tuple(e["range"]["start"].values()), reverse=True):
            start, end = (self.offset(one["range"][edge]) for edge in ("start", "end"))
            text = text[:start] + one["newText"] + text[end:]
        return text

    def offset(self, position: dict[str, int]) -> int:
        lines = self.text.split("\n")
        line = lines[position["line"]].encode("utf-16-le")[: position["character"] * 2].decode("utf-16-le")
        return sum(len(each) + 1 for each in lines[: position["line"]]) + len(line)


def test_completion_takes_the_parameter_along(session: Session, tmp_path: Path) -> None:
    offered = session.initialize(tmp_path, capabilities=RICH)["capabilities"]
    assert offered["completionProvider"]["resolveProvider"]
    editor = Editor(session, tmp_path, HEAD + "@app.task(bi$0)\ndef ping():  # 😀\n    pass\n")
    item = editor.items()["bind"]
    assert editor.taken(item) == HEAD + "@app.task(bind=True)\ndef ping(self):  # 😀\n    pass\n"
    full = session.request("completionItem/resolve", item)
    assert full["documentation"]["kind"] == "markdown"
    assert "`self`" in full["documentation"]["value"] or "task itself" in full["documentation"]["value"]


def test_completion_imports_what_it_uses_when_it_is_resolved(session: Session, tmp_path: Path) -> None:
    session.initialize(tmp_path, capabilities=RICH)
    text = "from requests import get\n" + HEAD + "@app.task(autoretry_for=$0)\ndef ping(url):\n    get(url)\n"
    editor = Editor(session, tmp_path, text)
    item = next(iter(editor.items().values()))
    assert "additionalTextEdits" not in item
    full = session.request("completionItem/resolve", item)
    taken = editor.taken(full)
    assert "autoretry_for=(RequestsConnectionError, Timeout)" in taken
    assert "from requests import ConnectionError as RequestsConnectionError" in taken.replace("get, ", "")


def test_a_poor_client_gets_plain_text_and_its_imports_at_once(session: Session, tmp_path: Path) -> None:
    session.initialize(tmp_path)
    text = "from requests import get\n" + HEAD + "@app.task(autoretry_for=$0)\ndef ping(url):\n    get(url)\n"
    editor = Editor(session, tmp_path, text)
    items = editor.items()
    assert all("$" not in item["textEdit"]["newText"] for item in items.values())
    assert all("range" in item["textEdit"] for item in items.values())
    assert "Timeout" in editor.taken(next(iter(items.values()))).split("\n")[0]
    hover = Editor(session, tmp_path, HEAD + TASK + "pi$0ng.delay(1)\n", "b.py").ask("hover")
    assert hover["contents"]["kind"] == "plaintext"
    assert "`" not in hover["contents"]["value"]


def test_snippets_are_for_those_who_know_them(session: Session, tmp_path: Path) -> None:
    session.initialize(tmp_path, capabilities=RICH)
    items = Editor(session, tmp_path, HEAD + TASK + "ping.apply_async($0)\n").items()
    assert items["kwargs"]["textEdit"]["newText"] == "kwargs={$1}"
    assert items["kwargs"]["insertTextFormat"] == 2
    assert "insertTextFormat" not in items["ignore_result"]


def test_an_item_without_more_to_say_is_resolved_to_itself(session: Session, tmp_path: Path) -> None:
    session.initialize(tmp_path, capabilities=RICH)
    item = Editor(session, tmp_path, HEAD + "@app.task(acks_late=$0)\ndef ping():\n    pass\n").items()["True"]
    assert session.request("completionItem/resolve", item) == item


def test_an_open_string_is_not_replaced_beyond_the_name(session: Session, tmp_path: Path) -> None:
    session.initialize(tmp_path, capabilities=RICH)
    editor = Editor(session, tmp_path, HEAD + TASK + 'app.send_task("tas$0, args=[1])\nx = 1\n')
    item = editor.items()["tasks.ping"]
    assert '\napp.send_task("tasks.ping, args=[1])\nx = 1\n' in editor.taken(item)


def test_hover_points_at_the_name(session: Session, tmp_path: Path) -> None:
    session.initialize(tmp_path, capabilities=RICH)
    hover = Editor(session, tmp_path, HEAD + TASK + 'x = "😀", ping.de$0lay("x")\n').ask("hover")
    assert hover["range"]["start"]["character"] == 15
    assert "host: str" in hover["contents"]["value"]
    assert Editor(session, tmp_path, HEAD + "pri$0nt(1)\n", "b.py").ask("hover") is None


def test_signature_help_follows_the_cursor(session: Session, tmp_path: Path) -> None:
    session.initialize(tmp_path, capabilities=RICH)
    shown = Editor(session, tmp_path, HEAD + TASK + 'ping.delay("😀", $0)\n').ask("signatureHelp")
    (signature,) = shown["signatures"]
    assert signature["label"] == "ping.delay(host: str, count: int = 3)"
    assert "documentation" not in signature  # It is not on disk.
    assert signature["activeParameter"] == shown["activeParameter"] == 1
    assert signature["parameters"][1]["label"] == [22, 36]
    assert Editor(session, tmp_path, HEAD + "print($0)\n", "b.py").ask("signatureHelp") is None


def test_inlay_hints_can_be_switched_off(start: Callable[..., Session], tmp_path: Path) -> None:
    text = HEAD + TASK + "ping.delay(1)\n"
    for options, wanted in (({}, ["host="]), ({"inlayHints": []}, []), ({"inlayHints": ["next-run"]}, [])):
        session = start()
        session.initialize(tmp_path, capabilities=RICH, options=options)
        assert [hint["label"] for hint in Editor(session, tmp_path, text).hints()] == wanted


def test_next_runs_come_when_celery_is_loaded(session: Session, tmp_path: Path) -> None:
    session.initialize(tmp_path, capabilities=RICH)
    text = (
        "from celery.schedules import crontab\n"
        + HEAD
        + 'app.conf.beat_schedule = {\n    "x": {"task": "y", "schedule": crontab(minute=0)},\n}\n'
    )
    editor = Editor(session, tmp_path, text)
    seen, hints = 0, editor.hints()
    while not hints:  # Celery is loaded, and the index is made.
        session.wait(lambda message: message.get("method") == "workspace/inlayHint/refresh", seen)
        seen = len(session.heard)
        hints = editor.hints()
    assert hints[0]["label"].startswith("next ")
    assert hints[0]["label"].endswith(":00 UTC")


def test_excluded_files_get_no_help(session: Session, tmp_path: Path) -> None:
    session.initialize(tmp_path, capabilities=RICH, options={"exclude": ["tasks.py"]})
    editor = Editor(session, tmp_path, HEAD + "@app.task($0)\ndef ping():\n    pass\n")
    assert editor.ask("completion") is None
    assert editor.ask("hover") is None


@pytest.mark.parametrize("method", ["completion", "hover", "signatureHelp"])
def test_nonsense_is_answered(session: Session, tmp_path: Path, method: str) -> None:
    session.initialize(tmp_path, capabilities=RICH)
    editor = Editor(session, tmp_path, "$0")
    assert not (editor.ask(method) or {}).get("items")
    editor.position = {"line": 99, "character": 99}
    assert not (editor.ask(method) or {}).get("items")
    unknown = {"textDocument": {"uri": "file:///nowhere.py"}, "position": {"line": 0, "character": 0}}
    assert session.request(f"textDocument/{method}", unknown) is None
