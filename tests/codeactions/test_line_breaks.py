"""Lines that edits made too long are broken as a formatter would, and others are left alone."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest
from ruff import find_ruff_bin

from celery_analyzers.findings import Edit, Span
from celery_codeactions.brackets import on_one_line
from celery_codeactions.line_breaks import with_line_breaks
from celery_codeactions.line_length import line_length
from celery_codeactions.unused_imports import without_imports

A, B, C, D = (letter * 30 for letter in "abcd")
LONG = [
    f"@app.task({A}=True, {B}=({C}, {D}))\ndef f():\n    pass\n",
    f"@app.task({A}=True, {B}=5)\ndef f():\n    pass\n",
    f"@app.task({A}=({B}, {C}, {D}), limit=5)\ndef f():\n    pass\n",
    f"def f({A}, {B}, {C}) -> dict[str, int]:\n    pass\n",
    f"def f({A}, {B}, c) -> dict[str, int]:\n    pass\n",
    f"def f({A}{B}: int) -> dict[str, {C}]:\n    pass\n",
    f"from {A} import {B}, {C}\n",
    f"class A:\n    def f(self):\n        {A}.apply_async(args=({B},), kwargs={{'x': {C}}})\n".replace("'", '"'),
    f"def f():\n    group({A}.s({B}) for {C} in {D}).delay()\n",
    f"def f():\n    group({A}.s({B}, {C}) for {C} in {D}({A}, {B}, 100) if {C}).delay()\n",
    f"def f():\n    transaction.on_commit(partial({A}.delay, {B}, {C}, b=3))\n",
    f"x = foo({A})({B}{C})\n",
    f'f({A}=[int(one) for one in {B}["x"].split(",")], {C}=[{D}, {A}])\n',
    f"if not cache.add({A}, {B}, timeout=24 * 60 * 60):\n    pass\n",
    f'f({A}, "for {B} in {C}")\n',
]


def formatted(text: str) -> str:
    command = [find_ruff_bin(), "format", "--isolated", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("line", LONG)
def test_as_a_formatter_breaks_lines(line: str) -> None:
    text = "x = 1\n\n\n"
    after = with_line_breaks(text, [Edit(Span(len(text), len(text)), line)], 88)
    assert after == formatted(text + line)
    assert ast.dump(ast.parse(after)) == ast.dump(ast.parse(text + line))


def test_a_keyword_on_a_line_of_its_own() -> None:
    before = "@app.task(\n    ignore_result=True,\n)\ndef f():\n    pass\n"
    place = before.index("\n)")
    after = with_line_breaks(before, [Edit(Span(place, place), f"\n    {A}=({B}, {C}),")], 88)
    assert after == formatted(before[:place] + f"\n    {A}=({B}, {C})," + before[place:])


@pytest.mark.parametrize("line", LONG)
def test_lines_that_no_edit_touched_stay(line: str) -> None:
    assert with_line_breaks(f"{line}x = 1\n", [Edit(Span(len(line), len(line) + 1), "y")], 88) == f"{line}y = 1\n"


@pytest.mark.parametrize(
    "line",
    [
        f"x = f({A}, {B}, {C})  # noqa\n".replace("f(", "f(  "),
        f'x = """{A} {B} {C}"""\n',
        f"x = {A}.{B}.{C}\n",
        f"# {A} {B} {C}\n",
    ],
)
def test_what_comes_of_other_lines_parses(line: str) -> None:
    after = with_line_breaks("", [Edit(Span(0, 0), line)], 88)
    assert ast.dump(ast.parse(after)) == ast.dump(ast.parse(line))


@pytest.mark.parametrize(
    ("before", "gone", "after"),
    [
        ("def f(\n    self, a, b\n):\n    pass\n", "self, ", "def f(a, b):\n    pass\n"),
        ("def f(\n    self,\n    a,\n):\n    pass\n", "self,\n    ", "def f(\n    a,\n):\n    pass\n"),
        ("f(\n    a, b  # why\n)\n", ", b", "f(\n    a  # why\n)\n"),
    ],
)
def test_what_became_short_enough_is_joined(before: str, gone: str, after: str) -> None:
    start = before.index(gone)
    assert with_line_breaks(before, [Edit(Span(start, start + len(gone)), "")], 88) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(\n    1,\n    2,\n)", "f(1, 2)"),
        ("(\n    1,\n)", "(1,)"),
        ("[\n    (1,),\n]", "[(1,)]"),
        ("f(\n    (\n        1,\n    ),\n)", "f((1,))"),
        ("f(\n    1,  # one\n)", "f(\n    1,  # one\n)"),
        ("a + b", "a + b"),
    ],
)
def test_on_one_line(before: str, after: str) -> None:
    assert on_one_line(before) == after
    assert ast.dump(ast.parse(on_one_line(before))) == ast.dump(ast.parse(before))


@pytest.mark.parametrize(
    ("files", "length"),
    [
        ({}, 88),
        ({"pyproject.toml": "[tool.ruff]\nline-length = 100\n"}, 100),
        ({"pyproject.toml": "[tool.black]\nline-length = 79\n"}, 79),
        ({"pyproject.toml": "[tool.black]\nline-length = 79\n", "shop/ruff.toml": "line-length = 120\n"}, 120),
        ({"pyproject.toml": "not toml"}, 88),
        ({"pyproject.toml": "[tool]\nruff = 7\n"}, 88),
        ({"pyproject.toml": "[tool.ruff]\nline-length = 'wide'\n"}, 88),
    ],
)
def test_line_length(files: dict[str, str], length: int, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    assert line_length(tmp_path / "shop" / "tasks.py", tmp_path) == length
    assert line_length(None, tmp_path) == 88


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from a import x\nimport b\n", "import b\n"),
        ("from a import x\n\nimport b\n", "import b\n"),
        ("import a\n\nfrom a import x\n\nimport b\n", "import a\n\nimport b\n"),
        ("from a import w, x, y\n", "from a import w, y\n"),
        ("from a import w, x\n", "from a import w\n"),
        ("from a import x, y\n", "from a import y\n"),
        ("from a import b as x\n", ""),
        ("from a import x  # noqa\n", "from a import x  # noqa\n"),
        ("from a import x\nx\n", "from a import x\nx\n"),
        ("from a import x\n# x\n", "from a import x\n# x\n"),
        ("from a import (\n    w,\n    x,\n)\n", "from a import (\n    w,\n)\n"),
        ("import x\n", "import x\n"),
        ("from a import x\r\nimport b\r\n", "import b\r\n"),
    ],
)
def test_imports_that_nothing_uses_go(before: str, after: str) -> None:
    assert without_imports(before, ["x"]) == after
