"""Which rules run in which file: the project's choice, without what is ignored there, and the severities of tests.

Knows settings and the paths of files. Must not know what is in them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from celery_analyzers.path_patterns import is_matched
from celery_analyzers.registry import RuleSet
from celery_analyzers.settings import Settings
from celery_analyzers.test_files import inside_project, is_test

_NO_RULES = RuleSet(())


class RuleChoice:
    """The rules that `settings` choose for the files of the project at `root`. Files of one choice share one object."""

    def __init__(self, settings: Settings, root: Path | None) -> None:
        self._settings = settings
        self._root = root
        self._known: dict[tuple[tuple[str, ...], bool], RuleSet] = {}

    def of(self, path: Path | None) -> RuleSet:
        """The rules that run in a file; None is a text that stands nowhere."""
        ignored: list[str] = []
        in_tests = False
        if path is not None:
            inside = inside_project(path, self._root)
            in_tests = is_test(path, self._root, self._settings.test_files)
            for pattern, selectors in self._settings.per_file_ignores:
                if is_matched((pattern.removeprefix("!"),), inside) is not pattern.startswith("!"):
                    ignored += selectors
        key = tuple(ignored), in_tests
        if key not in self._known:
            self._known[key] = self._chosen(*key)
        return self._known[key]

    def _chosen(self, ignored: tuple[str, ...], in_tests: bool) -> RuleSet:
        settings = self._settings
        if in_tests and settings.test_severity == "off":
            return _NO_RULES
        chosen = RuleSet.from_settings(settings).without(ignored)
        return replace(chosen, lowers=in_tests and settings.test_severity == "lower")
