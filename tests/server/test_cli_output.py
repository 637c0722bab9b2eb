"""How findings are drawn, and that nothing that a file holds can harm a terminal."""

from __future__ import annotations

import os
import sys
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from command import BOUND, Command, run

from celery_analyzers.source import LineIndex
from celery_language_server.output.full import full
from celery_language_server.output.screen import Screen

if TYPE_CHECKING:
    from pathlib import Path

    from celery_language_server.reports import Report


@pytest.fixture
def celeryls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.chdir(tmp_path)
    return Command(tmp_path, monkeypatch, capsys)


class Stream(StringIO):
    """A stream of any encoding, which may be a terminal."""

    def __init__(self, encoding: str = "utf-8", terminal: bool = False) -> None:
        super().__init__()
        self._encoding = encoding
        self._terminal = terminal

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self._encoding

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


MARK = "¦"


def drawn(marked: str, screen: Screen | None = None) -> str:
    """The excerpt of a finding between two marks."""
    before, inside, after = marked.split(MARK)
    lines = LineIndex(before + inside + after)
    start, end = (lines.position(len(text)) for text in (before, before + inside))
    report: Report = {
        "rule": "a-rule",
        "code": "CEL999",
        "severity": "error",
        "message": "Wrong",
        "path": "a.py",
        "start": {"line": start[0] + 1, "column": start[1] + 1},
        "end": {"line": end[0] + 1, "column": end[1] + 1},
        "fixes": [],
        "url": "",
    }
    output = full(report, lines, screen or Screen(Stream()))
    head, _, excerpt = output.partition("\n")
    assert head == "a-rule (CEL999): Wrong"
    return excerpt.partition("\n")[2].rstrip("\n")


def test_context() -> None:
    assert drawn("a\nb\nc\n¦d¦\ne\nf\ng\n") == "  |\n2 | b\n3 | c\n4 | d\n  | ^\n5 | e\n6 | f\n  |"


def test_empty_lines_at_the_ends_are_left_out() -> None:
    assert drawn("a\n\n\n¦d¦\n\n  \ng\n") == "  |\n4 | d\n  | ^\n  |"


def test_wide_line_numbers() -> None:
    assert drawn("\n" * 8 + "a\n¦b¦\n") == "   |\n 9 | a\n10 | b\n   | ^\n   |"


def test_tabs() -> None:
    assert drawn("\tx =\t¦y¦\t# z\n") == "  |\n1 |     x = y   # z\n  |         ^\n  |"


def test_wide_and_combining_characters() -> None:
    assert drawn("漢字 = ¦'🐇'¦\n") == "  |\n1 | 漢字 = '🐇'\n  |        ^^^^\n  |"
    assert drawn("e\u0301a = ¦1¦\n") == "  |\n1 | e\u0301a = 1\n  |      ^\n  |"


def test_an_empty_span() -> None:
    assert drawn("ab¦¦c\n") == "  |\n1 | abc\n  |   ^\n  |"
    assert drawn("ab\n¦¦") == "  |\n1 | ab\n2 |\n  | ^\n  |"


def test_several_lines() -> None:
    assert drawn("x\n¦f(\n    1\n)¦\ny\n") == ("  |\n1 |   x\n2 | / f(\n3 | |     1\n4 | | )\n  | |_^\n5 |   y\n  |")


def test_several_lines_from_the_middle_of_one() -> None:
    assert drawn("x = ¦f(\n    1\n)¦ + 1\n") == (
        "  |\n1 |   x = f(\n  |  _____^\n2 | |     1\n3 | | ) + 1\n  | |_^\n  |"
    )


def test_a_finding_that_ends_with_its_line() -> None:
    assert drawn("¦x = 1\n¦y\n") == "  |\n1 | x = 1\n  | ^^^^^\n2 | y\n  |"


def test_very_many_lines() -> None:
    text = "".join(f"{number}\n" for number in range(1, 21))
    assert drawn(f"¦{text}¦") == (
        "   |\n 1 | / 1\n 2 | | 2\n 3 | | 3\n   ...\n18 | | 18\n19 | | 19\n20 | | 20\n   | |__^\n   |"
    )


