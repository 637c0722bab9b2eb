"""The themes that rules are grouped by: the first digit of a rule's code is its group's.

Knows the groups' names and what each is about. Must not know any rule.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """A theme. Settings name it by `name` or by `prefix`, the beginning of its rules' codes."""

    prefix: str
    name: str
    title: str
    about: str


GROUPS = (
    Group("CEL0", "upkeep", "Upkeep", "Moving to newer releases of Celery, security, and comments that silence."),
    Group("CEL1", "signatures", "Signatures", "What a task's function takes, and how its parameters are typed."),
    Group("CEL2", "time-limits", "Time limits", "What ends a task that hangs, and what the task does about it."),
    Group("CEL3", "retries", "Retries", "When a failed task is tried again, how often, and after what time."),
    Group("CEL4", "delivery", "Delivery", "Messages that come twice, late or never, and tasks that bear it."),
    Group("CEL5", "calling", "Calling", "How tasks are sent, and how their arguments travel."),
    Group("CEL6", "canvas", "Canvas", "Chains, groups, chords and callbacks, and what becomes of results."),
    Group("CEL7", "beat", "Beat", "Schedules, and what is sent by them."),
    Group("CEL8", "configuration", "Configuration", "Settings, task options, and how tasks and apps are registered."),
    Group("CEL9", "django", "Django", "Transactions, models and database connections."),
)
_BY_NAME = {group.name: group for group in GROUPS}
_BY_PREFIX = {group.prefix: group for group in GROUPS}


def group_named(name: str) -> Group | None:
    """The group with this name; None if there is none."""
    return _BY_NAME.get(name.lower())


def group_of(code: str) -> Group:
    """The group of the rule with this code, or of a beginning of codes."""
    return _BY_PREFIX[code[:4].upper()]
