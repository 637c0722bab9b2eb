"""The configuration of an app: the values of its settings, and the modules that give them.

Reads what code gives to an app, and the modules, classes and dicts that it is configured from. Knows the ways in which
Celery is configured. Must not know tasks nor rules. Settings are asked for by their new, lower-case names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from celery_analyzers.bindings import STAR, ImportBinding, ValueBinding
from celery_analyzers.expressions import Invocation, Literal, Reference
from celery_analyzers.registrations import CONFIGURATION, SETTING
from celery_analyzers.resolution import base_classes, evaluate_symbol, is_celery_class, resolve
from celery_analyzers.scopes import InnerScope, ModuleScope
from celery_analyzers.setting_names import spellings
from celery_analyzers.symbols import (
    APP,
    UNKNOWN,
    App,
    External,
    ProjectClass,
    ProjectInstance,
    ProjectModule,
    Scope,
)
from celery_analyzers.values import evaluate

NOT_SET = None
_DJANGO_SETTINGS = "django.conf:settings"
_DEEPEST = 8
"""Star imports that a settings module is followed through."""
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
class Source:
    """What `config_from_object` names.

    `kind` is `django` for Django's settings, `module` or `class` for one of the project, whose scope is `scope`, `dict`
    for a dict, and `unknown` for all that cannot be told.
    """

    kind: str
    namespace: str | None = None
    scope: Scope | None = None
    values: object = None


def calls_of(module: Scope) -> Iterator[tuple[Invocation, Scope, bool]]:
    """What in a module may configure an app: the calls, their scope, and whether they surely happen."""
    found, where = module.module_scope.lookup(CONFIGURATION)
    for binding in found:
        if not isinstance(binding, ValueBinding) or not isinstance(binding.value, Invocation):
            continue
        call = binding.value
        if call.function != SETTING:
            yield call, where, True
            continue
        receiver, inner, certain = call.arguments
        assert isinstance(receiver, Literal)
        assert isinstance(certain, Literal)
        # A receiver inside a function may be the function's own parameter: it is taken for the module's app.
        if isinstance(inner, Invocation) and (not receiver.value or _is_app(str(receiver.value), where)):
            yield inner, where, certain.value is True


def _is_app(path: str, scope: Scope) -> bool:
    return isinstance(resolve(path, scope), App)


def makes_app(call: Invocation, scope: Scope) -> bool:
    """Whether a call makes an app."""
    return is_celery_class(evaluate_symbol(call.function, scope)) or evaluate_symbol(call, scope) == APP


def apps_made(module: Scope) -> Iterator[tuple[Invocation, Scope]]:
    """The calls in a module that make apps."""
    for call, where, _ in calls_of(module):
        if _method(call) not in _CONFIGURING and makes_app(call, where):
            yield call, where


def apps_configured(module: Scope) -> Iterator[Scope | None]:
    """The modules of the apps of other modules that this one configures; None for an app that is not known."""
    found, where = module.module_scope.lookup(CONFIGURATION)
    for binding in found:
        call = binding.value if isinstance(binding, ValueBinding) else None
        if isinstance(call, Invocation) and call.function == SETTING:
            receiver = call.arguments[0]
            symbol = resolve(str(receiver.value), where) if isinstance(receiver, Literal) and receiver.value else None
            if isinstance(symbol, App) and symbol.module is not where.module_scope:
                yield symbol.module


_CONFIGURING = frozenset({"update", "setdefault", "config_from_object", "add_defaults", "config_from_envvar"})


def _method(call: Invocation) -> str:
    return call.function.path.rpartition(".")[2] if isinstance(call.function, Reference) else ""


def sources_of(module: Scope) -> Iterator[Source]:
    """What the apps of a module are configured from, beside what code gives them."""
    for call, where, _ in calls_of(module):
        method = _method(call)
        keywords = {key: value for key, value in call.keywords if key}
        if method == "config_from_object":
            argument = call.arguments[0] if call.arguments else keywords.get("obj")
        elif method in _CONFIGURING:
            if method == "config_from_envvar":
                yield Source("unknown")
            continue
        elif "config_source" in keywords and makes_app(call, where):
            argument = keywords["config_source"]
        else:
            continue
        namespace = evaluate(keywords["namespace"], where) if "namespace" in keywords else None
        known = namespace is None or isinstance(namespace, str)
        if argument is None or not known:
            yield Source("unknown")
        else:
            yield _source(evaluate(argument, where), namespace if isinstance(namespace, str) else None, where)


def _source(value: object, namespace: str | None, scope: Scope) -> Source:
    namespace = namespace or None
    if value in (_DJANGO_SETTINGS, External("django.conf.settings")):
        return Source("django", namespace)
    if isinstance(value, str):
        modules, (path, _, inner) = scope.modules, value.partition(":")
        module = modules.module(scope.module_scope, path, 0) if modules else None
        if module is not None:
            return (
                Source("module", namespace, module) if not inner else _source(resolve(inner, module), namespace, scope)
            )
        if modules is not None and (outer := path.rpartition(".")[0]):
            # `config_from_object("shop.config.Production")`
            module = modules.module(scope.module_scope, outer, 0)
            if module is not None:
                return _source(resolve(path.rpartition(".")[2], module), namespace, scope)
    if isinstance(value, ProjectModule):
        return Source("module", namespace, value.scope)
    if isinstance(value, (ProjectClass, ProjectInstance)):
        owner = value if isinstance(value, ProjectClass) else value.type
        return Source("class", namespace, owner.scope, owner)
    if isinstance(value, dict):
        return Source("dict", namespace, scope, cast("object", value))
    return Source("unknown")


def given_in(name: str, module: Scope, django: Iterable[Scope] | None = None) -> list[Given]:
    """The values that a module's code gives a setting of its apps, and those of what it configures them from.

    `django` are the modules of Django's settings, None where they are not known.
    """
    found: list[Given] = []
    here = _place(module, name)
    for call, where, certain in calls_of(module):
        method = _method(call)
        if method in ("config_from_object", "config_from_envvar"):
            continue
        if method not in _CONFIGURING and not makes_app(call, where):
            continue
        value = _from_call(call, name, where, method)
        if value is not NOT_SET:
            found.append(Given(value if certain else UNKNOWN, here))
    for source in sources_of(module):
        found.extend(_from_source(source, name, here, django))
    return found


def _from_call(call: Invocation, name: str, scope: Scope, method: str) -> object:
    answer: object = NOT_SET
    if method == "setdefault" and len(call.arguments) == 2:
        return evaluate(call.arguments[1], scope) if evaluate(call.arguments[0], scope) == name else NOT_SET
    if method in _CONFIGURING:
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
    if _method(call) not in ("update", "setdefault", "add_defaults"):
        return
    for argument in call.arguments:
        value = evaluate(argument, scope)
        keys = list(cast("dict[object, object]", value)) if isinstance(value, dict) else [value]
        yield from (key for key in keys if isinstance(key, str))
    yield from (key for key, _ in call.keywords if key)


def _from_mapping(mapping: object, name: str, namespace: str | None = None) -> object:
    if not isinstance(mapping, dict):
        return UNKNOWN if not isinstance(mapping, str) else NOT_SET
    for key in spellings(name, namespace):
        if key in mapping:
            return mapping[key]  # pyright: ignore[reportUnknownVariableType]
    return NOT_SET


def _from_source(source: Source, name: str, here: Place, django: Iterable[Scope] | None) -> Iterator[Given]:
    if source.kind == "django":
        if django is None:
            yield Given(UNKNOWN, here, is_guess=True)
        for module in django or ():
            yield from in_module(name, module, source.namespace)
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


def variable(name: str, module: Scope, depth: int = _DEEPEST) -> object:
    """The scope of the module that binds a variable of `module`, be it through star imports.

    None where nothing binds it, UNKNOWN where a star import may that leads where nobody can look.
    """
    found, where = module.module_scope.lookup(name)
    if found:
        return where
    answer: object = None
    stars, where = module.module_scope.lookup(STAR)
    for star in stars:
        assert isinstance(star, ImportBinding)
        inner = where.modules.module(where.module_scope, star.module, star.level) if where.modules else None
        if inner is None:
            # Libraries do not hold this project's settings.
            continue
        if depth <= 0:
            return UNKNOWN
        answer = variable(name, inner, depth - 1) or answer
    return answer


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
    return NOT_SET if not given else given[0] if len(values) == 1 else UNKNOWN


def app_attributes(module: Scope) -> frozenset[str]:
    """What the project's own classes give to the apps that the module makes, beside what Celery does."""
    made = (evaluate_symbol(call.function, where) for call, where in apps_made(module))
    classes = (base for symbol in made if is_celery_class(symbol) for base in base_classes(symbol))
    return frozenset(name for base in classes if isinstance(base, ProjectClass) for name, _ in base.binding.body)
