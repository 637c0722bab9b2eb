"""Comments that silence a finding: where they go, and what they must leave alone."""

from __future__ import annotations

import pytest

from celery_analyzers.findings import Finding, Severity, Span
from celery_analyzers.ignores import ignores
from celery_analyzers.source import LineIndex
from celery_codeactions.fixes import apply_edits
from celery_codeactions.ignore_comments import ignore_edits

MARK = "¦"
CASES = {
    "plain": ("x = 1\n¦y¦ = 2\n", "x = 1\ny = 2  # celeryls: ignore[a-rule]\n"),
    "no final newline": ("¦y¦ = 2", "y = 2  # celeryls: ignore[a-rule]"),
    "windows": ("¦y¦ = 2\r\nz\r\n", "y = 2  # celeryls: ignore[a-rule]\r\nz\r\n"),
    "space at the end of the line": ("¦y¦ = 2  \n", "y = 2  # celeryls: ignore[a-rule]  \n"),
    "behind noqa": ("¦y¦ = 2  # noqa: E501\n", "y = 2  # noqa: E501  # celeryls: ignore[a-rule]\n"),
    "behind type: ignore": (
        "¦y¦ = 2  # type: ignore\n",
        "y = 2  # type: ignore  # celeryls: ignore[a-rule]\n",
    ),
    "a list of ours": (
        "¦y¦ = 2  # celeryls: ignore[b-rule]  # noqa\n",
        "y = 2  # celeryls: ignore[b-rule, a-rule]  # noqa\n",
    ),
    "a list that ends in a comma": (
        "¦y¦ = 2  # celeryls: ignore[b-rule, ]\n",
        "y = 2  # celeryls: ignore[b-rule, a-rule ]\n",
    ),
    "a list on the last line of the finding": (
        "y = ¦f(\n    1\n)¦  # celeryls: ignore[b-rule]\n",
        "y = f(\n    1\n)  # celeryls: ignore[b-rule, a-rule]\n",
    ),
    "named already": ("¦y¦ = 2  # celeryls: ignore[a-rule]\n", None),
    "silenced already": ("¦y¦ = 2  # celeryls: ignore\n", None),
    "the first line of several": ("y = ¦f(\n    1\n)¦\n", "y = f(  # celeryls: ignore[a-rule]\n    1\n)\n"),
    "a backslash": ("y = ¦a + \\\n    b¦\n", "y = a + \\\n    b  # celeryls: ignore[a-rule]\n"),
    "a backslash, one line": ("y = ¦a¦ + \\\n    b\n", None),
    "a backslash in a comment": ("¦y¦ = 2  # \\\n", "y = 2  # \\  # celeryls: ignore[a-rule]\n"),
    "in a string over lines": ('y = """\n¦x¦\n"""\n', None),
    "a string over lines": ('y = ¦"""\nx\n"""¦\n', 'y = """\nx\n"""  # celeryls: ignore[a-rule]\n'),
    "a hash in a string": ("¦y¦ = '#'\n", "y = '#'  # celeryls: ignore[a-rule]\n"),
    "behind other segments": (
        'def f():\n    """Doc"""\n\n\n# c\n@d\ndef ¦g¦(): ...\n',
        'def f():\n    """Doc"""\n\n\n# c\n@d\ndef g(): ...  # celeryls: ignore[a-rule]\n',
    ),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_ignore_edits(case: tuple[str, str | None]) -> None:
    marked, after = case
    before, inside, behind = marked.split(MARK)
    text = before + inside + behind
    span = Span(len(before), len(before) + len(inside))

    made = ignore_edits(Finding("a-rule", "Wrong", span, Severity.WARNING), text)

    assert (apply_edits(text, made) if made else None) == after
    if after is not None:
        lines = LineIndex(after)
        first, last = lines.position(span.start)[0], lines.position(span.end)[0]
        assert any(
            ignore.silences("a-rule", "CEL999") and first <= lines.position(ignore.span.start)[0] <= last
            for ignore in ignores(after)
        )
