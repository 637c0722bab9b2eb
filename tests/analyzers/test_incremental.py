"""The result of any sequence of edits is that of a fresh analysis of the same text."""

from __future__ import annotations

from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from tests.analyzers.engine import ALL, analyse, write

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.source import LineIndex

SAMPLE = Path(__file__).with_name("sample_module.py.txt").read_text(encoding="utf-8")
# Edits that change what names mean, what is a task, what is silenced and what can be parsed.
FRAGMENTS = [
    *"()[]{}:#\"'\n\r\t\f😀e1 ",
    '"""', "\r\n", "    ", "bind=True, ", "@app.task\n", "@job(bind=True)\n", "app = Celery()\n", "app = None\n",
    "from celery import Celery\n", "def f():\n    pass\n", "class A(Task):\n    def run(self): pass\n", "LIMIT = 9\n",
    "# celeryls: ignore\n", "  # celeryls: ignore[bind-without-self]", "# celeryls: ignore-file\n", "  # noqa: CEL103",
    "f.delay(1)\n", "    f.apply_async(args=[1], countdown=5)\n", "chain(f.s(1), f.si())\n", "app.conf.task_time_limit = 5\n",
    "class Config:\n    task_time_limit = 5\n    CELERY_ACKS_LATE = True\n", "app.config_from_object(Config)\n",
    "def wrap(*a, **k):\n    return app.task(*a, bind=True, **k)\n", "@wrap()\n", "app.conf.beat_schedule = {'a': {'task': 'f'}}\n",
    "# celeryls: idempotent\n", "job", "app.register_task(A())\n", "x = job(plain)\n", "self", "return", "yield ",
]  # fmt: skip


def assert_same(kept: FileAnalysis, text: str) -> None:
    fresh = analyse(text)
    assert kept.text == text
    assert kept.findings() == fresh.findings()
    assert kept.problems() == fresh.problems()
    assert [segment.facts for segment in kept.segments] == [segment.facts for segment in fresh.segments]
    assert kept.line_count == fresh.line_count == len(LineIndex(text).starts)


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(["", SAMPLE, SAMPLE.replace("\n", "\r\n"), "\ufeff" + SAMPLE]),
    st.lists(
        st.tuples(st.floats(0, 1), st.sampled_from([0, 0, 0, 1, 4, 30, 200]), st.sampled_from(FRAGMENTS)), max_size=8
    ),
)
def test_edits_give_what_a_fresh_analysis_gives(text: str, changes: list[tuple[float, int, str]]) -> None:
    kept = analyse(text)
    for where, length, new in changes:
        start = round(where * len(text))
        end = min(len(text), start + length)
        lines = LineIndex(text)
        first, last = lines.position(start), lines.position(end)
        if lines.offset(*first) != start or lines.offset(*last) != end:
            continue  # Between \r and \n there is no position.
        kept.edit(first, last, new)
        text = text[:start] + new + text[end:]
        assert_same(kept, text)


def type_text(analysis: FileAnalysis, line: int, column: int, text: str) -> None:
    for offset, character in enumerate(text):
        analysis.edit((line, column + offset), (line, column + offset), character)


def test_typing_a_name_changes_what_depends_on_it_only() -> None:
    text = "from celery import Celery\napp = Celery()\n@app.task(bind=True)\ndef f(): pass\n\n@other.task(bind=True)\ndef g(): pass\n"
    analysis = analyse(text)
    assert {f.rule for f in analysis.findings() if "bind" in f.rule} == {"bind-without-self"}
    untouched = analysis.segments[3]
    analysis.edit((1, 0), (1, 3), "apq")
    assert not [f for f in analysis.findings() if f.rule == "bind-without-self"]
    assert analysis.segments[3] is untouched
    analysis.edit((1, 0), (1, 3), "app")
    assert_same(analysis, text)


