"""What an experiment is given and what comes of it.

Knows the form in which the two processes of an experiment exchange both. Must not import Celery.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

Worker = Literal["thread", "prefork", "none"]
Stage = Literal["import", "worker-start", "run"]

MODULE = "shop"
"""The name of the module that every experiment is about."""
WORKER_LOG = "worker.log"
"""Where, in the experiment's directory, the worker writes."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be run: `run` in the namespace of `module`, while a worker is up."""

    module: str
    run: str
    worker: Worker = "thread"
    broker_url: str = "memory://"
    backend_url: str = "cache+memory://"

    def dumps(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    @staticmethod
    def loads(text: str) -> Job:
        """From JSON."""
        return Job(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job. `stage` is how far it came; just one of `returned` and `raised` is set.

    `returned` is the repr of the last expression's value, `raised` an exception as in `TypeError: its text`.
    """

    stage: Stage
    returned: str | None = None
    raised: str | None = None
    traceback: str = ""
    worker_log: str = ""

    def dumps(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    @staticmethod
    def loads(text: str) -> Outcome:
        """From JSON."""
        return Outcome(**json.loads(text))

    def __str__(self) -> str:
        if self.raised is None:
            return f"returned {self.returned}"
        return f"raised {self.raised} (stage: {self.stage})"
