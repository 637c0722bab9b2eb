"""Applies ignore comments and severities to the findings of one segment, and says which comments do nothing.

Knows the rules' names through the registry. Must not know how findings are found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from celery_analyzers.findings import Finding
from celery_analyzers.ignores import Ignore, IgnoreContext
from celery_analyzers.registry import RuleSet, find_rule
from celery_analyzers.source import LineIndex

_UNUSED_IGNORE = "unused-ignore"


def silence(
    rules: RuleSet, found: Sequence[Finding], ignores: Sequence[Ignore], lines: LineIndex
) -> tuple[Finding, ...]:
    """What is left of a segment's findings, in order, and what is to be said about its comments."""
    used: dict[Ignore, set[str]] = {ignore: set() for ignore in ignores if not ignore.whole_file}
    kept: list[Finding] = []
    for finding in with_severities(rules, found):
        rule = find_rule(finding.rule)
        code = rule.code if rule else ""
        silencers = [i for i in used if _reaches(i, finding, lines) and i.silences(finding.rule, code)]
        for ignore in silencers:
            used[ignore].update((finding.rule, code.lower()))
        if not silencers:
            kept.append(finding)
    for ignore, silenced in used.items():
        kept.extend(_of_idle_names(rules, lines.text, ignore, silenced))
    return in_order(kept)


def of_idle_comment(rules: RuleSet, text: str, ignore: Ignore) -> tuple[Finding, ...]:
    """What is to be said about a comment in a segment's text that silences nothing at all."""
    return tuple(_checked(rules, IgnoreContext(text, ignore, (), ())))


def without(rules: Collection[str], found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings of other rules than these. Whether a comment is of use cannot be told then."""
    return tuple(finding for finding in found if finding.rule not in rules and finding.rule != _UNUSED_IGNORE)


def with_severities(rules: RuleSet, found: Sequence[Finding]) -> Sequence[Finding]:
    """Findings with the severities that settings give them."""
    if rules.keeps_severities:
        return found
    return [replace(finding, severity=rules.severity(finding.rule, finding.severity)) for finding in found]


def in_order(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings in the order in which they stand."""
    return tuple(sorted(found, key=lambda finding: (finding.span, finding.rule)))


def _of_idle_names(rules: RuleSet, text: str, ignore: Ignore, silenced: set[str]) -> Iterator[Finding]:
    named = {name: find_rule(name) for name, _ in ignore.names}
    unknown = tuple(name for name, rule in named.items() if rule is None)
    # A rule that does not run finds nothing; that says nothing about the comment.
    unused = tuple(
        name
        for name, rule in named.items()
        if rule is not None and rule.name() in rules and name.lower() not in silenced
    )
    if ignore.names or not silenced:
        yield from _checked(rules, IgnoreContext(text, ignore, unused, unknown))


def _checked(rules: RuleSet, context: IgnoreContext) -> Sequence[Finding]:
    found = [f for rule in rules.rules if rule.name() == _UNUSED_IGNORE for f in rule.check_ignore(context)]
    return with_severities(rules, found)


def _reaches(ignore: Ignore, finding: Finding, lines: LineIndex) -> bool:
    line, _ = lines.position(ignore.comment.start)
    return lines.position(finding.span.start)[0] <= line <= lines.position(finding.span.end)[0]
