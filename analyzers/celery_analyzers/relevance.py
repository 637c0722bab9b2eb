"""Which files and which segments can concern Celery at all, told by their words, before anything is parsed."""

from __future__ import annotations

import re

_DISPATCH = (
    r"\.(?:delay(?:_on_commit)?|apply(?:_async(?:_on_commit)?)?|si?|signature|subtask|send_task)[ \t]*\("
    r"|\b(?:send_task|signature)[ \t]*\(|add_periodic_task|PeriodicTask"
)
DISPATCHES = re.compile(_DISPATCH)
"""What a segment must hold for a call in it to send a task, or to make a signature of one."""
_FILE = re.compile(
    rb"celery|CELERY|kombu|shared_task|crontab|\.task\b|register_task|DJANGO_SETTINGS_MODULE|" + _DISPATCH.encode()
)
SEGMENT = re.compile(r"@|\btask\b|[cC]elery|CELERY|crontab|register_task|shared_task|\.conf\b|" + _DISPATCH)
"""What a segment must hold to be worth reading."""
CALLS = re.compile(
    r"crontab|register_task|(?:^|[^@\w.])(?:\w+\.)*\w*task[ \t]*\(|Celery[ \t]*\(|" + _DISPATCH, re.MULTILINE
)
"""What a segment must hold, decorators apart, for a call in it to make a crontab or a task, or to send one."""
CONFIGURES = re.compile(r"\.conf\b|config_from_object|add_defaults|Celery[ \t]*\(|\bbroker[ \t]*=")
"""What a segment must hold to configure an app."""


def concerns_celery(data: bytes) -> bool:
    """Whether a file with these bytes may hold anything that a rule speaks of."""
    return _FILE.search(data) is not None
