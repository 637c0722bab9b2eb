"""Every claim that a rule makes, on real Celery: its Example fails as it says, its Use instead works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from celery_analyzers.findings import Severity
from celery_analyzers.registry import all_rules

from .experiment import job_for, perform, report
from .verdict import complaint_about_example, complaint_about_use_instead, objection

if TYPE_CHECKING:
    from celery_analyzers.proof import Proof
    from celery_analyzers.rule import Rule

    from .redis_server import RedisServer


def _proofs() -> list[object]:
    """Each rule with each of its proofs, as test parameters."""
    return [
        pytest.param(
            rule,
            proof,
            id=rule.name() if len(rule.proofs) == 1 else f"{rule.name()}-{number}",
            marks=[pytest.mark.redis] if proof.broker == "redis" else [],
        )
        for rule in all_rules()
        for number, proof in enumerate(rule.proofs, start=1)
    ]


@pytest.fixture
def server(proof: Proof, request: pytest.FixtureRequest) -> RedisServer | None:
    """The Redis server, for the proofs that need one."""
    return request.getfixturevalue("redis") if proof.broker == "redis" else None


@pytest.mark.parametrize(("rule", "proof"), _proofs())
def test_example_fails_as_the_proof_says(rule: type[Rule], proof: Proof, server: RedisServer | None) -> None:
    job = job_for(rule, proof, "Example", server)
    outcome = perform(job)
    complaint = complaint_about_example(proof, outcome)
    assert complaint is None, f"{complaint}\n\n{report(job, outcome)}"


@pytest.mark.parametrize(("rule", "proof"), _proofs())
def test_use_instead_succeeds(rule: type[Rule], proof: Proof, server: RedisServer | None) -> None:
    job = job_for(rule, proof, "Use instead", server)
    outcome = perform(job)
    complaint = complaint_about_use_instead(proof, outcome)
    assert complaint is None, f"{complaint}\n\n{report(job, outcome)}"


@pytest.mark.parametrize(("rule", "proof"), _proofs())
def test_proof_can_tell_right_from_wrong(rule: type[Rule], proof: Proof) -> None:
    assert objection(proof) is None


def test_every_error_is_proven() -> None:
    unproven = [rule.name() for rule in all_rules() if rule.severity is Severity.ERROR and not rule.proofs]
    assert unproven == []
