"""The entries of an app's beat schedule, with their schedules, wherever it is given.

Knows where settings are given. Must not know what is shown of an entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timezone, tzinfo
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from celery_analyzers.assist.schedules import Schedule, schedule_of
from celery_analyzers.configuration_sources import CONFIGURING, calls_of, makes_app, method_of, sources_of, variable
from celery_analyzers.effective import app_modules, settings_given
from celery_analyzers.expressions import Expression, Invocation, Literal, Mapping, Reference
from celery_analyzers.project import Project
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.setting_names import spellings
from celery_analyzers.symbols import Scope, Value
from celery_analyzers.tasks import Task
from celery_analyzers.values import evaluate

_SETTING = "beat_schedule"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a beat schedule. `schedule` is None where it cannot be told."""

    key: str
    task: str
    schedule: Schedule | None


def entries(task: Task | None, scope: Scope, project: Project) -> Iterator[Entry]:
    """The entries of the app that a task belongs to, which is the module's without one."""
    seen: set[int] = set()
    for app in app_modules(task, scope, project):
        path = str(app.path) if isinstance(app, ModuleScope) and app.path is not None else ""
        others = (project.module_at(Path(one)) for one in project.ask("configuring", path) or ()) if path else ()
        django = project.django_settings(path) if path else None
        for module in (app, *(other for other in others if other is not None)):
            for found, where in _given(module, django):
                if id(found) not in seen:
                    seen.add(id(found))
                    yield from _entries(found, where)


def _given(module: Scope, django: list[Scope] | None) -> Iterator[tuple[Expression, Scope]]:
    """What a module gives the beat schedule of its apps, itself and by what they are configured from."""
    for call, where, _ in calls_of(module):
        if method_of(call) in CONFIGURING or makes_app(call, where):
            yield from ((value, where) for value in _in_call(call))
    for source in sources_of(module):
        modules = (django or []) if source.kind == "django" else [source.scope] if source.kind == "module" else []
        for inside in modules:
            yield from _in_module(inside, source.namespace)


def _in_call(call: Invocation) -> Iterator[Expression]:
    yield from (value for key, value in call.keywords if key == _SETTING)
    for argument in call.arguments:
        if isinstance(argument, Mapping):
            yield from (value for key, value in argument.items if key == Literal(_SETTING))


def _in_module(module: Scope | None, namespace: str | None) -> Iterator[tuple[Expression, Scope]]:
    for key in spellings(_SETTING, namespace) if module is not None else ():
        where = variable(key, cast("Scope", module))
        if isinstance(where, ModuleScope):
            yield Reference(key), where
            return


def _entries(expression: Expression, scope: Scope) -> Iterator[Entry]:
    symbol = evaluate_symbol(expression, scope)
    if isinstance(symbol, Value):
        expression, scope = symbol.expression, symbol.scope
    for key, value in expression.items if isinstance(expression, Mapping) else ():
        name = None if key is None else evaluate(key, scope)
        entry = _entry(str(name) if isinstance(name, str) else "…", value, scope)
        if entry is not None:
            yield entry


def _entry(key: str, expression: Expression, scope: Scope) -> Entry | None:
    symbol = evaluate_symbol(expression, scope)
    if isinstance(symbol, Value):
        expression, scope = symbol.expression, symbol.scope
    if not isinstance(expression, Mapping):
        return None
    fields = {k.value: v for k, v in expression.items if isinstance(k, Literal)}
    if "task" not in fields or "schedule" not in fields:
        return None
    task = evaluate(fields["task"], scope)
    return Entry(key, task, schedule_of(fields["schedule"], scope)) if isinstance(task, str) else None


def time_zone(task: Task | None, scope: Scope, project: Project) -> tuple[tzinfo, str] | None:
    """The time zone that an app's crontabs are read in, with its name: UTC where nothing says another. None where it is
    decided at run time."""
    given = [one.value for one in settings_given("timezone", task, scope, project)] or list(
        _of_django(task, scope, project)
    )
    if not given:
        if project.index is None and project.root is not None:
            return None
        local = any(one.value is not True for one in settings_given("enable_utc", task, scope, project))
        return None if local else (timezone.utc, "UTC")
    name = given[0]
    if not isinstance(name, str) or any(other != name for other in given):
        return None
    try:
        return ZoneInfo(name), name
    except (ValueError, OSError, KeyError):
        return None


def _of_django(task: Task | None, scope: Scope, project: Project) -> Iterator[object]:
    """The values of `TIME_ZONE` in what an app is configured from: Celery takes it where `timezone` is not set."""
    for app in app_modules(task, scope, project):
        path = str(app.path) if isinstance(app, ModuleScope) and app.path is not None else ""
        for source in sources_of(app):
            django = (project.django_settings(path) if path else None) or []
            modules = django if source.kind == "django" else [source.scope] if source.kind == "module" else []
            for module in modules:
                where = None if module is None else variable("TIME_ZONE", module)
                if isinstance(where, ModuleScope):
                    yield evaluate(Reference("TIME_ZONE"), where)
