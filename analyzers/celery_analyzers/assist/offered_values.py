"""The values that completion offers for options, settings and fields: those that fit what is written already.

Knows what Celery takes. Must not know where a value is written.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from celery_analyzers.assist import manual
from celery_analyzers.assist.offered_tasks import offered_signatures, queues
from celery_analyzers.assist.offers import Offer
from celery_analyzers.assist.slots import Slot
from celery_analyzers.assist.spot import Spot
from celery_analyzers.bindings import ClassBinding, ImportBinding
from celery_analyzers.body import Body
from celery_analyzers.celery_tables import setting_tables
from celery_analyzers.expressions import Reference
from celery_analyzers.operations import operations, transient_exceptions, written, written_exceptions
from celery_analyzers.resolution import evaluate_symbol, is_task_class
from celery_analyzers.syntax import Problem, parse

_SERIALIZERS: Final = ("json", "msgpack", "yaml", "pickle")
_COMPRESSIONS: Final = ("gzip", "bzip2", "zlib", "lzma", "zstd", "brotli")
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
STRINGS: Final[dict[str, tuple[str, ...]]] = {
    "serializer": _SERIALIZERS,
    "task_serializer": _SERIALIZERS,
    "result_serializer": _SERIALIZERS,
    "event_serializer": _SERIALIZERS,
    "accept_content": _SERIALIZERS,
    "result_accept_content": _SERIALIZERS,
    "compression": _COMPRESSIONS,
    "task_compression": _COMPRESSIONS,
    "result_compression": _COMPRESSIONS,
    "rate_limit": ("1/s", "10/s", "100/s", "10/m", "60/m", "100/h"),
    "task_default_rate_limit": ("1/s", "10/s", "100/s", "10/m", "60/m", "100/h"),
    "worker_pool": ("prefork", "threads", "gevent", "eventlet", "solo"),
    "worker_pool_start_method": ("fork", "spawn"),
    "worker_redirect_stdouts_level": ("WARNING", "INFO", "DEBUG", "ERROR", "CRITICAL"),
    "broker_failover_strategy": ("round-robin", "shuffle"),
    "task_default_queue_type": ("classic", "quorum"),
    "task_create_missing_queue_type": ("classic", "quorum"),
    "broker_native_delayed_delivery_queue_type": ("quorum", "classic"),
    "task_default_exchange_type": ("direct", "topic", "fanout", "headers"),
    "exchange_type": ("direct", "topic", "fanout", "headers"),
    "task_default_delivery_mode": ("persistent", "transient"),
    "broker_url": (
        *("redis://localhost:6379/0", "amqp://guest:guest@localhost:5672//", "sqs://", "memory://"),
        *("rediss://", "sentinel://localhost:26379"),
    ),
    "result_backend": (
        *("redis://localhost:6379/1", "rpc://", "db+postgresql://", "db+sqlite:///results.sqlite3", "django-db"),
        *("cache+memory://", "mongodb://localhost:27017/", "file:///var/celery/results"),
    ),
    "beat_scheduler": (
        "celery.beat:PersistentScheduler",
        "django_celery_beat.schedulers:DatabaseScheduler",
    ),
    "minute": ("0", "*/5", "*/10", "*/15", "*/30", "0,30", "*"),
    "hour": ("0", "3", "6", "12", "*/2", "*/6", "9-17", "*"),
    "day_of_week": ("mon-fri", "sat,sun", *_DAYS, "*"),
    "day_of_month": ("1", "1,15", "1-7", "*/2", "*"),
    "month_of_year": ("1", "*/3", "jan,jul", "*"),
}
"""Texts by the name of what they are values of."""
_SECONDS: Final = (5, 10, 30, 60, 300, 600, 1800, 3600)
NUMBERS: Final[dict[str, tuple[int, ...]]] = {
    "time_limit": (30, 60, 300, 600, 1800, 3600),
    "soft_time_limit": (25, 55, 270, 540, 1740, 3500),
    "task_time_limit": (30, 60, 300, 600, 1800, 3600),
    "task_soft_time_limit": (25, 55, 270, 540, 1740, 3500),
    "default_retry_delay": _SECONDS,
    "countdown": _SECONDS,
    "expires": (60, 300, 3600, 86400),
    "retry_backoff_max": (60, 300, 600, 3600),
    "retry_backoff": (2, 5, 10, 30),
    "max_retries": (3, 5, 8, 10),
    "result_expires": (3600, 86400, 604800),
    "worker_prefetch_multiplier": (1, 4),
    "worker_max_tasks_per_child": (100, 1000),
    "schedule": (10, 60, 300, 3600),
    "priority": (0, 3, 6, 9),
}
_SECONDS_LONG: Final = frozenset(NUMBERS) - {
    *("max_retries", "retry_backoff", "worker_prefetch_multiplier", "worker_max_tasks_per_child", "priority"),
}
_CAUGHT: Final = re.compile(r"except\b[^\r\n]*\bas[ \t]+(\w+)[ \t]*:")
_CLASSES: Final = frozenset({"autoretry_for", "dont_autoretry_for", "throws"})


def offered_values(slot: Slot, spot: Spot) -> Iterator[Offer]:
    """The values for the slot's name. Those that are texts have no quotes yet where the cursor is in some already."""
    name = slot.name or ""
    in_string = spot.reading.string is not None
    yield from _texts(name, slot, spot, quotes="" if in_string else '"')
    if in_string:
        return
    for number in NUMBERS.get(name, ()):
        yield Offer(str(number), "value", str(number), detail=_duration(number, name), rank=20)
    if _is_flag(name, slot):
        yield from (Offer(word, "value", word, rank=5 + i) for i, word in enumerate(("True", "False")))
    elif name == "retry_backoff":
        yield Offer("True", "value", "True", detail="1 s, 2 s, 4 s, ...", rank=5)
    elif name == "max_retries":
        yield Offer("None", "value", "None", detail="without end", rank=40)
    if name in _CLASSES:
        yield from _exceptions(slot, spot)
    elif name == "base":
        yield from _base_classes(spot)
    elif name in ("link", "link_error", "sig") or slot.shelf == "canvas":
        yield from offered_signatures(spot)
    elif name == "schedule":
        stops = 'crontab(hour="$1", minute="$2")'
        yield Offer("crontab", "class", "crontab(", snippet=stops, rank=1, topic=("crontab", "minute"))
        yield Offer("timedelta", "class", "timedelta(", snippet="timedelta(${1:minutes}=$2)", rank=2)
    elif name == "exc" and slot.shelf == "retry":
        caught = _CAUGHT.findall(spot.own_text, 0, spot.offset)
        yield from (Offer(each, "variable", each, rank=1, chosen=True) for each in caught[-1:])
    elif name == "countdown" and slot.shelf == "retry" and spot.instance is not None:
        growing = f"2 ** {spot.instance}.request.retries"
        yield Offer(growing, "value", growing, detail="1 s, 2 s, 4 s, ...", rank=1)


