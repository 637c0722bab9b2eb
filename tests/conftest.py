"""What holds for every test: a rule that fails is an error of ours, though users are spared the traceback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _no_rule_fails(caplog: pytest.LogCaptureFixture) -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    yield
    failed = [r.getMessage() for r in caplog.get_records("call") if r.name == "celery_analyzers.segment_checker"]
    assert not failed
