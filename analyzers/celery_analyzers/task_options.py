"""What Celery knows of a task's options, methods and attributes: a table that was read from Celery itself.

Loaded when it is first asked for. `tools/generate_option_tables.py` writes the table. Must not know rules.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).parent / "data" / "task_options.json"


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """The names that mean something to Celery where a task is declared or used.

    `options` are what `@app.task(...)` and task classes may set. `methods`, `properties` and `exceptions`
    are what every task has and no option should replace. `settings` gives, for the settings that are a task
    option's default, the option. `call_options` are those of `apply_async` that a task does not have,
    `retry_policy` the keys of that option.
    """

    celery: str
    options: frozenset[str]
    methods: frozenset[str]
    properties: frozenset[str]
    exceptions: frozenset[str]
    settings: dict[str, str]
    call_options: frozenset[str]
    retry_policy: frozenset[str]

    def is_member(self, name: str) -> bool:
        """Whether every task has an attribute of this name."""
        return any(name in names for names in (self.options, self.methods, self.properties, self.exceptions))


@cache
def task_options() -> TaskOptions:
    """The table."""
    table: dict[str, Any] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return TaskOptions(
        celery=table["celery"],
        options=frozenset(table["options"]),
        methods=frozenset(table["methods"]),
        properties=frozenset(table["properties"]),
        exceptions=frozenset(table["exceptions"]),
        settings=table["settings"],
        call_options=frozenset(table["call_options"]),
        retry_policy=frozenset(table["retry_policy"]),
    )
