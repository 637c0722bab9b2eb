"""What a user may decide about the engine: which rules run and how loud they are.

Knows the settings' meaning. Must not know where they are written; reading files is the front ends' business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from celery_analyzers.findings import Severity

INLAY_HINTS = ("effective-options", "retry-schedule", "argument-names", "next-run")
"""The kinds of inlay hints."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Decisions that hold for one workspace folder.

    `select` and `ignore` name rules: by name (`bind-without-self`), by code (`CEL103`), by the beginning of a code
    (`CEL1`) or `ALL`; the longer, more exact selector wins, and at equal exactness `ignore` does.
    `severity` gives a rule's name another severity; None turns the rule off.
    `exclude` are gitignore patterns, relative to `root`, of files that are not read.
    `extra_task_decorators` are dotted paths of decorators that make tasks, where the engine cannot tell that they do.
    `diagnostic_mode` tells of which files an editor is shown the findings: `open-files`, or all of the `workspace`.
    `external_task_names` are patterns, with `*`, of the names of tasks that are run by somebody else.
    `inlay_hints` are the kinds of inlay hints that an editor is shown.
    """

    select: tuple[str, ...] = ("ALL",)
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, Severity | None] = field(default_factory=dict[str, "Severity | None"])
    exclude: tuple[str, ...] = ()
    respect_gitignore: bool = True
    extra_task_decorators: tuple[str, ...] = ()
    diagnostic_mode: str = "open-files"
    external_task_names: tuple[str, ...] = ()
    inlay_hints: tuple[str, ...] = INLAY_HINTS
