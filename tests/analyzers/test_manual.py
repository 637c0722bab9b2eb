"""The manual: it has all that the tables have, and what is counted is counted as Celery counts it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from celery_analyzers.assist import manual
from celery_analyzers.assist.manual.call_options import CALL_OPTIONS, RETRY_OPTIONS
from celery_analyzers.assist.retry_plan import RetryPlan, duration, waits
from celery_analyzers.assist.schedules import Schedule
from celery_analyzers.celery_tables import RELEASES, setting_tables, tables

EVERYTHING = [(shelf, name) for shelf in ("option", "call", "retry", "retry-policy", "setting", "request", "method", "crontab", "beat", "periodic") for name in manual.names(shelf)]  # fmt: skip


@pytest.mark.parametrize("release", RELEASES)
def test_everything_that_a_release_has_is_in_the_manual(release: tuple[int, int]) -> None:
    known = tables(release)
    assert known.options <= manual.names("option").keys()
    assert known.request <= manual.names("request").keys()
    assert setting_tables(release).settings.keys() <= manual.names("setting").keys()


def test_nothing_is_in_the_manual_that_no_release_has() -> None:
    releases = [tables(release) for release in RELEASES]
    assert manual.names("option").keys() <= frozenset[str]().union(*(each.options for each in releases))
    settings = frozenset[str]().union(*(setting_tables(release).settings for release in RELEASES))
    assert manual.names("setting").keys() == settings
    signatures = releases[-1].written_signatures
    assert [*RETRY_OPTIONS] == [entry[0] for entry in signatures["Task.retry"] if isinstance(entry, list)]
    assert CALL_OPTIONS.keys() <= releases[-1].execution_options | {"immutable"}


@pytest.mark.parametrize(("shelf", "name"), EVERYTHING)
def test_every_text_is_a_sentence(shelf: str, name: str) -> None:
    about = manual.topic(shelf, name)
    assert about is not None
    for text in (about.text, about.trap) if about.trap else (about.text,):
        assert text.endswith((".", "`.", "...", "`", "…")), text
        assert text[:1].isupper() or text[:1].isdigit() or text[:1] in "`…", text
        assert text.count("`") % 2 == 0, text
    assert name in about.page()
    assert len(about.text) < 250


def test_a_topic_says_its_default_and_since_when() -> None:
    about = manual.topic("option", "retry_on_worker_lost", (5, 7))
    assert about is not None
    assert about.since == (5, 7)
    assert about.setting == "task_retry_on_worker_lost"
    assert "since 5.7" in about.page()
    assert "default `False`" in about.page()
    queue = manual.topic("option", "queue", (5, 7))
    assert queue is not None
    assert "Deprecated" in queue.page()


@pytest.mark.parametrize(("factor", "most"), [(1, 600), (2, 600), (30, 600), (700, 600), (5, 40)])
def test_waits_are_those_of_celery(factor: int, most: int) -> None:
    from celery.utils.time import get_exponential_backoff_interval

    counted = [get_exponential_backoff_interval(factor, retries, most) for retries in range(12)]
    assert list(waits(factor, 12, most)) == counted


def test_the_longest_run_is_all_tries_and_waits() -> None:
    plan = RetryPlan((1, 2, 4), 3, jitter=True)
    assert plan.line() == "up to 1 s, 2 s, 4 s"
    assert plan.longest(60) == 7 + 4 * 60
    assert plan.longest(None) is None
    assert RetryPlan((1, 2), None, jitter=False).longest(60) is None
    assert RetryPlan((1, 2), None, jitter=False).line() == "1 s, 2 s, …"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (0.5, "0.5 s"), (59, "59 s"), (60, "1 min"), (90, "1 min 30 s"), (3600, "1 h"), (90061, "1 d 1 h 1 min 1 s")],
)  # fmt: skip
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "every minute"),
        ({"minute": 0}, "at every full hour"),
        ({"minute": "*/15"}, "every 15 minutes"),
        ({"minute": "*/7"}, "at minute 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every hour"),
        ({"hour": 7}, "every minute from 07:00 to 07:59"),
        ({"hour": 7, "minute": 30}, "at 07:30"),
        ({"hour": "3,15", "minute": 0, "day_of_week": "sat,sun"}, "at 03:00 and 15:00, on Saturday and Sunday"),
        ({"hour": "9-17", "minute": "*/10", "day_of_week": "mon-fri"}, "every 10 minutes of the hours 9-17, on Monday to Friday"),
        ({"hour": "*/2", "minute": 0}, "at minute 0 of every 2nd hour"),
        ({"hour": 0, "minute": 0, "day_of_month": 1}, "at 00:00, on day 1 of the month"),
        ({"hour": 4, "minute": 0, "month_of_year": "*/3"}, "at 04:00, in January, April, July and October"),
        ({"hour": 4, "minute": 0, "day_of_week": "mon", "day_of_month": "1-7"}, "at 04:00, on Monday, if that is day 1-7 of the month"),
        ({"hour": 24}, None),
        ({"minute": "x"}, None),
    ],
)  # fmt: skip
def test_crontabs_in_words(fields: dict[str, object], words: str | None) -> None:
    assert Schedule(fields=tuple(fields.items())).words() == words


def test_next_runs_are_those_of_beat() -> None:
    """What Celery's own `is_due` says at each moment agrees with the runs that are shown."""
    from celery import Celery
    from celery.schedules import crontab

    zone = ZoneInfo("Europe/Berlin")
    app = Celery(timezone="Europe/Berlin", broker="memory://")
    fields = {"hour": "2,3", "minute": "30", "day_of_week": "sat-sun"}
    now = datetime(2026, 3, 27, 12, tzinfo=timezone.utc)
    shown = Schedule(fields=tuple(fields.items())).next_runs(6, zone, now)
    moment, found, last = now, list[datetime](), now
    while len(found) < len(shown):
        moment += timedelta(minutes=1)
        at = moment
        schedule = crontab(**fields, app=app, nowfun=lambda at=at: at)
        if schedule.is_due(last)[0]:
            found.append(moment)
            last = moment
    assert [run.astimezone(timezone.utc) for run in shown] == found


def test_intervals_have_no_next_run() -> None:
    assert Schedule(seconds=90).words() == "every 1 min 30 s"
    assert Schedule(seconds=90).next_runs(3, timezone.utc) == ()
