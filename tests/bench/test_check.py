"""When the command-line benchmark doubts its own numbers."""

from pathlib import Path

import pytest
from check import Contestant, complaints, contestants, describe, targets


@pytest.fixture
def everyone(tmp_path: Path) -> dict[str, Contestant]:
    found = contestants(tmp_path)
    for contestant in found.values():
        contestant.seconds, contestant.output_lines = [1.0], 7
    return found


def test_targets_compare_medians(everyone: dict[str, Contestant]) -> None:
    everyone["fixit"].seconds = [20.0]
    everyone["celeryls warm"].seconds = [1.0, 3.0, 9.0]
    assert [(target.ratio, target.met) for target in targets(everyone)] == [(0.05, True), (3.0, False), (3.0, False)]


def test_what_did_not_run_has_no_target(everyone: dict[str, Contestant]) -> None:
    everyone["celeryls warm"].seconds = []
    assert len(targets(everyone)) == 1


def test_numbers_that_agree_are_not_doubted(everyone: dict[str, Contestant]) -> None:
    assert complaints(everyone) == []


def test_silence_failure_and_a_cache_that_changes_the_answer_are(everyone: dict[str, Contestant]) -> None:
    everyone["fixit"].output_lines = 0
    everyone["ruff"].failure = "exit code 2: no such option"
    everyone["celeryls warm"].output_lines = 8
    assert len(complaints(everyone)) == 3


def test_the_size_of_a_code_base(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\ny = 2\n")
    (tmp_path / "b.txt").write_text("no\n")
    assert describe(tmp_path) == "1 files, 2 lines"
