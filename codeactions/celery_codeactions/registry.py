"""All code actions, found by the files that hold them.

Must not know any single action.
"""

from __future__ import annotations

from functools import cache

from celery_analyzers.registry import classes_in
from celery_codeactions import actions as actions_package
from celery_codeactions.action import Action


@cache
def all_actions() -> tuple[type[Action], ...]:
    """Every action, in the order of its name."""
    return tuple(sorted(classes_in(actions_package, Action), key=lambda action: action.name()))


@cache
def _by_name() -> dict[str, type[Action]]:
    return {action.name(): action for action in all_actions()}


def find_action(name: str) -> type[Action] | None:
    """The action with this name; None if there is none."""
    return _by_name().get(name)
