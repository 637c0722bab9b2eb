"""What a user may decide about the engine: which rules run and how loud they are.

Knows the settings' meaning. Must not know where they are written; reading files is the front ends' business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from celery_analyzers.findings import Severity
from celery_analyzers.test_files import TEST_FILES

Preset = Literal["recommended", "strict", "all"]
PRESETS: tuple[Preset, ...] = ("recommended", "strict", "all")
"""From the fewest rules to all of them; each holds those of the one before."""
TestSeverity = Literal["lower", "same", "off"]

INLAY_HINTS = ("effective-options", "retry-schedule", "argument-names", "next-run")
"""The kinds of inlay hints."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Decisions that hold for one workspace folder.

    The rules that run are those of the `preset`, or, if it is given, those that `select` names in its place, and those
    that `extend_select` names, without those that `ignore` does. A rule is named by its name (`bind-without-self`), its
    code (`CEL103`), the beginning of a code (`CEL1`), its group (`signatures`) or `ALL`; the more exact selector wins,
    and at equal exactness `ignore` does. `per_file_ignores` are patterns of files, as in `path_patterns`, with what is
    ignored in these; behind a `!`, in all others.
    `severity` gives a rule's name another severity; None turns the rule off.
    `test_files` are patterns of tests, in which findings have a lower severity, the same one, or none are made, as
    `test_severity` says.
    `exclude` are gitignore patterns, relative to `root`, of files that are not read.
    `extra_task_decorators` are dotted paths of decorators that make tasks, where the engine cannot tell that they do.
    `diagnostic_mode` tells of which files an editor is shown the findings: `open-files`, or all of the `workspace`.
    `external_task_names` are patterns, with `*`, of the names of tasks that are run by somebody else.
    `inlay_hints` are the kinds of inlay hints that an editor is shown.
    """

    preset: Preset = "recommended"
    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    severity: Mapping[str, Severity | None] = field(default_factory=dict[str, "Severity | None"])
    test_files: tuple[str, ...] = TEST_FILES
    test_severity: TestSeverity = "lower"
    exclude: tuple[str, ...] = ()
    respect_gitignore: bool = True
    extra_task_decorators: tuple[str, ...] = ()
    diagnostic_mode: str = "open-files"
    external_task_names: tuple[str, ...] = ()
    inlay_hints: tuple[str, ...] = INLAY_HINTS
