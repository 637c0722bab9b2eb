"""The plan types what can be typed, where it says, and leaves the text as it was."""

import ast

from lsp_client import Change, Place
from task_module import generate
from typing_plan import Key, diagnostics_below, plan


def applied(text: str, change: Change) -> str:
    """`text` after a change, by the protocol's own words: UTF-16 code units in lines."""
    lines = text.split("\n")
    before = "\n".join(lines[: change.start.line + 1])[: -len(lines[change.start.line]) or None]
    head = _units(lines[change.start.line], 0, change.start.character)
    tail = "\n".join([_units(lines[change.end.line], change.end.character, None), *lines[change.end.line + 1 :]])
    return before + head + change.text + tail


def _units(line: str, start: int, end: int | None) -> str:
    encoded = line.encode("utf-16-le")
    return encoded[2 * start : None if end is None else 2 * end].decode("utf-16-le")


def test_a_statement_is_typed_and_taken_away() -> None:
    original = text = generate(300)
    for keys in plan(text, 6):
        for key in keys:
            text = applied(text, key.change)
            if key.parses:
                ast.parse(text)
        assert text == original
        assert any(key.moves == 1 for key in keys)
        assert any(key.moves == -1 for key in keys)
        assert sum(key.parses for key in keys) > len(keys) * 0.7


def test_the_spots_are_spread_over_the_file() -> None:
    lines = 3000
    spots = [keys[0].change.start.line / lines for keys in plan(generate(lines), 6)]
    assert min(spots) < 0.3
    assert max(spots) > 0.7
    assert any(0.35 < spot < 0.65 for spot in spots)
    assert len(set(spots)) == len(spots)


def test_columns_are_utf16() -> None:
    text = 'import celery\n\n\n@celery.task\ndef work():\n    x = "🐙"\n    return x\n'
    assert plan(text, 1)[0][0].change.start == Place(5, 12)


def test_a_module_without_tasks_is_typed_in_too() -> None:
    assert len(plan("def one():\n    x = 1\n    return x\n", 1)) == 1


def test_diagnostics_of_another_version_are_told_apart() -> None:
    def at(line: int) -> dict[str, object]:
        return {"range": {"start": {"line": line, "character": 4}}, "code": "F401"}

    newline = Key(Change(Place(3, 9), Place(3, 9), "\n    "), parses=True)
    expected = diagnostics_below([at(2), at(8)], 3, newline.moves)
    assert expected == diagnostics_below([at(2), at(9)], 4, 0)
    assert expected != diagnostics_below([at(2), at(8)], 4, 0)
