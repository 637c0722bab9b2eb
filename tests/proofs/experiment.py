"""Experiments: a module of real code, a worker, and what comes of using it.

Knows how a rule's documentation becomes a module, and how an experiment gets a directory, an environment and
a process to itself. Must not import Celery.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .outcome import MODULE, WORKER_LOG, Job, Outcome

if TYPE_CHECKING:
    from celery_analyzers.proof import Proof
    from celery_analyzers.rule import Rule

    from .redis_server import RedisServer

TIMEOUT_SECONDS = 100.0
"""Far more than any experiment takes, as machines may be busy, and less than a test may take."""
LOG_TAIL_LINES = 60
PACKAGE_ROOT = Path(__file__).parents[len((__package__ or "proofs").split("."))]


class NoOutcomeError(AssertionError):
    """The experiment neither returned nor raised: it hung, or its process died."""


def code_in(section: str) -> str:
    """The code of a documentation section: all that is indented by four spaces, several blocks joined."""
    lines = (line if line.startswith("    ") else "" for line in section.splitlines())
    return textwrap.dedent("\n".join(lines)).strip("\n") + "\n"


def job_for(rule: type[Rule], proof: Proof, section: str, redis: RedisServer | None = None) -> Job:
    """The job that runs the code of one section of the rule's documentation as the proof says."""
    code = code_in(rule.sections()[section])
    setup = textwrap.dedent(proof.setup).strip("\n")
    module = f"{setup}\n\n{rule.PRELUDE}{code}".lstrip("\n")
    run = textwrap.dedent(proof.run).strip("\n")
    if proof.broker == "memory":
        assert proof.worker != "prefork", 'worker="prefork" needs broker="redis"'
        return Job(module, run, proof.worker)
    assert redis is not None
    return Job(module, run, proof.worker, redis.url, redis.url)


def perform(job: Job, timeout: float = TIMEOUT_SECONDS) -> Outcome:
    """Run a job in a process of its own. Raises NoOutcomeError."""
    with tempfile.TemporaryDirectory(prefix="celeryls-proof-") as name:
        directory = Path(name)
        directory.joinpath(f"{MODULE}.py").write_text(job.module, encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.runner"],
            cwd=directory,
            env=_environment(job),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        try:
            answer, errors = process.communicate(job.dumps(), timeout)
        except subprocess.TimeoutExpired:
            _end(process)
            answer, errors = process.communicate()
            errors += f"\nGave up after {timeout:g} seconds."
        finally:
            _end(process)
        log = directory.joinpath(WORKER_LOG)
        worker_log = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    if not answer:
        raise NoOutcomeError(_show(job, f"no outcome (exit code {process.returncode})", errors, worker_log))
    return replace(Outcome.loads(answer), worker_log=worker_log)


def report(job: Job, outcome: Outcome) -> str:
    """All that one needs to see why an experiment came out as it did."""
    return _show(job, str(outcome), outcome.traceback, outcome.worker_log)


def _environment(job: Job) -> dict[str, str]:
    """The environment of an experiment. Celery puts its broker and backend above the settings of any app."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CELERY_", "DJANGO_", "PYTEST_", "FORKED_BY_"))
    }
    path = [str(PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **inherited,
        "CELERY_BROKER_URL": job.broker_url,
        "CELERY_RESULT_BACKEND": job.backend_url,
        "C_FORCE_ROOT": "1",
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONUNBUFFERED": "1",
    }


def _end(process: subprocess.Popen[str]) -> None:
    """End the experiment's process and whatever it left behind."""
    if sys.platform == "win32":
        process.kill()
    else:
        # Nothing is left; macOS calls a group of zombies forbidden.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _show(job: Job, outcome: str, errors: str, worker_log: str) -> str:
    tail = "\n".join(worker_log.splitlines()[-LOG_TAIL_LINES:])
    parts = {
        f"{MODULE}.py": job.module,
        f"run (worker: {job.worker}, broker: {job.broker_url})": job.run,
        "outcome": outcome,
        "traceback": errors,
        "worker log": tail,
    }
    return "\n\n".join(f"--- {title}\n{text.rstrip()}" for title, text in parts.items() if text.strip())
