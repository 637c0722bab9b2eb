"""The table of task options: it is what the installed Celery says, and what rules expect of it."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import celery
import pytest
from celery.app.task import Task

from celery_analyzers.rules import unknown_task_option
from celery_analyzers.spelling import correction
from celery_analyzers.task_options import task_options

ROOT = Path(__file__).parents[2]


def test_table_is_what_this_celery_says() -> None:
    if celery.__version__ != task_options().celery:
        pytest.skip(f"the table was made with Celery {task_options().celery}")
    command = [sys.executable, str(ROOT / "tools" / "generate_option_tables.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_every_attribute_of_a_task_is_known() -> None:
    # Whatever the version: the table may know more than an older Celery, not less.
    unknown = [name for name in dir(Task) if not name.startswith("_") and not task_options().is_member(name)]
    assert [name for name in unknown if name != "from_config"] == []


def test_what_a_task_may_not_replace_is_a_method() -> None:
    for name in task_options().methods:
        assert callable(inspect.getattr_static(Task, name)) or hasattr(Task, name)


def test_kinds_of_names_do_not_overlap() -> None:
    known = task_options()
    assert not known.options & (known.methods | known.properties | known.call_options | known.retry_policy)
    assert not known.options & known.settings.keys()
    assert set(known.settings.values()) <= known.options


@pytest.mark.parametrize("name", ["bind", "name", "lazy", "pydantic", "autoretry_for", "queue", "exchange_type"])
def test_options_that_are_no_attributes_are_known(name: str) -> None:
    assert name in task_options().options


def test_the_rules_own_lists_agree_with_the_table() -> None:
    known = task_options()
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
    assert correction(name, task_options().options) == wanted
