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
    rb"celery|CELERY|shared_task|crontab|\.task\b|register_task|DJANGO_SETTINGS_MODULE|"
    # A project's own decorators, and what else makes tasks in the module that has these.
    rb"@[\w.]*(?:[tT]ask|[jJ]ob)\w*[ \t\r\n(]|\b[tT]asks?[ \t]+import\b|" + _DISPATCH.encode()
)
SEGMENT = re.compile(
    r"@|\btask\b|[cC]elery|CELERY|crontab|register_task|shared_task|\.conf\b|config_from_object|add_defaults|"
    + _DISPATCH
)
"""What a segment must hold to be worth reading."""
CALLS = re.compile(r"crontab|register_task|(?:^|[^@\w.])(?:\w+\.)*\w*task[ \t]*\(", re.MULTILINE)
"""What a segment must hold, decorators apart, for a call in it to make a crontab or a task."""
SIGNATURES = re.compile(r"\.si?[ \t]*\(|\b(?:signature|subtask)[ \t]*\(")
"""What a segment must hold for a signature to be made in it."""
CONFIGURES = re.compile(r"\.conf\b|config_from_object|add_defaults|Celery[ \t]*\(|\bbroker[ \t]*=")
"""What a segment must hold to configure an app."""


def concerns_celery(data: bytes) -> bool:
    """Whether a file with these bytes may hold anything that a rule speaks of."""
    return _FILE.search(data) is not None
