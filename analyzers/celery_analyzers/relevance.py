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
    rb"celery|CELERY|kombu|shared_task|crontab|\.task\b|register_task|DJANGO_SETTINGS_MODULE|"
    # A project's own decorators, and what else makes tasks in the module that has these.
    rb"@[\w.]*(?:[tT]ask|[jJ]ob)\w*[ \t\r\n(]|\b[tT]asks? import\b|\.tasks\[|"
    rb"\.(?:delay(?:_on_commit)?|apply_async(?:_on_commit)?|subtask|send_task)[ \t]*\(|\bsend_task[ \t]*\("
    rb"|add_periodic_task|PeriodicTask"
)
# Methods of many a class have these names, but tasks are imported, or decorated in the file.
_COMMON_CALL = re.compile(rb"\.(?:apply|si?|signature)[ \t]*\(")
_SIGNATURE = re.compile(rb"signature[ \t]*\(")
_RECEIVER = re.compile(rb"(?<![\w.])(\w+)(?:\.\w+)*\Z")
_LONGEST_RECEIVER = 100
_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+(?!inspect\b)[\w.]+[ \t]+)?import[ \t]+(\([^)]*\)|[^\r\n]*(?:\\\r?\n[^\r\n]*)*)",
    re.MULTILINE,
)
_DECORATED = re.compile(
    rb"^[ \t]*@[^\r\n]*\r?\n(?:[ \t]*[^\s\w][^\r\n]*\r?\n)*[ \t]*(?:async[ \t]+)?def[ \t]+(\w+)", re.MULTILINE
)
_WORD = re.compile(rb"[\w*]+")
# To look for what begins with letters, one after the other, takes a fifth of the time, and most files hold none.
_WORDS = (
    *(b"celery", b"CELERY", b"kombu", b"shared_task", b"crontab", b"register_task", b"DJANGO_SETTINGS_MODULE"),
    *(b"send_task", b"add_periodic_task", b"PeriodicTask", b"ask import ", b"asks import ", b".tasks["),
)
_CALLS = (
    re.compile(rb"\.(?:delay|apply|si?[ \t]*\(|subtask|task\b)"),
    re.compile(rb"signature[ \t]*\("),
    re.compile(rb"@[\w.]*(?:[tT]ask|[jJ]ob)"),
)
"""Of words and calls a file holds one that concerns Celery."""
SEGMENT = re.compile(
    r"@|\btask\b|[cC]elery|CELERY|crontab|register_task|shared_task|\.conf\b|config_from_object|add_defaults|autodiscover_tasks|"
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
    hinted = any(word in data for word in _WORDS) or any(call.search(data) for call in _CALLS)
    return hinted and (_FILE.search(data) is not None or _calls_what_it_imports(data))


def _calls_what_it_imports(data: bytes) -> bool:
    """Whether the receiver of a call may be a task of another module: `send.s()`, `tasks.send.apply()`."""
    starts = {match.start() for match in _COMMON_CALL.finditer(data)}
    receivers = (_RECEIVER.search(data, max(0, start - _LONGEST_RECEIVER), start) for start in starts)
    called = {receiver[1] for receiver in receivers if receiver} - {b"inspect"}
    if _SIGNATURE.search(data):
        called.add(b"signature")
    if not called:
        return False
    known = {word for match in _IMPORT.finditer(data) for word in _WORD.findall(match[1])}
    return b"*" in known or not called.isdisjoint(known) or not called.isdisjoint(_DECORATED.findall(data))
