"""A rule's documentation as Markdown, made from its docstring: the page, the hover text, the CLI's answer.

Knows how docstrings are written. Must not know any single rule, nor where a page is shown.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.registry import RuleSet, all_rules
from celery_analyzers.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from celery_analyzers.rule import Rule

_CODE_INDENT = "    "

INDEX_HEAD = """\
# Rules

Each rule has a name, which settings and ignore comments use, and a code, which is an alias for the name. An
error is code that breaks when it runs, shown on real Celery. A safe fix keeps what the code means; an
unsafe one may change it.

| Name | Code | What it finds | Severity | Fix |
| --- | --- | --- | --- | --- |
"""


def code(section: str) -> str:
    """The code of a section: what is indented by four spaces, with blank lines in the place of prose."""
    lines = (line if line.startswith(_CODE_INDENT) else "" for line in section.split("\n"))
    return textwrap.dedent("\n".join(lines)).strip("\n") + "\n"


def fix_availability(rule: type[Rule]) -> str:
    """What its example's fixes are: `safe`, `unsafe` or `none`."""
    # All rules run: what one says of ignore comments depends on what the others find.
    rules = RuleSet.from_settings(Settings())
    analysis = FileAnalysis(rule.PRELUDE + code(rule.sections()["Example"]), rules=rules)
    found = [finding for finding in analysis.findings() if finding.rule == rule.name()]
    safeties = {fix.safety for finding in found for fix in finding.fixes}
    return "safe" if "safe" in safeties else "unsafe" if safeties else "none"


def page(rule: type[Rule]) -> str:
    """The rule's page."""
    sections = (f"## {title}\n\n{with_fences(body)}\n" for title, body in rule.sections().items())
    facts = f"Severity: **{rule.severity.label}** · Fix: **{fix_availability(rule)}** · Since {rule.since}"
    return f"# {rule.name()} ({rule.code})\n\n{rule.summary()}\n\n{facts}\n\n" + "\n".join(sections)


def index(rules: Iterable[type[Rule]] = ()) -> str:
    """The page that lists all rules."""
    rows = (
        f"| [{rule.name()}]({rule.name()}.md) | {rule.code} | {rule.summary()} "
        f"| {rule.severity.label} | {fix_availability(rule)} |\n"
        for rule in (rules or all_rules())
    )
    return INDEX_HEAD + "".join(rows)


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
