"""What the statement around the cursor gives a value to: a setting, an entry of a schedule, an option of a task class.

Knows how apps are configured. Must not know what is offered there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from celery_analyzers.assist import manual
from celery_analyzers.assist.spot import Spot
from celery_analyzers.resolution import is_task_class
from celery_analyzers.setting_names import canonical
from celery_analyzers.symbols import AppAttribute

_TARGET: Final = re.compile(
    r"(?P<path>\w+(?:\.\w+)*)(?:\[[\"'](?P<key>[\w.*-]*)[\"']\])?[ \t]*(?::[^=\r\n]+)?=[ \t\\]*(?:dict[ \t]*)?\Z"
)
_NAMED_SCHEDULE: Final = re.compile(r"(?:\w+_)?(?:celery_?)?beat_schedule\Z", re.IGNORECASE)
_ALL_SETTINGS: Final = frozenset({"CELERY", "CELERY_CONFIG", "CELERY_SETTINGS"})
"""What a dict of all settings is called, as Flask's documentation does."""


@dataclass(frozen=True, slots=True)
class Target:
    """What gets a value: the name of a shelf."""

    shelf: str
    name: str
    namespace: str | None = None


def target_of(spot: Spot, end: int) -> Target | None:
    """What the statement around the cursor gives a value to, of which `end` is the beginning."""
    match = _TARGET.match(spot.own_text, spot.reading.statement, end)
    if match is None:
        return None
    path, key = match["path"], match["key"]
    if in_task_class(spot) and key is None and path in manual.names("option"):
        return Target("option", path)
    if (key or path.rpartition(".")[2]) in _ALL_SETTINGS:
        return Target("setting", "changes")
    name, namespace = _setting_of(spot, path)
    if key is not None:
        if name is None and spot.symbol(path) == AppAttribute("conf"):
            return Target("setting", canonical(key, None) or key)
        return Target("beat-entries", "") if name == "beat_schedule" else None
    return None if name is None else Target("setting", name, namespace)


def shelf_named(key: str) -> str | None:
    """What a dict holds that has a name of its own wherever it stands: a beat schedule, all settings."""
    if _NAMED_SCHEDULE.match(key):
        return "beat-entries"
    return "setting" if key in _ALL_SETTINGS else None


def in_task_class(spot: Spot) -> bool:
    """Whether the cursor is in the body of a task class, and in none of its methods."""
    return not spot.heads and spot.class_around is not None and is_task_class(spot.class_around)


def _setting_of(spot: Spot, path: str) -> tuple[str | None, str | None]:
    """The setting that a variable or an attribute is, and the namespace that it is read in."""
    receiver, _, last = path.rpartition(".")
    if receiver:
        if spot.symbol(receiver) == AppAttribute("conf"):
            return canonical(last, None), None
    else:
        for namespace in namespaces(spot):
            if (name := canonical(last, namespace)) is not None:
                return name, namespace
    return ("beat_schedule", None) if _NAMED_SCHEDULE.match(last) else (None, None)


def namespaces(spot: Spot) -> tuple[str | None, ...]:
    """The namespaces of the apps that variables here are settings of; empty where they are none's."""
    if spot.heads or spot.segment is None:
        return ()
    owner = spot.segment.owner
    found = [role.namespace for role in spot.analysis.roles() if role.owner == owner]
    if not found and owner is None and spot.path is not None and spot.path.name == "celeryconfig.py":
        found.append(None)
    return tuple(dict.fromkeys(found))