def _texts(name: str, slot: Slot, spot: Spot, quotes: str) -> Iterator[Offer]:
    beside = slot.others if slot.element else ()
    used = {spot.own_text[i.literal.start : i.literal.end] for i in beside if i.literal}
    known: dict[str, str] = dict.fromkeys(STRINGS.get(name, ()), "")
    if name in ("queue", "task_default_queue"):
        known = queues(spot)
    elif name == "timezone":
        from zoneinfo import available_timezones

        known = dict.fromkeys(("UTC", *sorted(available_timezones())), "")
    for number, (text, detail) in enumerate(known.items()):
        if text not in used:
            plain = f"{quotes}{text}{quotes}"
            yield Offer(plain, "value", plain, detail=detail, rank=10 + min(number, 30))


def _is_flag(name: str, slot: Slot) -> bool:
    if slot.shelf == "setting":
        setting = setting_tables().settings.get(name)
        return setting is not None and setting.type == "bool"
    about = manual.topic(slot.shelf if slot.shelf != "route" else "call", name) if _has_shelf(slot) else None
    return about is not None and about.type == "bool"


def _has_shelf(slot: Slot) -> bool:
    return slot.shelf in ("option", "call", "retry", "retry-policy", "beat", "periodic", "route")


def _duration(seconds: int, name: str) -> str:
    if name not in _SECONDS_LONG or seconds < 60:
        return "seconds" if name in _SECONDS_LONG else ""
    hours, minutes = seconds // 3600, seconds // 60
    if seconds % 86400 == 0:
        return f"{seconds // 86400} d"
    return f"{hours} h" if seconds % 3600 == 0 else f"{minutes} min"


def _exceptions(slot: Slot, spot: Spot) -> Iterator[Offer]:
    """Exceptions that may pass, of what the function below does; then those that may come of any network."""
    body = _body_below(spot)
    paths = () if body is None else transient_exceptions(operations(body))
    given = {spot.own_text[i.value_start : i.end] for i in slot.others}
    if paths and not slot.element:
        names, needed = written_exceptions(paths, spot.scope)
        text = f"({', '.join(names)}{',' if len(names) == 1 else ''})"
        yield Offer(text, "value", text, detail="what its calls may raise for a while", rank=1, imports=needed)
    for rank, path in enumerate((*paths, "builtins.ConnectionError", "builtins.TimeoutError")):
        found = written(path, spot.scope)
        if found is None or found[0] in given:
            continue
        name, needed_import = found
        plain = name if slot.element else f"({name},)"
        imports = () if needed_import is None else (needed_import,)
        detail = path if path in paths else ""
        yield Offer(plain, "class", plain, detail=detail, rank=2 + rank, imports=imports)


def _body_below(spot: Spot) -> Body | None:
    """The body of the function whose decorator the cursor is in, as far as it parses."""
    if spot.segment is None:
        return None
    for part in spot.analysis.segments[spot.index : spot.index + 2]:
        text = part.segment.text
        start = re.search(r"^[ \t]*(?:async[ \t]+)?def[ \t]", text, re.MULTILINE)
        if start is None or (part is spot.segment and start.start() < spot.offset):
            continue
        # Without its decorators it parses, whatever is written in these.
        blank = re.sub(r"[^\r\n]", " ", text[: start.start()])
        if start.start() and part.segment.kind.value == "member":
            blank = re.sub(r"[^\r\n]", "", blank)
        bare = part.segment.__class__(blank + text[start.start() :], part.segment.kind, "", True, 0, 0)
        syntax = parse(bare)
        if not isinstance(syntax, Problem) and syntax.statements:
            node = syntax.statements[0]
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                return Body(node, spot.analysis.scope, syntax)
    return None


def _base_classes(spot: Spot) -> Iterator[Offer]:
    """The task classes that the module knows by a name."""
    for name, bound in spot.analysis.scope.names.items():
        binding = bound[-1]
        is_likely = isinstance(binding, ImportBinding) and "Task" in name and not binding.module.startswith("celery")
        if not (isinstance(binding, ClassBinding) or is_likely):
            continue
        if is_task_class(evaluate_symbol(Reference(name), spot.scope)):
            yield Offer(name, "class", name, rank=5 if isinstance(binding, ClassBinding) else 6)
