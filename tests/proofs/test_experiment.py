"""The experiments themselves: that they see what a rule claims, and see through a claim that is false."""

from __future__ import annotations

import ast
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from celery_analyzers.findings import Severity
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule

from .experiment import NoOutcomeError, code_in, job_for, perform
from .outcome import Job, Outcome
from .verdict import complaint_about_example, complaint_about_use_instead, objection

if TYPE_CHECKING:
    from pathlib import Path

    from .redis_server import RedisServer

PRELUDE = Rule.PRELUDE
PING = f"{PRELUDE}@app.task\ndef ping():\n    return 'pong'\n"


class SampleRule(Rule):
    """A bound task has no parameter for the task instance.

    ## What it does
    ## Why is this bad
    ## Example
        @app.task(bind=True)
        def ping():
        #   ^^^^ `ping` is bound but has no parameter for the task instance
            return "pong"

    It takes a second block to call it:

        def call():
            return ping.delay()

    ## Use instead
        @app.task(bind=True)
        def ping(self):
            return "pong"

        def call():
            return ping.delay()
    ## Not flagged
    ## Fix safety
    ## References
    """

    code = "CEL999"
    severity = Severity.ERROR


class SampleStartRule(Rule):
    """A rate limit that Celery cannot read.

    ## Example
        @app.task(rate_limit="10/min")
        def ping():
            return "pong"

    ## Use instead
        @app.task(rate_limit="10/m")
        def ping():
            return "pong"
    """

    code = "CEL998"
    severity = Severity.ERROR


BIND = Proof(
    run="call().get(timeout=10)",
    fails="TypeError: takes 0 positional arguments but 1 was given",
    succeeds="'pong'",
)
START = Proof(run="ping.delay().get(timeout=10)", fails="KeyError: 'min'", succeeds="'pong'", where="worker-start")


def complaint(rule: type[Rule], proof: Proof, section: str, redis: RedisServer | None = None) -> str | None:
    """What there is to complain about when the proof is run on one section of the rule."""
    outcome = perform(job_for(rule, proof, section, redis))
    judge = complaint_about_example if section == "Example" else complaint_about_use_instead
    return judge(proof, outcome)


@pytest.mark.parametrize(("rule", "proof"), [(SampleRule, BIND), (SampleStartRule, START)])
@pytest.mark.parametrize("section", ["Example", "Use instead"])
def test_true_claims_hold(rule: type[Rule], proof: Proof, section: str) -> None:
    assert complaint(rule, proof, section) is None


@pytest.mark.redis
@pytest.mark.parametrize(
    ("rule", "proof"),
    [
        (SampleRule, replace(BIND, worker="thread", broker="redis")),
        (SampleRule, replace(BIND, worker="prefork", broker="redis")),
        (SampleStartRule, replace(START, worker="prefork", broker="redis")),
    ],
)
@pytest.mark.parametrize("section", ["Example", "Use instead"])
def test_true_claims_hold_on_redis(rule: type[Rule], proof: Proof, section: str, redis: RedisServer) -> None:
    assert complaint(rule, proof, section, redis) is None


@pytest.mark.parametrize(
    ("proof", "expected"),
    [
        (replace(BIND, fails="ValueError: takes 0"), "it was to raise `ValueError: takes 0`"),
        (replace(BIND, fails="TypeError: takes 2"), "it was to raise `TypeError: takes 2`"),
        (replace(BIND, fails="returns: 'pong'"), "it was to return 'pong'"),
        (replace(BIND, where="worker-start"), "the worker was to refuse to start"),
        (replace(BIND, fails="", run="'pong'"), "it gave just what Use instead gives"),
    ],
)
def test_a_false_claim_about_the_example_is_seen(proof: Proof, expected: str) -> None:
    assert complaint(SampleRule, proof, "Example") == expected


def test_a_false_claim_about_use_instead_is_seen() -> None:
    outcome = perform(job_for(SampleRule, BIND, "Use instead"))
    assert complaint_about_use_instead(replace(BIND, succeeds="'peng'"), outcome) == "it was to return 'peng'"
    assert complaint_about_use_instead(BIND, replace(outcome, raised="E: e")) == "it was to succeed"


def test_a_worker_that_fails_for_another_reason_is_seen() -> None:
    proof = replace(START, fails="ValueError: min")
    assert complaint(SampleStartRule, proof, "Example") == "the worker's log was to show `ValueError: min`"


def test_a_worker_that_unexpectedly_does_not_start_proves_nothing() -> None:
    proof = replace(START, fails="", where="caller")
    assert complaint(SampleStartRule, proof, "Example") == "the worker did not start"


