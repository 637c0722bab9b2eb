"""Patterns of paths: what each speaks of, and what is said of those that cannot be understood."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celery_analyzers.path_patterns import check_patterns, is_matched


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("tasks.py", ["tasks.py", "shop/tasks.py"], ["shop/mytasks.py", "tasks.pyi", "tasks.py/other.py"]),
        ("./tasks.py", ["tasks.py"], ["atasks.py"]),
        ("test_*.py", ["test_a.py", "shop/test_a.py"], ["shop/atest_a.py", "test_a.txt"]),
        # As in ruff, one star is any characters.
        ("shop/*", ["shop/a.py", "shop/a/b.py"], ["shop.py", "other/shop/a.py"]),
        ("shop/**", ["shop/a.py", "shop/a/b.py"], ["shop.py"]),
        ("**/tests/**", ["tests/a.py", "shop/tests/a/b.py"], ["tests.py", "mytests/a.py"]),
        ("shop/**/a.py", ["shop/a.py", "shop/b/c/a.py"], ["shop/ba.py", "shopa.py"]),
        ("**/a.py", ["a.py", "b/a.py"], ["ba.py"]),
        ("sh**p/a.py", ["shop/a.py", "sh/o/p/a.py"], ["shop/b.py"]),
        ("a?.py", ["ab.py", "shop/ab.py"], ["a.py", "abc.py"]),
        ("[ab].py", ["a.py"], ["c.py", "ab.py"]),
        ("[!ab].py", ["c.py"], ["a.py"]),
        ("[]a].py", ["].py", "a.py"], ["b.py"]),
        ("[a-c].py", ["b.py"], ["d.py", "-.py"]),
        ("{shop,bank}/*.py", ["shop/a.py", "bank/b.py"], ["tank/a.py"]),
        ("{a,b{c,d}}.py", ["a.py", "bc.py", "bd.py"], ["b.py"]),
        ("a,b.py", ["a,b.py"], ["a.py"]),
        (r"\*.py", ["*.py"], ["a.py"]),
        ("a+(b).py", ["a+(b).py"], ["aa(b).py"]),
        ("a|b.py", ["a|b.py"], ["a", "b.py"]),
        ("größe.py", ["größe.py"], ["grosse.py"]),
    ],
)
def test_what_a_pattern_speaks_of(pattern: str, yes: list[str], no: list[str]) -> None:
    assert [path for path in yes if not is_matched((pattern,), path)] == []
    assert [path for path in no if is_matched((pattern,), path)] == []


def test_one_of_several_is_enough_and_none_matches_nothing() -> None:
    assert is_matched(("a.py", "b.py"), "shop/b.py")
    assert not is_matched((), "a.py")
    assert not is_matched((), "")


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("", "it is empty"),
        ("[ab", "a `[` is never closed"),
        ("[", "a `[` is never closed"),
        ("[]", "a `[` is never closed"),
        ("{a", "a `{` is never closed"),
        ("{a,{b}", "a `{` is never closed"),
        ("a}", "a `}` closes nothing"),
        ("a\\", "there is nothing behind the last `\\`"),
        ("[b-a]", "bad character range b-a"),
    ],
)
def test_mistakes(pattern: str, reason: str) -> None:
    assert check_patterns(["good", pattern]) == f"`{pattern}` is no pattern: {reason}"


@given(st.text(alphabet="ab/*?[]{}!,\\-^|&~.", max_size=12), st.text(alphabet="ab/.", max_size=8))
def test_any_text_is_a_pattern_or_a_mistake(pattern: str, path: str) -> None:
    if check_patterns([pattern]) is None:
        assert is_matched((pattern,), path) in (True, False)


@given(st.text(min_size=1, max_size=8))
def test_any_name_is_matched_by_itself(name: str) -> None:
    escaped = re.sub(r"([*?\[\]{}\\,!])", r"\\\1", name)
    assert is_matched((escaped.removeprefix("./"),), name.removeprefix("./")) or name in ("./", "/")
