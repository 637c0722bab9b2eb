"""Help while writing, by its cases: what completion offers, what hover shows, and what else there is."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest
from assist_cases import AssistCase, read_assist_cases, shown_help, shown_hints

from celery_analyzers.assist.completion import complete
from celery_analyzers.assist.hover import hover
from celery_analyzers.assist.signatures import signature_help

FOLDER = Path(__file__).parent / "assist"
CASES = [case for path in sorted(FOLDER.glob("*.md")) for case in read_assist_cases(path)]
NOW = datetime(2026, 3, 27, 12, tzinfo=timezone.utc)


def of(asked: str) -> list[AssistCase]:
    return [case for case in CASES if case.asked == asked]


@pytest.mark.parametrize("case", of("completion"), ids=str)
def test_completion_offers_what_is_said(case: AssistCase, tmp_path: Path) -> None:
    made = complete(case.spot(tmp_path))
    offers = sorted(made.offers, key=lambda offer: (offer.rank, offer.label))
    found = [o.label if o.plain == o.label else f"{o.label} → {o.plain}" for o in offers]
    wanted = case.expected.rstrip("\n").split("\n") if case.expected.strip() else []
    forbidden = [line[2:] for line in wanted if line.startswith("- ")]
    among = {line[2:] for line in wanted if line.startswith("+ ")}
    wanted = [line for line in wanted if line[:2] not in ("- ", "+ ")]
    assert among <= {offer.label for offer in offers}
    assert not {offer.label for offer in offers} & set(forbidden)
    if wanted[-1:] == ["…"]:
        assert found[: len(wanted) - 1] == wanted[:-1], found
    else:
        assert found == wanted
    assert made.is_complete is ("incomplete" not in case.words)
    if "with" in case.words:
        edits = [edit.text for offer in offers for edit in offer.edits]
        imports = [f"{i.module}.{i.name}" for offer in offers for i in offer.imports]
        assert case.words[case.words.index("with") + 1] in [text.strip(", ") for text in [*edits, *imports]]


@pytest.mark.parametrize("case", of("hover"), ids=str)
def test_hover_shows_what_is_said(case: AssistCase, tmp_path: Path) -> None:
    shown = hover(case.spot(tmp_path), NOW)
    text = "" if shown is None else shown.text.replace(tmp_path.as_posix(), "").rstrip("\n") + "\n"
    wanted = case.expected.replace("~~~", "```")
    if "begins" in case.words:
        assert text.startswith(wanted.rstrip("\n")), text
    else:
        assert text == wanted


@pytest.mark.parametrize("case", of("signature"), ids=str)
def test_signature_help_shows_what_is_said(case: AssistCase, tmp_path: Path) -> None:
    assert shown_help(signature_help(case.spot(tmp_path))) == case.expected


@pytest.mark.parametrize("case", of("hints"), ids=str)
def test_hints_are_those_said(case: AssistCase, tmp_path: Path) -> None:
    assert shown_hints(case.analysis(tmp_path), NOW) == case.expected


def test_there_are_cases() -> None:
    assert len(CASES) > 20
