"""What a segment imports from Celery. Spans count from the segment's start. Holds no syntax trees."""

from __future__ import annotations

from dataclasses import dataclass

from celery_analyzers.findings import Span


@dataclass(frozen=True, slots=True)
class ImportedName:
    """One name of an import: its whole path, `celery.schedules.crontab`, the name that it gets, if another, and where
    it stands, `as` included."""

    path: str
    alias: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class CeleryImport:
    """A statement that imports from Celery. `module` is what it imports from, None for `import celery`."""

    module: str | None
    names: tuple[ImportedName, ...]
    span: Span
