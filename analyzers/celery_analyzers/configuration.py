"""The configuration of an app: the values of its settings, and the modules that give them.

Settings are asked for by their new, lower-case names. Knows the spellings that Celery takes. Must not know tasks nor
rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from celery_analyzers.bindings import ClassBinding
from celery_analyzers.configuration_sources import (
    CONFIGURING,
    Source,
    apps_made,
    calls_of,
    makes_app,
    method_of,
    sources_of,
    variable,
)
from celery_analyzers.expressions import Invocation, Reference
from celery_analyzers.resolution import base_classes, evaluate_symbol, is_celery_class
from celery_analyzers.scopes import InnerScope, ModuleScope
from celery_analyzers.setting_names import spellings
from celery_analyzers.symbols import (
    UNKNOWN,
    ProjectClass,
    Scope,
)
from celery_analyzers.values import evaluate

NOT_SET = None
_CONSTRUCTOR = {"broker": "broker_url", "backend": "result_backend", "include": "include"}
"""Parameters of `Celery()` that are settings by another name."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is given: a file, and what it is called there. Its line is looked up when somebody asks."""

    path: Path | None
    name: str


@dataclass(frozen=True, slots=True)
class Given:
    """A value that a setting is given, UNKNOWN where that is decided at run time, and where.

    `is_guess` tells that nothing says it is given at all, only that something which cannot be read may do so.
    """

    value: object
    place: Place
    is_guess: bool = False


@dataclass(frozen=True, slots=True)
class _Unread:
    """Something gives settings, and which ones cannot be told."""


_UNREAD = _Unread()


def given_in(name: str, module: Scope, django: Iterable[Scope] | None = None) -> list[Given]:
    """The values that a module's code gives a setting of its apps, and those of what it configures them from.

    `django` are the modules of Django's settings, None where they are not known.
    """
    found: list[Given] = []
    here = _place(module, name)
    for call, where, certain in calls_of(module):
        method = method_of(call)
        if method in ("config_from_object", "config_from_envvar"):
            continue
        if method not in CONFIGURING and not makes_app(call, where):
            continue
        value = _from_call(call, name, where, method)
        if isinstance(value, _Unread):
            found.append(Given(UNKNOWN, here, is_guess=True))
        elif value is not NOT_SET:
            found.append(Given(value if certain else UNKNOWN, here))
    for source in sources_of(module):
        found.extend(_from_source(source, name, here, django))
    return found


def _from_call(call: Invocation, name: str, scope: Scope, method: str) -> object:
    answer: object = NOT_SET
    if method == "setdefault" and len(call.arguments) == 2:
        return evaluate(call.arguments[1], scope) if evaluate(call.arguments[0], scope) == name else NOT_SET
    if method in CONFIGURING:
        for argument in call.arguments:
            value = evaluate(argument, scope)
            value = _from_mapping(value, name)
            answer = value if value is not NOT_SET else answer
    for key, value in call.keywords:
        if key is None:
            found = _from_mapping(evaluate(value, scope), name)
            answer = found if found is not NOT_SET else answer
        elif _CONSTRUCTOR.get(key, key) == name:
            answer = evaluate(value, scope)
        elif key == "changes":
            found = _from_mapping(evaluate(value, scope), name)
            answer = found if found is not NOT_SET else answer
    return answer


def settings_in_call(call: Invocation, scope: Scope) -> Iterator[str]:
    """The keys that a call such as `app.conf.update(...)` gives values to, in order."""
    if method_of(call) not in ("update", "setdefault", "add_defaults"):
        return
    for argument in call.arguments:
        value = evaluate(argument, scope)
        keys = list(cast("dict[object, object]", value)) if isinstance(value, dict) else [value]
        yield from (key for key in keys if isinstance(key, str))
    yield from (key for key, _ in call.keywords if key)