def test_windows_line_ends() -> None:
    assert drawn("a\r\n¦b¦\r\nc\r\n") == "  |\n1 | a\n2 | b\n  | ^\n3 | c\n  |"


def test_characters_that_could_steer_a_terminal() -> None:
    assert drawn("x = '\x1b[31m\x07\x9b' + ¦y¦\n") == (
        "  |\n1 | x = '\\x1b[31m\\x07\\x9b' + y\n  |                          ^\n  |"
    )
    assert drawn("x = '\u202e\u2028\x0c\ud800' + ¦y¦\n") == (
        "  |\n1 | x = '\\u202e\\u2028\\x0c\\ud800' + y\n  |                                ^\n  |"
    )


def test_characters_that_an_encoding_lacks() -> None:
    assert drawn("größe = ¦漢¦\n", Screen(Stream("ascii"))) == (
        "  |\n1 | gr\\xf6\\xdfe = \\u6f22\n  |               ^^^^^^\n  |"
    )
    assert "größe = \\u6f22" in drawn("größe = ¦漢¦\n", Screen(Stream("cp1252")))


@pytest.mark.parametrize(
    ("terminal", "environment", "coloured"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_colours(terminal: bool, environment: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert Screen(Stream(terminal=terminal)).colours is coloured


def test_colours_do_not_move_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    import re

    marked = "x = ¦f(\n    1\n)¦\n"
    monkeypatch.setenv("FORCE_COLOR", "1")
    before, inside, after = marked.split(MARK)
    lines = LineIndex(before + inside + after)
    report: Report = {
        "rule": "a-rule", "code": "CEL999", "severity": "warning", "message": "Wrong", "path": "a.py",
        "start": {"line": 1, "column": 5}, "end": {"line": 3, "column": 2},
        "fixes": [{"title": "Mend", "safety": "unsafe", "edits": []}], "url": "",
    }  # fmt: skip
    coloured = full(report, lines, Screen(Stream()))
    monkeypatch.setenv("NO_COLOR", "1")
    plain = full(report, lines, Screen(Stream()))

    assert "\x1b[1;33ma-rule\x1b[0m" in coloured
    assert [line.rstrip() for line in re.sub(r"\x1b\[[\d;]*m", "", coloured).split("\n")] == plain.split("\n")
    assert "help: Mend (unsafe fix)\n" in plain


NASTY = BOUND.replace("def ping():", "def ping():  # \x1b[2J\x9b größe 漢 \u202e")


def test_a_nasty_file(celeryls: Command) -> None:
    celeryls.write("a.py", NASTY)
    celeryls.write("\x1b[31m.py" if sys.platform != "win32" else "b.py", NASTY)

    for form in ("full", "concise", "json"):
        out = celeryls.check("--output-format", form).out
        assert "\x1b" not in out
        assert "\x9b" not in out


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8", "latin-1"])
def test_any_encoding_of_stdout(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "größe.py").write_text(NASTY, encoding="utf-8")

    for form in ("full", "concise", "json"):
        result = run(
            "check", "--select=CEL103", "--output-format", form, cwd=tmp_path,
            PYTHONIOENCODING=f"{encoding}:strict" if encoding != "latin-1" else "ascii:strict",
        )  # fmt: skip
        assert result.code == 1
        assert result.err == ""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_a_terminal(tmp_path: Path) -> None:
    import pty
    import subprocess

    (tmp_path / "a.py").write_text(NASTY, encoding="utf-8")
    main, terminal = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    environment |= {"PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm"}
    for arguments in (["--select=CEL103"], ["--select=CEL103", "--diff"]):
        subprocess.run(
            [sys.executable, "-m", "celery_language_server.cli", "check", *arguments],
            cwd=tmp_path,
            env=environment,
            stdout=terminal,
            stderr=subprocess.PIPE,
            check=False,
        )
        out = os.read(main, 100_000).decode()
        assert "\x1b[" in out
        assert "\x1b[2J" not in out
        assert "\x9b" not in out
    os.close(main)
    os.close(terminal)
