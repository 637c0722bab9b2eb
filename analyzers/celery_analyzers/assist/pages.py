"""The documentation of what completion offers, found when somebody looks at it. Must not know offers."""

from __future__ import annotations

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.assist import manual
from celery_analyzers.assist.task_page import task_page
from celery_analyzers.calling import task_named
from celery_analyzers.documentation import page as rule_page
from celery_analyzers.registry import find_rule
from celery_analyzers.resolution import resolve
from celery_analyzers.tasks import task_of

_SHELVES = frozenset({"option", "call", "retry", "retry-policy", "setting", "request", "method", "crontab", "beat"})


def page(shelf: str, name: str, analysis: FileAnalysis) -> str | None:
    """What there is to read under a topic, as Markdown, for a file; None where nothing is."""
    analysis.scope.begin()
    analysis.project.begin()
    if shelf == "rule":
        rule = find_rule(name)
        return None if rule is None else rule_page(rule)
    if shelf in ("task", "task-name"):
        named = shelf == "task-name"
        task = task_named(name, analysis.project) if named else task_of(resolve(name, analysis.scope))
        return None if task is None else task_page(task, analysis.project)
    if shelf not in _SHELVES and shelf != "periodic":
        return None
    about = manual.topic(shelf, name, analysis.project.celery_version(analysis.scope.path).release)
    return None if about is None else about.page()
