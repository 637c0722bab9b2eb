"""A project's settings: `[tool.celeryls]` in pyproject.toml or a celeryls.toml, and what an editor sends.

Knows how settings are written and what is wrong with them. Must not know who asks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from celery_analyzers.findings import Severity
from celery_analyzers.settings import INLAY_HINTS, Settings
from celery_language_server import configuration_file
from celery_language_server.configuration_file import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from celery_language_server.configuration_file import ConfigurationFile

__all__ = ["Configuration", "ConfigurationError", "check_selectors", "from_client", "from_file", "load"]

KEYS = (
    *("select", "extend-select", "ignore", "severity", "exclude", "respect-gitignore"),
    *("extra-task-decorators", "external-task-names", "diagnostic-mode", "inlay-hints"),
)
LEVELS = ("off", "hint", "information", "warning", "error")


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings that hold under `root`, and the file that they stand in; None where there is none."""

    settings: Settings
    root: Path
    file: Path | None = None


def load(folder: Path) -> Configuration:
    """The configuration of a folder. Raises ConfigurationError where it cannot be understood."""
    found = configuration_file.find(str(folder.absolute()))
    if found is None:
        return Configuration(Settings(), folder)
    return Configuration(from_file(found), Path(found.root), Path(found.path))


def from_file(file: ConfigurationFile) -> Settings:
    """The settings that stand in a file. Raises ConfigurationError where they cannot be understood."""
    table: Any = configuration_file.parse(file.path, file.content)
    prefix = ""
    if file.path.endswith(configuration_file.PYPROJECT):
        prefix = "tool.celeryls"
        table = table["tool"]["celeryls"]
    if not isinstance(table, dict):
        raise ConfigurationError(f"{file.path}: {prefix}: expected a table, not {_shown(table)}")
    return _settings(cast("dict[str, Any]", table), file.path, prefix)


def from_client(mapping: Mapping[str, Any], base: Settings) -> Settings:
    """The settings that an editor sends, where the project's own, `base`, leave room for them.

    What is no setting of ours is passed over, as editors send their own beside them, and null for what is not
    set. Raises ConfigurationError where a setting cannot be understood.
    """
    named = {re.sub(r"(?<=[a-z])(?=[A-Z])|_", "-", key).lower(): value for key, value in mapping.items()}
    table = {key: value for key, value in named.items() if key in KEYS and value is not None}
    if not table:
        return base
    sent = _settings(table, "the editor's settings", "celeryls")
    default = Settings()
    given = {
        field.name: getattr(base, field.name)
        for field in fields(Settings)
        if getattr(base, field.name) != getattr(default, field.name)
    }
    return replace(sent, **given | {"severity": {**sent.severity, **base.severity}})


def check_selectors(selectors: tuple[str, ...]) -> str | None:
    """What is wrong with the first selector that names no rule; None if all do."""
    from celery_analyzers.registry import all_rules, matches

    for selector in selectors:
        if not any(matches(selector, rule) for rule in all_rules()):
            names = [name for rule in all_rules() for name in (rule.name(), rule.code)]
            return f"unknown rule `{selector}`{_suggestion(selector, names)}"
    return None


def _settings(table: dict[str, Any], source: str, prefix: str) -> Settings:
    """Validate a table and give it its meaning."""
    if not table:
        return Settings()
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

    default = Settings()
    selected = default.select if given.select is None else tuple(given.select)
    settings = Settings(
        select=(*selected, *given.extend_select),
        ignore=tuple(given.ignore),
        severity=_severities(given.severity, mistake),
        exclude=tuple(given.exclude),
        respect_gitignore=given.respect_gitignore,
        extra_task_decorators=tuple(given.extra_task_decorators),
        diagnostic_mode=given.diagnostic_mode,
        external_task_names=tuple(given.external_task_names),
        inlay_hints=default.inlay_hints if given.inlay_hints is None else tuple(given.inlay_hints),
    )
    for key, selectors in (
        ("select", given.select),
        ("extend-select", given.extend_select),
        ("ignore", given.ignore),
    ):
        if selectors and (wrong := check_selectors(tuple(selectors))):
            raise mistake(key, wrong)
    return settings


def _severities(given: Mapping[str, str], mistake: Any) -> dict[str, Severity | None]:
    if not given:
        return {}
    from celery_analyzers.registry import all_rules, find_rule

    severities: dict[str, Severity | None] = {}
    for name, level in given.items():
        rule = find_rule(name)
        if rule is None:
            raise mistake("severity", f"unknown rule `{name}`{_suggestion(name, [r.name() for r in all_rules()])}")
        severities[rule.name()] = None if level == "off" else Severity.named(level)
    return severities


def _expected(path: list[str]) -> str:
    if path[0] == "severity":
        if len(path) == 1:
            return "a table from rules to severities"
        return "one of " + ", ".join(f'"{level}"' for level in LEVELS)
    if path[0] == "diagnostic-mode":
        return 'one of "open-files", "workspace"'
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
