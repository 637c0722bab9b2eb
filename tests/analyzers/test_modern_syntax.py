"""Tests the conversion of LibCST's trees against what `ast.parse` gives, and the guard against deep nesting."""

from __future__ import annotations

import ast
import subprocess
import sys
import sysconfig
import tokenize
import warnings
from pathlib import Path

import celery
import kombu
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from celery_analyzers import modern_syntax, nesting

STDLIB = Path(sysconfig.get_path("stdlib"))
CHUNKS = 16
BYTES = 1_500_000
LARGEST = 60_000

_POSITIONS = ("lineno", "col_offset", "end_lineno", "end_col_offset")


def sample() -> list[Path]:
    """Real files, spread evenly over the standard library and installed packages, the same at every run."""
    roots = (STDLIB, Path(celery.__file__).parent, Path(kombu.__file__).parent)
    paths = [
        path
        for root in roots
        for path in sorted(root.rglob("*.py"))
        if "site-packages" not in path.relative_to(root).parts and 0 < path.stat().st_size < LARGEST
    ]
    stride = max(1, sum(path.stat().st_size for path in paths) // BYTES)
    return paths[::stride]


def plain_parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def dump(tree: ast.AST) -> str:
    """The tree as text, without what is immaterial inside f-strings.

    There `ast` gives other positions before Python 3.12, marks text after a `u` literal by `kind`, and in 3.12
    leaves empty constants in format specifications. Everything outside f-strings counts.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            node.values = [value for value in node.values if not is_empty(value)]
            for inner in ast.walk(node):
                if isinstance(inner, ast.Constant):
                    inner.kind = None
                if inner is not node and hasattr(inner, "lineno"):
                    for attribute in _POSITIONS:
                        setattr(inner, attribute, 0)
    return ast.dump(tree, include_attributes=True)


def is_empty(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value == ""


def check(text: str) -> None:
    assert dump(modern_syntax.parse(text)) == dump(plain_parse(text))


def expression(text: str) -> str:
    """What one expression becomes, as text without positions."""
    statement = modern_syntax.parse(text).body[0]
    assert isinstance(statement, ast.Expr)
    return ast.dump(statement.value)


def place(node: ast.AST) -> tuple[int, ...]:
    return tuple(getattr(node, attribute) for attribute in _POSITIONS)


class TestRealFiles:
    @pytest.mark.parametrize("chunk", range(CHUNKS))
    def test_the_tree_is_that_of_ast(self, chunk: int) -> None:
        checked = 0
        for path in sample()[chunk::CHUNKS]:
            try:
                with tokenize.open(path) as file:
                    text = file.read()
                expected = plain_parse(text)
            except (SyntaxError, UnicodeDecodeError):
                continue  # the standard library's tests hold broken files
            assert dump(modern_syntax.parse(text)) == dump(expected), path
            checked += 1
        assert checked


EXPRESSIONS = """
a[x: ]
a[x : y : ]
a[ : ]
a[ :: z ]
a[x:(y) , ]
a[x, y: ]
a[(x):(y)]
a[b,]
x[()]
x[(a, b)]
x[1:2, ::3]
x[a](b).c[d]
x[a:=1]
(a)(b)
(a).b
(a)[b]
(((a, b)))
((x for x in y))
f(x for x in y)
f (  x for x in y )
f((x for x in y), 1)
f(g(x for x in h(y for y in z)))
f((a), b=(c), *(d), **(e))
print(*a, **b, c=1)
a, b ,
a,
*a, b
(yield)
(a := b)
(a) if (b) else (c)
a if(b)else(c)
1if y else 2
lambda: 0
lambda *a, b=1, **c: 0
lambda a, /, *, b: 0
not a and b or c and d and e
(a and b) and c
a and (b and c)
a < b <= c != d is not e not in f
a @ b ** -c // d
- 1 + ~ + 2
(a) + (b)
[x async for x in y if a if b for z in w]
{a: b for a in c}
{a for b in c}
{**a, b: c}
{*a, b}
{(a): (b)}
[(a), *b]
...
0x_ff, 0o17, 0b1, 1_000, 1e5, 1_0.5j, 5J, .5, 00
True, False, None
u'a' 'b'
'a' u'b'
U'a'
f'a' 'b'
f''
'' f''
u'a' f'b{c}'
f'{x}' '' 'a'
f'a{x!r:>{w}.{p}}b'
f'{x=}'
f'{ x = }'
f'{x=!s}'
f'{x=:>5}'
f'{a!r}{b!s}{c!a}'
f'{a:}'
f'a{{b}}{x}'
f'{{}}'
f'{a}{{'
rf'\\d{x}'
f'\\x41{x}\\n'
'a' f'{b}' 'c' f'{d}' 'e'
'\\x41\\u1234\\U00012345\\N{BULLET}\\q\\777\\0'
b'\\x41\\777\\q\\u1234\\N{a}' b'a' rb'\\x41'
""".strip().splitlines()

STATEMENTS = [
    "with (a, b): pass",
    "with (a, b) as c: pass",
    "with (a, b) as c, d: pass",
    "with (a): pass",
    "with (yield): pass",
    "with (a as b, c,): pass",
    "if x: a; b ;",
    "if x:\n  a;\nelse: b ;",
    "if a: b\nelif c: d\nelif e: f ;\nelse: g",
    "try: a\nexcept: b;",
    "try: a;\nfinally: b ;\n",
    "try: a\nexcept (b, c) as d: e\nelse: f\nfinally: g",
    "while a: b\nelse: c",
    "for x, in y, : pass;",
    "for x in *a, b: pass",
    "for *a, b in c: pass",
    "x = yield a, b",
    "x = a,  # b",
    "a = b = c, d,",
    "a: int",
    "a.b: int",
    "x: tuple = 1, 2",
    "x @= y; x //= y; x **= y; x >>= y; x <<= y; x &= y; x |= y; x ^= y; x %= y; x /= y",
    "(a, b), [c, *d] = e",
    "a[b], c.d = e",
    "del (a, b), c",
    "del (a, b)",
    "del a, b",
    "del a,",
    "del [a, b], c.d",
    "@a.b\n@c (d)\nclass A(B, *c, metaclass=C, **k): x: int = 1",
    "@d\nasync def f(a, /, b: int = 1, *args: x, c, d=2, **kw) -> r: await x",
    "async def f():\n  async with a as b, c: pass\n  async for x in y: pass\n  else: z",
    "def f(): return *a, b",
    "def f(): yield *a, b",
    "def f(): yield from a",
    "def f(a,\n      b): # c\n  return (\n  1)\n  # d\n\n# e",
    "def f():\n  global a, b\n  def g():\n    nonlocal c",
    "from . import a",
    "from .. a . b import (c as d, e,)",
    "from ... import a",
    "from a import *",
    "import a . b as c, d",
    "assert a, b",
    "raise a from b",
    "raise",
    "a; b; c",
    "break ; continue",
    "match a, b:\n case x, *_, : pass",
    "match a:\n case (1): pass\n case [1, *b]: pass\n case (1, 2): pass\n case (1 | 2) as c: pass",
    "match a:\n case {1: x, **r}: pass\n case {'x': 1,}: pass\n case {}: pass",
    "match a:\n case A(b, c=1,): pass\n case a.B() if c: pass",
    "match a:\n case None | True: pass\n case -1 + 2j: pass\n case a.b: pass\n case 'a' 'b': pass\n case _: pass",
    "match a:\n case *a, b: pass\n case (x): pass\n case ((1, 2)): pass\n case (a,): pass\n case (): pass",
    "match a:\n case (* _, ): pass\n case []: x;",
]

LAYOUTS = [
    "",
    "\n",
    "# a",
    "  # a\n",
    "x",
    "x  # a",
    "a\r\nb\rc\n'''\r\n\r'''",
    "if a:\r\tb\r\tc",
    "x = [\r\n 1, # a\r\r\n 2,\r\n]\r\n",
    "'a\\\r\nb'",
    "def f():\n\tif x:\n\t\ty",
    "x\f= 1",
    "\fx = 1",
    " \f\fx = 1\n\fy",
    "a\n\f# b\n\fclass C:\n\f\n    def f(self):\n        pass\n\f\n    x = 1\n\f    y = 2\n",
    "\f\n  \f\nx",
    "'''\f\n\f'''",
    "\\\nx = 1",
    "x = \\\n  1 + \\\n\ty",
    "é = 1; 'é'; x = 'ü', y",
    "ﬁ.ﬁ(ﬁ=1); import ﬁ as ª; global_ = µ",
    "def ﬁ(ﬁ, *µ): pass",
    "x = '\u2028', y\nz",
    "# \u2028 é\nx  # \x85\ny",
    "'🎉' + f'🎉{é}🎉' + x",
    "x = (\n  'é'\n  'b' # é\n  f'd'\n) + y",
    "f'''{\na}''' + b",
    "'\\\n' + x",
    "(\na\n) + b",
    "#!x\n# -*- coding: latin-1 -*-\né",
]


class TestAgainstAst:
    @pytest.mark.parametrize("text", EXPRESSIONS)
    def test_expressions(self, text: str) -> None:
        check(text)

    @pytest.mark.parametrize("text", STATEMENTS)
    def test_statements(self, text: str) -> None:
        check(text)

    @pytest.mark.parametrize("text", LAYOUTS)
    def test_layouts(self, text: str) -> None:
        check(text)


class TestNewerSyntax:
    """What this Python's own parser may be too old for: the trees are spelt out."""

    def test_except_without_parentheses(self) -> None:
        (statement,) = modern_syntax.parse("try: a\nexcept A, B.c: d\n").body
        assert isinstance(statement, ast.Try)
        caught = statement.handlers[0].type
        assert isinstance(caught, ast.Tuple)
        assert [ast.unparse(each) for each in caught.elts] == ["A", "B.c"]
        assert place(caught) == (2, 7, 2, 13)
        assert place(statement) == (1, 0, 2, 16)

    def test_except_star(self) -> None:
        (statement,) = modern_syntax.parse("try: a\nexcept* A as b: c\nexcept *(D, E): f;\n").body
        assert type(statement).__name__ == ("TryStar" if sys.version_info >= (3, 11) else "Try")
        first, second = statement.handlers  # type: ignore[attr-defined]
        assert (first.name, ast.dump(first.type)) == ("b", "Name(id='A', ctx=Load())")
        assert isinstance(second.type, ast.Tuple)
        assert place(first) == (2, 0, 2, 17)
        assert place(second) == (3, 0, 3, 18)

    def test_type_alias(self) -> None:
        alias, after = modern_syntax.parse("type X[T: int] = list[T] ; y\n").body
        assert place(alias) == (1, 0, 1, 24)
        assert place(after) == (1, 27, 1, 28)
        if sys.version_info >= (3, 12):
            assert dump(alias) == dump(plain_parse("type X[T: int] = list[T]").body[0])
        else:
            assert isinstance(alias, ast.Assign)
            assert ast.unparse(alias) == "X = list[T]"
            assert place(alias.targets[0]) == (1, 5, 1, 6)

    @pytest.mark.parametrize("head", ["def f[T: int, *Ts, **P](x: T) -> P", "class C[T: int, *Ts, **P](B)"])
    def test_type_parameters(self, head: str) -> None:
        (definition,) = modern_syntax.parse(head + ": pass\n").body
        if sys.version_info >= (3, 12):
            assert dump(definition) == dump(plain_parse(head + ": pass\n").body[0])
        else:
            bare = head.replace("[T: int, *Ts, **P]", "")
            assert ast.dump(definition) == ast.dump(plain_parse(bare + ": pass\n").body[0])
            assert place(definition) == (1, 0, 1, len(head) + 6)

    def test_type_parameter_defaults(self) -> None:
        text = "class C[T: int = (str), *Ts = *tuple[int], **P = [a, b]]: pass\n"
        (definition,) = modern_syntax.parse(text).body
        if sys.version_info >= (3, 13):
            assert dump(definition) == dump(plain_parse(text).body[0])
        else:
            assert isinstance(definition, ast.ClassDef)
            assert definition.name == "C"
            assert len(getattr(definition, "type_params", [])) == (3 if sys.version_info >= (3, 12) else 0)

    @pytest.mark.parametrize(
        ("text", "plain"),
        [
            ("f'{a['b']}'", "f\"{a['b']}\""),
            ('f"{f"{f"{a}"}"}"', "f\"{f'''{f'{a}'}'''}\""),
            ('f"{"\\n".join(a)}"', 'f"{x}"'.replace("x", "chr(10).join(a)")),
            ("f'''{\na # b\n}'''", "f'''{a}'''"),
            ('f"{a:{"x"}}"', "f\"{a:{'x'}}\""),
        ],
    )
    def test_fields_of_f_strings_hold_anything(self, text: str, plain: str) -> None:
        expected = expression(plain).replace("Name(id='chr', ctx=Load())", "")
        got = expression(text)
        if "chr" in plain:
            assert "attr='join'" in got
            assert "Constant(value='\\n')" in got
        else:
            assert got == expected

    @pytest.mark.parametrize("text", ["t'a{b!r:>{c}}d'", "t'a{ b + 1 = }'", "t'{{{a}}}'", "t''"])
    def test_template_strings(self, text: str) -> None:
        dumped = expression(text)
        if sys.version_info >= (3, 14):
            assert dumped == ast.dump(plain_parse(text).body[0].value)  # type: ignore[attr-defined]
        else:
            assert dumped == expression("f" + text[1:])

    @pytest.mark.parametrize(
        ("text", "plain"),
        [
            ("a[*b]", "Tuple(elts=[Starred(value=Name(id='b', ctx=Load()), ctx=Load())], ctx=Load())"),
            ("a[*b, c]", "Starred(value=Name(id='b', ctx=Load()), ctx=Load()), Name(id='c', ctx=Load())"),
            ("[*a for a in b]", "ListComp(elt=Starred(value=Name(id='a', ctx=Load()), ctx=Load())"),
            ("{*a for a in b}", "SetComp(elt=Starred(value=Name(id='a', ctx=Load()), ctx=Load())"),
            ("(*a for a in b)", "GeneratorExp(elt=Starred(value=Name(id='a', ctx=Load()), ctx=Load())"),
            ("{**a for a in b}", "DictComp(key=Name(id='a', ctx=Load()), "),
        ],
    )
    def test_unpacking(self, text: str, plain: str) -> None:
        assert plain in expression(text)

    def test_starred_annotation(self) -> None:
        (definition,) = modern_syntax.parse("def f(*args: *Ts): pass").body
        assert isinstance(definition, ast.FunctionDef)
        vararg = definition.args.vararg
        assert vararg is not None
        assert isinstance(vararg.annotation, ast.Starred)
        assert place(vararg) == (1, 7, 1, 16)

    def test_lazy_imports(self) -> None:
        first, second = modern_syntax.parse("lazy import a.b as c\nlazy from ..d import (e as f)\n").body
        assert isinstance(first, ast.Import)
        assert isinstance(second, ast.ImportFrom)
        assert (second.module, second.level, second.names[0].asname) == ("d", 2, "f")
        assert place(first) == (1, 0, 1, 20)
        assert place(second) == (2, 0, 2, 29)
        assert all(getattr(each, "is_lazy", 1) for each in (first, second))

    def test_nodes_in_f_strings_stand_where_they_stand(self) -> None:
        (statement,) = modern_syntax.parse("x = f'é{a} {\"b\":{c}}'\n").body
        names = {node.id: place(node) for node in ast.walk(statement) if isinstance(node, ast.Name)}
        assert names == {"x": (1, 0, 1, 1), "a": (1, 9, 1, 10), "c": (1, 18, 1, 19)}


ERRORS = [
    ("x = (", 1),
    ("x\n  y\n", 2),
    ("x = '\n", 1),
    ("a = 1\nb = = 2\n", 2),
    ("x = '\\xzz'", None),
    ("x = '\\N{no such name}'", None),
    ("x = '\\U00110000'", None),
    ("f'\\xz{a}'", None),
    ("b'a' 'b'", None),
    ("b'a' f'b'", None),
    ("x = '\ud800'", None),
    ("x = \x00", None),
    ("\ufeffx = 1", None),
    ("(*a) = 3", None),
    ("[a + b] = c", None),
    ("print >>a, b\nexec 'a'", 2),
    ("x = " + "9" * 5000 if hasattr(sys, "get_int_max_str_digits") else "(", None),
    ("x = " + "a + " * 600 + "a", None),
]


class TestErrors:
    @pytest.mark.parametrize(("text", "line"), ERRORS, ids=lambda value: repr(value)[:30])
    def test_errors_are_syntax_errors(self, text: str, line: int | None) -> None:
        with pytest.raises(SyntaxError) as caught:
            modern_syntax.parse(text)
        if line is not None:
            assert caught.value.lineno == line
            assert caught.value.offset

    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data())
    def test_mutilated_text_gives_a_tree_or_a_syntax_error(self, data: st.DataObject) -> None:
        text = data.draw(st.sampled_from(PIECES))
        for _ in range(data.draw(st.integers(1, 3))):
            start = data.draw(st.integers(0, len(text)))
            end = min(len(text), start + data.draw(st.integers(0, 20)))
            text = text[:start] + data.draw(st.sampled_from(INSERTIONS)) + text[end:]
        try:
            tree = modern_syntax.parse(text)
        except SyntaxError:
            return
        try:
            expected = plain_parse(text)
        except (SyntaxError, ValueError):
            return  # newer than this Python, or refused by a later check than the parser's
        assert dump(tree) == dump(expected)


