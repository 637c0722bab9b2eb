"""`multiprocessing-in-task`: processes that a worker's process is not allowed to start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, NeededImport, Severity
from celery_analyzers.pools import runs_in_processes
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body, CallSite
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_STARTERS = {
    "multiprocessing.Manager": "Manager",
    "multiprocessing.Pool": "Pool",
    "multiprocessing.Process": "Process",
    "multiprocessing.context.Process": "Process",
    "multiprocessing.pool.Pool": "Pool",
    "multiprocessing.process.Process": "Process",
    "multiprocessing.get_context.Manager": "Manager",
    "multiprocessing.get_context.Pool": "Pool",
    "multiprocessing.get_context.Process": "Process",
    "concurrent.futures.ProcessPoolExecutor": "ProcessPoolExecutor",
    "concurrent.futures.process.ProcessPoolExecutor": "ProcessPoolExecutor",
}
"""What starts processes by `multiprocessing`, and the name of the class or function that does."""
_INSTEAD = {
    "Pool": ("billiard", "Pool"),
    "Process": ("billiard", "Process"),
    "ProcessPoolExecutor": ("concurrent.futures", "ThreadPoolExecutor"),
}
"""What does the same in a worker's process."""
_OWN_WAYS = ("daemon", "AssertionError", "_config", "current_process")
"""What tells that a body knows of it, and gets around it."""


class MultiprocessingInTask(Rule):
    """A task starts processes by `multiprocessing`, which a worker's process may not.

    ## What it does

    Finds `multiprocessing.Pool`, `Process` and `Manager`, and `concurrent.futures.ProcessPoolExecutor`, in
    tasks that run in Celery's default pool, `prefork`.

    ## Why is this bad

    The processes of that pool are daemons, and Python does not let a daemon have children. The call raises
    `AssertionError` each time the task runs in a worker. In tests, where the task is called directly or runs
    eagerly, all is well.

    ## Example

        def square(number):
            return number * number

        @app.task
        def squares(numbers):
            with multiprocessing.Pool(2) as pool:
            #    ^^^^^^^^^^^^^^^^^^^^ a worker's process may have no children: this raises `AssertionError` when
            #                         `squares` runs in a worker
                return pool.map(square, numbers)

    ## Use instead

        def square(number):
            return number * number

        @app.task
        def squares(numbers):
            with Pool(2) as pool:
                return pool.map(square, numbers)

    ## Not flagged

    Threads, programs, and billiard, which is Celery's own `multiprocessing`. The best way often is a task for
    each part of the work, which all workers then share:

        import subprocess
        from multiprocessing.pool import ThreadPool

        @app.task
        def download(urls):
            with ThreadPool(4) as pool:
                return pool.map(fetch, urls)

        @app.task
        def transcode(path):
            subprocess.run(["ffmpeg", path], timeout=600)

    Nothing is said where the project starts workers with another pool, as `threads` and `solo` allow children.

    ## Fix safety

    The fixes are unsafe: `billiard` does not have all that `multiprocessing` has, and threads share one
    processor core for what Python itself computes.

    ## References

    - [Concurrency](https://docs.celeryq.dev/en/stable/userguide/concurrency/index.html)
    - [`Process.daemon`](https://docs.python.org/3/library/multiprocessing.html#multiprocessing.Process.daemon)
    """

    code = "CEL420"
    severity = Severity.ERROR
    proofs = (
        Proof(
            setup="from billiard import Pool",
            run="squares.delay([1, 2]).get(timeout=30)",
            fails="AssertionError: daemonic processes are not allowed to have children",
            succeeds="[1, 4]",
            worker="prefork",
            broker="redis",
        ),
    )

    PRELUDE = "import multiprocessing\n\n" + Rule.PRELUDE

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or context.in_tests or not context.mentions("Pool", "Process", "Manager"):
            return
        starting = [call for call in body.calls if call.path in _STARTERS and _starts(call, body)]
        if not starting or context.mentions(*_OWN_WAYS) or not runs_in_processes(context):
            return
        for call in starting:
            message = "a worker's process may have no children: this raises `AssertionError` when "
            span = context.span(call.node.func)
            yield self.finding(span, f"{message}`{task.name}` runs in a worker", _fix(call, context))


def _starts(call: CallSite, body: Body) -> bool:
    """Whether it comes to a start: a `Process` alone does nothing."""
    return _STARTERS[call.path or ""] != "Process" or any(other.method == "start" for other in body.calls)


def _fix(call: CallSite, context: Context) -> Fix | None:
    instead = _INSTEAD.get(_STARTERS[call.path or ""])
    if instead is None or ".get_context." in (call.path or ""):
        return None
    module, name = instead
    alias = None
    if context.scope.lookup(name)[0]:
        alias = f"{module.split('.', 1)[0].capitalize()}{name}"
    edits = (Edit(context.span(call.node.func), alias or name),)
    return Fix(f"Use `{module}.{name}`", edits, preferred=True, imports=(NeededImport(module, name, alias),))
