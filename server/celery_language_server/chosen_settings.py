"""The settings of one run: those of the configuration file, and what the command line says against them.

Must not know what is done with them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from celery_analyzers.settings import Settings
from celery_language_server.arguments import Arguments, UsageError
from celery_language_server.configuration import check_selectors, from_file

if TYPE_CHECKING:
    from celery_language_server.configuration_file import ConfigurationFile


def chosen_settings(file: ConfigurationFile | None, given: Arguments) -> Settings:
    """`--select` takes the place of the file's; what `--ignore` names is left out beside what the file names.

    Raises ConfigurationError or UsageError where they cannot be understood.
    """
    settings = from_file(file) if file else Settings()
    for option in ("--select", "--ignore"):
        if wrong := check_selectors(given.lists.get(option, ())):
            raise UsageError(f"`{option}`: {wrong}")
    return replace(
        settings,
        select=given.lists.get("--select", settings.select),
        ignore=settings.ignore + given.lists.get("--ignore", ()),
    )
