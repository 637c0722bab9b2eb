"""Short ways to run the engine on a text in tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.facts import TaskDefinition
from celery_analyzers.indexing import index_of
from celery_analyzers.project import Project
from celery_analyzers.registry import RuleSet
from celery_analyzers.settings import Settings

ALL = RuleSet.from_settings(Settings())


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

    class Collector:
        @staticmethod
        def name() -> str:
            return "collector"

        def check_task(self, task: TaskDefinition, context: object) -> tuple[()]:
            found.append(task)
            return ()

        def check_crontab(self, crontab: object, context: object) -> tuple[()]:
            return ()

        check_app = check_dispatch = check_setting = check_configuration = check_beat_entry = check_crontab
        check_import = check_task_class = check_task_method = check_canvas = check_discovery = check_crontab
        check_signal_handler = check_crontab

    rules = RuleSet((Collector(),))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    analyse(text, root=root, path=path, rules=rules)
    return found
