"""The settings of one run: those of the configuration file, and what the command line says against them.

Must not know what is done with them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from celery_analyzers.path_patterns import check_patterns
from celery_analyzers.settings import PRESETS, Settings
from celery_language_server.arguments import Arguments, UsageError
from celery_language_server.configuration import check_selectors, from_file

if TYPE_CHECKING:
    from celery_language_server.configuration_file import ConfigurationFile


def chosen_settings(file: ConfigurationFile | None, given: Arguments) -> Settings:
    """The file's settings, with the command line's in their place or beside them.

    `--select` takes the place of all that the file chooses, `--preset` that of its `preset` and `select`, and
    `--per-file-ignores` that of its own. What `--extend-select` and `--ignore` name comes to what the file names.

    Raises ConfigurationError or UsageError where they cannot be understood.
    """
    settings = from_file(file) if file else Settings()
    for option in ("--select", "--extend-select", "--ignore"):
        if wrong := check_selectors(given.lists.get(option, ())):
            raise UsageError(f"`{option}`: {wrong}")
    preset = given.values.get("--preset")
    if preset is not None:
        settings = replace(settings, preset=next(known for known in PRESETS if known == preset), select=None)
    if "--select" in given.lists:
        settings = replace(settings, select=given.lists["--select"], extend_select=())
    if "--per-file-ignores" in given.lists:
        settings = replace(settings, per_file_ignores=_per_file_ignores(given.lists["--per-file-ignores"]))
    return replace(
        settings,
        extend_select=settings.extend_select + given.lists.get("--extend-select", ()),
        ignore=settings.ignore + given.lists.get("--ignore", ()),
    )


def _per_file_ignores(given: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    ignores: list[tuple[str, tuple[str, ...]]] = []
    for each in given:
        pattern, colon, selector = each.rpartition(":")
        if not colon:
            raise UsageError(f"`--per-file-ignores` expects PATTERN:RULE, not `{each}`")
        if wrong := check_patterns((pattern.removeprefix("!"),)) or check_selectors((selector,)):
            raise UsageError(f"`--per-file-ignores`: {wrong}")
        ignores.append((pattern, (selector,)))
    return tuple(ignores)
