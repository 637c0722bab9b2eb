"""What `self.request` and the methods of a task tell and do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from celery_analyzers.assist.manual.entries import Entry

REQUEST_FIELDS: Final[Mapping[str, Entry]] = MappingProxyType(
    {
        "args": Entry("list", "The positional arguments of this run."),
        "callbacks": Entry("list", "What is sent when it succeeds."),
        "called_directly": Entry("bool", "Whether the function was called as such, and not by a worker."),
        "chain": Entry("list", "The tasks of the chain that are still to come, the last first."),
        "children": Entry("list", "The results of the tasks that this one has sent."),
        "chord": Entry("signature", "The body of the chord that the task is part of."),
        "correlation_id": Entry("str", "The message's correlation id, which is the task's id."),
        "delivery_info": Entry("dict", "How the message came: `exchange`, `routing_key`, `priority`, `redelivered`."),
        "errbacks": Entry("list", "What is sent when it fails."),
        "eta": Entry("str | None", "When it was to begin at the earliest, as ISO text."),
        "expires": Entry("str | None", "When it expires, as ISO text."),
        "group": Entry("str | None", "The id of the group that it belongs to."),
        "group_index": Entry("int | None", "Its place in that group."),
        "headers": Entry("dict", "The message's headers."),
        "hostname": Entry("str", "The name of the worker that runs it."),
        "id": Entry("str", "The id of the task: the same in all its retries."),
        "ignore_result": Entry("bool", "Whether no result is kept."),
        "is_eager": Entry("bool", "Whether it runs where it was called, as in tests."),
        "kwargs": Entry("dict", "The keyword arguments of this run."),
        "logfile": Entry("str | None", "The file that the worker logs to."),
        "loglevel": Entry("int | None", "The level that the worker logs at."),
        "origin": Entry("str", "The process that sent it."),
        "parent_id": Entry("str | None", "The id of the task that sent this one."),
        "properties": Entry("dict", "The message's properties."),
        "replaced_task_nesting": Entry("int", "How often it was put in place of another by `replace`."),
        "reply_to": Entry("str", "Where a result is sent that is returned by message."),
        "retries": Entry("int", "How often it was retried already: 0 in the first run."),
        "root_id": Entry("str | None", "The id of the first task of the workflow."),
        "shadow": Entry("str | None", "Another name of it for logs."),
        "soft_time_limit": Entry("float | None", "The soft time limit of this run."),
        "stamped_headers": Entry("list", "The names of the stamps."),
        "stamps": Entry("dict", "The stamps."),
        "taskset": Entry("str | None", "The old name of `group`."),
        "time_limit": Entry("float | None", "The hard time limit of this run."),
        "timelimit": Entry("list", "The hard and the soft time limit that the call gave, in this order."),
        "utc": Entry("bool", "Whether the message's times are in UTC."),
    }
)

TASK_METHODS: Final[Mapping[str, Entry]] = MappingProxyType(
    {
        "delay": Entry("(*args, **kwargs)", "Send the task with these arguments.", "It takes no options."),
        "apply_async": Entry(
            "(args, kwargs, **options)", "Send the task, with options such as `countdown` or `queue`."
        ),
        "s": Entry(
            "(*args, **kwargs)", "A signature: the task with arguments, for canvases and callbacks. Sends nothing."
        ),
        "si": Entry("(*args, **kwargs)", "An immutable signature: it takes no result of the task in front of it."),
        "signature": Entry("(args, kwargs, options)", "A signature, with options of its own."),
        "apply": Entry(
            "(args, kwargs, **options)", "Run the task here and now, and wait for it.", "No worker takes part."
        ),
        "retry": Entry("(exc=None, countdown=None, max_retries=None)", "Send the task again and end this run."),
        "replace": Entry("(sig)", "Go on as another signature, which takes this task's place and id."),
        "update_state": Entry("(state, meta)", "Store a state of your own, such as the progress."),
        "chunks": Entry(
            "(it, n)", "Split many calls into parts of `n`, a task each.", "`it` is an iterable of tuples."
        ),
        "map": Entry("(it)", "Run the task for each item, one after the other, in one message."),
        "starmap": Entry("(it)", "The same for items that are tuples of arguments."),
        "AsyncResult": Entry("(task_id)", "The result of a task by its id."),
        "request": Entry("Context", "What is known of the run: `id`, `retries`, `delivery_info`, ..."),
        "name": Entry("str", "The task's name."),
        "app": Entry("Celery", "The app that the task belongs to."),
        "delay_on_commit": Entry(
            "(*args, **kwargs)",
            "Send the task when the database transaction is committed; nothing if it is rolled back.",
            "It returns None.",
        ),
        "apply_async_on_commit": Entry("(args, kwargs, **options)", "The same with options.", "It returns None."),
    }
)
