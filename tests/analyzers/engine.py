"""Short ways to run the engine on a text in tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.context import Context
from celery_analyzers.findings import Finding, Severity
from celery_analyzers.indexing import index_of
from celery_analyzers.project import Project
from celery_analyzers.registry import RuleSet
from celery_analyzers.rule import Rule
from celery_analyzers.settings import Settings
from celery_analyzers.task_facts import TaskDefinition

ALL = RuleSet.from_settings(Settings(preset="all"))


def analyse(text: str, *, root: Path | None = None, path: Path | None = None, rules: RuleSet = ALL) -> FileAnalysis:
    """The analysis of a text, as of the file `path` of the project `root`."""
    return FileAnalysis(text, rules=rules, project=Project(root, root and index_of(root)), path=path)


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write files, named relative to `root`."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def tasks(text: str, *, root: Path | None = None, path: Path | None = None) -> list[TaskDefinition]:
    """The task definitions of a text that stand with their function, through the same analysis as findings."""
    found: list[TaskDefinition] = []

    class Collector(Rule):
        code = "CEL000"
        severity = Severity.HINT

        def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
            found.append(task)
            return iter(())

    rules = RuleSet((Collector(),))
    analyse(text, root=root, path=path, rules=rules)
    return found
