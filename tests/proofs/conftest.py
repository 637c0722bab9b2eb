"""What experiments need of their surroundings: one Redis server for each process of the test run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from .redis_server import RedisServer, redis_command, running_redis

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUIRED = "CELERYLS_REQUIRE_REDIS"


@pytest.fixture(scope="session")
def _redis_of_this_process() -> Iterator[RedisServer]:
    command = redis_command()
    if command is None:
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"redis-server is not installed, and {REQUIRED}=1 demands it")
        pytest.skip(f"redis-server is not installed; {REQUIRED}=1 makes this a failure")
    with running_redis(command) as server:
        yield server


@pytest.fixture
def redis(_redis_of_this_process: RedisServer) -> RedisServer:
    """An empty Redis server."""
    _redis_of_this_process.clear()
    return _redis_of_this_process
