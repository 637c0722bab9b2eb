"""What apps are configured from: the calls that do it, and the modules, classes and dicts that these name.

Knows the ways in which Celery is configured. Must not know the values of settings; those are `configuration`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from celery_analyzers.bindings import STAR, ImportBinding, ValueBinding
from celery_analyzers.expressions import Expression, Invocation, Literal, Reference
from celery_analyzers.index_records import SourceRecord
from celery_analyzers.registrations import CONFIGURATION, SETTING
from celery_analyzers.resolution import base_classes, evaluate_symbol, is_celery_class, resolve
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.symbols import APP, UNKNOWN, App, External, ProjectClass, ProjectInstance, ProjectModule, Scope
from celery_analyzers.values import evaluate

CONFIGURING = frozenset({"update", "setdefault", "config_from_object", "add_defaults", "config_from_envvar"})
"""Methods of an app and of its `conf` that give it settings."""
_DJANGO_SETTINGS = "django.conf:settings"
_DEEPEST = 8
"""Star imports that a settings module is followed through."""


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
        if method_of(call) not in CONFIGURING and makes_app(call, where):
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


def method_of(call: Invocation) -> str:
    return call.function.path.rpartition(".")[2] if isinstance(call.function, Reference) else ""


def sources_of(module: Scope) -> Iterator[Source]:
    """What the apps of a module are configured from, beside what code gives them."""
    for call, where, _ in calls_of(module):
        method = method_of(call)
        keywords = {key: value for key, value in call.keywords if key}
        if method == "config_from_object":
            argument = call.arguments[0] if call.arguments else keywords.get("obj")
        elif method in CONFIGURING:
            if method == "config_from_envvar":
                yield Source("unknown")
            continue
        elif "config_source" in keywords and makes_app(call, where):
            argument = keywords["config_source"]
        else:
            continue
        namespace = keywords.get("namespace")
        if argument is None:
            yield Source("unknown")
        else:
            yield source_of(argument, namespace, where)


def source_of(argument: Expression, namespace: Expression | None, scope: Scope) -> Source:
    """What `config_from_object(argument, namespace=namespace)` names."""
    prefix = None if namespace is None else evaluate(namespace, scope)
    if prefix is not None and not isinstance(prefix, str):
        return Source("unknown")
    return _source(evaluate(argument, scope), prefix, scope)


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


def roles_here(module: Scope) -> list[SourceRecord]:
    """What the classes of a module are to the apps that it makes itself."""
    here = module.module_scope
    path = str(here.path) if isinstance(here, ModuleScope) else ""
    return [
        SourceRecord(path, source.values.binding.name, source.namespace)
        for source in sources_of(module)
        if source.scope is here and isinstance(source.values, ProjectClass)
    ]


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


def names_in(source: Source, django: Iterable[Scope] | None) -> frozenset[str]:
    """The names that something which an app is configured from gives, as far as they can be told."""
    if source.kind == "class" and isinstance(source.values, ProjectClass):
        classes = (base for base in base_classes(source.values) if isinstance(base, ProjectClass))
        return frozenset(name for base in classes for name, _ in base.binding.body)
    if source.kind == "dict":
        return frozenset(key for key in cast("dict[object, object]", source.values) if isinstance(key, str))
    modules = list(django or ()) if source.kind == "django" else [source.scope] if source.kind == "module" else []
    found = frozenset[str]()
    for module in modules:
        found |= names_of_module(module)[0]
    return found


def names_of_module(module: Scope | None, depth: int = _DEEPEST) -> tuple[frozenset[str], bool]:
    """The names that a module binds, be it by star imports from the project, and whether these are all."""
    if not isinstance(module, ModuleScope) or depth <= 0:
        return frozenset(), False
    names, complete = frozenset(module.bound()), True
    stars, where = module.lookup(STAR)
    for star in stars:
        assert isinstance(star, ImportBinding)
        inner = where.modules.module(where.module_scope, star.module, star.level) if where.modules else None
        more, all_of_it = names_of_module(inner, depth - 1)
        names, complete = names | more, complete and all_of_it
    return names, complete
