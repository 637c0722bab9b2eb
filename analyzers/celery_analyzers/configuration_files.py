"""Which files of a workspace tell how workers are set up, by their paths, and what they are found to speak of.

Knows the names that such files go by. Must not know how they are written.
"""

from __future__ import annotations

import os
import re

from celery_analyzers.index_records import ASYNC_POOL, OTHER_SCHEDULER, RECYCLING, RESULT_BACKEND, TIME_LIMIT

_WORDS = {
    TIME_LIMIT: re.compile(
        rb"\btask_(?:soft_)?time_limit\b|(?:\b|CELERYD?_)TASK_(?:SOFT_)?TIME_LIMIT\b|--(?:soft-)?time-limit\b"
    ),
    ASYNC_POOL: re.compile(rb"celery[-_](?:aio[-_]pool|pool[-_]asyncio|asyncio)|CELERY_CUSTOM_WORKER_POOL"),
    RECYCLING: re.compile(rb"(?i:max[-_](?:tasks|memory)[-_]per[-_]child)"),
    OTHER_SCHEDULER: re.compile(
        rb"django[-_]celery[-_]beat|redbeat|celerybeat[-_]?mongo|celery[-_]sqlalchemy|(?i:beat_scheduler)\b"
        rb"|\bbeat\b[^\r\n]*(?:--scheduler|[ \t]-S\b)"
    ),
    RESULT_BACKEND: re.compile(rb"(?i:result_?backend|--result-backend|django[-_]celery[-_]results)"),
}
ALL_WORDS = frozenset(_WORDS)
"""What a file may speak of that cannot be read."""
_CONFIGURATION = re.compile(
    r"celery|setting|config|conf\b|constant|default|procfile|compose|supervisor|\.service\Z|entrypoint|worker|app"
    r"|__init__|\.env|require|pyproject|pipfile|setup",
    re.IGNORECASE,
)
_CONFIGURATION_SUFFIXES = frozenset(
    {"", ".py", ".yml", ".yaml", ".toml", ".conf", ".ini", ".cfg", ".service", ".sh", ".txt", ".in", ".lock"}
)


def is_configuration(path: str) -> bool:
    """Whether a file, by its path inside the workspace, may say how workers are set up."""
    folder, name = os.path.split(path)
    return os.path.splitext(name)[1] in _CONFIGURATION_SUFFIXES and (
        _CONFIGURATION.search(name) is not None or _CONFIGURATION.search(os.path.basename(folder)) is not None
    )


def words_in(data: bytes) -> frozenset[str]:
    """What a configuration file speaks of."""
    return frozenset(word for word, pattern in _WORDS.items() if pattern.search(data))
