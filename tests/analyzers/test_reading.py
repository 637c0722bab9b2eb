"""What stands at a cursor, in code that is whole and in code that is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine import analyse
from hypothesis import given, settings
from hypothesis import strategies as st

from celery_analyzers.assist.completion import complete
from celery_analyzers.assist.hover import hover
from celery_analyzers.assist.reading import Reading, read
from celery_analyzers.assist.signatures import signature_help
from celery_analyzers.assist.spot import Spot

SAMPLE = Path(__file__).with_name("sample_module.py.txt").read_text(encoding="utf-8")


def at(marked: str) -> Reading:
    return read(marked.replace("$0", "", 1), marked.index("$0"))


@pytest.mark.parametrize(
    ("marked", "word", "receiver", "calls"),
    [
        ("@app.task(bi$0\ndef f(): pass\n", "bi", None, ["app.task"]),
        ("x = a.b.c$0\n", "c", "a.b", []),
        ("x = a.b.$0\ny = 1\n", "", "a.b", []),
        ("f(1, g(2, $0), 3)\n", "", None, ["f", "g"]),
        ("f(1)\n$0", "", None, []),
        ("a[0].b($0)\n", "", None, ["a[0].b"]),
        ("f().g($0)\n", "", None, ["f().g"]),
        ("f(x\nreturn y($0)\n", "", None, ["y"]),
        ("def f(a, b=$0): pass\n", "", None, [None]),
        ("if f($0) and g(): pass\n", "", None, ["f"]),
        ("return ($0)\n", "", None, [None]),
        ("f('(', $0)\n", "", None, ["f"]),
        ("f(# (\n$0)\n", "", None, ["f"]),
        ("f(lambda x: $0)\n", "", None, ["f"]),
    ],
)
def test_words_and_calls(marked: str, word: str, receiver: str | None, calls: list[str | None]) -> None:
    reading = at(marked)
    assert reading.source(reading.word) == word
    assert reading.receiver == receiver
    assert [b.callee if not b.is_definition else None for b in reading.brackets if b.kind == "("] == calls


@pytest.mark.parametrize(
    ("marked", "said", "closed"),
    [
        ("f('a$0b')", "ab", True),
        ("f('a$0b", "ab", False),
        ('f("""a\n$0b""")', "a\nb", True),
        ("f(rb'$0')", "", True),
        ("f('a'$0)", None, None),
        ("f($0'a')", None, None),
        ("x = f'{a$0}'", "{a}", True),
    ],
)
def test_strings(marked: str, said: str | None, closed: bool | None) -> None:
    string = at(marked).string
    assert (string and at(marked).source(string.span)) == said
    assert (string and string.closed) == closed


def test_arguments_in_front_and_behind() -> None:
    bracket = at("f(1, a=2, *b, c$0=3, **d)\n").bracket
    assert bracket is not None
    assert bracket.active == 3
    assert bracket.item.keyword == "c"
    assert bracket.keywords() == {"a"}
    assert [item.splat for item in bracket.items] == [False, False, True, False, True]
    assert bracket.end is not None


def test_keys_of_a_dict() -> None:
    bracket = at("x = {'a': 1, 'b$0': 2, c: 3}\n").bracket
    assert bracket is not None
    assert bracket.item.keyword == "b"
    assert bracket.keywords() == {"a"}


def test_comments() -> None:
    assert at("x = 1  # a$0b\n").comment is not None
    assert at("x = '# a$0b'\n").comment is None


@given(st.integers(0, len(SAMPLE)), st.integers(0, 80), st.sampled_from(["", "(", "'", '"""', ".", "{", "@app.task("]))
@settings(max_examples=150, deadline=None)
def test_help_never_fails(offset: int, cut: int, typed: str) -> None:
    """Whatever is cut out of a module and typed instead."""
    text = SAMPLE[:offset] + typed + SAMPLE[offset + cut :]
    analysis = analyse(text)
    before = text[: offset + len(typed)]
    line, column = before.count("\n"), len(before) - before.rfind("\n") - 1
    for ask in (complete, hover, signature_help):
        ask(Spot(analysis, line, column))  # type: ignore[operator]


@given(st.text(alphabet="ab.('\"[{)]},=:# \n@", max_size=60), st.integers(0, 60))
@settings(max_examples=300, deadline=None)
def test_reading_never_fails(text: str, offset: int) -> None:
    reading = read(text, offset)
    assert 0 <= reading.word.start <= reading.word.end <= len(text)
    for bracket in reading.brackets:
        assert bracket.start < reading.offset
        assert 0 <= bracket.active < len(bracket.items)
