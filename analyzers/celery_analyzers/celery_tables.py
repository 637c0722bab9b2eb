"""What each release of Celery knows of tasks, calls, schedules and settings: tables read from Celery itself.

`tools/generate_celery_tables.py` writes them, with the newest patch of each release. They are loaded when they are
first asked for, the settings apart from the rest, as few rules ask for them. Knows the tables' form. Must not know
rules, nor which release a project uses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

RELEASES: Final = ((5, 3), (5, 4), (5, 5), (5, 6), (5, 7))
"""The releases of which there is a table, the oldest first."""
_DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Default:
    """A default; `value` means something only if `is_plain`, that is if JSON can hold it. Tuples are lists here."""

    value: Any = None
    is_plain: bool = True


@dataclass(frozen=True, slots=True)
class TaskOption:
    """An option of tasks.

    `default` is what a task has when neither it nor a setting says anything. `setting` is the one that the option
    falls back to.
    """

    name: str
    default: Default
    setting: str | None
    deprecated: bool
    """Whether the release warns that the option will have no effect on a task."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of one of Celery's own functions; `kind` is named as `inspect.Parameter` names it."""

    name: str
    kind: str
    default: Default | None
    """None if a call must give the argument."""


@dataclass(frozen=True, slots=True)
class CeleryTables:
    """The names that mean something to one release of Celery where a task is declared, called or scheduled.

    `options` are what `@app.task(...)` and task classes may set. `methods`, `properties` and `exceptions`
    are what every task has and no option should replace. `settings` gives, for the settings that are a task
    option's default, the option. `execution_options` are what `apply_async` and `send_task` take by name,
    `call_options` those of them that a task does not have, `retry_policy` the keys of that option that are no options
    of tasks. `request` are the attributes of `Task.request`. `written_defaults` and `written_signatures` are as the
    table has them: ask `option` and `signature`.
    """

    celery: str
    options: frozenset[str]
    deprecated_options: frozenset[str]
    methods: frozenset[str]
    properties: frozenset[str]
    exceptions: frozenset[str]
    settings: Mapping[str, str]
    call_options: frozenset[str]
    execution_options: frozenset[str]
    retry_policy: frozenset[str]
    request: frozenset[str]
    written_defaults: Mapping[str, list[Any]]
    written_signatures: Mapping[str, list[Any]]

    @property
    def release(self) -> tuple[int, int]:
        """The release: `(5, 7)` for 5.7.0."""
        return _release(self.celery)

    def is_member(self, name: str) -> bool:
        """Whether every task has an attribute of this name."""
        return any(name in names for names in (self.options, self.methods, self.properties, self.exceptions))

    def option(self, name: str) -> TaskOption | None:
        """What is known of an option; None if tasks have no such option."""
        if name not in self.options:
            return None
        setting = next((setting for setting, option in self.settings.items() if option == name), None)
        return TaskOption(name, _default(self.written_defaults[name]), setting, name in self.deprecated_options)

    def signature(self, name: str) -> tuple[Parameter, ...] | None:
        """The parameters, without `self`, of a function of Celery's, if the table has it.

        It has what user code calls or overrides: `Task.apply_async`, `Task.on_failure`, `Celery.send_task`,
        `crontab.__init__`, `signature`, ... The parameters of `ScheduleEntry.__init__` are the keys of a beat entry.
        """
        written = self.written_signatures.get(name)
        return None if written is None else _parameters(written)


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting. `type` is Celery's word for it: `bool`, `int`, `float`, `string`, `dict`, `tuple`, `list`, `any`.

    A default that is a timedelta is given in seconds.
    """

    name: str
    type: str
    default: Default
    old: tuple[str, ...]
    """The names that Celery 3 had for it and that are still taken, upper-case."""
    deprecate_by: str | None
    """The release that will warn of the setting, and in `remove_by` the one without it, where that is planned."""
    remove_by: str | None
    alternative: str | None


@dataclass(frozen=True, slots=True)
class SettingTables:
    """The settings of one release; `old_names` gives for the names of Celery 3 those that came with Celery 4."""

    celery: str
    settings: Mapping[str, Setting]
    old_names: Mapping[str, str]


def tables(version: tuple[int, int] | None = None) -> CeleryTables:
    """What a release knows of tasks; None is the newest, and a release of which there is no table its neighbour."""
    return _tables(_nearest(version))


def setting_tables(version: tuple[int, int] | None = None) -> SettingTables:
    """The settings of a release, chosen as `tables` does."""
    return _setting_tables(_nearest(version))


def since(option: str) -> tuple[int, int] | None:
    """The first release that has an option of tasks; None if all have it that we know of, or none."""
    return _first(tuple(option in tables(release).options for release in RELEASES))


def setting_since(name: str) -> tuple[int, int] | None:
    """The first release that has a setting; None if all have it that we know of, or none."""
    return _first(tuple(name in setting_tables(release).settings for release in RELEASES))


def _first(has: tuple[bool, ...]) -> tuple[int, int] | None:
    return RELEASES[has.index(True)] if any(has) and not has[0] else None


def _nearest(version: tuple[int, int] | None) -> tuple[int, int]:
    if version is None:
        return RELEASES[-1]
    return max((release for release in RELEASES if release <= version), default=RELEASES[0])


def _release(celery: str) -> tuple[int, int]:
    major, minor = celery.split(".")[:2]
    return int(major), int(minor)


@cache
def _tables(release: tuple[int, int]) -> CeleryTables:
    table = _read(release, "")
    return CeleryTables(
        celery=table["celery"],
        options=frozenset(table["options"]),
        deprecated_options=frozenset(table["deprecated_options"]),
        methods=frozenset(table["methods"]),
        properties=frozenset(table["properties"]),
        exceptions=frozenset(table["exceptions"]),
        settings=table["settings"],
        call_options=frozenset(table["call_options"]),
        execution_options=frozenset(table["execution_options"]),
        retry_policy=frozenset(table["retry_policy"]),
        request=frozenset(table["request"]),
        written_defaults=table["options"],
        written_signatures=table["signatures"],
    )


@cache
def _setting_tables(release: tuple[int, int]) -> SettingTables:
    table = _read(release, "-settings")
    old_names: dict[str, str] = table["old_names"]
    old: dict[str, list[str]] = {}
    for former, name in old_names.items():
        old.setdefault(name, []).append(former)
    settings = {
        name: Setting(
            name=name,
            type=entry["type"],
            default=Default(entry["default"]) if "default" in entry else Default(is_plain=False),
            old=tuple(old.get(name, ())),
            deprecate_by=entry.get("deprecate_by"),
            remove_by=entry.get("remove_by"),
            alternative=entry.get("alt"),
        )
        for name, entry in table["settings"].items()
    }
    return SettingTables(table["celery"], settings, old_names)


def _read(release: tuple[int, int], suffix: str) -> dict[str, Any]:
    path = _DATA / f"celery-{release[0]}.{release[1]}{suffix}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def _default(written: list[Any]) -> Default:
    return Default(written[0]) if written else Default(is_plain=False)


def _parameters(written: list[Any]) -> tuple[Parameter, ...]:
    """The parameters as they are written in a table: `"name"`, `["name", default]`, `["name"]`, `"*args"`, `"*"`."""
    kind = "POSITIONAL_OR_KEYWORD"
    parameters: list[Parameter] = []
    entry: Any
    for entry in written:
        if isinstance(entry, list):
            with_default = cast("list[Any]", entry)
            parameters.append(Parameter(with_default[0], kind, _default(with_default[1:])))
        elif entry == "*":
            kind = "KEYWORD_ONLY"
        elif entry == "/":
            positional = [Parameter(each.name, "POSITIONAL_ONLY", each.default) for each in parameters]
            parameters[:] = positional
        elif entry.startswith("**"):
            parameters.append(Parameter(entry[2:], "VAR_KEYWORD", None))
        elif entry.startswith("*"):
            parameters.append(Parameter(entry[1:], "VAR_POSITIONAL", None))
            kind = "KEYWORD_ONLY"
        else:
            parameters.append(Parameter(entry, kind, None))
    return tuple(parameters)
