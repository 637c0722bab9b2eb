"""The edit helpers that every fix is built from: tables of before and after, and what holds for any code."""

from __future__ import annotations

import ast
import io
import tokenize
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celery_analyzers import dict_edits, edits, function_edits
from celery_analyzers.findings import Edit, Span
from celery_analyzers.source import LineIndex
from celery_codeactions.fixes import apply_edits

if TYPE_CHECKING:
    from collections.abc import Iterable


class Parsed:
    """A module, its first decorator or call and its first function, and where they stand."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.module = ast.parse(text)
        self.lines = LineIndex(text)

    def span(self, node: ast.AST) -> Span:
        line, column, end_line, end_column = (
            getattr(node, name) for name in ("lineno", "col_offset", "end_lineno", "end_col_offset")
        )
        return Span(self._offset(line, column), self._offset(end_line, end_column))

    def _offset(self, line: int, column: int) -> int:
        start = self.lines.starts[line - 1]
        written = self.text[start : self.lines.line_end(line - 1)]
        return start + len(written.encode()[:column].decode())

    @property
    def function(self) -> ast.FunctionDef | ast.AsyncFunctionDef:
        return next(node for node in ast.walk(self.module) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))

    @property
    def call(self) -> ast.expr:
        statement = self.module.body[0]
        if isinstance(statement, ast.Expr):
            return statement.value
        return self.function.decorator_list[0]


def changed(text: str, made: Iterable[Edit]) -> str:
    return apply_edits(text, tuple(made))


SET = {
    "a bare decorator becomes a call": (
        "@app.task\ndef f(): ...\n",
        "@app.task(bind=True)\ndef f(): ...\n",
    ),
    "a bare decorator keeps its comment": (
        "@app.task  # fast\ndef f(): ...\n",
        "@app.task(bind=True)  # fast\ndef f(): ...\n",
    ),
    "a bare decorator in parentheses": (
        "@(\n    app.task  # fast\n)\ndef f(): ...\n",
        "@(\n    app.task(bind=True)  # fast\n)\ndef f(): ...\n",
    ),
    "empty parentheses": ("f()\n", "f(bind=True)\n"),
    "empty parentheses with a space": ("f( )\n", "f(bind=True)\n"),
    "empty parentheses over lines": ("f(\n)\n", "f(\n    bind=True,\n)\n"),
    "empty parentheses with a comment": (
        "f(\n    # none yet\n)\n",
        "f(\n    # none yet\n    bind=True,\n)\n",
    ),
    "empty parentheses with a comment behind the bracket": (
        "f(  # none yet\n)\n",
        "f(  # none yet\n    bind=True,\n)\n",
    ),
    "one line": ("f(name='x')\n", "f(name='x', bind=True)\n"),
    "one line with a trailing comma": ("f(name='x',)\n", "f(name='x', bind=True,)\n"),
    "a space in front of the bracket": ("f (name='x' )\n", "f (name='x', bind=True )\n"),
    "one argument a line": ("f(\n    a=1,\n    b=2,\n)\n", "f(\n    a=1,\n    b=2,\n    bind=True,\n)\n"),
    "no trailing comma": ("f(\n    a=1,\n    b=2\n)\n", "f(\n    a=1,\n    b=2,\n    bind=True,\n)\n"),
    "a comment behind the last": (
        "f(\n    a=1,\n    b=2,  # two\n)\n",
        "f(\n    a=1,\n    b=2,  # two\n    bind=True,\n)\n",
    ),
    "a comment behind the last, without a comma": (
        "f(\n    a=1,\n    b=2  # two, or (three\n)\n",
        "f(\n    a=1,\n    b=2,  # two, or (three\n    bind=True,\n)\n",
    ),
    "a comment line behind the last": (
        "f(\n    a=1,\n    # b=2,\n)\n",
        "f(\n    a=1,\n    bind=True,\n    # b=2,\n)\n",
    ),
    "tabs": ("if 1:\n\tf(\n\t\ta=1,\n\t)\n", None),
    "aligned with the bracket": ("f(a=1,\n  b=2)\n", "f(a=1,\n  b=2,\n  bind=True)\n"),
    "aligned, with a trailing comma": ("f(a=1,\n  b=2,)\n", "f(a=1,\n  b=2,\n  bind=True,)\n"),
    "a value that hugs": ("f(a=(\n    1,\n    2,\n))\n", "f(a=(\n    1,\n    2,\n), bind=True)\n"),
    "all on one line inside": ("f(\n    a=1, b=2\n)\n", "f(\n    a=1, b=2, bind=True\n)\n"),
    "the first line holds arguments": ("f(a=1,  # one\n)\n", "f(a=1,  # one\n    bind=True,\n)\n"),
    "a positional in parentheses": ("f((a))\n", "f((a), bind=True)\n"),
    "a positional in parentheses over lines": (
        "f(\n    (\n        a  # deep\n    )\n)\n",
        "f(\n    (\n        a  # deep\n    ),\n    bind=True,\n)\n",
    ),
    "a callee in parentheses": ("(f)(a)\n", "(f)(a, bind=True)\n"),
    "a call of a call": ("f(a)(b)\n", "f(a)(b, bind=True)\n"),
    "stars": ("f(*a, **k)\n", "f(*a, **k, bind=True)\n"),
    "stars over lines": ("f(\n    *a,\n    **k\n)\n", "f(\n    *a,\n    **k,\n    bind=True,\n)\n"),
    "a generator stays as it is": ("f(x for x in y)\n", "f(x for x in y)\n"),
    "a generator in its own parentheses": ("f((x for x in y))\n", "f((x for x in y), bind=True)\n"),
    "commas first": ("f(\n    a=1\n    , b=2\n    )\n", "f(\n    a=1\n    , b=2,\n    bind=True,\n    )\n"),
    "a backslash": ("f(a, \\\n  b)\n", "f(a, \\\n  b,\n  bind=True)\n"),
    "a backslash behind the last": ("f(a, \\\n)\n", "f(a, \\\n    bind=True,\n)\n"),
    "replaced": ("f(a=1, bind=False, c=2)\n", "f(a=1, bind=True, c=2)\n"),
    "replaced, spaces kept": ("f(a=1, bind = False)\n", "f(a=1, bind = True)\n"),
    "replaced in parentheses": ("f(bind=(\n    False  # never\n))\n", "f(bind=(\n    True  # never\n))\n"),
    "already there": ("f(bind=True)\n", "f(bind=True)\n"),
    "replaced, with a comment inside": (
        "f(\n    bind=[\n        1,  # one\n        # two\n    ],\n)\n",
        "f(\n    # one\n    # two\n    bind=True,\n)\n",
    ),
    "replaced on the first line, with a comment inside": (
        "f(a, bind=[\n    '#', # x\n])\n",
        "f(a, # x\n    bind=True)\n",
    ),
    "windows": ("f(\r\n    a=1  # x\r\n)\r\n", "f(\r\n    a=1,  # x\r\n    bind=True,\r\n)\r\n"),
    "wide text": ("f(\n    'größe 🐇', b='漢'\n)\n", "f(\n    'größe 🐇', b='漢', bind=True\n)\n"),
    "a bare name": ("f\n", "f(bind=True)\n"),
    "an expression that no call can follow": ("a or b\n", "a or b\n"),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in SET.items() if case[1] is not None])
def test_set_keyword(case: tuple[str, str]) -> None:
    before, after = case
    parsed = Parsed(before)

    assert changed(before, edits.set_keyword(before, parsed.call, parsed.span, "bind", "True")) == after


def test_set_keyword_indents_as_its_neighbours_do() -> None:
    text = "class A:\n\t@task(\n\t\tname='x',\n\t)\n\tdef f(): ...\n"
    parsed = Parsed(text)
    call = parsed.function.decorator_list[0]

    result = changed(text, edits.set_keyword(text, call, parsed.span, "bind", "True"))

    assert result == "class A:\n\t@task(\n\t\tname='x',\n\t\tbind=True,\n\t)\n\tdef f(): ...\n"


def test_set_keywords_replaces_and_adds_at_once() -> None:
    text = "f(\n    a=1,\n    b=2\n)\n"
    parsed = Parsed(text)

    result = changed(text, edits.set_keywords(text, parsed.call, parsed.span, {"b": "3", "c": "4", "d": "5"}))

    assert result == "f(\n    a=1,\n    b=3,\n    c=4,\n    d=5,\n)\n"


def test_set_keywords_on_a_bare_decorator() -> None:
    text = "@app.task\ndef f(): ...\n"
    parsed = Parsed(text)

    result = changed(text, edits.set_keywords(text, parsed.call, parsed.span, {"a": "1", "b": "2"}))

    assert result == "@app.task(a=1, b=2)\ndef f(): ...\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(a=1, old=2)\n", "f(a=1, new=2)\n"),
        ("f(old = (\n  2))\n", "f(new = (\n  2))\n"),
        ("f(a=1)\n", "f(a=1)\n"),
    ],
)
def test_rename_keyword(before: str, after: str) -> None:
    parsed = Parsed(before)

    assert changed(before, edits.rename_keyword(before, parsed.call, parsed.span, "old", "new")) == after


REMOVE = {
    "the only one": ("f(x=1)\n", "f()\n"),
    "the only one, over lines": ("f(\n    x=1,\n)\n", "f()\n"),
    "the only one, with a comment": ("f(\n    x=1,  # one\n)\n", "f(\n    # one\n)\n"),
    "the only one, with a comment line": ("f(\n    # one\n    x=1,\n)\n", "f(\n    # one\n)\n"),
    "the only one, on the first line, with a comment": ("f(x=1  # one\n)\n", "f(  # one\n)\n"),
    "the first": ("f(x=1, b=2)\n", "f(b=2)\n"),
    "the middle one": ("f(a=1, x=1, b=2)\n", "f(a=1, b=2)\n"),
    "the last": ("f(a=1, x=1)\n", "f(a=1)\n"),
    "the last, with a trailing comma": ("f(a=1, x=1,)\n", "f(a=1,)\n"),
    "a line": ("f(\n    a=1,\n    x=1,\n    b=2,\n)\n", "f(\n    a=1,\n    b=2,\n)\n"),
    "the first line": ("f(\n    x=1,\n    b=2,\n)\n", "f(\n    b=2,\n)\n"),
    "the last line": ("f(\n    a=1,\n    x=1,\n)\n", "f(\n    a=1,\n)\n"),
    "the last line, without a comma": ("f(\n    a=1,\n    x=1\n)\n", "f(\n    a=1,\n)\n"),
    "a line with a comment": (
        "f(\n    a=1,\n    x=1,  # why\n    b=2,\n)\n",
        "f(\n    a=1,\n    # why\n    b=2,\n)\n",
    ),
    "a comment line in front": ("f(\n    # why\n    x=1,\n    b=2,\n)\n", "f(\n    # why\n    b=2,\n)\n"),
    "a value over lines": (
        "f(\n    a=1,\n    x=[\n        1,  # one\n    ],  # all\n    b=2,\n)\n",
        "f(\n    a=1,\n    # one\n    # all\n    b=2,\n)\n",
    ),
    "aligned, the first": ("f(x=1,\n  b=2)\n", "f(b=2)\n"),
    "aligned, the first, with a comment": ("f(x=1,  # why\n  b=2)\n", "f(  # why\n  b=2)\n"),
    "aligned, the last": ("f(a=1,\n  x=1)\n", "f(a=1)\n"),
    "aligned, the last, behind a comment": ("f(a=1,  # one\n  x=1)\n", "f(a=1,  # one\n  )\n"),
    "the end of a line": ("f(\n    a=1, x=1,\n    b=2,\n)\n", "f(\n    a=1,\n    b=2,\n)\n"),
    "the end of a line, in front of a comment": (
        "f(\n    a=1, x=1,  # why\n    b=2,\n)\n",
        "f(\n    a=1,  # why\n    b=2,\n)\n",
    ),
    "the start of a line": ("f(\n    x=1, b=2,\n)\n", "f(\n    b=2,\n)\n"),
    "commas first": ("f(\n    a=1\n    , x=1\n    , b=2\n)\n", "f(\n    a=1\n    , b=2\n)\n"),
    "commas first, the last": ("f(\n    a=1\n    , x=1\n)\n", "f(\n    a=1\n)\n"),
    "a comment in the value, on a shared line": (
        "f(a=1, x=[  # one\n    1], b=2)\n",
        "f(a=1, # one\n     b=2)\n",
    ),
    "a positional in parentheses behind": ("f(*(a), x=1, **(b))\n", "f(*(a), **(b))\n"),
    "parentheses around its value": ("f(x=(1), b=2)\n", "f(b=2)\n"),
    "windows": ("f(\r\n    a=1,\r\n    x=1,  # why\r\n)\r\n", "f(\r\n    a=1,\r\n    # why\r\n)\r\n"),
    "not there": ("f(a=1)\n", "f(a=1)\n"),
    "no call": ("f\n", "f\n"),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in REMOVE.items()])
def test_remove_keyword(case: tuple[str, str]) -> None:
    before, after = case
    parsed = Parsed(before)

    assert changed(before, edits.remove_keyword(before, parsed.call, parsed.span, "x")) == after


def test_remove_keyword_with_the_parentheses() -> None:
    for before, after in (
        ("@app.task(x=1)\ndef f(): ...\n", "@app.task\ndef f(): ...\n"),
        ("@app.task(x=1, b=2)\ndef f(): ...\n", "@app.task(b=2)\ndef f(): ...\n"),
        ("@app.task(\n    x=1,\n)  # why\ndef f(): ...\n", "@app.task  # why\ndef f(): ...\n"),
    ):
        parsed = Parsed(before)
        made = edits.remove_keyword(before, parsed.call, parsed.span, "x", bare=True)
        assert changed(before, made) == after


FIRST_PARAMETER = {
    "none": ("def f(): ...\n", "def f(self): ...\n"),
    "none, with a space": ("def f( ): ...\n", "def f(self): ...\n"),
    "none, over lines": ("def f(\n    # none\n): ...\n", "def f(\n    # none\n    self,\n): ...\n"),
    "some": ("def f(a, b=1): ...\n", "def f(self, a, b=1): ...\n"),
    "over lines": ("def f(\n    a,\n    b=1,\n): ...\n", "def f(\n    self,\n    a,\n    b=1,\n): ...\n"),
    "over lines, with comments": (
        "def f(  # all\n    # the user\n    a,\n): ...\n",
        "def f(  # all\n    self,\n    # the user\n    a,\n): ...\n",
    ),
    "aligned": ("def f(a,\n      b): ...\n", "def f(self, a,\n      b): ...\n"),
    "only stars": ("def f(*a, **k): ...\n", "def f(self, *a, **k): ...\n"),
    "keyword only": ("def f(*, a): ...\n", "def f(self, *, a): ...\n"),
    "keyword only, over lines": (
        "def f(\n    *,\n    a,\n): ...\n",
        "def f(\n    self,\n    *,\n    a,\n): ...\n",
    ),
    "positional only": ("def f(a, /): ...\n", "def f(self, a, /): ...\n"),
    "async": ("async  def f(a): ...\n", "async  def f(self, a): ...\n"),
    "decorated": ("@task(a=(1, 2))\ndef f(a): ...\n", "@task(a=(1, 2))\ndef f(self, a): ...\n"),
    "a default with brackets": (
        "def f(a=lambda x, y: (x, ')')): ...\n",
        "def f(self, a=lambda x, y: (x, ')')): ...\n",
    ),
    "a backslash": ("def \\\n f \\\n (a): ...\n", "def \\\n f \\\n (self, a): ...\n"),
}
LAST_PARAMETER = {
    "none": ("def f(): ...\n", "def f(self): ...\n"),
    "some": ("def f(a, b: int): ...\n", "def f(a, b: int, self): ...\n"),
    "a default in parentheses": ("def f(a=(1)): ...\n", "def f(a=(1), self): ...\n"),
    "over lines": (
        "def f(\n    a,\n    b  # b\n): ...\n",
        "def f(\n    a,\n    b,  # b\n    self,\n): ...\n",
    ),
    "positional only": ("def f(a, /): ...\n", "def f(a, /, self): ...\n"),
    "positional only, over lines": (
        "def f(\n    a,\n    /,\n): ...\n",
        "def f(\n    a,\n    /,\n    self,\n): ...\n",
    ),
    "keyword only": ("def f(*, a): ...\n", "def f(*, a, self): ...\n"),
    "behind stars": ("def f(*a): ...\n", "def f(*a, self): ...\n"),
    "in front of keywords": ("def f(*a, **k): ...\n", "def f(*a, self, **k): ...\n"),
    "in front of keywords, over lines": (
        "def f(\n    *a,\n    ** k,  # rest\n): ...\n",
        "def f(\n    *a,\n    self,\n    ** k,  # rest\n): ...\n",
    ),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in FIRST_PARAMETER.items()])
def test_add_first_parameter(case: tuple[str, str]) -> None:
    before, after = case
    parsed = Parsed(before)

    assert (
        changed(before, function_edits.add_parameter(before, parsed.function, parsed.span, "self", first=True)) == after
    )


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in LAST_PARAMETER.items()])
def test_add_last_parameter(case: tuple[str, str]) -> None:
    before, after = case
    parsed = Parsed(before)

    assert changed(before, function_edits.add_parameter(before, parsed.function, parsed.span, "self")) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f(a): ...\n", "def f(a: int): ...\n"),
        ("def f(a=1): ...\n", "def f(a: int = 1): ...\n"),
        ("def f(a = 1): ...\n", "def f(a: int = 1): ...\n"),
        ("def f(a: str = 1): ...\n", "def f(a: int = 1): ...\n"),
        ("def f(a: int): ...\n", "def f(a: int): ...\n"),
        ("def f(größe, a=1): ...\n", "def f(größe: int, a=1): ...\n"),
        ("def f(\n    a,  # one\n): ...\n", "def f(\n    a: int,  # one\n): ...\n"),
        ("def f(\n    a: list[  # one\n        str]\n): ...\n", "def f(\n    # one\n    a: int\n): ...\n"),
    ],
)
def test_annotate_parameter(before: str, after: str) -> None:
    parsed = Parsed(before)

    parameter = parsed.function.args.args[0]

    assert changed(before, function_edits.annotate_parameter(before, parameter, parsed.span, "int")) == after


@pytest.mark.parametrize(
    ("before", "code", "after"),
    [
        ("a()\nb()\n", "x = 1", "a()\nx = 1\nb()\n"),
        ("a()\n# why\nb()\n", "x = 1", "a()\n# why\nx = 1\nb()\n"),
        ("a()\n@d\n@e(1)\ndef b(): ...\n", "x = 1", "a()\nx = 1\n@d\n@e(1)\ndef b(): ...\n"),
        ("a()\nclass A: ...\n", "if 1:\n    x = 1", "a()\nif 1:\n    x = 1\nclass A: ...\n"),
        ("a(); b()\n", "x = 1", "a(); x = 1; b()\n"),
        ("a(); b()\n", "if 1:\n    x = 1", "a(); b()\n"),
        ("a()\r\nb()\r\n", "x = 1", "a()\r\nx = 1\r\nb()\r\n"),
    ],
)
def test_insert_before(before: str, code: str, after: str) -> None:
    parsed = Parsed(before)

    assert changed(before, function_edits.insert_before(before, parsed.module.body[1], parsed.span, code)) == after


def test_insert_before_in_a_block() -> None:
    for before, after in (
        ("def f():\n\tb()\n", "def f():\n\tx = 1\n\tb()\n"),
        ("def f(): b()\n", "def f(): x = 1; b()\n"),
    ):
        parsed = Parsed(before)
        made = function_edits.insert_before(before, parsed.function.body[0], parsed.span, "x = 1")
        assert changed(before, made) == after


# What holds for any call: gaps of all kinds between arguments of all kinds.

VALUES = st.sampled_from(
    [
        "1",
        "(2)",
        "'#'",
        "f(a, b=1)",
        "[1,\n 2]",
        "[  # in\n1]",
        "lambda x, y: x",
        "'''\n# no\n'''",
        '"é漢🐇"',
        "(\n3  # p\n)",
    ]
)
GAPS = st.sampled_from(["", "", " ", "\n", "\n    ", "  # c1\n    ", "\n    # c2, (c\n    ", " \\\n  ", "\r\n  ", "\t"])
NAMES = ["alpha", "beta", "x", "name"]


NEST = {
    "alone": ("{'a': 1}\n", "{'o': {'a': 1}}\n"),
    "the first": ("{'a': 1, 'x': 3}\n", "{'o': {'a': 1}, 'x': 3}\n"),
    "two": ("{'a': 1, 'x': 3, 'b': 2}\n", "{'o': {'a': 1, 'b': 2}, 'x': 3}\n"),
    "into an empty one": ("{'a': 1, 'o': {}, 'b': 2}\n", "{'o': {'a': 1, 'b': 2}}\n"),
    "beside another": ("{'a': 1, 'o': {'z': 9}}\n", "{'o': {'z': 9, 'a': 1}}\n"),
    "over lines": (
        "{\n    'a': 1,  # one\n    'x': 3,\n    'b': 2,\n}\n",
        "{\n    'o': {'a': 1, 'b': 2},  # one\n    'x': 3,\n}\n",
    ),
    "into one over lines": (
        "{\n    'a': 1,\n    'o': {\n        'z': 9,\n    },\n}\n",
        "{\n    'o': {\n        'z': 9,\n        'a': 1,\n    },\n}\n",
    ),
    "two at the end": ("{'o': {}, 'a': 1, 'b': 2}\n", "{'o': {'a': 1, 'b': 2}}\n"),
    "two at the start": ("{'a': 1, 'b': 2, 'o': {}}\n", "{'o': {'a': 1, 'b': 2}}\n"),
    "two lines": (
        "{\n    'o': {},\n    'a': 1,\n    'b': 2,  # two\n}\n",
        "{\n    'o': {'a': 1, 'b': 2},\n    # two\n}\n",
    ),
    "with more": ("{**m, 'a': (1), 'x': 3}\n", "{**m, 'o': {'a': (1)}, 'x': 3}\n"),
    "into what is no dict": ("{'a': 1, 'o': O}\n", None),
    "into one that has it": ("{'a': 1, 'o': {'a': 2}}\n", None),
    "into one that may have it": ("{'a': 1, 'o': {**m}}\n", None),
}


@pytest.mark.parametrize("case", NEST.values(), ids=NEST.keys())
def test_nest_items(case: tuple[str, str | None]) -> None:
    before, after = case
    parsed = Parsed(before)
    node = next(node for node in ast.walk(parsed.module) if isinstance(node, ast.Dict))
    names = [key.value for key in node.keys if isinstance(key, ast.Constant) and key.value in ("a", "b")]
    made = dict_edits.nest_items(before, node, parsed.span, [str(name) for name in names], "o")
    assert (changed(before, made) if made else None) == after


def test_rename_key() -> None:
    text = "{'a': 1, \"b\": 2}\n"
    parsed = Parsed(text)
    node = next(node for node in ast.walk(parsed.module) if isinstance(node, ast.Dict))
    assert changed(text, dict_edits.rename_key(text, node, parsed.span, "b", "c")) == "{'a': 1, \"c\": 2}\n"
    assert dict_edits.rename_key(text, node, parsed.span, "x", "c") == ()


@st.composite
def calls(draw: st.DrawFn) -> str:
    positional = [draw(VALUES) for _ in range(draw(st.integers(0, 2)))]
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4))
    arguments = positional + [f"{name}{draw(st.sampled_from(['=', ' = ']))}{draw(VALUES)}" for name in names]
    if draw(st.booleans()):
        arguments.append("**rest")
    written = ""
    for index, argument in enumerate(arguments):
        comma = "," if index < len(arguments) - 1 or draw(st.booleans()) else ""
        written += draw(GAPS) + argument + draw(GAPS) + comma
    return draw(st.sampled_from(["", "@"])) + f"app.task({written}{draw(GAPS)})"


def module_of(call: str) -> str:
    return call + ("\ndef f(): ...\n" if call.startswith("@") else "\n")


def comments_of(text: str) -> list[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text, newline="").readline)
    return sorted(token.string.rstrip() for token in tokens if token.type == tokenize.COMMENT)


def keywords_of(call: ast.expr) -> dict[str | None, str]:
    assert isinstance(call, ast.Call)
    return {keyword.arg: ast.dump(keyword.value) for keyword in call.keywords}


def positionals_of(call: ast.expr) -> list[str]:
    assert isinstance(call, ast.Call)
    return [ast.dump(argument) for argument in call.args]


@settings(max_examples=200, deadline=None)
@given(calls(), st.sampled_from(NAMES), st.sampled_from(["None", "(1, 2)", "{'a': [1]}"]))
def test_setting_changes_that_keyword_alone(call: str, name: str, value: str) -> None:
    text = module_of(call)
    before = Parsed(text)

    result = changed(text, edits.set_keyword(text, before.call, before.span, name, value))

    after = Parsed(result)
    expected = keywords_of(before.call) | {name: ast.dump(ast.parse(value, mode="eval").body)}
    assert keywords_of(after.call) == expected
    assert positionals_of(after.call) == positionals_of(before.call)
    assert comments_of(result) == comments_of(text)
    again = changed(result, edits.set_keyword(result, after.call, after.span, name, value))
    assert again == result


@settings(max_examples=200, deadline=None)
@given(calls(), st.sampled_from(NAMES), st.booleans())
def test_removing_takes_that_keyword_alone(call: str, name: str, bare: bool) -> None:
    text = module_of(call)
    before = Parsed(text)

    result = changed(text, edits.remove_keyword(text, before.call, before.span, name, bare=bare))

    after = Parsed(result)
    expected = keywords_of(before.call)
    expected.pop(name, None)
    if bare and not isinstance(after.call, ast.Call):
        assert not expected
        assert not positionals_of(before.call)
    else:
        assert keywords_of(after.call) == expected
        assert positionals_of(after.call) == positionals_of(before.call)
    assert comments_of(result) == comments_of(text)


@st.composite
def functions(draw: st.DrawFn) -> str:
    parameters = ["a", "b: int", "c=1", "d: str = (2)", "e=[  # in\n1]"][: draw(st.integers(0, 5))]
    if parameters and draw(st.booleans()):
        parameters.insert(draw(st.integers(1, len(parameters))), "/")
    if draw(st.booleans()):
        parameters += draw(st.sampled_from([["*args"], ["*", "k"], ["* , k = 1"], ["*args", "k=1"]]))
    if draw(st.booleans()):
        parameters.append(draw(st.sampled_from(["**rest", "** rest: int"])))
    written = ""
    for index, parameter in enumerate(parameters):
        comma = "," if index < len(parameters) - 1 or draw(st.booleans()) else ""
        written += draw(GAPS) + parameter + draw(GAPS) + comma
    return f"def f({written}{draw(GAPS)}): ...\n"


@settings(max_examples=200, deadline=None)
@given(functions(), st.booleans())
def test_adding_a_parameter_keeps_the_others(text: str, first: bool) -> None:
    before = Parsed(text)
    parameter = "new" if first else "new=9"

    result = changed(text, function_edits.add_parameter(text, before.function, before.span, parameter, first=first))

    after = Parsed(result)
    names = [argument.arg for argument in ast.walk(after.function.args) if isinstance(argument, ast.arg)]
    kept = [argument.arg for argument in ast.walk(before.function.args) if isinstance(argument, ast.arg)]
    assert sorted(names) == sorted([*kept, "new"])
    written = ast.unparse(after.function.args)
    if first:
        assert written.startswith("new")
    elif before.function.args.kwarg is None:
        assert written.replace(" ", "").endswith("new=9")
    assert comments_of(result) == comments_of(text)
