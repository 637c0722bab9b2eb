"""Positions: three encodings, and texts that are awkward in each of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celery_analyzers.findings import Span
from celery_analyzers.source import LineIndex
from celery_language_server.positions import negotiate, to_column, to_offset, to_range, to_units

ENCODINGS = ("utf-8", "utf-16", "utf-32")
AWKWARD = [*"aä字😀\t\r\n\f\u2028\x85\x1c\ufeff\ud83d\ude00", "e\u0301", "\r\n"]
texts = st.lists(st.sampled_from(AWKWARD) | st.characters(), max_size=20).map("".join)
lines = texts.map(lambda text: text.replace("\r", "").replace("\n", ""))
encodings = st.sampled_from(ENCODINGS)


def width(text: str, encoding: str) -> int:
    """How many units `text` has, by the codec's word."""
    codec, size = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}[encoding]
    return len(text.encode(codec, "surrogatepass")) // size


@settings(deadline=None)
@given(lines, encodings)
def test_every_column_survives_the_round_trip(line: str, encoding: str) -> None:
    for column in range(len(line) + 1):
        units = to_units(line, column, encoding)
        assert units == width(line[:column], encoding)
        assert to_column(line, units, encoding) == column


@settings(deadline=None)
@given(lines, encodings, st.integers())
def test_any_number_is_moved_to_the_nearest_column_in_front(line: str, encoding: str, units: int) -> None:
    column = to_column(line, units, encoding)
    assert 0 <= column <= len(line)
    assert to_units(line, column, encoding) <= max(units, 0)
    if column < len(line):
        assert to_units(line, column + 1, encoding) > units


@settings(deadline=None)
@given(lines, encodings, st.integers())
def test_any_column_is_moved_into_the_line(line: str, encoding: str, column: int) -> None:
    assert 0 <= to_units(line, column, encoding) <= width(line, encoding)


@settings(deadline=None)
@given(texts, encodings, st.data())
def test_ranges_come_back(text: str, encoding: str, data: st.DataObject) -> None:
    index = LineIndex(text)
    # No position points between the two characters of one line end.
    real = [n for n in range(len(text) + 1) if text[n - 1 : n + 1] != "\r\n" or n == 0]
    start, end = sorted((data.draw(st.sampled_from(real)), data.draw(st.sampled_from(real))))
    found = to_range(Span(start, end), index, encoding)
    for edge, offset in (("start", start), ("end", end)):
        assert to_offset(found[edge]["line"], found[edge]["character"], index, encoding) == offset


@settings(deadline=None)
@given(texts, encodings, st.integers(), st.integers())
def test_any_position_is_an_offset_of_the_text(text: str, encoding: str, line: int, character: int) -> None:
    assert 0 <= to_offset(line, character, LineIndex(text), encoding) <= len(text)


def test_the_middle_of_a_character_is_its_start() -> None:
    assert to_column("a😀b", 2, "utf-16") == 1
    assert [to_column("a😀b", units, "utf-8") for units in range(1, 7)] == [1, 1, 1, 1, 2, 3]


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([], "utf-16"),
        (["utf-8", "utf-16"], "utf-8"),
        (["utf-16", "utf-8"], "utf-16"),
        (["utf-7", "utf-32"], "utf-32"),
        (["utf-7", 8, None], "utf-16"),
    ],
)
def test_the_client_chooses_the_encoding(offered: list[object], chosen: str) -> None:
    assert negotiate(offered) == chosen
