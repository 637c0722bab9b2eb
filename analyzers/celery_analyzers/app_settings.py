"""Where the settings of an app stand, so that one more can be put beside them.

Knows the ways in which Celery is configured. Must not know what a setting means, nor rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from celery_analyzers.bindings import Binding, ValueBinding
from celery_analyzers.celery_tables import setting_tables
from celery_analyzers.configuration import settings_in_call
from celery_analyzers.configuration_sources import Source, calls_of, sources_of
from celery_analyzers.project import Project
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.setting_names import canonical
from celery_analyzers.symbols import ProjectClass


@dataclass(frozen=True, slots=True)
class SettingsHome:
    """The module that holds an app's settings, and the first of them as it is written there.

    `owner` is the name of the class that they are attributes of. `is_conf` tells that they are given to `app.conf`.
    """

    path: Path | None
    key: str
    namespace: str | None = None
    owner: str | None = None
    is_conf: bool = False


def settings_home(module: ModuleScope, project: Project, own: ModuleScope | None = None) -> SettingsHome | None:
    """Where the settings of the app that `module` makes stand: in what it is configured from, else on its `conf`.

    None where they are nowhere but in the call that makes it, or cannot be told. `own` is the module that is being
    analysed: it is read as it is in the editor.
    """
    found = [(len(keys), home) for source in sources_of(module) for home, keys in _homes(source, module, project, own)]
    if found:
        # What several modules of settings share stands in the one that has the most.
        return max(found, key=lambda one: (one[0], str(one[1].path)))[1]
    for call, where, certain in calls_of(module):
        for key in settings_in_call(call, where) if certain else ():
            if _is_setting(key, None):
                return SettingsHome(module.path, key, is_conf=True)
    return None


def _homes(
    source: Source, module: ModuleScope, project: Project, own: ModuleScope | None
) -> Iterator[tuple[SettingsHome, list[str]]]:
    if source.kind == "class" and isinstance(source.values, ProjectClass):
        owner = source.values
        where = owner.scope.module_scope
        keys = list(_settings(owner.binding.body, source.namespace))
        if keys and isinstance(where, ModuleScope):
            yield SettingsHome(where.path, keys[0], source.namespace, owner.binding.name), keys
        return
    scopes = [source.scope] if source.kind == "module" else []
    if source.kind == "django":
        scopes = list((project.django_settings(str(module.path)) if module.path else None) or [])
    for read in scopes:
        scope = own if own is not None and isinstance(read, ModuleScope) and read.path == own.path else read
        if isinstance(scope, ModuleScope):
            bound = [(name, binding) for name in scope.bound() for binding in scope.names.get(name, ())[:1]]
            keys = list(_settings(bound, source.namespace))
            # One that is bound twice stands under a condition, perhaps.
            first = next((key for key in keys if len(scope.names[key]) == 1), None) or next(iter(keys), None)
            if first is not None:
                yield SettingsHome(scope.path, first, source.namespace), keys


def _settings(bound: Iterable[tuple[str, Binding]], namespace: str | None) -> Iterator[str]:
    return (name for name, binding in bound if isinstance(binding, ValueBinding) and _is_setting(name, namespace))


def _is_setting(key: str, namespace: str | None) -> bool:
    return canonical(key, namespace) in setting_tables().settings