def test_a_body_edit_leaves_every_other_segment_as_it_is() -> None:
    analysis = analyse(SAMPLE)
    before = list(analysis.segments)
    line = SAMPLE[: SAMPLE.index("pass\n\n\n@job(bind")].count("\n")
    type_text(analysis, line, 8, "x = 1 ; ")
    changed = [old for old, new in zip(before, analysis.segments, strict=True) if old is not new]
    assert [segment.segment.text.strip().splitlines()[1] for segment in changed] == ["def second():"]


def of_others(analysis: FileAnalysis) -> list[tuple[str, str]]:
    """What is found outside `first`, where the error stands."""
    return [(f.rule, f.message) for s in analysis.segments if "def first" not in s.segment.text for f in s.findings]


def test_a_syntax_error_leaves_the_findings_of_all_others_in_place_and_they_come_back() -> None:
    whole = analyse(SAMPLE)
    assert of_others(whole)
    line = SAMPLE[: SAMPLE.index("    try:\n        requests")].count("\n")
    for broken in ("foo(", "x = [", 'y = "', "if", "'''", "]", "return return", "\\ x", "{"):
        analysis = analyse(SAMPLE)
        analysis.edit((line, 0), (line, 0), "    " + broken + "\n")
        assert of_others(analysis) == of_others(whole), broken
        assert analysis.problems()
        analysis.edit((line, 0), (line + 1, 0), "")
        assert analysis.findings() == whole.findings()
        assert analysis.problems() == []


def test_refresh_takes_other_rules() -> None:
    from celery_analyzers.registry import RuleSet
    from celery_analyzers.settings import Settings

    analysis = analyse(SAMPLE)
    analysis.refresh(rules=RuleSet.from_settings(Settings(select=("bind-without-self",))))
    assert {f.rule for f in analysis.findings()} <= {"bind-without-self"}
    analysis.refresh(rules=ALL)
    assert analysis.findings() == analyse(SAMPLE).findings()


def test_who_refreshes_piece_by_piece_is_told_when_all_is_done() -> None:
    from celery_analyzers.registry import RuleSet

    analysis = analyse(SAMPLE)
    analysis.begin_refresh(rules=RuleSet(()))
    told = [analysis.refresh_some(0.0)]
    while analysis.is_refreshing:
        told.append(analysis.refresh_some(0.0))
    assert told == [False] * (len(analysis.segments) - 1) + [True]
    assert analysis.findings() == []


@pytest.mark.parametrize("count", [300, 900, 985, 995, 1000, 3000])
def test_what_is_nested_deeply_ends_nothing(count: int) -> None:
    head = "from celery import shared_task\n\n\n@shared_task\ndef send(): pass\n\n\n"
    branches = "".join(f"    elif x == {n}: send.delay(1)\n" for n in range(count))
    for text in (
        f"r = {' | '.join(['send.s(1)'] * count)}\n",
        f"def go(x):\n    if x: pass\n{branches}",
        f"r = send.s(1){'.set(x=1)' * count}\n",
        f"class Config:\n    x = {'+'.join(['1'] * count)}\n",
    ):
        analysis = analyse(head + text + "\n\n@shared_task(bind=True)\ndef ping(): pass\n")
        assert "bind-without-self" in {finding.rule for finding in analysis.findings()}


def test_what_is_said_once_of_a_settings_module_moves_with_its_first_setting(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "config.py": 'broker_url = "redis://"\n',
            "shop.py": 'from celery import Celery\n\napp = Celery()\napp.config_from_object("config")\n\n\n'
            "@app.task\ndef sync():\n    pass\n",
        },
    )
    analysis = analyse((tmp_path / "config.py").read_text(), root=tmp_path, path=tmp_path / "config.py")

    def lines() -> list[int]:
        index = analysis.line_index()
        return [index.position(f.span.start)[0] for f in analysis.findings() if f.rule == "missing-time-limit"]

    assert lines() == [0]
    type_text(analysis, 0, 0, "timezone = 'UTC'\n")
    assert lines() == [0]
    type_text(analysis, 0, 0, "import os\n")
    assert lines() == [1]
    type_text(analysis, 3, 0, "task_time_limit = 60\n")
    assert lines() == []
