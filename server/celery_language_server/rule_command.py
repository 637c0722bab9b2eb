"""`celeryls rule`: a rule's documentation, or the list of all rules.

Knows Markdown and terminals. The pages themselves are the rules' docstrings.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from celery_language_server import arguments
from celery_language_server.arguments import Option, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celery_analyzers.rule import Rule

FORMATS = ("text", "json")
OPTIONS = (
    Option("--all", "List all rules"),
    Option("--output-format", "How that is printed (default: text)", choices=FORMATS),
)
_COLUMNS = ("code", "name", "group", "preset", "severity", "fix", "summary")


def help_page() -> str:
    """What `celeryls rule --help` prints."""
    return arguments.help_text("celeryls rule [OPTIONS] [NAME]", "Explain a rule, by its name or code.", OPTIONS)


def run(argv: Sequence[str]) -> int:
    """Print, and return the exit code. Raises UsageError or Help."""
    from celery_analyzers.documentation import page
    from celery_analyzers.registry import all_rules

    given = arguments.parse(argv, OPTIONS)
    as_json = given.values.get("--output-format") == "json"
    if "--all" in given.flags:
        if given.paths:
            raise UsageError("`--all` takes no name")
        if as_json:
            _print_json([_entry(rule) for rule in all_rules()])
        else:
            _print(_table(all_rules()))
        return 0
    if len(given.paths) != 1:
        raise UsageError("expected the name of one rule, or `--all`")
    rule = _named(given.paths[0])
    if as_json:
        _print_json(_entry(rule))
    else:
        _print(f"{page(rule)}\n<{rule.url()}>\n")
    return 0


def _named(name: str) -> type[Rule]:
    from celery_analyzers.groups import group_named
    from celery_analyzers.registry import all_rules, find_rule

    rule = find_rule(name)
    if rule is None:
        if group_named(name):
            raise UsageError(f"`{name}` is a group of rules, which `--all` lists")
        known = [key for each in all_rules() for key in (each.name(), each.code)]
        raise UsageError(f"unknown rule `{name}`{arguments.suggestion(name, known)}")
    return rule


def _entry(rule: type[Rule]) -> dict[str, str]:
    """A rule for other programs."""
    from celery_analyzers.documentation import about, explanation

    return {**about(rule), "explanation": explanation(rule)}


def _table(rules: Sequence[type[Rule]]) -> str:
    from celery_analyzers.documentation import about

    lines = ["| " + " | ".join(column.capitalize() for column in _COLUMNS) + " |", "| --- " * len(_COLUMNS) + "|"]
    for rule in rules:
        known = about(rule)
        lines.append("| " + " | ".join(known[column].replace("|", "\\|") for column in _COLUMNS) + " |")
    return "\n".join(lines) + "\n"


def _print_json(value: object) -> None:
    """In ASCII, which any encoding can carry."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def is_terminal() -> bool:
    """Whether someone reads along."""
    return sys.stdout.isatty()


def _print(markdown: str) -> None:
    if not is_terminal():
        sys.stdout.write(markdown)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(markdown))
