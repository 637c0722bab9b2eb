"""Finds the settings of apps where they are written, and the entries of beat schedules.

Knows the forms in which Celery is configured. Must not know rules.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from celery_analyzers.app_facts import ConfiguredFrom, Discovery, SettingGiven
from celery_analyzers.beat_sites import BeatReader, BeatSite, is_called_schedule, is_dict_call, is_entry
from celery_analyzers.call_facts import Argument
from celery_analyzers.configuration_sources import makes_app, source_of
from celery_analyzers.expressions import Invocation, dotted_path, expression
from celery_analyzers.findings import Span
from celery_analyzers.index_records import SourceRecord
from celery_analyzers.resolution import evaluate_symbol, resolve
from celery_analyzers.setting_names import canonical, looks_like_setting, suggestion
from celery_analyzers.symbols import App, AppAttribute, ProjectClass, Scope
from celery_analyzers.syntax import Syntax
from celery_analyzers.values import evaluate

WORDS = re.compile(
    r"\.conf\b|Celery[ \t]*\(|config_from_object|add_periodic_task|PeriodicTask|[bB][eE][aA][tT]_?[sS]"
    r"|autodiscover_tasks"
)
"""What a text must hold for a setting or a beat entry in it to be found without knowing what the module is for."""
Form = Literal["argument", "attribute", "item", "key", "variable"]
_ARGUMENTS = {"broker": "broker_url", "backend": "result_backend", "include": "include"}
_OF_THE_APP = frozenset(
    {"main", "loader", "backend", "amqp", "events", "log", "control", "set_as_current", "tasks", "broker", "include"}
    | {"changes", "config_source", "fixups", "task_cls", "autofinalize", "namespace", "strict_typing"}
)
"""Parameters of `Celery()`."""
_OF_DISCOVERY: tuple[str, ...] = ("packages", "related_name", "force")
"""Parameters of `autodiscover_tasks`."""
_SCHEDULE = "beat_schedule"


@dataclass(frozen=True, slots=True)
class SettingSite:
    """A setting with the node of its value, and the class whose attribute it is."""

    setting: SettingGiven
    node: ast.expr
    scope: Scope
    owner: ProjectClass | None = None

    @property
    def fact(self) -> SettingGiven:
        return self.setting


@dataclass(frozen=True, slots=True)
class ConfigurationSite:
    """A call of `config_from_object`, with its node."""

    configured: ConfiguredFrom
    call: ast.Call
    scope: Scope

    @property
    def fact(self) -> ConfiguredFrom:
        return self.configured


@dataclass(frozen=True, slots=True)
class DiscoverySite:
    """A call of `autodiscover_tasks`, with its node."""

    discovery: Discovery
    call: ast.Call
    scope: Scope

    @property
    def fact(self) -> Discovery:
        return self.discovery


class SettingReader:
    """Reads the settings of one segment. `roles` tell what the module is to the apps configured from it."""

    def __init__(self, syntax: Syntax, roles: Sequence[SourceRecord]) -> None:
        self._syntax = syntax
        self._roles = roles
        self._beat = BeatReader(syntax)
        self.reads = bool(roles) or WORDS.search(syntax.text) is not None
        """Whether there can be any."""

    def statement(self, node: ast.stmt, scope: Scope, owner: ProjectClass | None) -> Iterator[SettingSite | BeatSite]:
        """The settings that an assignment gives."""
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            yield from self._assignment(node.targets[0], node.value, node, scope, owner)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield from self._assignment(node.target, node.value, node, scope, owner)

    def _assignment(
        self, target: ast.expr, value: ast.expr, node: ast.stmt, scope: Scope, owner: ProjectClass | None
    ) -> Iterator[SettingSite | BeatSite]:
        span = self._syntax.span(node)
        if isinstance(target, ast.Name):
            for namespace in self._namespaces(owner, scope):
                if canonical(target.id, namespace) or _is_meant(target.id, namespace):
                    for site in self._setting(target.id, namespace, target, value, span, "variable", scope):
                        yield replace(site, owner=owner) if isinstance(site, SettingSite) else site
                    if canonical(target.id, namespace) == _SCHEDULE:
                        return
                    break
            yield from self._beat.alike(target.id, value, scope)
        elif isinstance(target, ast.Attribute):
            if self._is_conf(target.value, scope):
                end = self._syntax.span(target).end
                key_span = Span(end - len(target.attr), end)
                yield from self._setting(target.attr, None, key_span, value, span, "attribute", scope)
            else:
                yield from self._beat.alike(target.attr, value, scope)
        elif isinstance(target, ast.Subscript):
            constant = target.slice.value if isinstance(target.slice, ast.Constant) else None
            key = constant if isinstance(constant, str) else None
            if self._is_conf(target.value, scope) and key is not None:
                yield from self._setting(key, None, target.slice, value, span, "item", scope)
            elif self._is_schedule(target.value, scope, owner):
                yield from self._beat.entry(key, value, scope)
            elif is_called_schedule(target.value):
                yield from (site for site in self._beat.entry(key, value, scope) if is_entry(value))
            elif key is not None:
                yield from self._beat.alike(key, value, scope)

    def _namespaces(self, owner: ProjectClass | None, scope: Scope) -> list[str | None]:
        """The namespaces of the apps that variables here are settings of."""
        if owner is None and scope is not scope.module_scope:
            return []
        name = owner.binding.name if owner is not None else None
        return [role.namespace for role in self._roles if role.owner == name]

    def _is_conf(self, node: ast.expr, scope: Scope) -> bool:
        path = dotted_path(node)
        return path is not None and path.endswith("conf") and resolve(path, scope) == AppAttribute("conf")

    def _is_schedule(self, node: ast.expr, scope: Scope, owner: ProjectClass | None) -> bool:
        """Whether this is a beat schedule: `app.conf.beat_schedule`, or the variable of a settings module."""
        if isinstance(node, ast.Attribute):
            return self._is_conf(node.value, scope) and canonical(node.attr, None) == _SCHEDULE
        if isinstance(node, ast.Name):
            return any(canonical(node.id, namespace) == _SCHEDULE for namespace in self._namespaces(owner, scope))
        return False

    def call(
        self, node: ast.Call, scope: Scope
    ) -> Iterator[SettingSite | BeatSite | ConfigurationSite | DiscoverySite]:
        """The settings that a call gives, or the beat entries that it adds."""
        function = node.func
        method = function.attr if isinstance(function, ast.Attribute) else ""
        if isinstance(function, ast.Attribute) and method in ("update", "setdefault", "add_defaults"):
            yield from self._update(node, function, scope)
        elif method == "add_periodic_task" or (isinstance(function, ast.Name) and function.id == "add_periodic_task"):
            yield from self._beat.periodic(node, scope)
        elif isinstance(function, (ast.Name, ast.Attribute)):
            path = dotted_path(function) or ""
            if "PeriodicTask" in path:
                yield from self._beat.model(node, scope)
            if path.rpartition(".")[2].endswith("Celery"):
                made = expression(node)
                if isinstance(made, Invocation) and makes_app(made, scope):
                    yield from self._constructor(node, scope)
            elif method == "config_from_object" and isinstance(resolve(path.rpartition(".")[0], scope), App):
                yield from self._configured(node, scope)
            elif method == "autodiscover_tasks" and isinstance(resolve(path.rpartition(".")[0], scope), App):
                yield self._discovery(node, scope)

    def _discovery(self, node: ast.Call, scope: Scope) -> DiscoverySite:
        """`autodiscover_tasks(packages, related_name)`."""
        keywords = {k.arg: k.value for k in node.keywords}
        given: dict[str, ast.expr] = dict(zip(_OF_DISCOVERY, node.args, strict=False))
        given.update((name, value) for name, value in keywords.items() if name is not None)
        packages, related = given.get("packages"), given.get("related_name")
        argument = None
        if packages is not None:
            span = self._syntax.span(packages)
            argument = Argument(evaluate(expression(packages), scope), span, span)
        name = "tasks" if related is None else evaluate(expression(related), scope)
        complete = not any(isinstance(a, ast.Starred) for a in node.args) and None not in keywords
        return DiscoverySite(Discovery(self._syntax.span(node), argument, name, complete), node, scope)

    def _configured(self, node: ast.Call, scope: Scope) -> Iterator[SettingSite | BeatSite | ConfigurationSite]:
        """`config_from_object(source, namespace=...)`."""
        keywords = {k.arg: k.value for k in node.keywords}
        argument = node.args[0] if node.args else keywords.get("obj")
        if argument is None:
            return
        given = keywords.get("namespace")
        source = source_of(expression(argument), None if given is None else expression(given), scope)
        complete = not any(isinstance(a, ast.Starred) for a in node.args) and None not in keywords
        fact = ConfiguredFrom(self._syntax.span(node), source.kind, source.namespace, complete)
        yield ConfigurationSite(fact, node, scope)
        yield from self._dict(argument, source.namespace, scope)

    def _update(self, node: ast.Call, function: ast.Attribute, scope: Scope) -> Iterator[SettingSite | BeatSite]:
        is_app = function.attr == "add_defaults" and isinstance(evaluate_symbol(expression(function.value), scope), App)
        if is_app or self._is_conf(function.value, scope):
            if function.attr == "setdefault" and len(node.args) == 2:
                key = node.args[0]
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    span = self._syntax.span(node)
                    yield from self._setting(key.value, None, key, node.args[1], span, "item", scope)
                return
            for argument in node.args:
                yield from self._dict(argument, None, scope)
            yield from self._keywords(node, scope)
        elif self._is_schedule(function.value, scope, None):
            yield from self._beat.arguments(node, scope)
        elif is_called_schedule(function.value):
            yield from (site for site in self._beat.arguments(node, scope) if is_entry(site.node))

    def _constructor(self, node: ast.Call, scope: Scope) -> Iterator[SettingSite | BeatSite]:
        for keyword in node.keywords:
            if keyword.arg == "changes":
                yield from self._dict(keyword.value, None, scope)
        yield from self._keywords(node, scope, constructor=True)

    def _keywords(self, node: ast.Call, scope: Scope, *, constructor: bool = False) -> Iterator[SettingSite | BeatSite]:
        for keyword in node.keywords:
            if keyword.arg is None:
                yield from self._dict(keyword.value, None, scope)
                continue
            key = _ARGUMENTS.get(keyword.arg, keyword.arg) if constructor else keyword.arg
            if constructor and keyword.arg in _OF_THE_APP and keyword.arg not in _ARGUMENTS:
                continue
            span = self._syntax.span(keyword)
            key_span = Span(span.start, span.start + len(keyword.arg))
            yield from self._setting(key, None, key_span, keyword.value, span, "argument", scope)

    def _dict(self, node: ast.expr, namespace: str | None, scope: Scope) -> Iterator[SettingSite | BeatSite]:
        if is_dict_call(node) and not node.args:
            yield from self._keywords(node, scope)
        for key, value in zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ():
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                span = Span(self._syntax.span(key).start, self._syntax.span(value).end)
                yield from self._setting(key.value, namespace, key, value, span, "key", scope)

    def _setting(
        self,
        key: str,
        namespace: str | None,
        where: ast.expr | Span,
        value: ast.expr,
        span: Span,
        form: Form,
        scope: Scope,
    ) -> Iterator[SettingSite | BeatSite]:
        name = canonical(key, namespace)
        key_span = where if isinstance(where, Span) else self._syntax.span(where)
        evaluated = evaluate(expression(value), scope)
        given = SettingGiven(key, name, namespace, evaluated, span, key_span, self._syntax.span(value), form)
        yield SettingSite(given, value, scope)
        if name == _SCHEDULE:
            yield from self._beat.entries(value, scope)


def _is_meant(key: str, namespace: str | None) -> bool:
    """Whether a variable that Celery passes over is meant to be a setting all the same."""
    if looks_like_setting(key, namespace):
        return True
    return namespace is None and key.islower() and "_" in key and suggestion(key, namespace) is not None
