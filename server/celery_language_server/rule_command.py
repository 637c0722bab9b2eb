"""`celeryls rule`: a rule's documentation, or the list of all rules.

Knows Markdown and terminals. The pages themselves are the rules' docstrings.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from celery_language_server import arguments
from celery_language_server.arguments import Option, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celery_analyzers.rule import Rule

OPTIONS = (Option("--all", "List all rules"),)


def help_page() -> str:
    """What `celeryls rule --help` prints."""
    return arguments.help_text("celeryls rule [--all] [NAME]", "Explain a rule, by its name or code.", OPTIONS)


def run(argv: Sequence[str]) -> int:
    """Print, and return the exit code. Raises UsageError or Help."""
    from celery_analyzers.documentation import page
    from celery_analyzers.registry import all_rules, find_rule

    given = arguments.parse(argv, OPTIONS)
    if "--all" in given.flags:
        if given.paths:
            raise UsageError("`--all` takes no name")
        _print(_table(all_rules()))
        return 0
    if len(given.paths) != 1:
        raise UsageError("expected the name of one rule, or `--all`")
    name = given.paths[0]
    rule = find_rule(name)
    if rule is None:
        known = [key for rule in all_rules() for key in (rule.name(), rule.code)]
        raise UsageError(f"unknown rule `{name}`{arguments.suggestion(name, known)}")
    _print(f"{page(rule)}\n<{rule.url()}>\n")
    return 0


def _table(rules: Sequence[type[Rule]]) -> str:
    lines = ["| Code | Rule | Severity | Summary |", "| --- | --- | --- | --- |"]
    for rule in rules:
        summary = rule.summary().replace("|", "\\|")
        lines.append(f"| {rule.code} | {rule.name()} | {rule.severity.label} | {summary} |")
    return "\n".join(lines) + "\n"


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
