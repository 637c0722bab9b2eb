"""How a rule's claim is shown on real Celery: what to run and what must come of it.

Data only. The tests run it: the rule's *Example* must fail as the proof says, and its *Use instead* must succeed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Proof:
    """An experiment on real Celery.

    `run` is Python source, executed in the namespace of the example's module once a worker is up; the value of its
    last expression is the outcome, so a proof usually ends in `ping.delay().get(timeout=10)`.

    `fails` names what the Example gives: an exception's name, with a part of its text after a colon
    (`"TypeError: takes 0 positional arguments"`), or, where nothing is raised, `"returns: <repr of the outcome>"`.
    Empty, when `succeeds` alone tells the two apart.
    `succeeds` is the repr of the outcome that Use instead gives; None accepts any outcome that is no exception.

    `where` says whose failure it is: the process that runs `run` (`caller`, which an exception re-raised by `.get()`
    counts as too), or the worker process, which then does not start (`worker-start`).
    `worker`: `thread` runs a worker in a thread of the test on the in-memory broker; `prefork` runs a real
    `celery worker` process, which needs `broker="redis"`; `none` runs no worker.
    `setup` is Python source put in front of the module, such as a stand-in for a service that the example calls.
    """

    run: str
    fails: str = ""
    succeeds: str | None = None
    where: Literal["caller", "worker-start"] = "caller"
    worker: Literal["thread", "prefork", "none"] = "thread"
    broker: Literal["memory", "redis"] = "memory"
    setup: str = ""
