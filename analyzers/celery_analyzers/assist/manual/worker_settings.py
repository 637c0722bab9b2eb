"""What each setting of workers, beat, events and remote control does."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from celery_analyzers.assist.manual.entries import Entry

WORKER_SETTINGS: Final[Mapping[str, Entry]] = MappingProxyType(
    {
        "worker_agent": Entry("", "The class of an agent that runs beside the worker."),
        "worker_autoscaler": Entry(
            "",
            "The class that decides how many processes there are when the worker scales by itself.",
        ),
        "worker_cancel_long_running_tasks_on_connection_loss": Entry(
            "",
            "Cancel tasks with late acknowledgement when the connection to the broker is lost: their messages are "
            "delivered again anyway.",
        ),
        "worker_concurrency": Entry(
            "int",
            "How many processes, threads or greenlets run tasks; by default as many as there are processors.",
        ),
        "worker_consumer": Entry("", "The class that consumes messages."),
        "worker_deduplicate_successful_tasks": Entry(
            "",
            "Do not run a message again whose task succeeded already. Needs late acknowledgement and a result "
            "backend that keeps.",
        ),
        "worker_detect_quorum_queues": Entry("", "Turn off the global prefetch count where a quorum queue needs that."),
        "worker_direct": Entry("", "Give each worker a queue of its own, so that tasks can be sent to it."),
        "worker_disable_prefetch": Entry("", "Take a message only when a process is free for it; on Redis."),
        "worker_disable_rate_limits": Entry("", "Ignore the rate limits of all tasks."),
        "worker_enable_prefetch_count_reduction": Entry(
            "",
            "Fetch fewer messages after a lost connection, until the tasks that still run are done.",
        ),
        "worker_enable_remote_control": Entry(
            "",
            "Whether the worker listens to `celery inspect` and `celery control`.",
        ),
        "worker_enable_soft_shutdown_on_idle": Entry("", "Soft shutdown also where no task runs."),
        "worker_eta_task_limit": Entry(
            "",
            "How many messages a worker takes at most where those that wait for their time make it take more.",
        ),
        "worker_hijack_root_logger": Entry(
            "",
            "Replace the handlers of the root logger.",
            "With `True` your own logging configuration is lost: connect to `setup_logging`, or set it to `False`.",
        ),
        "worker_log_color": Entry("", "Colours in the log; without it only on a terminal."),
        "worker_log_datefmt": Entry("", "The form of times in the log."),
        "worker_log_format": Entry("", "The form of lines in the log."),
        "worker_lost_wait": Entry(
            "",
            "How long the worker waits for a dead process's result, in seconds, before it calls the process lost.",
        ),
        "worker_max_memory_per_child": Entry(
            "int (kilobytes)",
            "Replace a process that uses more memory, once its task is done.",
            "Prefork only; the number is kilobytes.",
        ),
        "worker_max_tasks_per_child": Entry(
            "",
            "Replace a process after so many tasks: a help against leaks.",
            "Prefork only.",
        ),
        "worker_pool": Entry(
            "str",
            "What runs the tasks: `prefork`, `threads`, `gevent`, `eventlet`, `solo`.",
            "Time limits hold in prefork only.",
        ),
        "worker_pool_putlocks": Entry("", "Wait with a message until a process is free."),
        "worker_pool_restarts": Entry("", "Allow the remote command `pool_restart`."),
        "worker_pool_start_method": Entry("", "How prefork starts its processes: `fork` or `spawn`."),
        "worker_prefetch_multiplier": Entry(
            "",
            "How many messages a worker holds for each of its processes.",
            "With long tasks 1 is better: others wait behind them. 0 is without limit.",
        ),
        "worker_proc_alive_timeout": Entry("", "How long a new process may take to start, in seconds."),
        "worker_redirect_stdouts": Entry("", "Send what tasks print to the log."),
        "worker_redirect_stdouts_level": Entry("", "The level that such lines are logged at."),
        "worker_send_task_events": Entry("", "Send events, which Flower and other monitors need."),
        "worker_soft_shutdown_timeout": Entry(
            "",
            "How long tasks may go on when the worker is stopped before they are cancelled, in seconds.",
        ),
        "worker_state_db": Entry("path", "Where the worker keeps revoked tasks across restarts."),
        "worker_task_log_datefmt": Entry("", "The form of times in the log of tasks."),
        "worker_task_log_format": Entry("", "The form of lines in the log of tasks."),
        "worker_timer": Entry("", "The class of the worker's timer."),
        "worker_timer_precision": Entry("", "How exactly the timer keeps to its times, in seconds."),
        "beat_cron_starting_deadline": Entry(
            "int (seconds)",
            "After a standstill, how late a crontab may still run; without it there is no limit.",
        ),
        "beat_enable_remote_control": Entry("", "Whether beat answers `celery inspect ping`, as workers do."),
        "beat_max_loop_interval": Entry(
            "",
            "How long beat sleeps at most, in seconds; 0 leaves it to the scheduler: 300, or 5 with "
            "django-celery-beat.",
        ),
        "beat_remote_control_max_tick_age": Entry(
            "int | float (seconds)",
            "With `beat_enable_remote_control`: after so long without a tick beat does not answer; 0 is without limit.",
        ),
        "beat_schedule": Entry(
            "dict",
            "What beat sends, and when: `{'nightly': {'task': 'shop.report', 'schedule': crontab(hour=3, minute=0)}}`.",
            "An unknown key in an entry stops beat. Exactly one beat must run.",
        ),
        "beat_schedule_filename": Entry(
            "path",
            "Where beat keeps when it ran last.",
            "On a file system that is lost with each deployment, intervals begin anew.",
        ),
        "beat_scheduler": Entry(
            "",
            "The class of the scheduler: `django_celery_beat.schedulers:DatabaseScheduler` keeps the schedule in "
            "Django's database.",
        ),
        "beat_sync_every": Entry("int", "After so many tasks beat writes its file; 0 is by time."),
        "control_exchange": Entry("", "The exchange of remote control."),
        "control_queue_durable": Entry("", "Whether the queues of remote control survive a restart of the broker."),
        "control_queue_exclusive": Entry("", "Whether only one connection may use each of them."),
        "control_queue_expires": Entry(
            "float (seconds)",
            "After so long an unused queue of remote control is deleted.",
        ),
        "control_queue_ttl": Entry("float (seconds)", "After so long an unread command is dropped."),
        "event_exchange": Entry("", "The exchange of events."),
        "event_queue_durable": Entry("", "Whether the queues of events survive a restart of the broker."),
        "event_queue_exclusive": Entry("", "Whether only one connection may use each of them."),
        "event_queue_expires": Entry("float (seconds)", "After so long the unused queue of a monitor is deleted."),
        "event_queue_prefix": Entry("", "How the names of these queues begin."),
        "event_queue_ttl": Entry("float (seconds)", "After so long an unread event is dropped."),
        "event_serializer": Entry("str", "How events are written."),
    }
)
