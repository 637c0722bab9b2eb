"""Which scheduler beat runs with: Celery's own, or another one with rules of its own.

Knows where a scheduler is chosen. Must not know rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.index_records import OTHER_SCHEDULER
from celery_analyzers.symbols import External

if TYPE_CHECKING:
    from celery_analyzers.context import Context

_CELERYS = frozenset(
    f"celery.beat{separator}{name}" for separator in ".:" for name in ("PersistentScheduler", "Scheduler")
)


def is_celerys(context: Context) -> bool:
    """Whether it is certain that beat runs with Celery's own scheduler."""
    given = [one.value for one in context.given("beat_scheduler") if not one.is_guess]
    if given:
        return all((one.path if isinstance(one, External) else one) in _CELERYS for one in given)
    # Any may be given on the command line.
    return context.project.ask("mentions", OTHER_SCHEDULER) is False
