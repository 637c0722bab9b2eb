"""What each option of a task does. Must not know defaults, nor the releases that have it; those are the tables'."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from celery_analyzers.assist.manual.entries import Entry

_FLAG = "bool"
_SECONDS = "int | float (seconds)"
_CLASSES = "tuple of exception classes"

TASK_OPTIONS: Final[Mapping[str, Entry]] = MappingProxyType(
    {
        "Request": Entry("class | str", "The class of the requests that the worker makes of this task's messages."),
        "Strategy": Entry("str", "The function that decides what the worker does with a message of this task."),
        "abstract": Entry(_FLAG, "Has no effect any more.", "Leave it out: only tasks that are registered run."),
        "acks_late": Entry(
            _FLAG,
            "Acknowledge the message after the task has run, not before: it is delivered again if the worker dies.",
            "The task may run twice, so it must be idempotent. On Redis and SQS it is also delivered again once it has "
            "run for longer than the visibility timeout. A killed child process still counts as done, unless "
            "`reject_on_worker_lost` or `retry_on_worker_lost` is set.",
        ),
        "acks_on_failure": Entry(
            _FLAG,
            "With `acks_late`: whether the message of a task that failed is acknowledged.",
            "With `False` it is rejected and not put back: it is lost, unless the queue has a dead-letter exchange.",
        ),
        "acks_on_failure_or_timeout": Entry(
            _FLAG,
            "With `acks_late`: whether the message of a task that failed or ran out of time is acknowledged.",
            "Celery 5.7 has `acks_on_failure` and `acks_on_timeout` in its place, and means to drop it.",
        ),
        "acks_on_timeout": Entry(
            _FLAG,
            "With `acks_late`: whether the message of a task that exceeded its hard time limit is acknowledged.",
            "With `False` it is put back and runs again: a task that is always too slow runs for ever.",
        ),
        "autoretry_for": Entry(
            _CLASSES,
            "Retry the task by itself when it raises one of these.",
            "Name what may pass, such as a lost connection: `Exception` also retries bugs, `SoftTimeLimitExceeded` and "
            "`Reject`. A single class without a tuple is a `TypeError`. Without `retry_backoff` the delay is "
            "`default_retry_delay`, 180 seconds.",
        ),
        "backend": Entry("result backend", "The result backend of this task alone, as an instance."),
        "base": Entry(
            "task class",
            "The class that the task is made of: it gives options, hooks and attributes to all its tasks.",
            "It must be a subclass of `celery.Task`; a dotted string or an instance fails. An instance is made once in "
            "each process, so what it holds is shared by all runs.",
        ),
        "bind": Entry(
            _FLAG,
            "Pass the task itself as the first argument, `self`: for `self.retry` and `self.request`.",
            "The function must have a parameter for it, else every call is a `TypeError`.",
        ),
        "compression": Entry(
            "str",
            "How messages are compressed: `gzip`, `bzip2`, `zlib`, `lzma`, or `brotli` and `zstd` where installed.",
            "An unknown name is a `KeyError` when the task is sent.",
        ),
        "default_retry_delay": Entry(
            _SECONDS,
            "How long to wait before a retry where nothing else says so: in `retry()` without `countdown` or `eta`, "
            "and in `autoretry_for` without `retry_backoff`.",
            "Give a number: with a timedelta the retry itself fails.",
        ),
        "delivery_mode": Entry("int | str", "Whether the broker keeps messages on disk (2) or in memory (1)."),
        "dont_autoretry_for": Entry(_CLASSES, "Do not retry after these, even if `autoretry_for` names a base class."),
        "exchange": Entry("str", "The exchange that messages are sent to.", "Prefer `task_routes`."),
        "exchange_type": Entry("str", "The type of the exchange: `direct`, `topic`, `fanout`, `headers`."),
        "expires": Entry(
            "int | float (seconds) | datetime",
            "After this time a message that was not begun is dropped, and its state is REVOKED.",
            "It does not end a task that runs.",
        ),
        "filter": Entry("callable", "A function that is given the task's function and returns what runs in its place."),
        "ignore_result": Entry(
            _FLAG,
            "Keep neither the result nor the state.",
            "`get()` has nothing to give: through the task it returns None at once, through `send_task` it waits for "
            "ever. Members of a chord need their results.",
        ),
        "immediate": Entry(_FLAG, "A flag of AMQP that RabbitMQ no longer takes."),
        "lazy": Entry(
            _FLAG,
            "Make the task when it is first used. With `False` it is made at once.",
            "While it is lazy, mistakes in the options show when the app is finalized, not where they stand.",
        ),
        "mandatory": Entry(_FLAG, "Have the broker return a message that reaches no queue."),
        "max_retries": Entry(
            "int | None",
            "How often the task is retried at most, by `retry()` or `autoretry_for`; None is without end.",
            "It does not make a task retry: one that raises without either of these runs once.",
        ),
        "name": Entry(
            "str",
            "The name that messages carry, by which a worker finds the task. Without it: module and function.",
            "A name must be unique: of two tasks with one name the second is not registered. A change of it strands "
            "messages that wait.",
        ),
        "priority": Entry(
            "int (0-9)",
            "The priority of messages.",
            "RabbitMQ runs high numbers first and needs `x-max-priority` on the queue; Redis runs 0 first.",
        ),
        "pydantic": Entry(
            _FLAG,
            "Validate arguments by the function's annotations, and hand over pydantic models where these say so.",
            "It must be `True` itself, and stand in the decorator. Invalid arguments fail in the worker, not where the "
            "task is sent.",
        ),
        "pydantic_context": Entry("dict", "The context that pydantic's validation is given."),
        "pydantic_dump_kwargs": Entry(
            "dict", "Arguments for `model_dump` when a returned model is turned into a message: `{'mode': 'json'}`."
        ),
        "pydantic_strict": Entry(_FLAG, "Validate in pydantic's strict mode: no conversion of types."),
        "queue": Entry(
            "str",
            "The queue that messages are sent to.",
            "A queue that no worker was started with keeps them for ever. It wins over `task_routes`.",
        ),
        "rate_limit": Entry(
            "str | int | float | None",
            "How many of these tasks may start: `10/s`, `10/m`, `10/h`; a number is per second.",
            "It holds for each worker, not for all together. Other units (`10/min`, `10/d`) keep the worker from "
            "starting. Tasks that wait for it still take up prefetched places.",
        ),
        "reject_on_worker_lost": Entry(
            _FLAG,
            "With `acks_late`: put the message back if the process that ran the task died.",
            "A task that kills its process, as by using up the memory, then does so for ever.",
        ),
        "request_stack": Entry("stack", "Where requests are kept that run. Leave it alone."),
        "resultrepr_maxsize": Entry("int", "How much of a result's `repr` goes into logs and events, in characters."),
        "retry_backoff": Entry(
            "bool | int",
            "With `autoretry_for`: wait twice as long before each retry. "
            "`True` begins with 1 second, a number with so many.",
            "It says nothing to `self.retry()`.",
        ),
        "retry_backoff_max": Entry(
            "int (seconds)",
            "The longest wait that `retry_backoff` comes to.",
            "A `retry_backoff` above it makes every wait this long.",
        ),
        "retry_jitter": Entry(
            _FLAG,
            "With `retry_backoff`: wait for a random time up to the computed one, so that "
            "tasks do not all come back at once.",
            "The wait may be 0.",
        ),
        "retry_kwargs": Entry(
            "dict",
            "Arguments for the `retry()` that `autoretry_for` does: `{'max_retries': 5}`.",
            "Its `max_retries` wins over the option of that name; its `countdown` counts only without `retry_backoff`.",
        ),
        "retry_on_worker_lost": Entry(
            _FLAG,
            "Retry the task if the process that ran it died, up to `max_retries`; `acks_late` is not needed.",
        ),
        "routing_key": Entry("str", "The routing key of messages.", "Prefer `task_routes`."),
        "send_events": Entry(_FLAG, "Whether the worker sends events about this task, for monitors such as Flower."),
        "serializer": Entry(
            "str",
            "How arguments are written into messages: `json`, `yaml`, `pickle`, `msgpack`.",
            "The worker must accept it (`accept_content`). An unknown name fails when the task is sent; letters count.",
        ),
        "shared": Entry(_FLAG, "Whether other apps in the process get this task too."),
        "soft_time_limit": Entry(
            _SECONDS,
            "After so long `SoftTimeLimitExceeded` is raised in the task, once, so that it can clean up.",
            "Only the prefork pool does it. It must be below `time_limit`: from 5.5 on, sending a task with a higher "
            "one is a `ValueError`. `except Exception` catches it.",
        ),
        "store_eager_result": Entry(_FLAG, "Keep the result even where the task runs eagerly, as in tests."),
        "store_errors_even_if_ignored": Entry(_FLAG, "With `ignore_result`: keep errors all the same."),
        "throws": Entry(_CLASSES, "Exceptions that are expected: they are logged without a traceback, at level INFO."),
        "time_limit": Entry(
            _SECONDS,
            "After so long the process that runs the task is killed and replaced.",
            "Nothing is cleaned up: give a lower `soft_time_limit` too. Only the prefork pool enforces it reliably.",
        ),
        "track_started": Entry(
            _FLAG, "Report the state STARTED when the task begins; else it is PENDING until it ends."
        ),
        "trail": Entry(_FLAG, "Keep in the result which tasks this one sent."),
        "typing": Entry(
            _FLAG,
            "Compare a call's arguments with the function's parameters before it is sent; `False` turns that off.",
        ),
    }
)
