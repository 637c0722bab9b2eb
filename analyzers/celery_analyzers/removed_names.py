"""What Celery had and has no more, by its old path, with what does the same today.

Only what is really gone: `celery.registry`, for one, is old but works. A test compares the tables with the Celery that
is installed. Knows names. Must not know syntax nor rules.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Removed:
    """A name that is gone. `since` is the first release without it, `now` what it is called today, as module and name,
    and `advice` what to use where there is no such. `alike` tells that what it is today does the same."""

    since: tuple[int, int]
    now: tuple[str, str] | None = None
    advice: str = ""
    alike: bool = True


_V4, _V5 = (4, 0), (5, 0)
_ENTRY = "an entry of `beat_schedule` or `app.add_periodic_task`"
_OLD_TASK = Removed(_V5, ("celery", "Task"), alike=False)
"""Its subclasses registered themselves."""
_CLICK = "`click.Option`, as Celery's commands are written in Click now"
_CANVAS = {name: ("celery", name) for name in ("group", "chord")} | {"subtask": ("celery", "signature")}
_CONTROLS = ("broadcast", "rate_limit", "time_limit", "ping", "revoke", "inspect")
_COLLECTIONS = ("AttributeDict", "AttributeDictMixin", "ConfigurationView", "DictAttribute", "LimitedSet")
_ENCODING = ("bytes_to_str", "default_encode", "default_encoding", "ensure_bytes", "from_utf8", "safe_repr", "safe_str")
_NODENAMES = ("anon_nodename", "default_nodename", "host_format", "node_format")
_TIME = (
    *("LocalTimezone", "adjust_timestamp", "delta_resolution", "ffwd", "humanize_seconds", "is_naive", "localize"),
    *("make_aware", "maybe_iso8601", "maybe_make_aware", "maybe_timedelta", "rate", "remaining", "timezone", "to_utc"),
    *("utcoffset", "weekday"),
)
_SCHEDULES = ("BaseSchedule", "ParseException", "crontab", "crontab_parser", "maybe_schedule", "schedule")

_MODULES: dict[str, Removed] = {
    "celery.backends.amqp": Removed(_V5, advice="the `rpc` backend"),
    "celery.backends.riak": Removed(_V5),
    "celery.concurrency.threads": Removed(_V4, advice="`celery.concurrency.thread`"),
    "celery.contrib.batches": Removed(_V4, advice="the package `celery-batches`"),
    "celery.contrib.methods": Removed(_V4, advice="a task that is a function of the module"),
    "celery.datastructures": Removed(_V4),
    "celery.decorators": Removed(_V5),
    "celery.five": Removed(_V5),
    "celery.loaders.djcelery": Removed(_V4),
    "celery.task": Removed(_V5),
    "celery.task.http": Removed(_V4),
    "celery.task.sets": Removed(_V4, advice="`celery.group`"),
    "celery.utils.compat": Removed(_V4),
    "celery.utils.dispatch.saferef": Removed(_V4),
    "celery.utils.encoding": Removed(_V5),
    "celery.utils.mail": Removed(_V4),
    "celery.utils.timeutils": Removed(_V4),
    "celery.worker.autoreload": Removed(_V4),
    "celery.worker.job": Removed(_V4),
}
"""Modules that are gone with all that is below them."""


def _moved(old: str, new: str, names: tuple[str, ...], since: tuple[int, int]) -> dict[str, Removed]:
    return {f"{old}.{name}": Removed(since, (new, name)) for name in names}


_NAMES: dict[str, Removed] = {
    "celery.task.task": Removed(_V5, ("celery", "shared_task")),
    "celery.task.base.task": Removed(_V5, ("celery", "shared_task")),
    "celery.decorators.task": Removed(_V5, ("celery", "shared_task")),
    "celery.task.Task": _OLD_TASK,
    "celery.task.base.Task": _OLD_TASK,
    "celery.task.BaseTask": _OLD_TASK,
    "celery.task.base.BaseTask": _OLD_TASK,
    "celery.task.base.Context": Removed(_V5, ("celery.app.task", "Context")),
    "celery.task.current": Removed(_V5, ("celery", "current_task")),
    "celery.task.sets.subtask": Removed(_V4, ("celery", "signature")),
    "celery.task.chords.Chord": Removed(_V5, ("celery", "chord")),
    "celery.task.periodic_task": Removed(_V5, advice=_ENTRY),
    "celery.task.base.periodic_task": Removed(_V5, advice=_ENTRY),
    "celery.decorators.periodic_task": Removed(_V5, advice=_ENTRY),
    "celery.task.PeriodicTask": Removed(_V5, advice=_ENTRY),
    "celery.task.base.PeriodicTask": Removed(_V5, advice=_ENTRY),
    "celery.task.sets.TaskSet": Removed(_V4, advice="`celery.group`"),
    "celery.task.control.discard_all": Removed(_V5, advice="`app.control.purge`"),
    "celery.datastructures.ExceptionInfo": Removed(_V4, ("billiard.einfo", "ExceptionInfo")),
    "celery.datastructures.LRUCache": Removed(_V4, ("kombu.utils.functional", "LRUCache")),
    "celery.worker.job.Request": Removed(_V4, ("celery.worker.request", "Request")),
    "celery.result.BaseAsyncResult": Removed(_V4, ("celery.result", "AsyncResult")),
    "celery.result.TaskSetResult": Removed(_V4, advice="`celery.result.GroupResult`"),
    "celery.result.from_serializable": Removed(_V4, ("celery.result", "result_from_tuple")),
    "celery.utils.is_iterable": Removed(_V4),
    "celery.utils.isatty": Removed(_V4),
    "celery.utils.reraise": Removed(_V4),
    "celery.utils.strtobool": Removed(_V4, ("celery.utils.serialization", "strtobool")),
    "celery.utils.jsonify": Removed(_V4, ("celery.utils.serialization", "jsonify")),
    "celery.utils.simple_format": Removed(_V4, ("celery.utils.text", "simple_format")),
    "celery.utils.fun_takes_kwargs": Removed(_V4),
    "celery.utils.lpmerge": Removed(_V4, ("celery.utils.collections", "lpmerge")),
    "celery.app.utils.maybe_sanitize_url": Removed((5, 7), ("kombu.utils.url", "maybe_sanitize_url")),
    "celery.utils.time.parse_iso8601": Removed((5, 3), ("celery.utils.iso8601", "parse_iso8601")),
    "celery.bin.Option": Removed(_V5, advice=_CLICK),
    "celery.bin.base.Option": Removed(_V5, advice=_CLICK),
    "celery.bin.base.Command": Removed(_V5, advice="`celery.bin.base.CeleryCommand`, which is Click's"),
    **{f"celery.task.{old}": Removed(_V5, new) for old, new in _CANVAS.items()},
    **{f"celery.task.control.{name}": Removed(_V5, advice=f"`app.control.{name}`") for name in _CONTROLS},
    **_moved("celery.task.schedules", "celery.schedules", _SCHEDULES, _V5),
    **_moved("celery.task.chords", "celery", ("chord",), _V5),
    **_moved("celery.datastructures", "celery.utils.collections", _COLLECTIONS, _V4),
    **_moved("celery.utils.encoding", "kombu.utils.encoding", _ENCODING, _V5),
    **_moved("celery.utils", "celery.utils.nodenames", _NODENAMES, _V4),
    **_moved("celery.utils.timeutils", "celery.utils.time", _TIME, _V4),
}


def removed(path: str) -> Removed | None:
    """What became of a name or a module, by its whole path, that Celery has no more; None for all else."""
    found = _NAMES.get(path) or _MODULES.get(path)
    while found is None and "." in path:
        path = path.rpartition(".")[0]
        found = _MODULES.get(path)
    return found


def removed_module(path: str) -> str | None:
    """The module that is gone and that a path leads to or through; None where there is none."""
    while path:
        if path in _MODULES:
            return path
        path = path.rpartition(".")[0]
    return None


def all_removed() -> dict[str, Removed]:
    """All that is known to be gone."""
    return {**_MODULES, **_NAMES}
