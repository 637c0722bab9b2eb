"""A project's settings: `[tool.celeryls]` in pyproject.toml or a celeryls.toml, and what an editor sends.

Knows how settings are written and what is wrong with them. Must not know who asks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from celery_analyzers.findings import Severity
from celery_analyzers.path_patterns import check_patterns
from celery_analyzers.settings import INLAY_HINTS, PRESETS, Settings
from celery_language_server import configuration_file
from celery_language_server.configuration_file import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from celery_language_server.configuration_file import ConfigurationFile

__all__ = ["Configuration", "ConfigurationError", "check_selectors", "from_client", "from_file", "load"]

KEYS = (
    *("preset", "select", "extend-select", "ignore", "per-file-ignores", "severity", "test-files", "test-severity"),
    *("exclude", "respect-gitignore", "extra-task-decorators", "external-task-names", "diagnostic-mode"),
    "inlay-hints",
)
LEVELS = ("off", "hint", "information", "warning", "error")
_WORDS = {
    "preset": PRESETS,
    "severity": LEVELS,
    "test-severity": ("lower", "same", "off"),
    "diagnostic-mode": ("open-files", "workspace"),
}
_TABLES = {
    "severity": "a table from rules to severities",
    "per-file-ignores": "a table from patterns to lists of rules",
}
_CHOOSING = frozenset({"preset", "select"})


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings that hold under `root`, and the file that they stand in; None where there is none."""

    settings: Settings
    root: Path
    file: Path | None = None
    given: frozenset[str] = field(default=frozenset(), compare=False)
    """The names of those that the file gives."""


def load(folder: Path) -> Configuration:
    """The configuration of a folder. Raises ConfigurationError where it cannot be understood."""
    found = configuration_file.find(str(folder.absolute()))
    if found is None:
        return Configuration(Settings(), folder)
    settings, given = _from_file(found)
    return Configuration(settings, Path(found.root), Path(found.path), given)


def from_file(file: ConfigurationFile) -> Settings:
    """The settings that stand in a file. Raises ConfigurationError where they cannot be understood."""
    return _from_file(file)[0]


def _from_file(file: ConfigurationFile) -> tuple[Settings, frozenset[str]]:
    table: Any = configuration_file.parse(file.path, file.content)
    prefix = ""
    if file.path.endswith(configuration_file.PYPROJECT):
        prefix = "tool.celeryls"
        table = table["tool"]["celeryls"]
    if not isinstance(table, dict):
        raise ConfigurationError(f"{file.path}: {prefix}: expected a table, not {_shown(table)}")
    return _settings(cast("dict[str, Any]", table), file.path, prefix)


def from_client(mapping: Mapping[str, Any], project: Configuration) -> Settings:
    """The settings that an editor sends, where the project's own leave room for them.

    What is no setting of ours is passed over, as editors send their own beside them, and null for what is not
    set. Raises ConfigurationError where a setting cannot be understood.
    """
    named = {re.sub(r"(?<=[a-z])(?=[A-Z])|_", "-", key).lower(): value for key, value in mapping.items()}
    table = {key: value for key, value in named.items() if key in KEYS and value is not None}
    base = project.settings
    if not table:
        return base
    sent, _ = _settings(table, "the editor's settings", "celeryls")
    kept = project.given
    if not kept.isdisjoint(_CHOOSING):
        # Who says which rules there are says it alone.
        kept |= _CHOOSING
    settled: dict[str, Any] = {name: getattr(base, name) for name in kept}
    return replace(sent, **settled | {"severity": {**sent.severity, **base.severity}})


def check_selectors(given: tuple[str, ...]) -> str | None:
    """What is wrong with the first selector that names no rule and no group; None if all do."""
    if not given:
        return None
    from celery_analyzers.registry import is_selector, selectors

    for selector in given:
        if not is_selector(selector):
            return f"unknown rule or group `{selector}`{_suggestion(selector, selectors())}"
    return None


def _settings(table: dict[str, Any], source: str, prefix: str) -> tuple[Settings, frozenset[str]]:
    """Validate a table and give it its meaning; also the names of the settings that it gives."""
    if not table:
        return Settings(), frozenset()
    from pydantic import ValidationError

    from celery_language_server.configuration_table import Table

    def mistake(path: str, message: str) -> ConfigurationError:
        return ConfigurationError(f"{source}: {'.'.join(part for part in (prefix, path) if part)}: {message}")

    try:
        given = Table.model_validate(table)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = [str(part) for part in first["loc"] if not isinstance(part, int)]
        if first["type"] == "extra_forbidden":
            raise mistake(".".join(path), f"unknown key{_suggestion(path[-1], KEYS)}") from None
        raise mistake(".".join(path), f"expected {_expected(path)}, not {_shown(first['input'])}") from None

    settings = Settings(
        preset=given.preset,
        select=None if given.select is None else tuple(given.select),
        extend_select=tuple(given.extend_select),
        ignore=tuple(given.ignore),
        per_file_ignores=tuple((pattern, tuple(ignored)) for pattern, ignored in given.per_file_ignores.items()),
        severity=_severities(given.severity, mistake),
        test_files=tuple(given.test_files),
        test_severity=given.test_severity,
        exclude=tuple(given.exclude),
        respect_gitignore=given.respect_gitignore,
        extra_task_decorators=tuple(given.extra_task_decorators),
        diagnostic_mode=given.diagnostic_mode,
        external_task_names=tuple(given.external_task_names),
        inlay_hints=INLAY_HINTS if given.inlay_hints is None else tuple(given.inlay_hints),
    )
    named = {
        "select": settings.select or (),
        "extend-select": settings.extend_select,
        "ignore": settings.ignore,
        **{f"per-file-ignores.{pattern}": ignored for pattern, ignored in settings.per_file_ignores},
    }
    for key, selectors in named.items():
        if wrong := check_selectors(selectors):
            raise mistake(key, wrong)
    patterns = {
        "per-file-ignores": [pattern for pattern, _ in settings.per_file_ignores],
        "test-files": settings.test_files,
    }
    for key, written in patterns.items():
        if wrong := check_patterns(pattern.removeprefix("!") for pattern in written):
            raise mistake(key, wrong)
    return settings, frozenset(given.model_fields_set)


def _severities(given: Mapping[str, str], mistake: Any) -> dict[str, Severity | None]:
    if not given:
        return {}
    from celery_analyzers.registry import by_rule

    if wrong := check_selectors(tuple(given)):
        raise mistake("severity", wrong)
    levels = by_rule(given)
    return {rule: None if level == "off" else Severity.named(level) for rule, level in levels.items()}


def _expected(path: list[str]) -> str:
    if path[0] in _TABLES and len(path) == 1:
        return _TABLES[path[0]]
    if path[0] in _WORDS:
        return "one of " + ", ".join(f'"{word}"' for word in _WORDS[path[0]])
    if path[0] == "inlay-hints":
        return f"a list of {', '.join(INLAY_HINTS)}"
    if path[0] == "extra-task-decorators":
        return 'a list of dotted paths, as in ["shop.celery.task"]'
    return "true or false" if path[0] == "respect-gitignore" else "a list of strings"


def _shown(value: Any) -> str:
    """A value as TOML writes it, or nearly so."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else str(value)


def _suggestion(word: str, known: tuple[str, ...] | list[str]) -> str:
    from difflib import get_close_matches

    if close := get_close_matches(word, known, n=1, cutoff=0.6):
        return f"; did you mean `{close[0]}`?"
    return f"; expected one of {', '.join(known)}" if len(known) <= len(KEYS) else ""
