"""A text that is too long for anybody to have written it is followed, and nothing is said of it."""

from __future__ import annotations

from engine import analyse

from celery_analyzers.long_text import LARGEST_MODULE

PING = "from celery import shared_task\n\n\n@shared_task(bind=True)\ndef ping(): ...\n"
ROWS = 'ROWS = [\n    "a row of data",\n]\n' * (LARGEST_MODULE // 30)


def test_it_grows_and_shrinks() -> None:
    analysis = analyse(PING)
    assert analysis.findings()
    analysis.edit((5, 0), (5, 0), ROWS)
    assert analysis.text == PING + ROWS
    assert not analysis.findings()
    analysis.edit((3, 0), (3, 0), "\n# A comment.\n")
    assert analysis.line_text(4) == "# A comment."
    assert not analysis.findings()
    analysis.edit((7, 0), (analysis.line_count, 0), "")
    assert analysis.text == PING.replace("\n@", "\n\n# A comment.\n@")
    assert [finding.rule for finding in analysis.findings()] == [finding.rule for finding in analyse(PING).findings()]


def test_it_is_so_from_the_start() -> None:
    analysis = analyse(ROWS + PING)
    assert not analysis.findings()
    analysis.replace(PING)
    assert analysis.findings()
