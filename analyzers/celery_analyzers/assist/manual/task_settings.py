"""What each setting of tasks and their results does. An empty type is that of Celery's table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from celery_analyzers.assist.manual.entries import Entry

TASK_SETTINGS: Final[Mapping[str, Entry]] = MappingProxyType(
    {
        "accept_content": Entry(
            "list of serializers",
            "What messages a worker takes: names of serializers, or content types.",
            "What is sent with another serializer is thrown away by the worker. `pickle` lets whoever can write "
            "to the broker run code.",
        ),
        "enable_utc": Entry("", "Whether times in messages are in UTC."),
        "imports": Entry(
            "list of modules",
            "Modules that a worker imports when it starts, so that their tasks are registered.",
        ),
        "include": Entry(
            "list of modules",
            "More modules to import, beside `imports`; `Celery(include=[...])` sets it.",
        ),
        "timezone": Entry(
            "str",
            "The time zone of schedules and of local times: `Europe/Berlin`. Without it UTC; with Django, its "
            "`TIME_ZONE`.",
            "Crontabs are read in this zone.",
        ),
        "result_accept_content": Entry("list of serializers", "What results may be read; without it `accept_content`."),
        "result_backend": Entry(
            "URL",
            "Where results and states are kept: `redis://...`, `django-db`, `rpc://`, `db+postgresql://...`.",
            "Without one no result can be waited for, and chords do not work; `rpc://` does not support chords.",
        ),
        "result_backend_always_retry": Entry(
            "",
            "Try again when the result backend cannot be reached, where the backend supports it.",
        ),
        "result_backend_base_sleep_between_retries_ms": Entry(
            "",
            "With `result_backend_always_retry`: the first wait, in milliseconds.",
        ),
        "result_backend_max_retries": Entry(
            "",
            "With `result_backend_always_retry`: how often it is tried again; without end by default.",
        ),
        "result_backend_max_sleep_between_retries_ms": Entry(
            "",
            "With `result_backend_always_retry`: the longest wait, in milliseconds.",
        ),
        "result_backend_transport_options": Entry(
            "",
            "Options for the result backend's transport, such as `{'visibility_timeout': 18000}` or "
            "`{'global_keyprefix': 'shop_'}` for Redis.",
        ),
        "result_cache_max": Entry("", "How many results clients keep in memory; -1 is none."),
        "result_chord_expires": Entry("", "After so many seconds what a chord keeps of its members is deleted."),
        "result_chord_join_timeout": Entry(
            "",
            "How long the results of a chord's members are waited for when they are gathered, in seconds.",
        ),
        "result_chord_retry_interval": Entry(
            "",
            "How often it is looked whether a chord's members are done, in seconds, where the backend must be asked.",
        ),
        "result_compression": Entry("str", "How results are compressed: `gzip`, `bzip2`, ..."),
        "result_exchange": Entry("", "The exchange of results that go by message."),
        "result_exchange_type": Entry("", "The type of that exchange."),
        "result_expires": Entry(
            "int or float (seconds), timedelta, None",
            "After so long results are deleted, a day by default; None or 0 keeps them.",
            "Databases and the file system need `celery beat` to run `celery.backend_cleanup`.",
        ),
        "result_extended": Entry("", "Keep name, arguments, worker, retries and queue with each result."),
        "result_failure_expires": Entry(
            "int or float (seconds)",
            "The same for results of tasks that failed; without it `result_expires`.",
        ),
        "result_persistent": Entry("", "Whether results that go by message survive a restart of the broker."),
        "result_serializer": Entry("str", "How results are written: `json`, `yaml`, `pickle`, `msgpack`."),
        "task_acks_late": Entry(
            "",
            "Acknowledge messages after the task has run, not before.",
            "All tasks must be idempotent; on Redis and SQS none may run for longer than the visibility timeout.",
        ),
        "task_acks_on_failure": Entry(
            "",
            "With `task_acks_late`: whether messages of tasks that failed are acknowledged.",
        ),
        "task_acks_on_failure_or_timeout": Entry(
            "",
            "With `task_acks_late`: whether messages of tasks that failed or ran out of time are acknowledged.",
            "5.7 has two settings in its place.",
        ),
        "task_acks_on_timeout": Entry(
            "",
            "With `task_acks_late`: whether messages of tasks that exceeded the hard time limit are acknowledged.",
            "With `False` a task that is always too slow runs for ever.",
        ),
        "task_allow_error_cb_on_chord_header": Entry(
            "",
            "Whether `link_error` on a chord is attached to its members too, and not only to its body.",
        ),
        "task_always_eager": Entry(
            "",
            "Run tasks where they are called, without broker and worker.",
            "For tests only: no time limits, no serialization as in production, and `send_task` still sends.",
        ),
        "task_annotations": Entry(
            "dict or list",
            "Options for tasks, by name or for all with `'*'`: `{'shop.send': {'rate_limit': '10/s'}}`.",
            "They win over the decorators, and `'*'` wins over the task's own entry.",
        ),
        "task_compression": Entry("str", "How messages are compressed: `gzip`, `bzip2`, `zlib`, ..."),
        "task_create_missing_queue_exchange_type": Entry(
            "",
            "The type of the exchange of queues that are created when a message names them.",
        ),
        "task_create_missing_queue_type": Entry(
            "",
            "The type of queues that are created when a message names them: `classic` or `quorum`.",
        ),
        "task_create_missing_queues": Entry(
            "",
            "Create a queue that is named nowhere in `task_queues` when a message is sent to it.",
            "A misspelt queue is created too, and nobody consumes it.",
        ),
        "task_default_delivery_mode": Entry(
            "int or str",
            "`persistent` (2): the broker keeps messages on disk; `transient` (1): in memory.",
        ),
        "task_default_exchange": Entry("", "The exchange of queues that name none; without it the queue's name."),
        "task_default_exchange_type": Entry("", "The type of these exchanges."),
        "task_default_priority": Entry("int", "The priority of messages of tasks that have none."),
        "task_default_queue": Entry("", "The queue of tasks that no route sends elsewhere."),
        "task_default_queue_type": Entry("", "The type of that queue: `classic` or `quorum`."),
        "task_default_rate_limit": Entry(
            "str",
            "The rate limit of tasks that have none: `10/s`, `10/m`, `10/h`. It holds for each worker and task.",
        ),
        "task_default_routing_key": Entry("", "The routing key of queues that name none; without it the queue's name."),
        "task_eager_propagates": Entry(
            "",
            "With `task_always_eager`: raise what a task raises instead of keeping it in the result.",
        ),
        "task_ignore_result": Entry("", "Keep no results unless a task says `ignore_result=False`."),
        "task_inherit_parent_priority": Entry("", "Give tasks the priority of the task that sends them."),
        "task_protocol": Entry("", "The version of the message protocol: 2."),
        "task_publish_retry": Entry("", "Try again to send a message when the broker cannot be reached."),
        "task_publish_retry_policy": Entry(
            "",
            "How it is tried again: `max_retries`, `interval_start`, `interval_step`, `interval_max`.",
        ),
        "task_queue_max_priority": Entry(
            "",
            "`x-max-priority` of all queues on RabbitMQ: priorities have no effect without it.",
        ),
        "task_queues": Entry(
            "list of kombu.Queue, or dict",
            "The queues that workers consume unless they are told others on the command line.",
        ),
        "task_reject_on_worker_lost": Entry(
            "",
            "With `task_acks_late`: put a message back if the process that ran the task died.",
            "A task that kills its process does so for ever.",
        ),
        "task_remote_tracebacks": Entry(
            "",
            "Raise errors of tasks with the worker's traceback; needs the package `tblib`.",
        ),
        "task_repr_maxlevels": Entry("", "How deep arguments are shown in logs and events."),
        "task_retry_on_worker_lost": Entry("", "Retry tasks, up to `max_retries`, if the process that ran them died."),
        "task_routes": Entry(
            "dict, list or router",
            "Which queue a task is sent to, by its name or a pattern: `{'shop.mail.*': {'queue': 'mail'}}`.",
            "An exact name wins over a pattern, and a queue at the task or the call over both.",
        ),
        "task_send_sent_event": Entry("", "Send an event for each task that is sent."),
        "task_serializer": Entry(
            "str",
            "How arguments are written: `json`, `yaml`, `pickle`, `msgpack`.",
            "Workers must accept it: `accept_content`.",
        ),
        "task_soft_time_limit": Entry(
            "int or float (seconds)",
            "The soft time limit of tasks that have none: `SoftTimeLimitExceeded` is raised in them.",
            "Only in the prefork pool.",
        ),
        "task_store_eager_result": Entry("", "Keep results of tasks that run eagerly, too."),
        "task_store_errors_even_if_ignored": Entry("", "Keep errors of tasks that ignore their results."),
        "task_time_limit": Entry(
            "int or float (seconds)",
            "The hard time limit of tasks that have none: the process that runs them is killed.",
        ),
        "task_track_started": Entry("", "Report the state STARTED when a task begins."),
        "security_cert_store": Entry("path", "Where the certificates are that signed messages are checked with."),
        "security_certificate": Entry("path", "The certificate by which others check our messages."),
        "security_digest": Entry("", "The digest that messages are signed with."),
        "security_key": Entry("path", "The private key that messages are signed with."),
        "security_key_password": Entry("", "The password of that key."),
    }
)
