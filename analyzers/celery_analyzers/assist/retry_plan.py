"""When a task is tried again, and how long all tries take at most: the waits that its options come to.

Follows `celery.app.autoretry` and `get_exponential_backoff_interval` of Celery. Must not know where this is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Final, cast

from celery_analyzers.effective import Level, effective_option
from celery_analyzers.project import Project
from celery_analyzers.retries import DEFAULT_MAX_RETRIES, DEFAULT_RETRY_DELAY
from celery_analyzers.symbols import Scope
from celery_analyzers.tasks import Task

SHOWN: Final = 8
"""Waits that are written out at most."""
_DEFAULT_MOST: Final = 600


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """The waits before each retry, in seconds; those of a task without a limit are the first ones.

    With `jitter` each is random, from 0 to the number.
    """

    waits: tuple[int | float, ...]
    retries: int | None
    jitter: bool

    def line(self) -> str:
        """The waits in one line: `1 s, 2 s, 4 s`."""
        if not self.waits:
            return "never"
        shown = ", ".join(duration(wait) for wait in self.waits[:SHOWN])
        more = ", …" if self.retries is None or self.retries > SHOWN else ""
        return f"{'up to ' if self.jitter else ''}{shown}{more}"

    @property
    def total(self) -> int | float | None:
        """The sum of all waits; None for a task that is tried without end."""
        return None if self.retries is None else sum(self.waits)

    def longest(self, time_limit: object) -> int | float | None:
        """How long all tries take at most, with the waits between them; None where nothing limits it."""
        total = self.total
        if total is None or self.retries is None or not is_number(time_limit):
            return None
        return total + (self.retries + 1) * cast("float", time_limit)


def waits(factor: int, retries: int, most: int | float) -> tuple[int | float, ...]:
    """The waits of an exponential backoff, jitter apart."""
    return tuple(max(0, min(most, factor * 2**number)) for number in range(retries))


def backoff_factor(value: object) -> int | None:
    """The first wait that `retry_backoff` means; None where it is off, or not known."""
    if not is_number(value, flag=True) or not value:
        return None
    return int(max(1.0, cast("float", value)))


def retry_plan(task: Task, scope: Scope, project: Project) -> RetryPlan | None:
    """The retries that `autoretry_for` makes of a task; None where it makes none, or they cannot be told."""

    def option(name: str, default: object) -> object:
        effective = effective_option(task, name, scope, project)
        return default if effective.level is Level.DEFAULT else effective.value

    exceptions = option("autoretry_for", ())
    given = option("retry_kwargs", {})
    if not isinstance(exceptions, (tuple, list)) or not exceptions or not isinstance(given, dict):
        return None
    arguments = cast("dict[object, object]", given)
    limit = arguments.get("max_retries")
    limit = option("max_retries", DEFAULT_MAX_RETRIES) if limit is None else limit
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool)):
        return None
    retries = None if limit is None else max(limit, 0)
    counted = SHOWN if retries is None else min(retries, 10_000)
    backoff, most = option("retry_backoff", False), option("retry_backoff_max", _DEFAULT_MOST)
    jitter = option("retry_jitter", True)
    if backoff:
        factor = backoff_factor(backoff)
        if factor is None or not is_number(most) or not isinstance(jitter, (bool, int)):
            return None
        return RetryPlan(waits(factor, counted, cast("float", most)), retries, bool(jitter))
    wait = arguments.get("countdown", option("default_retry_delay", DEFAULT_RETRY_DELAY))
    return RetryPlan((cast("float", wait),) * counted, retries, jitter=False) if is_number(wait) else None


def is_number(value: object, *, flag: bool = False) -> bool:
    """Whether a value is a number, and no flag unless that is allowed."""
    return isinstance(value, (int, float)) and (flag or not isinstance(value, bool))


def duration(seconds: float) -> str:
    """A time as people write it: `45 s`, `1 min 30 s`, `2 h`."""
    if seconds != int(seconds):
        return f"{seconds:g} s"
    left, parts = int(seconds), list[str]()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if left >= length:
            parts.append(f"{left // length} {unit}")
            left %= length
    if left or not parts:
        parts.append(f"{left} s")
    return " ".join(parts)


def moments(plan: RetryPlan) -> tuple[int | float, ...]:
    """When each retry begins at the latest, counted from the first failure."""
    return tuple(accumulate(plan.waits))
