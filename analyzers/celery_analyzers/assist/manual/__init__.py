"""The manual: what options, settings and fields mean, with their type, default and first release.

Puts the texts together with the tables of Celery's releases. Must not know where a page is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from celery_analyzers.assist.manual.broker_settings import BROKER_SETTINGS
from celery_analyzers.assist.manual.call_options import CALL_OPTIONS, RETRY_OPTIONS, RETRY_POLICY
from celery_analyzers.assist.manual.entries import Entry
from celery_analyzers.assist.manual.requests import REQUEST_FIELDS, TASK_METHODS
from celery_analyzers.assist.manual.schedules import BEAT_KEYS, CRONTAB_FIELDS, PERIODIC_PARAMETERS
from celery_analyzers.assist.manual.task_options import TASK_OPTIONS
from celery_analyzers.assist.manual.task_settings import TASK_SETTINGS
from celery_analyzers.assist.manual.worker_settings import WORKER_SETTINGS
from celery_analyzers.celery_tables import Default, setting_since, setting_tables, since, tables

Release = tuple[int, int]
SETTINGS: Final[Mapping[str, Entry]] = {**TASK_SETTINGS, **WORKER_SETTINGS, **BROKER_SETTINGS}
_SHELVES: Final[Mapping[str, tuple[Mapping[str, Entry], str]]] = {
    "option": (TASK_OPTIONS, "task option"),
    "call": (CALL_OPTIONS, "call option"),
    "retry": (RETRY_OPTIONS, "argument of `retry`"),
    "retry-policy": (RETRY_POLICY, "key of `retry_policy`"),
    "setting": (SETTINGS, "setting"),
    "request": (REQUEST_FIELDS, "field of `request`"),
    "method": (TASK_METHODS, "member of a task"),
    "crontab": (CRONTAB_FIELDS, "field of a crontab"),
    "beat": (BEAT_KEYS, "key of a beat entry"),
    "periodic": (PERIODIC_PARAMETERS, "parameter of `add_periodic_task`"),
}
_TYPES: Final = {"string": "str", "any": "", "float": "int | float", "tuple": "list | tuple", "list": "list | tuple"}


@dataclass(frozen=True, slots=True)
class Topic:
    """What the manual has under a name of a shelf, with what the tables say of a release."""

    name: str
    kind: str
    type: str
    text: str
    trap: str
    default: Default | None
    since: Release | None
    setting: str | None = None
    """The setting that a task's option falls back to."""
    deprecated: str | None = None
    """What Celery says of its future, if it means to drop it."""

    def page(self) -> str:
        """The whole of it as Markdown."""
        facts = [f"`{self.name}`" + (f": {_code(self.type)}" if self.type else "")]
        if self.default is not None and self.default.is_plain:
            facts.append(f"default `{shown(self.default.value)}`")
        if self.setting is not None:
            facts.append(f"else the setting `{self.setting}`")
        if self.since is not None:
            facts.append(f"since {self.since[0]}.{self.since[1]}")
        parts = [f"{', '.join(facts)} ({self.kind})", self.text]
        if self.trap:
            parts.append(f"**Mind:** {self.trap}")
        if self.deprecated:
            parts.append(f"**Deprecated:** {self.deprecated}")
        return "\n\n".join(parts)

    def brief(self) -> str:
        """Type and default in one line."""
        default = f" = {shown(self.default.value)}" if self.default is not None and self.default.is_plain else ""
        return f"{self.type}{default}".strip()


@cache
def topic(shelf: str, name: str, release: Release | None = None) -> Topic | None:
    """What there is under a name: `topic("option", "max_retries")`. None where nobody wrote anything."""
    entries, kind = _SHELVES[shelf]
    entry = entries.get(name)
    if entry is None and shelf == "call":
        return topic("option", name, release) if name in TASK_OPTIONS else None
    if entry is None:
        return None
    default, since_release, setting, deprecated, type_ = None, None, None, None, entry.type
    if shelf == "option":
        option = tables(release).option(name)
        since_release = since(name)
        if option is not None:
            default, setting = option.default, option.setting
            deprecated = "Celery 6 means to ignore it on a task: use `task_routes`." if option.deprecated else None
    elif shelf == "setting":
        known = setting_tables(release).settings.get(name)
        since_release = setting_since(name)
        if known is not None:
            default, type_ = known.default, entry.type or _TYPES.get(known.type, known.type)
            deprecated = f"Use {known.alternative}." if known.alternative else None
    elif shelf == "crontab":
        parameters = tables(release).signature("crontab.__init__") or ()
        default = next((p.default for p in parameters if p.name == name), None)
    return Topic(name, kind, type_, entry.text, entry.trap, default, since_release, setting, deprecated)


def names(shelf: str) -> Mapping[str, Entry]:
    """All that is on a shelf."""
    return _SHELVES[shelf][0]


def shown(value: Any) -> str:
    """A default as it is written in code, be it long."""
    written = "()" if value == [] else repr(value)
    return written if len(written) <= 60 else f"{written[:57]}..."


def _code(words: str) -> str:
    return f"`{words}`"
