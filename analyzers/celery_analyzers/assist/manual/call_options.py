"""What each option of a call does that sends a task or retries one. Must not know defaults; those are the tables'."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from celery_analyzers.assist.manual.entries import Entry

_FLAG = "bool"
_SECONDS = "int | float (seconds)"
_SIGNATURES = "signature | list of signatures"

CALL_OPTIONS: Final[Mapping[str, Entry]] = MappingProxyType(
    {
        "add_to_parent": Entry(_FLAG, "Whether the task that sends this one notes it among its children."),
        "args": Entry("list | tuple", "The task's positional arguments.", "`args=(5)` is no tuple: write `(5,)`."),
        "argsrepr": Entry("str", "What logs and events show of the positional arguments: for hiding secrets."),
        "compression": Entry("str", "How this message is compressed: `gzip`, `bzip2`, `zlib`, `lzma`, ..."),
        "connection": Entry("connection", "The connection to the broker that is used."),
        "content_encoding": Entry("str", "The encoding of a body that is serialized already."),
        "content_type": Entry("str", "The type of a body that is serialized already."),
        "countdown": Entry(
            _SECONDS,
            "Begin no sooner than in so many seconds.",
            "A worker holds the message in memory until then. On Redis and SQS a countdown beyond the visibility "
            "timeout, an hour by default, makes the task run several times. A timedelta is a `TypeError`.",
        ),
        "declare": Entry("list", "Queues and exchanges that are declared before the message is sent."),
        "delivery_mode": Entry("int | str", "Whether the broker keeps this message on disk (2) or in memory (1)."),
        "eta": Entry(
            "datetime",
            "Begin no sooner than at this time.",
            "Give an aware datetime: a naive one counts as UTC, whatever `timezone` says. `countdown` wins over it.",
        ),
        "exchange": Entry("str | Exchange", "The exchange that this message is sent to."),
        "exchange_type": Entry("str", "The type of the exchange."),
        "expiration": Entry(_SECONDS, "After so long the broker itself drops the message."),
        "expires": Entry(
            "int | float (seconds) | datetime",
            "Do not begin after this time; the state becomes REVOKED.",
            "A timedelta is a `TypeError`, a string of digits a `ValueError`. It does not end a task that runs.",
        ),
        "group_id": Entry("str", "The group that the task belongs to. Canvases set it."),
        "group_index": Entry("int", "The task's place in its group. Canvases set it."),
        "headers": Entry("dict", "Headers of the message, which the task finds in `self.request.headers`."),
        "ignore_result": Entry(_FLAG, "Keep neither result nor state of this call."),
        "immutable": Entry(_FLAG, "Whether the signature takes no result of the task in front of it."),
        "kwargs": Entry("dict", "The task's keyword arguments."),
        "kwargsrepr": Entry("str", "What logs and events show of the keyword arguments: for hiding secrets."),
        "link": Entry(
            _SIGNATURES,
            "What is sent when the task succeeded; it gets the result as its first argument.",
            "Give `task.s()`, not the task: that cannot be written into a message.",
        ),
        "link_error": Entry(
            _SIGNATURES,
            "What is sent when the task failed.",
            "Give `task.s()`. A task with more than one parameter is called in the worker with "
            "(request, exc, traceback).",
        ),
        "parent_id": Entry("str", "The id of the task that sends this one."),
        "priority": Entry("int (0-9)", "The priority of this message.", "RabbitMQ runs 9 first, Redis 0."),
        "producer": Entry("producer", "The producer that sends the message."),
        "queue": Entry(
            "str | Queue",
            "The queue that this message is sent to.",
            "An unknown one is created, and nobody may consume it: the task is PENDING for ever.",
        ),
        "reply_to": Entry("str", "Where a result is sent that is returned by message."),
        "result_cls": Entry("class", "The class of the result that the call returns."),
        "retries": Entry("int", "How often the task was retried already."),
        "retry": Entry(
            _FLAG,
            "Whether sending is tried again if the broker cannot be reached.",
            "It does not retry the task.",
        ),
        "retry_policy": Entry(
            "dict", "How sending is tried again: `max_retries`, `interval_start`, `interval_step`, `interval_max`."
        ),
        "root_id": Entry("str", "The id of the first task of the workflow."),
        "router": Entry("router", "What decides the queue in place of the app's routes."),
        "routing_key": Entry("str", "The routing key of this message."),
        "serializer": Entry("str", "How this message is written: `json`, `yaml`, `pickle`, `msgpack`."),
        "shadow": Entry("str", "Another name of the task for logs and monitors."),
        "soft_time_limit": Entry(
            _SECONDS, "The soft time limit of this call.", "Nobody compares it with the hard one here."
        ),
        "task_id": Entry("str", "The id of the task, in place of a random one."),
        "time_limit": Entry(_SECONDS, "The hard time limit of this call."),
    }
)

RETRY_OPTIONS: Final[Mapping[str, Entry]] = MappingProxyType(
    {
        "args": Entry(
            "list | tuple",
            "Other positional arguments for the next try; without it the same again.",
            "It is the first parameter: `self.retry(exc)` passes the exception as arguments. Write `exc=exc`.",
        ),
        "kwargs": Entry("dict", "Other keyword arguments for the next try."),
        "exc": Entry("exception", "What is raised when no try is left; without it `MaxRetriesExceededError` is."),
        "throw": Entry(
            _FLAG,
            "Raise `Retry` to end this run. With `False` the code goes on.",
            "A run that then returns is stored as SUCCESS although the task will run again.",
        ),
        "eta": Entry("datetime", "When to try again; an aware datetime."),
        "countdown": Entry(
            _SECONDS,
            "How long to wait before the next try; without it `default_retry_delay`, 180 seconds.",
            "For growing delays: `countdown=2 ** self.request.retries`.",
        ),
        "max_retries": Entry(
            "int | None", "Another limit for this retry.", "None means the task's own limit, not without end."
        ),
    }
)

RETRY_POLICY: Final[Mapping[str, Entry]] = MappingProxyType(
    {
        "max_retries": Entry("int | None", "How often sending is tried again; None is without end."),
        "interval_start": Entry(_SECONDS, "The wait before the first try."),
        "interval_step": Entry(_SECONDS, "By how much the wait grows with each try."),
        "interval_max": Entry(_SECONDS, "The longest wait."),
        "retry_errors": Entry("tuple of exception classes", "After which errors sending is tried again."),
    }
)