PIECES = ["\n".join(STATEMENTS[start::4] + EXPRESSIONS[start::8]) for start in range(4)]
PIECES += [Path(module).read_text(encoding="utf-8")[:6_000] for module in (tokenize.__file__, ast.__file__)]
INSERTIONS = [
    "", " ", "\n", "\r", "\t", "\f", "\\", "\\\n", "#", "'", '"', '"""', "f'", "f'{", "rb'", "t'", "(", ")", "[", "]",
    "{", "}", ",", ":", ";", ".", "=", ":=", "*", "**", "@", "->", "!r", "0", "1e", "0x", "\\N{", "é", "\u2028", "\x00",
    "\ufeff", "\ud800", "🎉", " if ", " else ", " for ", " in ", " lambda ", " await ", " async ", " yield ", "not ",
    "except ", "match ", "case ", "type ", "lazy ", "import ", "del ", "with ", "class ", "def ", "return ", "x",
]  # fmt: skip


def nested(opening: str, closing: str) -> str:
    return opening * 5_000 + "x" + closing * 5_000


DEEP = {
    "parentheses": nested("(", ")"),
    "left open": "(" * 100_000,
    "lists": nested("[", "]"),
    "dicts": nested("{x:", "}"),
    "calls": nested("x(", ")"),
    "subscripts": nested("x[", "]"),
    "across lines": nested("x(\n", "\n)"),
    "fields": nested('f"{', '}"'),
    "formats": 'f"' + "{x:" * 5_000 + "}" * 5_000 + '"',
    "brackets in a field": 'f"""' + "{" + nested("(", ")") + '}"""',
    "behind a string": "x = '\\'(' \"(\" '''(\n'''\n" + nested("(", ")"),
    "behind a template": 'f\'{"\'"}\' t"{x!r:}}}" ' + nested("(", ")"),
    "not": "not " * 50_000 + "x",
    "minus": "-" * 50_000 + "x",
    "lambdas": "lambda: " * 20_000 + "x",
    "lambdas with commas": "lambda x, y: " * 20_000 + "x",
    "lambdas in defaults": "lambda x=" * 20_000 + "x" + ": x" * 20_000,
    "conditions": "x if x else " * 20_000 + "x",
    "powers": "x**" * 50_000 + "x",
    "attributes": "x" + ".x" * 200_000,
    "call chain": "x" + "()" * 200_000,
    "subscript chain": "x" + "[x]" * 200_000,
    "method chain": "x" + ".x(x)" * 100_000,
    "sum": "x" + "+x" * 200_000,
    "sum across lines": "(x" + "\n+x" * 200_000 + ")",
    "and": "x" + " and x" * 50_000,
    "comprehensions": "[x" + " for x in x" * 50_000 + "]",
    "elif": "if x: x\n" + "elif x: x\n" * 20_000,
    "dotted name": "import x" + ".x" * 20_000,
}
CRASH = """
import ast, sys
from celery_analyzers import modern_syntax, nesting
text = sys.stdin.read()
print(nesting.too_deep(text))
for parse in (modern_syntax.parse, ast.parse)[: 1 if nesting.too_deep(text) else 2]:
    try:
        parse(text)
    except (SyntaxError, RecursionError, MemoryError):
        pass
"""


