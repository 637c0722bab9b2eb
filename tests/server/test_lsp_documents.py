"""The server's text is the client's, whatever is done to it, and findings are those of a fresh start."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsp_local import URI, Local, change, edit, notification, published
from lsp_session import PUSHED

from celery_language_server.client import Client
from celery_language_server.diagnostics import diagnostic

TASK = '@app.task(bind=True)\ndef ping():\n    return "pong"\n\n\n'
PIECES = (
    *(
        "from celery import Celery\n",
        "app = Celery()\n",
        "@app.task(bind=True)\n",
        "class A:\n    ",
        "# 😀\n",
    ),
    *(TASK, TASK.replace("\n", "\r\n"), TASK.replace("\n", "\r"), "    def run(self):\n        pass\n"),
    *("'''", '"', "(", ")", "\\", "#", "x", "\t", "\n", "\r\n", "\r", "\f", "\u2028", "\x85", "\ufeff"),
    *("é", "e\u0301", "字", "😀", "\ud83d"),
)
texts = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
numbers = st.integers(-1, 12) | st.integers(0, 60)
edits = st.tuples(st.tuples(numbers, numbers), st.tuples(numbers, numbers), texts)
UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


class Model:
    """A client's text, edited by the letter of the specification: as lines of encoded units."""

    def __init__(self, text: str, encoding: str) -> None:
        self.text = text
        self.codec, self.size = UNITS[encoding]

    def offset(self, line: int, character: int) -> int:
        """Where a position is in the text; what does not exist is what comes before it."""
        ends = [match.end() for match in re.finditer("\r\n|\r|\n", self.text)]
        starts = [0, *ends]
        if line < 0:
            return 0
        if line >= len(starts):
            return len(self.text)
        rest = re.match("[^\r\n]*", self.text[starts[line] :])
        assert rest is not None
        column, units = 0, 0
        for letter in rest[0]:
            units += len(letter.encode(self.codec, "surrogatepass")) // self.size
            if units > character:
                break
            column += 1
        return starts[line] + column

    def edit(self, start: tuple[int, int], end: tuple[int, int], text: str) -> None:
        first, last = sorted((self.offset(*start), self.offset(*end)))
        self.text = self.text[:first] + text + self.text[last:]


@pytest.mark.parametrize("encoding", list(UNITS))
@settings(deadline=None, max_examples=40)
@given(text=texts, batches=st.lists(st.lists(edits, min_size=1, max_size=3), max_size=6))
def test_any_edits(encoding: str, text: str, batches: list[list[Any]]) -> None:
    local = Local({**PUSHED, "general": {"positionEncodings": [encoding]}}, options={})
    model = Model(text, encoding)
    said = published(local.open(text))
    for version, batch in enumerate(batches, 2):
        said = published(local.handle(change(version, *(edit(*one) for one in batch))))
        for one in batch:
            model.edit(*one)
        assert said[-1]["version"] == version
    assert local.text() == model.text
    fresh = Local({**PUSHED, "general": {"positionEncodings": [encoding]}}, options={})
    assert published(fresh.open(model.text))[-1]["diagnostics"] == said[-1]["diagnostics"]
    # What is put together from the segments is what the whole file's findings say.
    document = fresh.server.documents.get(URI)
    assert document is not None
    lines = document.analysis.line_index()
    client = Client.of({**PUSHED, "general": {"positionEncodings": [encoding]}})
    whole = [diagnostic(finding, lines, client) for finding in document.analysis.findings()]
    assert said[-1]["diagnostics"] == whole


def test_incremental_and_full_changes_in_one_message() -> None:
    local = Local()
    local.open("one\ntwo\n")
    local.handle(change(2, edit((0, 0), (0, 3), "1"), {"text": "a\nb\n"}, edit((1, 1), (1, 1), "c")))
    assert local.text() == "a\nbc\n"


@pytest.mark.parametrize(
    ("start", "end", "after"),
    [
        ((9, 9), (9, 9), "ab\ncdX"),
        ((0, 9), (0, 99), "abX\ncd"),
        ((1, 1), (0, 1), "aXd"),
        ((-1, -1), (0, 1), "Xb\ncd"),
        ((0, 2**70), (2**70, 0), "abX"),
    ],
)
def test_ranges_that_do_not_exist(start: tuple[int, int], end: tuple[int, int], after: str) -> None:
    local = Local()
    local.open("ab\ncd")
    local.handle(change(2, edit(start, end, "X")))
    assert local.text() == after


def test_the_middle_of_a_surrogate_pair_is_its_start() -> None:
    local = Local()
    local.open("a😀b")
    local.handle(change(2, edit((0, 2), (0, 2), "-")))
    assert local.text() == "a-😀b"


@pytest.mark.parametrize("version", [1, 0, -5, 900, None, "7", 2.5, [], True])
def test_any_version_is_taken_as_it_is(version: Any) -> None:
    local = Local()
    local.open("x")
    said = published(local.handle(change(version, {"text": "y"})))
    assert local.text() == "y"
    assert said[-1].get("version") == (version if type(version) is int else None)


@pytest.mark.parametrize(
    "broken",
    [
        {"text": 7},
        {},
        None,
        [],
        {"range": {"start": {"line": "1"}}, "text": "x"},
        {"range": 5, "text": "x"},
        {"range": {"start": {"line": 0, "character": 0}}, "text": "x"},
    ],
)
def test_a_change_that_means_nothing_leaves_the_text_alone(broken: Any) -> None:
    local = Local()
    local.open("text")
    local.handle(change(2, broken))
    assert local.text() == "text"
    local.handle(change(3, edit((0, 4), (0, 4), "!")))
    assert local.text() == "text!"


def test_a_range_of_null_is_none() -> None:
    local = Local()
    local.open("text")
    local.handle(change(2, {"range": None, "text": "all"}))
    assert local.text() == "all"


def test_opening_again_begins_anew() -> None:
    local = Local()
    local.open("one")
    local.open("two", version=7)
    assert local.text() == "two"


def test_documents_that_are_not_open_are_left_alone() -> None:
    local = Local()
    for method in ("didChange", "didSave", "didClose"):
        params = {"textDocument": {"uri": "untitled:other", "version": 1}, "contentChanges": [{"text": "x"}]}
        assert local.handle(notification(f"textDocument/{method}", params)) == []


def test_only_python_is_read() -> None:
    local = Local()
    for uri, language in (
        ("file:///a/pyproject.toml", "toml"),
        ("untitled:note", "plaintext"),
        ("untitled:x", None),
    ):
        document = {"uri": uri, "languageId": language, "version": 1, "text": TASK}
        assert local.handle(notification("textDocument/didOpen", {"textDocument": document})) == []
    document = {"uri": "file:///a/tasks.py", "version": 1, "text": TASK}
    assert published(local.handle(notification("textDocument/didOpen", {"textDocument": document})))


def test_notebooks_are_ignored() -> None:
    local = Local()
    notebook = {"uri": "file:///n.ipynb", "notebookType": "jupyter-notebook", "version": 1, "cells": []}
    opened = {"notebookDocument": notebook, "cellTextDocuments": []}
    assert local.handle(notification("notebookDocument/didOpen", opened)) == []
