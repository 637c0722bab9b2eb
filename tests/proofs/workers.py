"""Real Celery workers: one in a thread of this process, one as a process of its own.

Knows how to start each, how to tell that it is ready, and how to end it. For an experiment's process only.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
import traceback
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import celery.result
from celery import Celery, signals
from celery.app.utils import find_app
from kombu.transport import memory

from .outcome import MODULE, WORKER_LOG, Worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

POLL_SECONDS = 0.02


class WorkerDidNotStartError(Exception):
    """The worker ended before it was ready."""


def worker_for(kind: Worker, module: ModuleType) -> AbstractContextManager[None]:
    """A worker for the app in `module`, ready while the context lasts. Raises WorkerDidNotStartError."""
    if kind == "thread":
        return _thread_worker(module)
    if kind == "prefork":
        return _prefork_worker()
    return nullcontext()


@contextmanager
def _thread_worker(module: ModuleType) -> Iterator[None]:
    """The worker that the command starts, but in a thread: module and broker are the caller's too.

    Celery's own `celery.contrib.testing.worker` is not used, as it hides what a real worker refuses. The
    thread is never ended: its process is about to end anyway.
    """
    memory.Transport.polling_interval = POLL_SECONDS
    _keep_joins_apart()
    ready = threading.Event()
    signals.worker_ready.connect(lambda **_: ready.set(), weak=False)
    app = find_app(MODULE, symbol_by_name=lambda *_, **__: module)
    thread = threading.Thread(target=_run_worker, args=(app,), name="worker", daemon=True)
    thread.start()
    while not ready.wait(POLL_SECONDS):
        if not thread.is_alive():
            raise WorkerDidNotStartError("the worker's thread ended")
    yield


def _run_worker(app: Celery) -> None:
    try:
        app.Worker(
            pool="solo",
            loglevel="INFO",
            logfile=WORKER_LOG,
            quiet=True,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        ).start()
    except BaseException:
        # As the command does: leave a traceback and end.
        with Path(WORKER_LOG).open("a", encoding="utf-8") as log:
            traceback.print_exc(file=log)


def _keep_joins_apart() -> None:
    """Let this thread wait for results although a worker runs in its process.

    A worker forbids `.get()` in its whole process, and so in tasks, as no caller lives there. Here one does:
    it gets a flag of its own, and tasks are refused as ever.
    """
    caller = threading.current_thread()
    caller_flag = False
    worker_flag = celery.result.task_join_will_block
    set_worker_flag = celery.result._set_task_join_will_block

    def will_block() -> bool:
        return caller_flag if threading.current_thread() is caller else worker_flag()

    def set_will_block(blocks: bool) -> None:
        nonlocal caller_flag
        if threading.current_thread() is caller:
            caller_flag = blocks
        else:
            set_worker_flag(blocks)

    celery.result.task_join_will_block = will_block
    celery.result._set_task_join_will_block = set_will_block


@contextmanager
def _prefork_worker() -> Iterator[None]:
    """`celery worker` with one child process."""
    command = [
        *(sys.executable, "-m", "celery", "-A", MODULE, "worker"),
        *("--pool=prefork", "--concurrency=1", "--loglevel=INFO"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]
    log = Path(WORKER_LOG)
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    try:
        while not re.search(rb" ready\.$", log.read_bytes(), re.MULTILINE):
            if process.poll() is not None:
                raise WorkerDidNotStartError(f"exit code {process.returncode}")
            time.sleep(POLL_SECONDS)
        yield
    finally:
        # A shutdown in good order takes two seconds, or waits for tasks. The pool's own process is ended with
        # all that the experiment leaves behind.
        process.kill()
        process.wait()
