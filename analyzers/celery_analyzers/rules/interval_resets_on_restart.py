"""`interval-resets-on-restart`: a long interval, which counts anew where beat forgets when it last sent the task."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from celery_analyzers.beat_schedulers import is_celerys
from celery_analyzers.findings import Edit, Fix, Severity
from celery_analyzers.rule import Rule
from celery_analyzers.schedules import HOUR, interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import BeatContext
    from celery_analyzers.findings import Finding
    from celery_analyzers.schedule_facts import BeatEntry

_LONG = 12 * HOUR
_CRONTABS = {24 * HOUR: "minute=0, hour=0", 7 * 24 * HOUR: "minute=0, hour=0, day_of_week=0"}


class IntervalResetsOnRestart(Rule):
    """A task is sent at an interval of half a day or more.

    ## What it does

    Finds schedules that are an interval of twelve hours or more, where beat runs with Celery's own scheduler.

    ## Why is this bad

    Beat counts an interval from the last time that it sent the task, which it keeps in the file
    `celerybeat-schedule`. In a container that file is gone with each release, and the interval begins anew: a project
    that is released every day never sends what is due every 24 hours. A crontab names the time, and needs no memory.

    ## Example

        app.conf.beat_schedule = {
            "report": {"task": "shop.report", "schedule": 24 * 60 * 60},
        #                                                 ^^^^^^^^^^^^ an interval of 24 hours begins anew where beat
        #                                                              loses its schedule file, as in a new container:
        #                                                              started more often than that, it never sends this
        }

    ## Use instead

        app.conf.beat_schedule = {
            "report": {"task": "shop.report", "schedule": crontab(minute=0, hour=0)},
        }

    ## Not flagged

    Shorter intervals, and schedulers that keep the time in a database:

        app.conf.beat_scheduler = "django_celery_beat.schedulers:DatabaseScheduler"
        app.conf.beat_schedule = {
            "poll": {"task": "shop.poll", "schedule": 60 * 60},
            "report": {"task": "shop.report", "schedule": 24 * 60 * 60},
        }

    ## Fix safety

    The fix is unsafe: the task is sent at midnight, in the time zone of the app.

    ## References

    - [Starting the scheduler](https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#starting-the-scheduler)
    """

    PRELUDE = 'from celery import Celery\nfrom celery.schedules import crontab\n\napp = Celery("shop")\n\n'
    code = "CEL708"
    severity = Severity.HINT
    preset: ClassVar[Literal["recommended", "strict", "all"]] = "strict"

    def check_beat_entry(self, entry: BeatEntry, context: BeatContext) -> Iterator[Finding]:
        schedule = context.nodes.get("schedule")
        if entry.form == "model" or schedule is None or context.in_tests:
            return
        seconds = interval(schedule, context)
        if seconds is None or seconds < _LONG or not is_celerys(context):
            return
        message = (
            f"an interval of {seconds / HOUR:g} hours begins anew where beat loses its schedule file, as in a new "
            "container: started more often than that, it never sends this"
        )
        fields = _CRONTABS.get(int(seconds))
        fix = None
        if fields is not None:
            name, needed = context.imported("celery.schedules", "crontab")
            edit = Edit(context.span(schedule), f"{name}({fields})")
            imports = () if needed is None else (needed,)
            fix = Fix("Name the time instead", (edit,), preferred=True, imports=imports)
        yield self.finding(context.span(schedule), message, fix)
