"""The survey of real projects: what it counts, and that its samples are the same each time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SURVEY = Path(__file__).parents[1] / "tools" / "survey.py"
BOUND = "from celery import shared_task\n\n\n@shared_task(bind=True)\ndef {name}(): ...\n"


@pytest.fixture
def projects(tmp_path: Path) -> list[Path]:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        (folder / "tests").mkdir(parents=True)
        for name in ("ping", "pong"):
            (folder / f"{name}.py").write_text(BOUND.format(name=name))
        # A project's own settings do not count.
        (folder / "celeryls.toml").write_text('ignore = ["ALL"]\n')
    (folders[1] / "tests/tasks.py").write_text(BOUND.format(name="test"))
    return folders


def survey(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SURVEY), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)


def rows(text: str) -> dict[str, list[str]]:
    """The numbers of each row."""
    found: dict[str, list[str]] = {}
    for line in text.split("\n\n")[0].rstrip("\n").split("\n"):
        words = line.rsplit(maxsplit=3)
        found[words[0]] = words[1:]
    return found


def test_counts(projects: list[Path]) -> None:
    result = survey(*projects, "--rules", "bind-without-self")

    assert (result.returncode, result.stderr) == (0, "")
    assert rows(result.stdout) == {
        "rule": ["one", "two", "all"],
        "bind-without-self": ["2", "3", "5"],
        "all rules": ["2", "3", "5"],
        "warnings and errors": ["2", "3", "5"],
        "tasks": ["2", "2", "4"],
        "for a task": ["1.00", "1.50", "1.25"],
    }


def test_presets_and_severities(projects: list[Path]) -> None:
    quiet = (*projects, "--min-severity", "hint")
    assert "missing-explicit-name" in survey(*quiet).stdout
    assert "missing-explicit-name" not in survey(*quiet, "--preset", "recommended").stdout
    assert rows(survey(*projects, "--min-severity", "error").stdout)["bind-without-self"] == ["2", "2", "4"]


def test_a_sample_is_the_same_for_the_same_seed(projects: list[Path]) -> None:
    arguments = (*projects, "--rules", "bind-without-self", "--sample", "2", "--seed")
    one, same, other = (survey(*arguments, seed).stdout.partition("\n\n")[2] for seed in ("1", "1", "2"))

    assert one == same != other
    assert one.count("bind-without-self: ") == 2
    assert one.count("\n    def p") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-folder"], "`no-such-folder`: no such folder"),
        ([".", "--rules", "beet"], "unknown rule or group `beet`"),
        ([".", "--preset", "loud"], "invalid choice: 'loud'"),
        ([], "the following arguments are required: FOLDER"),
    ],
)
def test_mistakes(arguments: list[str], message: str) -> None:
    result = survey(*arguments)

    assert result.returncode == 2
    assert message in result.stderr


def test_a_project_without_celery(tmp_path: Path) -> None:
    assert rows(survey(tmp_path).stdout)["tasks"][-1] == "0"