def _from_mapping(mapping: object, name: str, namespace: str | None = None) -> object:
    if not isinstance(mapping, dict):
        return _UNREAD if not isinstance(mapping, str) else NOT_SET
    for key in spellings(name, namespace):
        if key in mapping:
            return mapping[key]  # pyright: ignore[reportUnknownVariableType]
    return NOT_SET


def _from_source(source: Source, name: str, here: Place, django: Iterable[Scope] | None) -> Iterator[Given]:
    if source.kind == "django":
        if django is None:
            yield Given(UNKNOWN, here, is_guess=True)
        for module in django or ():
            given = list(in_module(name, module, source.namespace))
            yield from given or in_classes(name, module, source.namespace)
    elif source.kind == "module" and source.scope is not None:
        yield from in_module(name, source.scope, source.namespace)
    elif source.kind == "class" and isinstance(source.values, ProjectClass):
        value = _in_class(name, source.values, source.namespace)
        if value is not NOT_SET:
            yield Given(value, _place(source.scope, name))
    elif source.kind == "dict":
        value = _from_mapping(source.values, name, source.namespace)
        if value is not NOT_SET:
            yield Given(value, here)
    else:
        yield Given(UNKNOWN, here, is_guess=True)


def in_module(name: str, module: Scope, namespace: str | None) -> Iterator[Given]:
    """The values that a module's variables give a setting under the name that Celery takes."""
    for key in spellings(name, namespace):
        where = variable(key, module)
        if where is UNKNOWN:
            yield Given(UNKNOWN, _place(module, key), is_guess=True)
            return
        if isinstance(where, ModuleScope):
            yield Given(evaluate(Reference(key), where), _place(where, key))
            return


def in_classes(name: str, module: Scope, namespace: str | None) -> Iterator[Given]:
    """The values that the classes of a module of Django's settings give a setting: which of them counts is decided by
    the environment."""
    scope = module.module_scope
    for found in scope.names.values() if isinstance(scope, ModuleScope) else ():
        for binding in found:
            if isinstance(binding, ClassBinding):
                bound = {attribute for attribute, _ in binding.body}
                yield from (Given(UNKNOWN, _place(module, key)) for key in spellings(name, namespace) if key in bound)


def _in_class(name: str, owner: ProjectClass, namespace: str | None) -> object:
    for key in spellings(name, namespace):
        for candidate in base_classes(owner):
            if not isinstance(candidate, ProjectClass):
                # A base that cannot be read may give anything, but bases of settings give no settings of Celery's.
                continue
            if any(bound == key for bound, _ in candidate.binding.body):
                return evaluate(Reference(key), InnerScope.of(candidate.binding.body, candidate.scope))
    return NOT_SET


def combined(given: Iterable[Given]) -> object:
    """What several values come to: the one that all are, NOT_SET where there is none, UNKNOWN where they differ."""
    values = [one.value for one in given]
    if not values:
        return NOT_SET
    first = values[0]
    return first if all(type(value) is type(first) and value == first for value in values[1:]) else UNKNOWN


def _place(module: Scope | None, name: str) -> Place:
    scope = module.module_scope if module is not None else None
    return Place(scope.path if isinstance(scope, ModuleScope) else None, name)


def app_argument(name: str, module: Scope) -> object:
    """What the module gives the parameter `name` of the apps that it makes: NOT_SET where nothing, UNKNOWN where apps
    differ or it cannot be told."""
    values = [_from_call(call, name, where, "") for call, where in apps_made(module)]
    given = [value for value in values if value is not NOT_SET]
    if not given:
        return NOT_SET
    return given[0] if len(values) == 1 and not isinstance(given[0], _Unread) else UNKNOWN


def app_attributes(module: Scope) -> frozenset[str]:
    """What the project's own classes give to the apps that the module makes, beside what Celery does."""
    made = (evaluate_symbol(call.function, where) for call, where in apps_made(module))
    classes = (base for symbol in made if is_celery_class(symbol) for base in base_classes(symbol))
    return frozenset(name for base in classes if isinstance(base, ProjectClass) for name, _ in base.binding.body)
