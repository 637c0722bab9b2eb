"""`celeryls check` with some rules and not others: presets, selectors, ignores of some files, tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from command import BOUND, MISSPELT, Command

from celery_analyzers.groups import GROUPS
from celery_analyzers.registry import all_rules

if TYPE_CHECKING:
    from pathlib import Path

UNTYPED = "from celery import shared_task\n\n\n@shared_task(autoretry_for=(OSError,))\ndef ping(x): ...\n"
"""A module in which of these rules only the strict ones find something."""
STRICT = {"untyped-task-argument", "autoretry-without-backoff"}
ABOUT = {*STRICT, "bind-without-self", "unknown-task-option", "unknown-task-name"}
"""The rules that these tests are about."""


@pytest.fixture
def celeryls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.chdir(tmp_path)
    return Command(tmp_path, monkeypatch, capsys)


def found(celeryls: Command, *arguments: str) -> set[tuple[str, str, str]]:
    """The findings as (path, rule, severity)."""
    result = celeryls("check", "--output-format", "json", "--min-severity", "hint", *arguments)
    reports = json.loads(result.out)
    return {(report["path"], report["rule"], report["severity"]) for report in reports if report["rule"] in ABOUT}


def rules(celeryls: Command, *arguments: str) -> set[str]:
    return {rule for _, rule, _ in found(celeryls, *arguments)}


def test_presets(celeryls: Command) -> None:
    celeryls.write("a.py", UNTYPED)

    assert rules(celeryls) == rules(celeryls, "--preset", "recommended") == set()
    assert rules(celeryls, "--preset=strict") == rules(celeryls, "--preset", "all") == STRICT
    # Each has its own place in the cache.
    assert rules(celeryls) == set()


def test_what_the_file_says_and_what_the_command_line_says_against_it(celeryls: Command) -> None:
    celeryls.write("a.py", UNTYPED)
    celeryls.write("b.py", BOUND)
    celeryls.write("celeryls.toml", 'preset = "strict"\n')
    assert rules(celeryls) == {*STRICT, "bind-without-self"}
    assert rules(celeryls, "--preset", "recommended") == {"bind-without-self"}

    celeryls.write("celeryls.toml", 'select = ["retries"]\nextend-select = ["CEL103"]\n')
    assert rules(celeryls) == {"autoretry-without-backoff", "bind-without-self"}
    assert rules(celeryls, "--preset", "strict") == {*STRICT, "bind-without-self"}
    assert rules(celeryls, "--select", "CEL101") == {"untyped-task-argument"}
    assert rules(celeryls, "--extend-select", "CEL101") == {*STRICT, "bind-without-self"}
    assert rules(celeryls, "--ignore", "retries") == {"bind-without-self"}


def test_select_wins_over_preset(celeryls: Command) -> None:
    celeryls.write("a.py", UNTYPED)

    assert rules(celeryls, "--preset", "all", "--select", "CEL101") == {"untyped-task-argument"}
    assert rules(celeryls, "--select", "CEL103", "--extend-select", "CEL101,CEL304") == STRICT


def test_per_file_ignores(celeryls: Command) -> None:
    for path in ("a.py", "shop/a.py", "shop/b.py"):
        celeryls.write(path, BOUND)
    celeryls.write("celeryls.toml", '[per-file-ignores]\n"shop/*" = ["signatures"]\n')

    assert {path for path, _, _ in found(celeryls)} == {"a.py"}
    assert {path for path, _, _ in found(celeryls, "--per-file-ignores", "b.py:CEL103")} == {"a.py", "shop/a.py"}
    twice = ("--per-file-ignores", "b.py:CEL103,b.py:CEL2", "--per-file-ignores", "!shop/*:ALL")
    assert {path for path, _, _ in found(celeryls, *twice)} == {"shop/a.py"}
    assert {path for path, _, _ in found(celeryls)} == {"a.py"}


def test_patterns_are_relative_to_the_file_that_holds_them(
    celeryls: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    celeryls.write("celeryls.toml", '[per-file-ignores]\n"shop/a.py" = ["ALL"]\n')
    celeryls.write("shop/a.py", BOUND)
    celeryls.write("shop/shop/a.py", BOUND)
    monkeypatch.chdir(tmp_path / "shop")

    assert {path for path, _, _ in found(celeryls)} == {"shop/a.py"}
    assert {path for path, _, _ in found(celeryls, "shop")} == {"shop/a.py"}
    result = celeryls("check", "-", "--stdin-filename", "a.py", stdin=BOUND.encode())
    assert (result.code, result.out) == (0, "All checks passed!\n")


def test_severity_of_groups(celeryls: Command) -> None:
    celeryls.write("a.py", BOUND)
    celeryls.write("b.py", MISSPELT)
    celeryls.write("celeryls.toml", '[severity]\nsignatures = "hint"\nCEL8 = "off"\n')

    assert found(celeryls) == {("a.py", "bind-without-self", "hint")}


def test_findings_in_tests(celeryls: Command) -> None:
    celeryls.write("tests/test_a.py", BOUND)
    celeryls.write("tests/b.py", MISSPELT)
    quiet = {
        ("tests/test_a.py", "bind-without-self", "warning"),
        ("tests/b.py", "unknown-task-option", "information"),
    }

    assert found(celeryls) == quiet
    assert celeryls.check("tests/b.py").code == 0
    celeryls.write("celeryls.toml", 'test-severity = "same"\n')
    assert {severity for _, _, severity in found(celeryls)} == {"error", "warning"}
    celeryls.write("celeryls.toml", 'test-files = ["checks/*"]\n')
    assert {severity for _, _, severity in found(celeryls)} == {"error", "warning"}
    celeryls.write("celeryls.toml", 'test-severity = "off"\n')
    assert found(celeryls) == set()


def test_fixes_in_tests_are_those_of_findings_that_are_shown(celeryls: Command) -> None:
    file = celeryls.write("test_a.py", BOUND)

    celeryls.check("--fix", "--min-severity", "error")
    assert file.read_text() == BOUND
    celeryls.check("--fix")
    assert file.read_text() != BOUND


def test_rules_ask_the_same_what_is_a_test(celeryls: Command) -> None:
    celeryls.write("checks/app.py", 'from celery import Celery\n\napp = Celery()\napp.send_task("shop.tasks.gone")\n')
    celeryls.write("shop/tasks.py", "from celery import shared_task\n\n\n@shared_task\ndef there(): ...\n")

    assert rules(celeryls) == {"unknown-task-name"}
    celeryls.write("celeryls.toml", 'test-files = ["checks/**"]\ntest-severity = "same"\n')
    assert rules(celeryls) == set()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset", "strickt"], "`--preset` expects one of recommended, strict, all, not `strickt`"),
        (["--preset"], "`--preset` expects recommended|strict|all"),
        (["--extend-select", "beet"], "`--extend-select`: unknown rule or group `beet`; did you mean `beat`?"),
        (["--select", "signature"], "`--select`: unknown rule or group `signature`; did you mean `signatures`?"),
        (["--per-file-ignores", "a.py"], "`--per-file-ignores` expects PATTERN:RULE, not `a.py`"),
        (["--per-file-ignores", "a.py:"], "`--per-file-ignores`: unknown rule or group ``"),
        (["--per-file-ignores", ":ALL"], "`--per-file-ignores`: `` is no pattern: it is empty"),
        (["--per-file-ignores", "[a:ALL"], "`--per-file-ignores`: `[a` is no pattern: a `[` is never closed"),
        (["--per-file-ignores", "a.py:CEL77"], "`--per-file-ignores`: unknown rule or group `CEL77`"),
    ],
)
def test_usage_errors(celeryls: Command, arguments: list[str], message: str) -> None:
    celeryls.write("a.py")

    result = celeryls("check", *arguments)

    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"celeryls check: {message}")


def test_a_rule_for_other_programs(celeryls: Command) -> None:
    result = celeryls("rule", "CEL105", "--output-format", "json")

    rule = json.loads(result.out)
    assert result.code == 0
    assert result.out.isascii()
    assert rule.pop("explanation").startswith("## What it does\n\n")
    assert rule == {
        "name": "model-without-pydantic",
        "code": "CEL105",
        "summary": "A task treats an argument as a pydantic model, but gets a dict.",
        "group": "signatures",
        "preset": "recommended",
        "severity": "error",
        "fix": "unsafe",
        "celery": ">=5.5",
        "since": "0.1.0",
        "url": "https://github.com/celeryls/celeryls/blob/main/docs/rules/model-without-pydantic.md",
    }


def test_all_rules_for_other_programs(celeryls: Command) -> None:
    known = json.loads(celeryls("rule", "--all", "--output-format=json").out)

    assert [rule["code"] for rule in known] == [rule.code for rule in all_rules()]
    assert {rule["group"] for rule in known} <= {group.name for group in GROUPS}


def test_a_group_is_no_rule(celeryls: Command) -> None:
    result = celeryls("rule", "beat")

    assert result.code == 2
    assert result.err.startswith("celeryls rule: `beat` is a group of rules, which `--all` lists\n")
    assert "expects one of text, json, not `yaml`" in celeryls("rule", "--all", "--output-format", "yaml").err
