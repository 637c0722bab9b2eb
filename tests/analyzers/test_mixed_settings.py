"""What does not go together is what Celery refuses."""

from __future__ import annotations

import re

from celery.app.defaults import _TO_NEW_KEY, _TO_OLD_KEY
from celery.app.utils import detect_settings
from celery.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from celery_analyzers.mixed_settings import misfits

NAMES = st.sampled_from([*_TO_NEW_KEY, *_TO_OLD_KEY, "SECRET_KEY", "TASK_TIME_LIMIT"])


@given(st.sets(NAMES, max_size=8))
def test_misfits_are_those_that_celery_names(names: set[str]) -> None:
    assert misfits(names) == refused(names)


def refused(names: set[str]) -> dict[str, str]:
    """The names that Celery refuses, each with the one that it wants instead."""
    try:
        detect_settings(dict.fromkeys(names))
    except ImproperlyConfigured as error:
        message = str(error)
    else:
        return {}
    found = dict(re.findall(r"^(\w+)\s+-> (\w+)$", message, re.MULTILINE))
    assert found, message
    return found
