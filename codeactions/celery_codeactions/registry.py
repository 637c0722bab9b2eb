"""All code actions, found by the files that hold them.

Must not know any single action.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache

from celery_codeactions import actions as actions_package
from celery_codeactions.action import Action


@cache
def all_actions() -> tuple[type[Action], ...]:
    """Every action, in the order of its name."""
    found: set[type[Action]] = set()
    for module in pkgutil.iter_modules(actions_package.__path__):
        contents = vars(importlib.import_module(f"{actions_package.__name__}.{module.name}"))
        found.update(
            value
            for value in contents.values()
            if inspect.isclass(value) and issubclass(value, Action) and value.__module__ == contents["__name__"]
        )
    return tuple(sorted(found, key=lambda action: action.name()))


@cache
def _by_name() -> dict[str, type[Action]]:
    return {action.name(): action for action in all_actions()}


def find_action(name: str) -> type[Action] | None:
    """The action with this name; None if there is none."""
    return _by_name().get(name)
