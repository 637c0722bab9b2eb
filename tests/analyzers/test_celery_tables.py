"""The tables of Celery's releases: they are what the installed Celery says, and what rules expect of them."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import celery
import pytest
from celery.app.defaults import _TO_NEW_KEY, DEFAULTS, SETTING_KEYS
from celery.app.task import Context, Task
from celery.beat import ScheduleEntry
from celery.schedules import crontab

from celery_analyzers.celery_tables import (
    RELEASES,
    Default,
    TaskOption,
    setting_since,
    setting_tables,
    since,
    tables,
)
from celery_analyzers.rules import unknown_task_option
from celery_analyzers.spelling import correction

ROOT = Path(__file__).parents[2]
INSTALLED = (int(celery.__version__.split(".")[0]), int(celery.__version__.split(".")[1]))


def test_tables_are_what_this_celery_says() -> None:
    stored = tables(INSTALLED).celery
    if celery.__version__ != stored:
        pytest.skip(f"the table was made with Celery {stored}")
    command = [sys.executable, str(ROOT / "tools" / "generate_celery_tables.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("release", RELEASES)
def test_each_release_has_its_tables(release: tuple[int, int]) -> None:
    assert tables(release).release == release
    assert setting_tables(release).celery == tables(release).celery
    assert set(tables(release).settings) <= set(setting_tables(release).settings)


@pytest.mark.parametrize(
    ("version", "release"),
    [(None, RELEASES[-1]), ((4, 4), RELEASES[0]), ((5, 5), (5, 5)), ((5, 99), RELEASES[-1]), ((6, 0), RELEASES[-1])],
)
def test_an_unknown_release_is_taken_for_its_neighbour(
    version: tuple[int, int] | None, release: tuple[int, int]
) -> None:
    assert tables(version).release == release
    assert tables(version) is tables(release)
    assert setting_tables(version) is setting_tables(release)


@pytest.mark.parametrize(
    ("option", "release"),
    [
        ("acks_on_timeout", (5, 7)),
        ("retry_on_worker_lost", (5, 7)),
        ("pydantic_context", (5, 5)),
        ("acks_late", None),
        ("no_option", None),
    ],
)
def test_options_know_their_first_release(option: str, release: tuple[int, int] | None) -> None:
    assert since(option) == release


@pytest.mark.parametrize(
    ("name", "release"),
    [("task_acks_on_failure", (5, 7)), ("worker_soft_shutdown_timeout", (5, 5)), ("task_time_limit", None)],
)
def test_settings_know_their_first_release(name: str, release: tuple[int, int] | None) -> None:
    assert setting_since(name) == release


@pytest.mark.parametrize("release", RELEASES)
def test_an_option_is_never_lost(release: tuple[int, int]) -> None:
    # `since` says nothing of an end.
    assert tables(release).options <= tables().options


def test_options_have_defaults_and_settings() -> None:
    assert tables().option("max_retries") == TaskOption("max_retries", Default(3), None, deprecated=False)
    assert tables().option("serializer") == TaskOption(
        "serializer", Default("json"), "task_serializer", deprecated=False
    )
    assert tables((5, 7)).option("queue") == TaskOption("queue", Default(None), None, deprecated=True)
    assert tables((5, 6)).option("queue") == TaskOption("queue", Default(None), None, deprecated=False)
    assert tables().option("backend") == TaskOption("backend", Default(is_plain=False), None, deprecated=False)
    assert tables().option("maxretries") is None


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("Task.apply_async", Task.apply_async),
        ("Task.retry", Task.retry),
        ("Task.signature", Task.signature),
        ("Task.on_failure", Task.on_failure),
        ("Celery.send_task", celery.Celery.send_task),
        ("Celery.add_periodic_task", celery.Celery.add_periodic_task),
        ("Celery.__init__", celery.Celery.__init__),
        ("ScheduleEntry.__init__", ScheduleEntry.__init__),
        ("crontab.__init__", crontab.__init__),
        ("signature", celery.signature),
    ],
)
def test_signatures_are_those_of_this_celery(name: str, function: Callable[..., Any]) -> None:
    expected = [each for each in inspect.signature(function).parameters.values() if each.name != "self"]
    parameters = tables(INSTALLED).signature(name)
    assert parameters is not None
    assert [(each.name, each.kind) for each in parameters] == [(each.name, each.kind.name) for each in expected]
    for parameter, real in zip(parameters, expected, strict=True):
        assert (parameter.default is None) == (real.default is real.empty)
        if parameter.default is not None and parameter.default.is_plain:
            value = list(real.default) if isinstance(real.default, tuple) else real.default
            assert parameter.default.value == value


def test_signatures_of_other_functions_are_unknown() -> None:
    assert tables().signature("Task.fly") is None


def test_settings_are_those_of_this_celery() -> None:
    known = setting_tables(INSTALLED)
    assert set(known.settings) == SETTING_KEYS
    assert known.old_names == _TO_NEW_KEY
    for name, default in DEFAULTS.items():
        stored = known.settings[name].default
        expected = default.total_seconds() if isinstance(default, timedelta) else default
        assert stored.is_plain
        assert stored.value == (list(expected) if isinstance(expected, tuple) else expected)
    assert known.settings["task_time_limit"].old == ("CELERYD_TASK_TIME_LIMIT",)


def test_settings_that_will_go_are_told() -> None:
    setting = setting_tables((5, 7)).settings["task_acks_on_failure_or_timeout"]
    assert (setting.deprecate_by, setting.remove_by) == ("6.0", "7.0")
    assert setting.alternative is not None


def test_the_request_is_known() -> None:
    missing = {name for name in vars(Context) if not name.startswith("_")} - tables(INSTALLED).request
    assert {name for name in missing if not callable(getattr(Context, name))} == set()
    assert "time_limit" in tables((5, 7)).request
    assert "time_limit" not in tables((5, 6)).request


def test_calls_take_what_a_task_has_and_more() -> None:
    known = tables()
    assert known.call_options < known.execution_options
    assert {"countdown", "eta", "queue", "link", "exchange_type", "ignore_result"} <= known.execution_options
    assert not known.execution_options & {"max_retries", "acks_late", "bind"}


def test_every_attribute_of_a_task_is_known() -> None:
    # Whatever the version: the table may know more than an older Celery, not less.
    unknown = [name for name in dir(Task) if not name.startswith("_") and not tables().is_member(name)]
    assert [name for name in unknown if name != "from_config"] == []


def test_what_a_task_may_not_replace_is_a_method() -> None:
    for name in tables().methods:
        assert callable(inspect.getattr_static(Task, name)) or hasattr(Task, name)


def test_kinds_of_names_do_not_overlap() -> None:
    known = tables()
    assert not known.options & (known.methods | known.properties | known.call_options | known.retry_policy)
    assert not known.options & known.settings.keys()
    assert set(known.settings.values()) <= known.options


@pytest.mark.parametrize("name", ["bind", "name", "lazy", "pydantic", "autoretry_for", "queue", "exchange_type"])
def test_options_that_are_no_attributes_are_known(name: str) -> None:
    assert name in tables().options


def test_the_rules_own_lists_agree_with_the_table() -> None:
    known = tables()
    assert set(unknown_task_option._MISPLACED) <= known.call_options
    assert known.options >= unknown_task_option._SELDOM_MEANT
    assert set(unknown_task_option._OTHER_NAMES.values()) <= known.options
    assert not unknown_task_option._OTHER_NAMES.keys() & known.options


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("max_retires", "max_retries"),
        ("ignore_results", "ignore_result"),
        ("time_limie", "time_limit"),
        ("timelimit", "time_limit"),
        ("soft_timelimit", "soft_time_limit"),
        ("retry_max_backoff", "retry_backoff_max"),
        ("auto_retry_for", "autoretry_for"),
        ("ack_late", "acks_late"),
        ("serialiser", "serializer"),
        ("quue", "queue"),
        # These may well be meant as they stand.
        ("queues", None),
        ("names", None),
        ("case", None),
        ("once", None),
        ("label", None),
        ("verbose_name", None),
        ("lock_expiry", None),
        ("unique_on", None),
        ("description", None),
    ],
)
def test_slips_are_corrected_and_names_of_ones_own_are_not(name: str, wanted: str | None) -> None:
    assert correction(name, tables().options) == wanted
