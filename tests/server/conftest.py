"""Starts servers for tests, and ends those that a test leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lsp_session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def start() -> Iterator[Callable[..., Session]]:
    """Start a server; the arguments are those of `Session`."""
    sessions: list[Session] = []

    def begin(*arguments: str, kind: type[Session] = Session, **options: object) -> Session:
        sessions.append(kind(*arguments, **options))  # type: ignore[arg-type]
        return sessions[-1]

    yield begin
    for session in sessions:
        session.kill()


@pytest.fixture
def session(start: Callable[..., Session]) -> Session:
    """A server that was started and told nothing yet."""
    return start()
