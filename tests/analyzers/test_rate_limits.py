"""Rate limits are read as Celery reads them."""

from __future__ import annotations

import pytest
from celery.utils.time import rate  # pyright: ignore[reportMissingTypeStubs]

from celery_analyzers.rules.invalid_rate_limit import tasks_a_second

FORMS = [
    "10/s",
    "1/m",
    "0/h",
    "3600/h",
    "007/m",
    "10",
    "1.5/m",
    "-1/s",
    "1e2/m",
    " 5/m",
    "10/min",
    "10/d",
    "/m",
    "ten/m",
]


@pytest.mark.parametrize("form", FORMS)
def test_as_celery_does(form: str) -> None:
    try:
        expected = rate(form)
    except (KeyError, ValueError) as error:
        with pytest.raises(type(error)):
            tasks_a_second(form)
    else:
        assert tasks_a_second(form) == expected
