"""What holds for every rule: its documentation is complete, and its examples are what it says they are."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from rule_examples import Mark, analyse, complaint_about, findings_of, fixed, mark_of, read_marks

from celery_analyzers.documentation import code
from celery_analyzers.findings import Severity
from celery_analyzers.groups import GROUPS
from celery_analyzers.registry import all_rules, find_rule
from celery_analyzers.rule import SECTIONS, Rule
from celery_analyzers.settings import PRESETS

CASES = Path(__file__).parent / "cases"

every_rule = pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name())


def section(rule: type[Rule], title: str) -> str:
    """The code of a section as a module, with the marks still in it."""
    return rule.PRELUDE + code(rule.sections()[title])


@every_rule
def test_documentation_has_every_section_in_order(rule: type[Rule]) -> None:
    assert tuple(rule.sections()) == SECTIONS
    assert [title for title, body in rule.sections().items() if not body.strip()] == []
    assert rule.summary().endswith(".")
    assert "docs.celeryq.dev" in rule.sections()["References"] or rule.code.startswith("CEL0")


@every_rule
def test_example_gives_exactly_its_marks(rule: type[Rule]) -> None:
    marked = read_marks(section(rule, "Example"))
    analysis = analyse(marked.code)
    assert analysis.problems() == []
    assert marked.marks != ()
    assert tuple(mark_of(f, analysis) for f in findings_of(analysis, rule.name())) == marked.marks


@every_rule
def test_example_has_the_severity_of_the_rule(rule: type[Rule]) -> None:
    analysis = analyse(read_marks(section(rule, "Example")).code)
    assert rule.severity in {finding.severity for finding in findings_of(analysis, rule.name())}


@every_rule
@pytest.mark.parametrize("title", ["Use instead", "Not flagged"])
def test_right_code_is_not_flagged(rule: type[Rule], title: str) -> None:
    text = section(rule, title)
    analysis = analyse(text)
    assert read_marks(text).code == text
    assert analysis.problems() == []
    assert [mark_of(finding, analysis) for finding in findings_of(analysis, rule.name())] == []


@every_rule
def test_preferred_fixes_make_use_instead_of_example(rule: type[Rule]) -> None:
    example = text = read_marks(section(rule, "Example")).code
    while fixes := [f for found in findings_of(analyse(text), rule.name()) for f in found.fixes if f.preferred]:
        text = fixed(text, fixes[0])
    if text == example:
        assert not any(found.fixes for found in findings_of(analyse(text), rule.name())), "none is preferred"
        pytest.skip("the rule has no fix")
    wanted = section(rule, "Use instead").removeprefix(rule.PRELUDE)
    assert text.endswith(wanted), text
    # What a fix imports comes on top.
    before, after = ([line for line in head.splitlines() if line] for head in (rule.PRELUDE, text[: -len(wanted)]))
    added = [line for line in after if line not in before]
    assert [line for line in after if line not in added] == before
    assert [line for line in added if not line.startswith(("import ", "from "))] == []


@every_rule
def test_fixes_of_the_example_break_nothing(rule: type[Rule]) -> None:
    analysis = analyse(read_marks(section(rule, "Example")).code)
    for finding in findings_of(analysis, rule.name()):
        assert sum(fix.preferred for fix in finding.fixes) <= 1
        assert not finding.fixes or finding.fixes[0].preferred
        assert len({fix.title for fix in finding.fixes}) == len(finding.fixes)
        for fix in finding.fixes:
            again = analyse(fixed(analysis.text, fix))
            assert complaint_about(fix, finding, analysis, again) is None, fix.title


@every_rule
def test_names_agree(rule: type[Rule]) -> None:
    module = importlib.import_module(rule.__module__)
    assert module.__name__.rpartition(".")[2] == rule.name().replace("-", "_")
    assert (module.__doc__ or "").strip()
    assert re.fullmatch(r"CEL\d{3}", rule.code)
    assert find_rule(rule.name()) is find_rule(rule.code) is rule


@every_rule
def test_a_literate_test_file_stands_by(rule: type[Rule]) -> None:
    assert (CASES / f"{rule.name()}.md").is_file()


@every_rule
def test_the_facts_about_a_rule_are_of_a_known_form(rule: type[Rule]) -> None:
    assert rule.group() in GROUPS
    assert rule.preset in PRESETS
    assert re.fullmatch(r"\d+\.\d+\.\d+", rule.since)
    assert re.fullmatch(r"|(>=|<)\d+\.\d+(,<\d+\.\d+)?", rule.celery)


@every_rule
def test_errors_are_proven(rule: type[Rule]) -> None:
    assert rule.severity is not Severity.ERROR or rule.proofs


def test_there_are_rules_and_no_two_share_a_code_or_a_name() -> None:
    assert all_rules()
    assert len({rule.code for rule in all_rules()}) == len(all_rules())
    assert len({rule.name() for rule in all_rules()}) == len(all_rules())


def test_no_group_is_called_as_a_rule_and_no_two_share_a_name_or_a_prefix() -> None:
    names = [group.name for group in GROUPS]
    assert len({*names, *(rule.name() for rule in all_rules())}) == len(names) + len(all_rules())
    assert [group.prefix for group in GROUPS] == [f"CEL{digit}" for digit in range(10)]


def test_every_literate_file_has_its_rule() -> None:
    assert [path.name for path in CASES.glob("*.md") if find_rule(path.stem) is None] == []


def test_marks_are_read() -> None:
    text = (
        "@app.task(retry=True)\n"
        "#         ^^^^^ one\n"
        "#               goes on\n"
        "def f():\n"
        "#^^ two\n"
        "    # not a mark\n"
        "    pass\n"
    )
    marked = read_marks(text)
    assert marked.code == "@app.task(retry=True)\ndef f():\n    # not a mark\n    pass\n"
    assert marked.marks == (Mark(0, 10, 15, "one goes on"), Mark(1, 0, 3, "two"))
