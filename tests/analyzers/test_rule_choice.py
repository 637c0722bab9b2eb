"""Which rules run in which file, and how loud they are there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from engine import write

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.findings import Severity
from celery_analyzers.groups import GROUPS
from celery_analyzers.indexing import index_of
from celery_analyzers.project import Project
from celery_analyzers.registry import RuleSet, all_rules, by_rule, is_selector, selectors
from celery_analyzers.rule_choice import RuleChoice
from celery_analyzers.settings import PRESETS, Preset, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path("/project")
BOUND = "from celery import shared_task\n\n@shared_task(bind=True)\ndef ping(): ...\n"


def names(rules: RuleSet) -> set[str]:
    return {rule.name() for rule in rules.rules}


def chosen(**settings: Any) -> set[str]:
    return names(RuleSet.from_settings(Settings(**settings)))


def of_group(name: str) -> set[str]:
    return {rule.name() for rule in all_rules() if rule.group().name == name}


ALL = {rule.name() for rule in all_rules()}


def test_each_preset_holds_the_one_before() -> None:
    recommended, strict, everything = (chosen(preset=preset) for preset in PRESETS)

    assert recommended < strict <= everything == ALL
    assert chosen() == recommended


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_has_the_rules_that_say_so(preset: Preset) -> None:
    smaller = PRESETS[: PRESETS.index(preset) + 1]
    assert chosen(preset=preset) == {rule.name() for rule in all_rules() if rule.preset in smaller}


def test_what_nearly_every_team_wants_includes_all_errors() -> None:
    assert [r.name() for r in all_rules() if r.severity is Severity.ERROR and r.preset != "recommended"] == []


def test_select_takes_the_place_of_the_preset() -> None:
    assert chosen(preset="all", select=("bind-without-self",)) == {"bind-without-self"}
    assert chosen(preset="all", select=()) == set()


def test_extend_select_adds_to_the_preset_or_to_select() -> None:
    assert chosen(extend_select=("untyped-task-argument",)) == chosen() | {"untyped-task-argument"}
    assert chosen(select=("CEL103",), extend_select=("CEL104",)) == {"bind-without-self", "async-task"}
    assert chosen(select=(), extend_select=("beat",)) == of_group("beat")


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_a_group_is_its_name_or_the_beginning_of_its_codes(group: Any) -> None:
    assert chosen(select=(group.name,)) == chosen(select=(group.prefix.lower(),)) == of_group(group.name)
    assert chosen(select=(group.name.upper(),)) == of_group(group.name)


@pytest.mark.parametrize(
    ("select", "ignore", "left"),
    [
        (("ALL",), ("ALL",), set[str]()),
        (("ALL",), ("signatures",), ALL - of_group("signatures")),
        (("signatures",), ("ALL",), of_group("signatures")),
        (("signatures",), ("CEL1",), set[str]()),
        (("CEL1",), ("signatures",), set[str]()),
        (("CEL10",), ("signatures",), {r.name() for r in all_rules() if r.code.startswith("CEL10")}),
        (("CEL103",), ("signatures",), {"bind-without-self"}),
        (("CEL103",), ("bind-without-self",), set[str]()),
        (("bind-without-self",), ("cel103",), set[str]()),
    ],
)
def test_the_more_exact_selector_wins(select: Sequence[str], ignore: Sequence[str], left: set[str]) -> None:
    assert chosen(select=tuple(select), ignore=tuple(ignore)) == left


def test_ignoring_wins_over_a_preset_and_not_over_what_is_asked_for_more_exactly() -> None:
    assert chosen(preset="all", ignore=("ALL",)) == set()
    assert chosen(preset="all", ignore=("ALL",), extend_select=("beat",)) == of_group("beat")
    assert chosen(preset="all", ignore=("retries",)) == ALL - of_group("retries")


@pytest.mark.parametrize("selector", ["", "-", "CELL1", "CEL10999", "CEL1 ", "bind", "signature", "ALL.", "ällé"])
def test_what_names_no_rule(selector: str) -> None:
    assert not is_selector(selector)
    assert chosen(select=(selector,)) == set()


def test_every_name_of_a_rule_or_a_group_is_a_selector() -> None:
    assert [name for name in selectors() if not is_selector(name)] == []
    # Be there a rule in it or not.
    assert all(is_selector(group.prefix) for group in GROUPS)


def test_severity_off_turns_a_rule_off() -> None:
    assert "bind-without-self" not in chosen(severity={"bind-without-self": None})
    assert "untyped-task-argument" not in chosen(severity={"untyped-task-argument": Severity.ERROR})


def test_values_are_given_to_rules_by_the_most_exact_selector() -> None:
    given = by_rule({"unbound-self": 1, "CEL102": 2, "signatures": 3, "ALL": 4, "CEL1": 5})
    assert given["unbound-self"] == 2
    assert given["bind-without-self"] == 5
    assert given["swallowed-retry"] == 4
    assert by_rule({}) == {}
    assert set(by_rule({"beat": 1})) == of_group("beat")


@pytest.mark.parametrize(
    ("pattern", "path", "ignored"),
    [
        ("tasks.py", "shop/tasks.py", True),
        ("shop/**", "shop/tasks.py", True),
        ("shop", "shop/tasks.py", False),
        ("other/*", "shop/tasks.py", False),
        ("!other/*", "shop/tasks.py", True),
        ("!shop/*", "shop/tasks.py", False),
        ("!tasks.py", "shop/tasks.py", False),
        ("project/*", "shop/tasks.py", False),
    ],
)
def test_per_file_ignores(pattern: str, path: str, ignored: bool) -> None:
    choice = RuleChoice(Settings(select=("ALL",), per_file_ignores=((pattern, ("signatures",)),)), ROOT)
    assert names(choice.of(ROOT / path)) == (ALL - of_group("signatures") if ignored else ALL)


def test_per_file_ignores_add_up_and_win_over_any_selector() -> None:
    ignores = (("shop/*", ("beat",)), ("*.py", ("CEL103", "no-such-rule")))
    choice = RuleChoice(Settings(select=("bind-without-self", "ALL"), per_file_ignores=ignores), ROOT)
    assert names(choice.of(ROOT / "shop/tasks.py")) == ALL - of_group("beat") - {"bind-without-self"}
    assert names(choice.of(ROOT / "tasks.py")) == ALL - {"bind-without-self"}
    assert names(choice.of(None)) == ALL


def test_files_outside_of_the_project_and_texts_that_stand_nowhere() -> None:
    choice = RuleChoice(Settings(select=("ALL",), per_file_ignores=(("tests/*", ("ALL",)), ("a.py", ("ALL",)))), ROOT)
    assert names(choice.of(Path("/other/tests/b.py"))) == ALL
    assert names(choice.of(Path("/other/a.py"))) == set()
    assert names(choice.of(None)) == ALL
    assert names(RuleChoice(Settings(select=("ALL",)), None).of(Path("/other/b.py"))) == ALL


def test_files_of_one_choice_share_their_rules() -> None:
    choice = RuleChoice(Settings(per_file_ignores=(("tests/*", ("beat",)),)), ROOT)
    assert choice.of(ROOT / "a.py") is choice.of(ROOT / "shop/b.py") is choice.of(None)
    assert choice.of(ROOT / "tests/a.py") is choice.of(ROOT / "tests/b.py")


def severities(path: str, **settings: Any) -> list[Severity]:
    rules = RuleChoice(Settings(select=("bind-without-self", "unused-ignore"), **settings), ROOT).of(ROOT / path)
    analysis = FileAnalysis(BOUND, rules=rules, project=Project(ROOT), path=ROOT / path)
    return [finding.severity for finding in analysis.findings()]


@pytest.mark.parametrize(
    "path",
    [
        *("test_a.py", "shop/test_a.py", "a_test.py", "a_tests.py", "tests.py", "shop/test.py", "conftest.py"),
        *("tests/helpers.py", "shop/tests/deep/tasks.py", "test/a.py", "testing/a.py"),
    ],
)
def test_findings_in_tests_are_one_level_lower(path: str) -> None:
    assert severities(path) == [Severity.WARNING]
    assert severities(path, test_severity="same") == [Severity.ERROR]
    assert severities(path, test_severity="off") == []


@pytest.mark.parametrize("path", ["tasks.py", "latest.py", "testimony.py", "contest/a.py", "tests_of_time/a.py"])
def test_other_code_is_as_loud_as_ever(path: str) -> None:
    for severity in ("lower", "same", "off"):
        assert severities(path, test_severity=severity) == [Severity.ERROR]


@pytest.mark.parametrize(
    ("given", "lowered"),
    [
        (Severity.ERROR, Severity.WARNING),
        (Severity.WARNING, Severity.INFORMATION),
        (Severity.INFORMATION, Severity.HINT),
        (Severity.HINT, Severity.HINT),
    ],
)
def test_what_settings_say_is_lowered_in_tests_too(given: Severity, lowered: Severity) -> None:
    assert severities("test_a.py", severity={"bind-without-self": given}) == [lowered]
    assert severities("a.py", severity={"bind-without-self": given}) == [given]


def test_other_files_may_be_the_tests() -> None:
    patterns = ("checks/**", "!checks/shop/*")
    assert severities("checks/a.py", test_files=patterns) == [Severity.WARNING]
    assert severities("checks/shop/a.py", test_files=patterns) == [Severity.ERROR]
    assert severities("tests/test_a.py", test_files=patterns) == [Severity.ERROR]
    assert severities("tests/test_a.py", test_files=()) == [Severity.ERROR]


def test_tests_are_the_same_to_rules_and_to_the_index(tmp_path: Path) -> None:
    app = "from celery import Celery\n\napp = Celery()\n"
    write(tmp_path, {"checks/app.py": app, "shop/app.py": app})
    index = index_of(tmp_path)

    assert Project(tmp_path).is_test(tmp_path / "checks/app.py") is False
    assert Project(tmp_path, test_files=("checks/*",)).is_test(tmp_path / "checks/app.py") is True
    assert index.apps_for(str(tmp_path / "a.py")) == (str(tmp_path / "checks/app.py"), str(tmp_path / "shop/app.py"))
    others = type(index).of(index.records, index.files, index.root, ("checks/*",))
    assert others.apps_for(str(tmp_path / "a.py")) == (str(tmp_path / "shop/app.py"),)


def test_only_rules_that_override_a_check_are_asked() -> None:
    everything = RuleSet(tuple(rule() for rule in all_rules()))
    asked = everything.overriding("check_crontab")
    assert asked == tuple(rule for rule in everything.rules if "check_crontab" in vars(type(rule)))
    first = asked[0].name()
    assert first not in {rule.name() for rule in everything.without((first,)).overriding("check_crontab")}
