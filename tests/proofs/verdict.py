"""Whether an outcome is what a proof says.

Knows the language of `Proof.fails` and `Proof.succeeds`. A complaint is a sentence, or None when all is well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from celery_analyzers.proof import Proof

    from .outcome import Outcome

RETURNS = "returns: "


def objection(proof: Proof) -> str | None:
    """Why the proof proves nothing, whatever comes out."""
    if not proof.fails and proof.succeeds is None:
        return "the proof names neither what fails nor what succeeds"
    if proof.where == "worker-start" and (not proof.fails or proof.fails.startswith(RETURNS)):
        return "a worker that does not start leaves an exception in its log: `fails` must name it"
    if proof.where == "worker-start" and proof.worker == "none":
        return "without a worker, none can fail to start"
    if proof.fails == f"{RETURNS}{proof.succeeds}":
        return "Example and Use instead are said to give the same"
    return None


def complaint_about_example(proof: Proof, outcome: Outcome) -> str | None:
    """Why the Example did not fail as the proof says."""
    if proof.where == "worker-start":
        if outcome.stage != "worker-start":
            return "the worker was to refuse to start"
        if not _shows(outcome.worker_log, proof.fails):
            return f"the worker's log was to show `{proof.fails}`"
        return None
    if outcome.stage == "worker-start":
        return "the worker did not start"
    if proof.fails.startswith(RETURNS):
        expected = proof.fails.removeprefix(RETURNS)
        return None if outcome.returned == expected else f"it was to return {expected}"
    if proof.fails:
        return None if _is(outcome.raised, proof.fails) else f"it was to raise `{proof.fails}`"
    return None if outcome.returned != proof.succeeds else "it gave just what Use instead gives"


def complaint_about_use_instead(proof: Proof, outcome: Outcome) -> str | None:
    """Why Use instead did not succeed as the proof says."""
    if outcome.raised is not None:
        return "it was to succeed"
    if proof.succeeds is not None and outcome.returned != proof.succeeds:
        return f"it was to return {proof.succeeds}"
    return None


def _is(raised: str | None, expected: str) -> bool:
    """Whether an exception has the expected name, and the expected part in its text."""
    name, _, part = expected.partition(": ")
    raised_name, _, text = (raised or "").partition(": ")
    return raised_name == name and part in text


def _shows(log: str, expected: str) -> bool:
    """Whether a line of a log names the expected exception, followed by the expected part of its text."""
    name, _, part = expected.partition(": ")
    return re.search(rf"\b{re.escape(name)}\b.*{re.escape(part)}", log) is not None
