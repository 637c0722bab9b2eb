"""Which files and which segments can concern Celery at all, told by their words, before anything is parsed."""

from __future__ import annotations

import re

_FILE = re.compile(rb"celery|shared_task|crontab|\.task\b|register_task")
SEGMENT = re.compile(r"@|\btask\b|[cC]elery|crontab|register_task|shared_task")

"""What a segment must hold to be worth reading."""
CALLS = re.compile(r"crontab|register_task|(?:^|[^@\w.])(?:\w+\.)*\w*task[ \t]*\(", re.MULTILINE)
"""What a segment must hold, decorators apart, for a call in it to make a crontab or a task."""
CONFIGURES = re.compile(r"\.conf\b|config_from_object|add_defaults|Celery[ \t]*\(|\bbroker[ \t]*=")
"""What a segment must hold to configure an app."""


def concerns_celery(data: bytes) -> bool:
    """Whether a file with these bytes may hold anything that a rule speaks of."""
    return _FILE.search(data) is not None
