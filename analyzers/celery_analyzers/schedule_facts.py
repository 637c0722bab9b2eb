"""What a segment says about beat: crontabs and the entries of a schedule.

Spans count from the segment's start. Holds no syntax trees. Must not know what a schedule means, nor rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from celery_analyzers.call_facts import Argument
from celery_analyzers.findings import Span
from celery_analyzers.tasks import ProjectTask


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a crontab: its value as `values.evaluate` gives it, and the span of the argument."""

    value: object
    span: Span


@dataclass(frozen=True, slots=True)
class CrontabCall:
    """A call of `celery.schedules.crontab`. `fields` are the given ones; `complete` is False where `*` or `**` may
    give more. `arguments_span` is what stands between the parentheses."""

    span: Span
    arguments_span: Span
    fields: tuple[tuple[str, Field], ...]
    complete: bool

    def field(self, name: str) -> Field | None:
        """The field `name` if it is given."""
        return dict(self.fields).get(name)

    def given(self) -> Iterator[str]:
        """The names of the fields that are given."""
        return (name for name, _ in self.fields)


@dataclass(frozen=True, slots=True)
class BeatEntry:
    """An entry of a beat schedule, a call of `add_periodic_task`, or one that makes a `PeriodicTask` of
    django-celery-beat, by `form`.

    `fields` are the keys with their values, which are `complete` unless there may be others. `task` is the task where
    it is known by more than its name.
    """

    key: str | None
    span: Span
    fields: tuple[tuple[str, Argument], ...]
    complete: bool
    task: ProjectTask | None = None
    form: Literal["entry", "call", "model"] = "entry"

    def field(self, name: str) -> Argument | None:
        """The field `name` if it is given."""
        return dict(self.fields).get(name)
