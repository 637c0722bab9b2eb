"""The split into segments: it is `ast`'s, a broken statement costs itself only, and edits give a fresh split."""

from __future__ import annotations

import ast
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from celery_analyzers.segmented_text import SegmentedText
from celery_analyzers.segments import Kind
from celery_analyzers.source import LineIndex

CHUNKS = 24
SAMPLE = Path(__file__).with_name("sample_module.py.txt").read_text(encoding="utf-8")
# What people type, and what breaks things.
FRAGMENTS = [
    *"()[]{}:#\\\"'\n\r\f\t\u2028😀é,@ ",
    '"""', "'''", "\r\n", "\n\n", "def f():\n", "async def g(", "class A:\n", "    ", "@app.task\n", "else:", "finally",
    "x = 1\n", "from a import b\n", "import os", 'f"', 'f"{', "    def g(self):\n", "# c\n", "return", "\tx", "",
]  # fmt: skip


def python_files() -> list[Path]:
    """Every file of the standard library, and of the packages that are installed for this run."""
    stdlib, packages = Path(sysconfig.get_paths()["stdlib"]), Path(sysconfig.get_paths()["purelib"])
    standard = {path for path in stdlib.rglob("*.py") if "site-packages" not in path.parts}
    return sorted(standard | set(packages.rglob("*.py")))


def statement_lines(tree: ast.Module) -> list[int]:
    """The first line of each top-level statement, those that share a line with the one before left out."""
    lines: list[int] = []
    end = 0
    for node in tree.body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        if first > end:
            lines.append(first)
        end = max(end, node.end_lineno or 0)
    return lines


def segment_lines(text: str) -> Iterator[int]:
    lines, offset = LineIndex(text), 0
    for segment in SegmentedText(text).segments:
        if segment.kind in (Kind.STATEMENT, Kind.CLASS_HEAD):
            yield lines.position(offset + segment.code_start)[0] + 1
        offset += len(segment.text)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_split_is_that_of_ast_on_all_installed_code(chunk: int) -> None:
    compared = 0
    for path in python_files()[chunk::CHUNKS]:
        try:
            with open(path, encoding="utf-8", newline="") as file:
                text = file.read()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        assert list(segment_lines(text)) == statement_lines(tree), path
        assert SegmentedText(text).text == text
        compared += 1
    assert compared > 20


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n\n# only a comment", ["\n\n# only a comment"]),
        ("a = 1; b = 2\nc = 3", ["a = 1; b = 2\n", "c = 3"]),
        ("a = 1\n\n# of b\nb = 2\n", ["a = 1\n", "\n# of b\nb = 2\n"]),
        ("if a:\n    b\nelse:\n    c\nd\n", ["if a:\n    b\nelse:\n    c\n", "d\n"]),
        ("@x\n# why\n@y(\n1)\ndef f():\n    pass\ng()\n", ["@x\n# why\n@y(\n1)\ndef f():\n    pass\n", "g()\n"]),
        ("class A:  # a\n    x = 1\n\n    @d\n    def f(self):\n        pass\nb\n",
         ["class A:  # a\n", "    x = 1\n", "\n    @d\n    def f(self):\n        pass\n", "b\n"]),
        ("class A: pass\nb\n", ["class A: pass\n", "b\n"]),
        ("@d\nclass A(\n  B,\n):\n  x = 1\n", ["@d\nclass A(\n  B,\n):\n", "  x = 1\n"]),
        ("a = 1\rb = 2\r\nc\f\n\fd = 3\n", ["a = 1\r", "b = 2\r\n", "c\f\n", "\fd = 3\n"]),
        ('a = "x\u2028y\x85z\x1c"\nb\n', ['a = "x\u2028y\x85z\x1c"\n', "b\n"]),
        ("a = 1 + \\\n2\nb\n", ["a = 1 + \\\n2\n", "b\n"]),
        ('f"{x!r:{w}}"; f"""{\n1}"""\nb\n', ['f"{x!r:{w}}"; f"""{\n1}"""\n', "b\n"]),
        ('f"{d["a{"]}"\nb\n', ['f"{d["a{"]}"\n', "b\n"]),
    ],
)  # fmt: skip
def test_segments(text: str, expected: list[str]) -> None:
    assert [segment.text for segment in SegmentedText(text).segments] == expected


BEFORE = "import a\n\n\ndef f():\n    return 1\n\n\n"
AFTER = 'LIMIT = 3\n\n\n@app.task\ndef g():\n    """Send the mail."""\n    return 2\n\n\ndef h():\n    """\n    Call it now.\n    """\n'


@pytest.mark.parametrize(
    "broken",
    [
        "def x():\n    foo(\n",
        "def x():\n    foo([{\n",
        'def x():\n    """\n',
        'def x():\n    a = "\n',
        "def x():\n    '''Doc.\n    return 1\n",
        "def x(\n",
        "@app.task(bind=True\n",
        "def x():\n    f'{a(\n",
        "def x():\n  if y:\n z\n",
        "x = (1,\n",
        "class X(\n",
        "class X:\n    def m(self):\n        foo(\n",
        ")]}\n",
        "def x():\n    return \\\n",
        "else:\n    pass\n",
    ],
)
def test_a_broken_statement_costs_itself_only(broken: str) -> None:
    whole = [segment.text for segment in SegmentedText(BEFORE + AFTER).segments]
    around = [segment.text for segment in SegmentedText(BEFORE + broken + AFTER).segments]
    lost = [text for text in whole if text.strip() and text.strip() not in {piece.strip() for piece in around}]
    # An open string cannot be told from one that is meant before code begins again at a `def` or decorator.
    assert [text for text in lost if "LIMIT" not in text] == []


@st.composite
def edits(draw: st.DrawFn) -> tuple[float, int, str]:
    """(where, as a share of the text; how many code points go; what comes instead)"""
    where = draw(st.floats(0, 1))
    length = draw(st.sampled_from([0, 0, 0, 1, 2, 7, 40]))
    return where, length, draw(st.sampled_from(FRAGMENTS))


@settings(max_examples=300, deadline=None)
@given(st.booleans(), st.lists(edits(), max_size=10))
def test_edits_give_what_a_fresh_split_gives(empty: bool, changes: list[tuple[float, int, str]]) -> None:
    text = "" if empty else SAMPLE
    kept = SegmentedText(text)
    for where, length, new in changes:
        start = round(where * len(text))
        end = min(len(text), start + length)
        lines = LineIndex(text)
        first, last = lines.position(start), lines.position(end)
        if lines.offset(*first) != start or lines.offset(*last) != end:
            continue  # Between \r and \n there is no position.
        kept.edit(first, last, new)
        text = text[:start] + new + text[end:]
        fresh = SegmentedText(text)
        assert kept.text == text
        assert kept.segments == fresh.segments
        assert kept.line_starts == fresh.line_starts


def test_what_ends_an_open_bracket_is_looked_at_as_far_as_it_goes() -> None:
    text = "x = f(\nfrom celery.schedules import crontab\ny = 1\n"
    kept = SegmentedText(text)
    at = text.index("ules import")
    kept.edit(LineIndex(text).position(at), LineIndex(text).position(at), "(")
    assert kept.segments == SegmentedText(text[:at] + "(" + text[at:]).segments


@pytest.mark.skipif(sys.version_info < (3, 12), reason="these f-strings are syntax of Python 3.12")
def test_fields_of_f_strings_may_hold_lines_and_quotes() -> None:
    text = 'x = f"{\n    d["a"]\n}"\ny = 1\n'
    assert list(segment_lines(text)) == statement_lines(ast.parse(text))
