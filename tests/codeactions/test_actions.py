"""What holds for every action: its documentation is complete, and its examples are what it says they are."""

from __future__ import annotations

import importlib
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from action_examples import CURSOR, Example, analyse, choose, examples, offered, write
from ruff import find_ruff_bin

from celery_analyzers.ignores import comments
from celery_codeactions.action import SECTIONS, Action
from celery_codeactions.registry import all_actions, find_action

CASES = [
    pytest.param(action, example, id=f"{action.name()}-{number}")
    for action in all_actions()
    for number, example in enumerate(examples(action.sections().get("Examples", "")), start=1)
]
SILENT = [
    pytest.param(action, example, id=f"{action.name()}-{number}")
    for action in all_actions()
    for number, example in enumerate(examples(action.sections().get("Not offered", "")), start=1)
]
every_action = pytest.mark.parametrize("action", all_actions(), ids=lambda action: action.name())
every_example = pytest.mark.parametrize(("action", "example"), CASES)


def titles_of(action: type[Action], root: Path, name: str, text: str, cursor: int) -> list[str]:
    return [one.offer.title for one in offered(action, analyse(root, name, text), cursor)]


def formatted(text: str) -> str:
    command = [find_ruff_bin(), "format", "--isolated", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


@every_action
def test_documentation_has_every_section_in_order(action: type[Action]) -> None:
    assert tuple(action.sections()) == SECTIONS
    assert [title for title, body in action.sections().items() if not body.strip()] == []
    assert action.summary().endswith(".")
    assert examples(action.sections()["Examples"])
    assert "docs." in action.sections()["References"]


@every_action
def test_names_agree(action: type[Action]) -> None:
    module = importlib.import_module(action.__module__)
    assert module.__name__.rpartition(".")[2] == action.name().replace("-", "_")
    assert (module.__doc__ or "").startswith(f"`{action.name()}`: ")
    assert find_action(action.name()) is action


def test_no_two_actions_share_a_name_or_a_kind() -> None:
    assert len({action.name() for action in all_actions()}) == len(all_actions())
    assert len({action.leaf_kind() for action in all_actions()}) == len(all_actions())


@every_example
def test_example_is_offered_and_gives_what_it_says(action: type[Action], example: Example, tmp_path: Path) -> None:
    assert example.title is not None
    write(tmp_path, example.texts)
    offers = offered(action, analyse(tmp_path, example.file, example.texts[example.file]), example.cursor)
    assert example.title in [one.offer.title for one in offers]
    assert len({one.offer.variant for one in offers}) == len(offers)
    assert sum(one.offer.preferred for one in offers) <= 1
    after = choose(offers, example.title, tmp_path)
    assert after == example.after


@every_example
def test_example_keeps_what_is_not_its_business(action: type[Action], example: Example, tmp_path: Path) -> None:
    for name, after in example.after.items():
        before = example.texts.get(name, "")
        lost = Counter(_comments(before)) - Counter(_comments(after))
        assert not lost
        # What holds of the examples holds of what users do with them: they are as a formatter leaves them.
        assert formatted(before) == before
        assert formatted(after) == after
    for texts in (example.texts, example.after):
        write(tmp_path, texts)
    before_findings, after_findings = (
        Counter(
            f.rule
            for name in example.after
            for f in analyse(tmp_path, name, {**example.texts, **texts}.get(name, "")).findings()
        )
        for texts in (example.texts, example.after)
    )
    for name in example.after:
        assert analyse(tmp_path, name, example.after[name]).problems() == []
    assert after_findings - before_findings == Counter()


@every_example
def test_a_second_time_does_nothing(action: type[Action], example: Example, tmp_path: Path) -> None:
    assert example.title is not None
    write(tmp_path, {**example.texts, **example.after})
    text = example.after.get(example.file, example.texts[example.file])
    for cursor in range(len(text)):
        if text[cursor : cursor + 1].isalpha() and not text[max(cursor - 1, 0)].isalpha():
            assert example.title not in titles_of(action, tmp_path, example.file, text, cursor)


@pytest.mark.parametrize(("action", "example"), SILENT)
def test_not_offered(action: type[Action], example: Example, tmp_path: Path) -> None:
    assert CURSOR in example.before[example.file]
    write(tmp_path, example.texts)
    assert titles_of(action, tmp_path, example.file, example.texts[example.file], example.cursor) == []


def _comments(text: str) -> list[str]:
    return [text[span.start : span.end].rstrip() for span in comments(text)]
