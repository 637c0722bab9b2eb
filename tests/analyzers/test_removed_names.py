"""What is told to be gone is gone from the installed Celery, and what is told to have taken its place is there."""

from __future__ import annotations

import importlib

import pytest

from celery_analyzers.removed_names import Removed, all_removed, removed, removed_module


def exists(path: str) -> bool:
    """Whether a module, or a name of one, can be imported."""
    try:
        importlib.import_module(path)
    except ImportError:
        module, _, name = path.rpartition(".")
        try:
            return hasattr(importlib.import_module(module), name)
        except ImportError:
            return False
    return True


@pytest.mark.parametrize("path", sorted(all_removed()))
def test_it_is_gone_and_its_successor_is_there(path: str) -> None:
    assert not exists(path)
    now = all_removed()[path].now
    assert now is None or exists(".".join(now))


def test_what_is_below_a_module_is_gone_with_it() -> None:
    assert removed("celery.five.monotonic") == Removed((5, 0))
    assert removed("celery.task.anything") is not None
    assert removed_module("celery.task.schedules.crontab") == "celery.task"
    assert removed("celery.shared_task") is None
    assert removed_module("celery.schedules") is None
