"""What holds for every test: a rule or an action that fails is an error of ours, though users are spared the traceback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _no_rule_fails(caplog: pytest.LogCaptureFixture) -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    yield
    ours = ("celery_analyzers.segment_checker", "celery_codeactions.offers")
    failed = [record.getMessage() for record in caplog.get_records("call") if record.name in ours]
    assert not failed
