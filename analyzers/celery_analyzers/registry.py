"""All rules, found by the files that hold them, and the choice that settings make among them."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import ModuleType
from typing import TypeVar

from celery_analyzers import rules as rules_package
from celery_analyzers.findings import Severity
from celery_analyzers.groups import GROUPS, group_named
from celery_analyzers.rule import Rule
from celery_analyzers.settings import PRESETS, Settings

_CODE = re.compile(r"CEL\d*\Z", re.IGNORECASE)
_EXACT = 100
_T = TypeVar("_T")


def classes_in(package: ModuleType, base: type[_T]) -> set[type[_T]]:
    """The classes derived from `base` that the modules of a package define."""
    found: set[type[_T]] = set()
    for module in pkgutil.iter_modules(package.__path__):
        contents = vars(importlib.import_module(f"{package.__name__}.{module.name}"))
        found.update(
            value
            for value in contents.values()
            if inspect.isclass(value) and issubclass(value, base) and value.__module__ == contents["__name__"]
        )
    return found


@cache
def all_rules() -> tuple[type[Rule], ...]:
    """Every rule, in the order of its code."""
    return tuple(sorted(classes_in(rules_package, Rule), key=lambda rule: rule.code))


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
    if selector.lower() in (rule.name(), rule.code.lower()):
        return _EXACT
    group = group_named(selector)
    prefix = selector.upper() if group is None else group.prefix
    return 1 + len(prefix) if _CODE.match(prefix) and rule.code.startswith(prefix) else 0


def is_selector(selector: str) -> bool:
    """Whether a selector names a rule, or a group, be there no rule in it."""
    if group_named(selector) or any(group.prefix == selector.upper() for group in GROUPS):
        return True
    return any(matches(selector, rule) for rule in all_rules())


def selectors() -> list[str]:
    """What selectors name rules and groups by, but for the beginnings of codes."""
    names = [name for rule in all_rules() for name in (rule.name(), rule.code)]
    return [*names, *(group.name for group in GROUPS), "ALL"]


def by_rule(values: Mapping[str, _T]) -> dict[str, _T]:
    """Values that selectors are given, by the names of the rules: the most exact selector wins, of equals the last."""
    found: dict[str, _T] = {}
    for rule in all_rules():
        named = [(matches(selector, rule), place) for place, selector in enumerate(values)]
        exactness, place = max(named, default=(0, 0))
        if exactness:
            found[rule.name()] = [*values.values()][place]
    return found


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules that run, with the severities that settings give them; `lowers` makes each one level lower."""

    rules: tuple[Rule, ...]
    severities: tuple[tuple[str, Severity], ...] = ()
    lowers: bool = False
    _overriding: dict[str, tuple[Rule, ...]] = field(
        default_factory=dict[str, tuple[Rule, ...]], init=False, repr=False, compare=False
    )

    @classmethod
    def from_settings(cls, settings: Settings) -> RuleSet:
        """The rules that `settings` choose, as of a file that nothing more is said of."""
        chosen = [
            rule()
            for rule in all_rules()
            if _wanted(settings, rule) > _exactness(settings.ignore, rule)
            and settings.severity.get(rule.name(), rule.severity) is not None
        ]
        severities = sorted((name, level) for name, level in settings.severity.items() if level is not None)
        return cls(tuple(chosen), tuple(severities))

    def without(self, selectors: tuple[str, ...]) -> RuleSet:
        """The same rules without those that one of the selectors names."""
        return replace(self, rules=tuple(rule for rule in self.rules if not _exactness(selectors, type(rule))))

    def overriding(self, hook: str) -> tuple[Rule, ...]:
        """The rules that have something to say when they are asked by a method, such as `check_task`."""
        rules = self._overriding.get(hook)
        if rules is None:
            ignorant = getattr(Rule, hook)
            rules = tuple(rule for rule in self.rules if getattr(type(rule), hook) is not ignorant)
            self._overriding[hook] = rules
        return rules

    def severity(self, rule: str, own: Severity) -> Severity:
        """The severity of a finding to which its rule gives the severity `own`."""
        severity = dict(self.severities).get(rule, own)
        return Severity(severity - 1) if self.lowers and severity > Severity.HINT else severity

    @property
    def keeps_severities(self) -> bool:
        """Whether all findings have the severity that their rules give them."""
        return not (self.severities or self.lowers)

    def __contains__(self, name: object) -> bool:
        return any(rule.name() == name for rule in self.rules)


def _wanted(settings: Settings, rule: type[Rule]) -> int:
    """How exactly a rule is asked for; 0 if it is not."""
    if settings.select is None:
        basis = int(PRESETS.index(rule.preset) <= PRESETS.index(settings.preset))
    else:
        basis = _exactness(settings.select, rule)
    return max(basis, _exactness(settings.extend_select, rule))


def _exactness(selectors: Iterable[str], rule: type[Rule]) -> int:
    return max((matches(selector, rule) for selector in selectors), default=0)