@pytest.mark.parametrize(
    "proof",
    [
        Proof(run="1"),
        Proof(run="1", succeeds="1", fails="returns: 1"),
        Proof(run="1", where="worker-start", succeeds="1"),
        Proof(run="1", where="worker-start", worker="none", fails="KeyError"),
    ],
)
def test_a_proof_that_proves_nothing_is_refused(proof: Proof) -> None:
    assert objection(proof) is not None


def test_setup_and_run_may_be_indented() -> None:
    proof = Proof(
        worker="none",
        setup="""
            def answer():
                return 42
        """,
        run="""
            given = answer()
            given + 1
        """,
        succeeds="43",
    )
    job = job_for(SampleRule, proof, "Use instead")
    assert job.module.startswith("def answer():\n    return 42\n\nfrom celery import Celery")
    assert perform(job).returned == "43"


def test_prefork_on_the_in_memory_broker_is_refused() -> None:
    with pytest.raises(AssertionError, match="needs broker"):
        job_for(SampleRule, replace(BIND, worker="prefork"), "Example")


def test_code_of_a_section() -> None:
    section = "Text.\n\n    a = [\n        1]\n\nMore text.\n\n    b = 2\n"
    assert code_in(section) == "a = [\n    1]\n\n\n\nb = 2\n"


def test_import_failure_is_the_callers() -> None:
    outcome = perform(Job("import nowhere", "1"))
    assert (outcome.stage, outcome.raised) == ("import", "ModuleNotFoundError: No module named 'nowhere'")


def test_the_value_is_that_of_the_last_expression() -> None:
    assert perform(Job(PING, "x = 1\nx + 1", "none")) == Outcome("run", returned="2")
    assert perform(Job(PING, "x = 1", "none")).returned == "None"


def test_the_caller_sees_the_modules_names_and_what_it_printed_does_not_matter() -> None:
    outcome = perform(Job(f"{PING}print('hello')\n", "print('hello')\nping.name", "none"))
    assert outcome.returned == "'shop.ping'"


def test_an_app_by_another_name_and_with_its_own_broker_is_served() -> None:
    module = PING.replace('Celery("shop")', 'Celery("shop", broker="amqp://nowhere", backend="rpc://")')
    outcome = perform(Job(module.replace("app", "store"), "ping.delay().get(timeout=10)"))
    assert outcome.returned == "'pong'"


def test_tasks_may_not_wait_for_results_but_the_caller_may() -> None:
    module = f"{PING}@app.task\ndef outer():\n    return ping.delay().get(timeout=1)\n"
    run = "first = ping.delay().get(timeout=10)\nouter.delay().get(timeout=10)"
    outcome = perform(Job(module, run))
    assert (outcome.raised or "").startswith("RuntimeError: Never call result.get() within a task!")


def test_experiments_share_no_state() -> None:
    job = Job(f"{PING}count = []\n", "count.append(1)\nlen(count), ping.delay().get(timeout=10)")
    assert [perform(job).returned for _ in range(2)] == ["(1, 'pong')"] * 2


def test_an_experiment_that_hangs_is_ended() -> None:
    began = time.monotonic()
    with pytest.raises(NoOutcomeError, match=r"import time; time\.sleep\(60\)[\s\S]*Gave up after 3 seconds"):
        perform(Job(PING, "import time; time.sleep(60)"), timeout=3)
    assert time.monotonic() - began < 10


def test_an_experiment_whose_process_dies_is_seen() -> None:
    with pytest.raises(NoOutcomeError, match="exit code 7"):
        perform(Job(PING, "import os; os._exit(7)"))


@pytest.mark.redis
def test_a_process_that_dies_leaves_no_worker_behind(redis: RedisServer, tmp_path: Path) -> None:
    module = f"import os\n{PRELUDE}@app.task\ndef processes():\n    return [os.getpid(), os.getppid()]\n"
    noted = tmp_path / "processes"
    run = f"open({str(noted)!r}, 'w').write(str(processes.delay().get(timeout=30)))\nos._exit(7)"
    with pytest.raises(NoOutcomeError, match="exit code 7"):
        perform(Job(module, run, "prefork", redis.url, redis.url))
    left = set(ast.literal_eval(noted.read_text()))
    assert len(left) == 2
    deadline = time.monotonic() + 10
    while left and time.monotonic() < deadline:
        left = {process for process in left if _is_running(process)}
        time.sleep(0.05)
    assert left == set()


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
