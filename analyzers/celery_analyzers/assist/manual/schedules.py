"""What the parts of a schedule mean: the fields of a crontab and the keys of a beat entry."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from celery_analyzers.assist.manual.entries import Entry

CRONTAB_FIELDS: Final[Mapping[str, Entry]] = MappingProxyType(
    {
        "minute": Entry(
            "str | int (0-59)",
            "The minutes: `0`, `*/15`, `0,30`, `10-20`.",
            "Left out it is every minute: `crontab(hour=7)` runs 60 times between 7 and 8.",
        ),
        "hour": Entry("str | int (0-23)", "The hours, in the app's `timezone`, which is UTC by default."),
        "day_of_week": Entry(
            "str | int (0-6)",
            "The days of the week: `mon-fri`, `sat,sun`, 0 for Sunday.",
            "7 is not valid. With `day_of_month` both must be true, while cron takes either.",
        ),
        "day_of_month": Entry("str | int (1-31)", "The days of the month: `1`, `1-7`, `*/2`."),
        "month_of_year": Entry("str | int (1-12)", "The months: `1`, `*/3`, `jan,jul`."),
        "nowfun": Entry("callable", "What tells the time, for tests."),
        "app": Entry("Celery", "The app whose time zone holds."),
    }
)

BEAT_KEYS: Final[Mapping[str, Entry]] = MappingProxyType(
    {
        "task": Entry(
            "str", "The name of the task.", "A name that no worker knows is sent all the same, and dropped there."
        ),
        "schedule": Entry(
            "crontab | timedelta | int | float (seconds) | solar",
            "When it is sent.",
            "A string stops beat; 0 sends without pause.",
        ),
        "args": Entry("list | tuple", "The task's positional arguments.", "`(16)` is no tuple, and stops beat."),
        "kwargs": Entry("dict", "The task's keyword arguments."),
        "options": Entry("dict", "Options of the call, as for `apply_async`: `queue`, `expires`, ..."),
        "relative": Entry("bool", "Whether an interval is rounded: every hour on the hour."),
    }
)

PERIODIC_PARAMETERS: Final[Mapping[str, Entry]] = MappingProxyType(
    {
        "schedule": BEAT_KEYS["schedule"],
        "sig": Entry("signature", "What is sent: `task.s(1)`.", "A string or a function is an `AttributeError`."),
        "args": BEAT_KEYS["args"],
        "kwargs": BEAT_KEYS["kwargs"],
        "name": Entry("str", "The entry's name.", "Two unnamed entries of the same signature are one."),
    }
)
