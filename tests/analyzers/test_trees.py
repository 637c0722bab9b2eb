"""Our walk meets the nodes that `ast.walk` meets, operators and contexts apart."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from celery_analyzers.trees import children, walk

PASSED_OVER = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)


@pytest.mark.parametrize("path", [ast.__file__, Path(__file__), pytest.__file__], ids=str)
def test_walk_meets_every_node(path: str) -> None:
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    expected = [node for node in ast.walk(tree) if not isinstance(node, PASSED_OVER)]
    assert {id(node) for node in walk(tree)} == {id(node) for node in expected}
    assert len(list(walk(tree))) == len(expected)


def test_every_kind_of_node() -> None:
    text = (
        "import a as b\nfrom c import d\nclass A(B, m=1): pass\ndef f(a, /, b: int = 1, *c, d=2, **e) -> x: yield\n"
        "async def g():\n    async for i in x: await y\n    async with a as b: pass\n"
        "try: pass\nexcept E as e: raise F from e\nelse: pass\nfinally: del q\n"
        "match p:\n    case {'a': A(x=1), **r} | [1, *s] if t: pass\n    case None: pass\n"
        "x: int = f'{a!r:>{w}}' if b and not c < d <= e else {**k, 1: (lambda: 0)}[1:2, ...]\n"
        "x += -1; global z; assert a, b; print(*a, **b); [i for i in j if k]; (n := 1)\n"
    )
    tree = ast.parse(text)
    expected = {id(node) for node in ast.walk(tree) if not isinstance(node, PASSED_OVER)}
    assert {id(node) for node in walk(tree)} == expected
    assert [type(node) for node in children(ast.parse("a.b(c, d=1)").body[0])] == [ast.Call]
