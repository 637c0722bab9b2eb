"""Code actions: which are offered where, in what form, and what comes of them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsp_local import URI, Local, change, edit, request
from lsp_session import PUSHED
from test_lsp_documents import Model

from celery_codeactions.differences import between
from celery_language_server.handlers.code_action import is_wanted

HEAD = "from celery import Celery\n\napp = Celery()\n\n\n"
PING = '@app.task(bind=True)\ndef ping():\n    return "pong"\n'
TEXT = HEAD + PING + "\n\n" + PING.replace("ping", "pong")
FIX = "Add the parameter `self`"
REMOVE = "Remove `bind=True`"
IGNORE = "Ignore `bind-without-self` here"
ALL = "Apply all safe fixes of celeryls"


def ask(
    local: Local, start: tuple[int, int], end: tuple[int, int] | None = None, uri: str = URI, **context: Any
) -> list[dict[str, Any]]:
    params = {
        "textDocument": {"uri": uri},
        "range": edit(start, end or start, "")["range"],
        "context": {"diagnostics": [], **context},
    }
    (answer,) = local.handle(request("textDocument/codeAction", params))
    # Refactorings have a file of their own.
    return [action for action in answer["result"] if not action["kind"].startswith("refactor")]


def titles(actions: list[dict[str, Any]]) -> list[str]:
    return [action["title"] for action in actions]


def without(*path: str) -> dict[str, Any]:
    """The capabilities without what is at `path`."""
    capabilities = copy.deepcopy(PUSHED)
    place = capabilities
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return capabilities


def applied(text: str, edits: list[dict[str, Any]], encoding: str = "utf-16") -> str:
    """What a client makes of text edits: all of them count in the text as it was."""
    model = Model(text, encoding)
    places = []
    for one in edits:
        start, end = (
            model.offset(one["range"][edge]["line"], one["range"][edge]["character"]) for edge in ("start", "end")
        )
        places.append((start, end, one["newText"]))
    for (_, end, _), (start, _, _) in zip(sorted(places), sorted(places)[1:], strict=False):
        assert end <= start
    for start, end, new in sorted(places, reverse=True):
        text = text[:start] + new + text[end:]
    return text


@pytest.fixture
def local() -> Local:
    local = Local()
    local.open(TEXT, version=4)
    return local


def test_the_fix_and_what_it_says(local: Local) -> None:
    fix, other, ignore, everything = ask(local, (6, 5))
    assert titles([fix, other, ignore, everything]) == [FIX, REMOVE, IGNORE, ALL]
    assert fix["kind"] == ignore["kind"] == "quickfix"
    assert fix["isPreferred"] is True
    assert "isPreferred" not in ignore | other
    assert [one["code"] for one in fix["diagnostics"]] == ["bind-without-self"]
    assert fix["diagnostics"][0]["range"]["start"] == {"line": 6, "character": 4}
    (changed,) = fix["edit"]["documentChanges"]
    assert changed["textDocument"] == {"uri": URI, "version": 4}
    assert applied(TEXT, changed["edits"]) == TEXT.replace("ping()", "ping(self)")
    (changed,) = ignore["edit"]["documentChanges"]
    after = applied(TEXT, changed["edits"])
    assert after == TEXT.replace("def ping():", "def ping():  # celeryls: ignore[bind-without-self]")
    local.handle(change(5, {"text": after}))
    assert titles(ask(local, (6, 5))) == [ALL]


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [
        ((6, 4), None, 1),
        ((6, 8), None, 1),
        ((6, 0), None, 1),  # a cursor stands for its line
        ((6, 11), None, 1),
        ((5, 4), None, 0),
        ((7, 0), None, 0),
        ((6, 0), (6, 3), 0),  # a selection does not
        ((6, 0), (6, 4), 1),
        ((6, 8), (6, 11), 1),
        ((6, 9), (6, 11), 0),
        ((5, 0), (7, 0), 1),
        ((0, 0), (99, 0), 2),
        ((99, 0), (0, 0), 2),
        ((99, 0), None, 0),
        ((-5, -5), (6, 99), 1),
    ],
)
def test_where_fixes_are_offered(local: Local, start: tuple[int, int], end: tuple[int, int] | None, count: int) -> None:
    assert titles(ask(local, start, end)).count(FIX) == count


def test_the_clients_diagnostics_do_not_matter(local: Local) -> None:
    strange = [{"range": edit((0, 0), (0, 1), "")["range"], "message": "strange", "source": "celeryls", "code": "x"}]
    for diagnostics in ([], strange, None, 7):
        assert FIX in titles(ask(local, (6, 5), diagnostics=diagnostics))


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (["quickfix"], [FIX, REMOVE, IGNORE]),
        (["quickfix.celery"], []),
        (["source"], [ALL]),
        (["source.fixAll"], [ALL]),
        (["source.fixAll.celery"], [ALL]),
        (["source.fixAll.other"], []),
        (["source.fix"], []),
        (["source.organizeImports"], []),
        (["refactor"], []),
        (["refactor", "quickfix"], [FIX, REMOVE, IGNORE]),
        ([""], [FIX, REMOVE, IGNORE, ALL]),
        ([], [FIX, REMOVE, IGNORE, ALL]),
        ([7, None], []),
        (7, [FIX, REMOVE, IGNORE, ALL]),
    ],
)
def test_only(local: Local, only: Any, expected: list[str]) -> None:
    assert titles(ask(local, (6, 5), only=only)) == expected


def test_fix_all_is_resolved_when_it_is_chosen(local: Local) -> None:
    (action,) = ask(local, (0, 0), only=["source.fixAll"])
    assert "edit" not in action
    assert action["kind"] == "source.fixAll.celery"
    local.handle(change(5, edit((0, 0), (0, 0), "# 1\n")))
    (answer,) = local.handle(request("codeAction/resolve", action))
    (changed,) = answer["result"]["edit"]["documentChanges"]
    assert changed["textDocument"]["version"] == 5
    now = "# 1\n" + TEXT
    assert applied(now, changed["edits"]) == now.replace("ping()", "ping(self)").replace("pong()", "pong(self)")
    assert {**action, "edit": answer["result"]["edit"]} == answer["result"]


def test_fix_all_is_not_offered_where_nothing_is_to_be_fixed(local: Local) -> None:
    local.handle(change(5, {"text": HEAD}))
    assert ask(local, (0, 0), only=["source"]) == []


@pytest.mark.parametrize(
    "path", [("textDocument", "codeAction", "resolveSupport"), ("textDocument", "codeAction", "dataSupport")]
)
def test_fix_all_for_clients_that_do_not_resolve(path: tuple[str, ...]) -> None:
    local = Local(without(*path))
    local.open(TEXT)
    assert titles(ask(local, (6, 5))) == [FIX, REMOVE, IGNORE]
    (action,) = ask(local, (0, 0), only=["source.fixAll"])
    assert "data" not in action
    after = applied(TEXT, action["edit"]["documentChanges"][0]["edits"])
    assert after == TEXT.replace("ping()", "ping(self)").replace("pong()", "pong(self)")


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"uri": 7},
        {"uri": "untitled:closed", "kind": "x"},
        {"uri": URI},
        {"uri": URI, "kind": "other"},
    ],
)
def test_an_action_that_cannot_be_resolved_is_a_clear_error(local: Local, data: Any) -> None:
    (answer,) = local.handle(request("codeAction/resolve", {"title": "x", "data": data}))
    assert answer["error"]["code"] == -32602


def test_clients_without_versioned_edits() -> None:
    local = Local(without("workspace", "workspaceEdit"))
    local.open(TEXT)
    fix = ask(local, (6, 5))[0]
    assert list(fix["edit"]) == ["changes"]
    assert applied(TEXT, fix["edit"]["changes"][URI]) == TEXT.replace("ping()", "ping(self)")


def test_clients_without_preferred_actions() -> None:
    local = Local(without("textDocument", "codeAction", "isPreferredSupport"))
    local.open(TEXT)
    assert all("isPreferred" not in action for action in ask(local, (6, 5)))


def test_clients_that_know_commands_only() -> None:
    local = Local(without("textDocument", "codeAction", "codeActionLiteralSupport"))
    local.open(TEXT)
    assert ask(local, (6, 5)) == []


def test_documents_that_are_not_open(local: Local) -> None:
    assert ask(local, (0, 0), uri="untitled:other") == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_edits_of_awkward_texts(encoding: str, newline: str) -> None:
    head = '\ufeff# 😀\f字\n"""e\u0301 \u2028 \x85"""\n'
    task = PING.replace("ping", "pïng字").replace("\n", "  # 😀\n", 1)
    text = (head + HEAD + task).replace("\n", newline)
    local = Local({**PUSHED, "general": {"positionEncodings": [encoding]}})
    local.open(text)
    fix, _, ignore, action = ask(local, (8, 4))
    (answer,) = local.handle(request("codeAction/resolve", action))
    mended = text.replace("pïng字()", "pïng字(self)")
    for edited, expected in (
        (fix["edit"], mended),
        (answer["result"]["edit"], mended),
        (ignore["edit"], text.replace("字():", "字():  # celeryls: ignore[bind-without-self]")),
    ):
        assert applied(text, edited["documentChanges"][0]["edits"], encoding) == expected


@pytest.mark.parametrize(
    ("kind", "wanted", "expected"),
    [
        ("quickfix", "quick", False),
        ("quickfix", "quickfix.x", False),
        ("a.b.c", "a.b", True),
        ("a.b.c", "a.bb", False),
    ],
)
def test_kinds_are_hierarchies(kind: str, wanted: str, expected: bool) -> None:
    assert is_wanted(kind, [wanted]) is expected


texts = st.lists(st.sampled_from(("a", "b", "c\f", "😀\u2028", "")), max_size=8).flatmap(
    lambda lines: st.sampled_from(("\n", "\r\n", "\r")).map(lambda end: end.join(lines))
)


@settings(deadline=None)
@given(texts, texts)
def test_small_edits_lead_from_one_text_to_another(before: str, after: str) -> None:
    made = before
    for one in reversed(between(before, after)):
        made = made[: one.span.start] + one.text + made[one.span.end :]
    assert made == after
    if before == after:
        assert between(before, after) == ()


def test_lines_that_stay_are_left_alone() -> None:
    before = "".join(f"{number}\n" for number in range(50))
    edits = between(before, before.replace("\n7\n", "\nseven\n").replace("\n40\n", "\n"))
    assert [(before[one.span.start : one.span.end], one.text) for one in edits] == [
        ("7\n", "seven\n"),
        ("40\n", ""),
    ]


def test_a_text_that_is_all_new_is_one_edit() -> None:
    before, after = ("".join(f"{number * step}\n" for number in range(6_000)) for step in (3, 7))
    assert len(between(before, after)) == 1
