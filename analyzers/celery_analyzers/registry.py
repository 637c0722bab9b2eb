"""All rules, found by the files that hold them, and the choice that settings make among them."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from celery_analyzers import rules as rules_package
from celery_analyzers.findings import Severity
from celery_analyzers.rule import Rule
from celery_analyzers.settings import Settings

_CODE = re.compile(r"CEL\d*\Z", re.IGNORECASE)


@cache
def all_rules() -> tuple[type[Rule], ...]:
    """Every rule, in the order of its code."""
    found: set[type[Rule]] = set()
    for module in pkgutil.iter_modules(rules_package.__path__):
        contents = vars(importlib.import_module(f"{rules_package.__name__}.{module.name}"))
        found.update(
            value
            for value in contents.values()
            if inspect.isclass(value) and issubclass(value, Rule) and value.__module__ == contents["__name__"]
        )
    return tuple(sorted(found, key=lambda rule: rule.code))


@cache
def _by_name() -> dict[str, type[Rule]]:
    return {key: rule for rule in all_rules() for key in (rule.name(), rule.code.lower())}


def find_rule(name: str) -> type[Rule] | None:
    """The rule with this name or code; None if there is none."""
    return _by_name().get(name.lower())


def matches(selector: str, rule: type[Rule]) -> int:
    """How exactly a selector names a rule: 0 not at all, 1 as one of all, more for more of its code or its name."""
    if selector.upper() == "ALL":
        return 1
    if _CODE.match(selector) and rule.code.startswith(selector.upper()):
        return 1 + len(selector)
    return 100 if selector.lower() == rule.name() else 0


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules that run, with the severities that settings give them."""

    rules: tuple[Rule, ...]
    severities: tuple[tuple[str, Severity], ...] = ()

    @classmethod
    def from_settings(cls, settings: Settings) -> RuleSet:
        """The rules that `settings` choose."""
        chosen = [
            rule()
            for rule in all_rules()
            if _exactness(settings.select, rule) > _exactness(settings.ignore, rule)
            and settings.severity.get(rule.name(), rule.severity) is not None
        ]
        severities = sorted((name, level) for name, level in settings.severity.items() if level is not None)
        return cls(tuple(chosen), tuple(severities))

    def severity(self, rule: str) -> Severity | None:
        """The severity that settings give all findings of a rule; None leaves it to the rule."""
        return dict(self.severities).get(rule)

    def __contains__(self, name: object) -> bool:
        return any(rule.name() == name for rule in self.rules)


def _exactness(selectors: Iterable[str], rule: type[Rule]) -> int:
    return max((matches(selector, rule) for selector in selectors), default=0)
