"""A rule's documentation as Markdown, made from its docstring: the page, the hover text, the CLI's answer.

Knows how docstrings are written. Must not know any single rule, nor where a page is shown.
"""

from __future__ import annotations

import textwrap
from functools import cache
from typing import TYPE_CHECKING

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.groups import GROUPS
from celery_analyzers.registry import RuleSet, all_rules
from celery_analyzers.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celery_analyzers.groups import Group
    from celery_analyzers.rule import Rule

_CODE_INDENT = "    "

INDEX_HEAD = """\
# Rules

Each rule has a name, which settings and ignore comments use, and a code, which is an alias for the name. The preset is
the smallest that has the rule: `recommended`, which runs by default, is quiet on good code; `strict` adds what careful
teams want, `all` what is a matter of taste. An error is code that breaks when it runs, shown on real Celery. A safe fix
keeps what the code means; an unsafe one may change it. How to choose rules stands under
[Configuration](../configuration.md).
"""
_TABLE_HEAD = """\
| Name | Code | What it finds | Preset | Severity | Fix |
| --- | --- | --- | --- | --- | --- |
"""


def code(section: str) -> str:
    """The code of a section: what is indented by four spaces, with blank lines in the place of prose."""
    lines = (line if line.startswith(_CODE_INDENT) else "" for line in section.split("\n"))
    return textwrap.dedent("\n".join(lines)).strip("\n") + "\n"


@cache
def fix_availability(rule: type[Rule]) -> str:
    """What its example's fixes are: `safe`, `unsafe` or `none`."""
    # All rules run: what one says of ignore comments depends on what the others find.
    rules = RuleSet.from_settings(Settings(preset="all"))
    analysis = FileAnalysis(rule.PRELUDE + code(rule.sections()["Example"]), rules=rules)
    found = [finding for finding in analysis.findings() if finding.rule == rule.name()]
    safeties = {fix.safety for finding in found for fix in finding.fixes}
    return "safe" if "safe" in safeties else "unsafe" if safeties else "none"


def about(rule: type[Rule]) -> dict[str, str]:
    """What there is to know of a rule beside its text."""
    return {
        "name": rule.name(),
        "code": rule.code,
        "summary": rule.summary(),
        "group": rule.group().name,
        "preset": rule.preset,
        "severity": rule.severity.label,
        "fix": fix_availability(rule),
        "celery": rule.celery,
        "since": rule.since,
        "url": rule.url(),
    }


def page(rule: type[Rule]) -> str:
    """The rule's page."""
    known = about(rule)
    facts = [f"{title}: **{known[title.lower()]}**" for title in ("Group", "Preset", "Severity", "Fix")]
    facts += [f"Celery: **{rule.celery}**"] if rule.celery else []
    head = " · ".join([*facts, f"Since {rule.since}"])
    return f"# {rule.name()} ({rule.code})\n\n{rule.summary()}\n\n{head}\n\n{explanation(rule)}"


def explanation(rule: type[Rule]) -> str:
    """The rule's sections: what it finds, why, examples, its fix, and where Celery documents it."""
    return "\n".join(f"## {title}\n\n{with_fences(body)}\n" for title, body in rule.sections().items())


def index() -> str:
    """The page that lists all rules, by their groups."""
    sections = (_group_section(group, [rule for rule in all_rules() if rule.group() is group]) for group in GROUPS)
    return INDEX_HEAD + "".join(sections)


def _group_section(group: Group, rules: Sequence[type[Rule]]) -> str:
    """The rules of a group; nothing for a group that has none yet."""
    if not rules:
        return ""
    rows = (
        f"| [{rule.name()}]({rule.name()}.md) | {rule.code} | {rule.summary()} "
        f"| {rule.preset} | {rule.severity.label} | {fix_availability(rule)} |\n"
        for rule in rules
    )
    head = f"\n## {group.title} (`{group.name}`, {group.prefix}xx)\n\n{group.about}\n\n"
    return head + _TABLE_HEAD + "".join(rows)


def with_fences(section: str) -> str:
    """A section with fenced code blocks in the place of indented ones, so that they are highlighted."""
    written: list[str] = []
    in_code = False
    for line in [*section.split("\n"), "the end, which closes a last block"]:
        is_code = line.startswith(_CODE_INDENT)
        if is_code and not in_code:
            in_code = True
            written.append("```python")
        elif in_code and line and not is_code:
            in_code = False
            while not written[-1]:
                written.pop()
            written += ["```", ""]
        written.append(line.removeprefix(_CODE_INDENT) if in_code else line)
    return "\n".join(written[:-1]).strip("\n")