def survives(text: str) -> str:
    """What the guard says of the text, in a process that then parses it with whatever it may be given to."""
    path = str(Path(nesting.__file__).parents[1])
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {path!r})" + CRASH]
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    return done.stdout.strip()


class TestNesting:
    @pytest.mark.parametrize("kind", DEEP)
    def test_refuses_what_would_crash(self, kind: str) -> None:
        assert survives(DEEP[kind]) == "True"

    @pytest.mark.parametrize(
        "text",
        [
            nested("x(", ")").replace("x(" * 4_850, "").replace(")" * 4_850, ""),
            "[-x**" * 190 + "x" + "]" * 190,
            "x" + ".x" * 900,
            "-" * 1_900 + "x",
            "-" * 29_000 + "x",
            "x" + "()" * 14_000,
            "lambda x, y: " * 140 + "x",
            "if x: x\n" + "elif x: x\n" * 900,
            "".join(" " * depth + "if x:\n" for depth in range(99)) + " " * 99 + "x",
            "".join(" " * depth + "if x:\n" for depth in range(1_000)) + " " * 1_000 + "x",
            "x = (" + "'x'\n" * 10_000 + ")",
        ],
        ids=lambda text: repr(text[:20]),
    )
    def test_what_is_not_refused_crashes_no_parser(self, text: str) -> None:
        assert survives(text) == "False"

    def test_refuses_no_real_file(self) -> None:
        for path in sample():
            try:
                with tokenize.open(path) as file:
                    text = file.read()
            except (SyntaxError, UnicodeDecodeError):
                continue
            assert not nesting.too_deep(text), path

    @pytest.mark.parametrize(
        "text",
        [
            "x = [\n" + "    (1, 'a(', {}), # (\n" * 50_000 + "]",
            "x = '''" + "(" * 50_000 + "'''",
            "# " + "(" * 50_000,
            "x = (\n" + "    'a' # b\n" * 10_000 + ")",
            "x = [\n" + "    '\\x00'  \t# b\n" * 10_000 + "]",
            "xyz = 'a'\nxyz = \"\"  \n" * 10_000,
            "x = {" + "'a': [f'{b}', f'{c[\"d\"]:>{e}}', r'\\', b'('],\r\n" * 50_000 + "}",
            "def f():\n" + "    x = x.y(1)[2]\n" * 50_000,
            "def f():\r" + "    x = \"it's\" + f'{{{y}}}' + x.y(1)[2] \\\r        + 1; z = 2\r" * 20_000,
            "f'''" + "{x} ( [ {{ }} '\n" * 5_000 + "'''",
            ")" + "(" * 1_000,
            "x = '(\n" + "(" * 1_000,
            "x = [)]" + "(" * 1_000,
        ],
        ids=lambda text: repr(text[:20]),
    )
    def test_accepts_long_texts(self, text: str) -> None:
        assert not nesting.too_deep(text)
