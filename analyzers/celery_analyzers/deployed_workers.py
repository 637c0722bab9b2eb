"""How the workers of a workspace are started, by the deployment files that say so.

Knows the records of these files. Must not know tasks, apps nor rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from celery_analyzers.index_records import FileRecord

if TYPE_CHECKING:
    from celery_analyzers.celery_commands import WorkerCommand


class DeployedWorkers:
    """The workers that the files of these records start."""

    def __init__(self, records: Mapping[str, FileRecord]) -> None:
        self.commands: tuple[WorkerCommand, ...] = tuple(c for record in records.values() for c in record.commands)
        self._has_unread_commands = any(r.unread for path, r in records.items() if not path.endswith(".py"))

    def values(self, option: str) -> tuple[object, ...]:
        """The values that command lines give a worker's option, None for one that cannot be told."""
        given = (value for command in self.commands for name, value in command.options if name == option)
        return (*given, None) if self._has_unread_commands else tuple(given)

    @cached_property
    def pools(self) -> tuple[str | None, ...]:
        """The pools that workers are started with: None where that cannot be told, empty texts where the settings
        decide."""
        found: set[str | None] = set()
        for command in self.commands:
            if command.kind == "worker":
                found.update(command.values("pool") or ("" if command.is_complete else None,))
        if self._has_unread_commands:
            found.add(None)
        return tuple(sorted(found, key=lambda pool: pool or ""))

    def queues(self) -> tuple[tuple[str, ...], bool] | None:
        """The queues that the workers of deployment files are started with, and whether some worker is started without
        any, so that it takes those of its app's settings; None where no worker is started, or not all can be told."""
        workers = [command for command in self.commands if command.kind == "worker"]
        if not workers or self._has_unread_commands:
            return None
        found: set[str] = set()
        for worker in workers:
            given = worker.values("queues")
            if not worker.is_complete or None in given:
                return None
            found.update(queue.strip() for value in given for queue in (value or "").split(","))
        return tuple(sorted(found)), any(not worker.has("queues") for worker in workers)
