"""Until the index of a workspace is there, rules that ask it find nothing: what they would find might not hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine import write

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.indexing import index_of
from celery_analyzers.project import Project
from celery_analyzers.registry import RuleSet
from celery_analyzers.settings import Settings

PING = "from celery import shared_task\n\n\n@shared_task\ndef ping(x): ...\n"
TASKS = f"{PING}\n\nfrom celery.schedules import crontab\n\nNIGHTLY = crontab(hour=3)\n"
IGNORED = PING.replace("def ping(x): ...", "def ping(x: int) -> None: ...  # celeryls: ignore[missing-time-limit]")
LIMIT = "CELERY_TASK_TIME_LIMIT = 60\n"
RULES = RuleSet.from_settings(
    Settings(select=("missing-time-limit", "untyped-task-argument", "crontab-every-minute", "unused-ignore"))
)


def awaiting(root: Path, text: str) -> tuple[FileAnalysis, Project]:
    """The analysis of a text in a project whose index is to come."""
    project = Project(root)
    project.awaits_index = True
    return FileAnalysis(text, rules=RULES, project=project, path=root / "tasks.py"), project


def found(analysis: FileAnalysis) -> set[str]:
    return {finding.rule for finding in analysis.findings()}


def come(root: Path, analysis: FileAnalysis, project: Project) -> None:
    project.set_index(index_of(root))
    assert analysis.has_other_answers()
    analysis.refresh()
    assert not analysis.has_other_answers()


def test_what_the_index_may_say_is_waited_for(tmp_path: Path) -> None:
    analysis, project = awaiting(tmp_path, TASKS)
    assert found(analysis) == {"untyped-task-argument", "crontab-every-minute"}
    come(tmp_path, analysis, project)
    assert found(analysis) == {"untyped-task-argument", "crontab-every-minute", "missing-time-limit"}


def test_it_may_say_that_all_is_well(tmp_path: Path) -> None:
    write(tmp_path, {"settings.py": LIMIT})
    analysis, project = awaiting(tmp_path, TASKS)
    come(tmp_path, analysis, project)
    assert found(analysis) == {"untyped-task-argument", "crontab-every-minute"}


@pytest.mark.parametrize("edited", ["def ping(x, y)", "def ping()"])
def test_so_it_is_while_somebody_types(tmp_path: Path, edited: str) -> None:
    analysis, project = awaiting(tmp_path, PING)
    analysis.replace(PING.replace("def ping(x)", edited))
    assert "missing-time-limit" not in found(analysis)
    come(tmp_path, analysis, project)
    assert "missing-time-limit" in found(analysis)


@pytest.mark.parametrize("text", [IGNORED, f"# celeryls: ignore-file\n{PING}"], ids=["of a task", "of the file"])
def test_a_comment_is_not_called_idle_before(tmp_path: Path, text: str) -> None:
    analysis, project = awaiting(tmp_path, text)
    assert "unused-ignore" not in found(analysis)
    come(tmp_path, analysis, project)
    assert "unused-ignore" not in found(analysis)


def test_an_idle_comment_is_called_so_then(tmp_path: Path) -> None:
    write(tmp_path, {"settings.py": LIMIT})
    analysis, project = awaiting(tmp_path, IGNORED)
    come(tmp_path, analysis, project)
    assert "unused-ignore" in found(analysis)


def test_where_no_index_will_come_findings_go_without(tmp_path: Path) -> None:
    analysis, project = awaiting(tmp_path, TASKS)
    project.awaits_index = False
    assert analysis.has_other_answers()
    analysis.refresh()
    assert "missing-time-limit" in found(analysis)


def test_piece_by_piece_it_is_said_when_all_is_done(tmp_path: Path) -> None:
    analysis, project = awaiting(tmp_path, TASKS.replace("NIGHTLY =", "@shared_task\ndef pong(): ...\n\n\nNIGHTLY ="))
    project.set_index(index_of(tmp_path))
    analysis.begin_refresh()
    pieces = [analysis.refresh_some(0)]
    while not pieces[-1]:
        assert analysis.is_refreshing
        pieces.append(analysis.refresh_some(0))
    assert not analysis.is_refreshing
    assert len(pieces) > 1
    assert [finding.rule for finding in analysis.findings()].count("missing-time-limit") == 2
