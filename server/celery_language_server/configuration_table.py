"""The settings as they are written: the keys, and the type of each.

Pydantic takes a while to import: only a project that has settings, and whose settings changed, pays for it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from celery_analyzers.test_files import TEST_FILES

DOTTED_PATH = r"^[^\W\d]\w*(\.[^\W\d]\w*)+$"


class Table(BaseModel):
    """`[tool.celeryls]`."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        alias_generator=lambda name: name.replace("_", "-"),
    )

    preset: Literal["recommended", "strict", "all"] = "recommended"
    select: list[str] | None = None
    extend_select: list[str] = Field(default_factory=list)
    ignore: list[str] = Field(default_factory=list)
    per_file_ignores: dict[str, list[str]] = Field(default_factory=dict)
    severity: dict[str, Literal["off", "hint", "information", "warning", "error"]] = Field(default_factory=dict)
    test_files: list[str] = Field(default_factory=lambda: list(TEST_FILES))
    test_severity: Literal["lower", "same", "off"] = "lower"
    exclude: list[str] = Field(default_factory=list)
    respect_gitignore: bool = True
    extra_task_decorators: list[Annotated[str, Field(pattern=DOTTED_PATH)]] = Field(default_factory=list)
    diagnostic_mode: Literal["open-files", "workspace"] = "open-files"
    external_task_names: list[str] = Field(default_factory=list)
    inlay_hints: list[Literal["effective-options", "retry-schedule", "argument-names", "next-run"]] | None = None
