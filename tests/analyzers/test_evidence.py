"""How loud a finding is, where its evidence decides."""

from __future__ import annotations

import pytest
from rule_examples import analyse, findings_of

from celery_analyzers.findings import Severity

HEAD = "import requests\nfrom celery import shared_task\n\n\n"


def severities(rule: str, code: str) -> list[Severity]:
    """The severities of what a rule finds."""
    return [finding.severity for finding in findings_of(analyse(HEAD + code), rule)]


@pytest.mark.parametrize(
    ("body", "severity"),
    [
        ("requests.get(1)", Severity.WARNING),
        ("requests.get(1, timeout=1)", Severity.INFORMATION),
        ("while True: work()", Severity.WARNING),
        ("while 1: work()", Severity.WARNING),
        ("while True: break", Severity.INFORMATION),
        ("while not done(): work()", Severity.INFORMATION),
        ("return 1", Severity.INFORMATION),
    ],
)
def test_missing_time_limit(body: str, severity: Severity) -> None:
    assert severities("missing-time-limit", f"@shared_task\ndef sync():\n    {body}\n") == [severity]


@pytest.mark.parametrize(
    ("options", "severity"),
    [
        ("autoretry_for=(Exception,)", Severity.WARNING),
        ("autoretry_for=(Exception, requests.RequestException)", Severity.WARNING),
        ("autoretry_for=(Exception,), dont_autoretry_for=(ValueError,)", Severity.INFORMATION),
        ("autoretry_for=(Exception,), dont_autoretry_for=()", Severity.WARNING),
        ("autoretry_for=(requests.RequestException,)", Severity.INFORMATION),
    ],
)
def test_broad_autoretry(options: str, severity: Severity) -> None:
    code = f"@shared_task({options})\ndef sync():\n    return 1\n"
    assert severities("broad-autoretry", code) == [severity]


@pytest.mark.parametrize(
    ("options", "severity"),
    [
        ("autoretry_for=(Exception,)", Severity.WARNING),
        ("acks_late=True", Severity.INFORMATION),
        ("acks_late=True, reject_on_worker_lost=True", Severity.WARNING),
        ("acks_late=True, autoretry_for=(Exception,)", Severity.WARNING),
    ],
)
def test_retry_on_non_idempotent(options: str, severity: Severity) -> None:
    code = f"@shared_task({options})\ndef sync():\n    requests.post(1)\n"
    assert severities("retry-on-non-idempotent", code) == [severity]
