"""The effective value of a task's options and of its app's settings, with where it comes from.

The one place that knows Celery's order of precedence: annotations (of which `'*'` beats the task's own entry), the
task, its base class, the setting, the worker's command line, the default. What code decides at run time is UNKNOWN.
Must not know rules.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import cast

from celery_analyzers.celery_tables import tables
from celery_analyzers.configuration import NOT_SET, Given, Place, app_argument, app_attributes, combined, given_in
from celery_analyzers.decorators import name_under
from celery_analyzers.expressions import Invocation, Reference, Splat
from celery_analyzers.project import Project, path_of
from celery_analyzers.resolution import TASK_CLASSES, base_classes
from celery_analyzers.scopes import InnerScope, ModuleScope
from celery_analyzers.symbols import UNKNOWN, AppAttribute, External, ProjectClass, ProjectFunction, Scope, Symbol
from celery_analyzers.task_facts import TaskDefinition
from celery_analyzers.task_names import generated_names, module_names_of
from celery_analyzers.tasks import NOT_GIVEN, Task
from celery_analyzers.values import evaluate

_TASK_MAKERS = frozenset({"task", "_task_from_fun"})
"""Methods of an app that make its tasks: one of its own may give them any option."""
_TASK_CLASS_GIVERS = frozenset({"Task", "task_cls", "create_task_cls", "__init__", "init_app"})
"""Attributes of an app that tell, or may set, the base class of its tasks."""
_LIMITS = ("time_limit", "soft_time_limit")
_SENDING = ("apply_async", "apply", "delay", "on_bound", "__init_subclass__", "__call__", "Request", "Strategy")
"""What a base class may override to give limits of its own to each call."""
_EMPTY_CLASSES = frozenset({"abc.ABC", "builtins.object", "typing.Generic"})
"""Classes that give a task no attribute of theirs."""


class Level(Enum):
    """Where an effective value comes from; the value says it in words."""

    ANNOTATION = "the setting `task_annotations`"
    TASK = "the task"
    BASE = "the base class"
    SETTING = "a setting"
    COMMAND_LINE = "the worker's command line"
    DEFAULT = "Celery's default"


@dataclass(frozen=True, slots=True)
class Effective:
    """What an option comes to. `value` is None at the level DEFAULT. `place` is where it is given, if it is."""

    value: object
    level: Level
    place: Place | None = None


@cache
def _settings_of_options() -> dict[str, str]:
    """The setting that an option falls back to."""
    return {option: setting for setting, option in tables().settings.items()}


def effective_option(task: Task, name: str, scope: Scope, project: Project) -> Effective:
    """What an option of a task comes to. `scope` is that of the module in which the task is defined."""
    annotated = _annotation(task, name, scope, project)
    if annotated is not None:
        return annotated
    declared = declared_option(task, name, scope, project)
    setting = _settings_of_options().get(name)
    if declared.level is not Level.DEFAULT and not (declared.value is None and setting):
        return declared
    if setting is not None:
        given = settings_given(setting, task, scope, project)
        if given:
            return Effective(combined(given), Level.SETTING, given[0].place)
    if name in _LIMITS:
        values = cast("tuple[object, ...]", project.ask("command_values", name) or ())
        if values:
            value = values[0] if values[0] is not None and len(set(values)) == 1 else UNKNOWN
            return Effective(value, Level.COMMAND_LINE)
    return Effective(None, Level.DEFAULT)


def declared_option(task: Task, name: str, scope: Scope, project: Project) -> Effective:
    """What the task itself or its base class sets an option to."""
    own = task.value(name)
    if own is not NOT_GIVEN:
        return Effective(own, Level.TASK, _place(scope, task.name))
    if not task.options_known:
        return Effective(UNKNOWN, Level.TASK, _place(scope, task.name))
    base = base_of(task, scope, project)
    if base is None:
        return Effective(None, Level.DEFAULT)
    value, place = _class_option(base, name)
    return Effective(None, Level.DEFAULT) if value is NOT_GIVEN else Effective(value, Level.BASE, place)


def _annotation(task: Task, name: str, scope: Scope, project: Project) -> Effective | None:
    # Few projects have annotations: what cannot be read is not taken to hold any.
    given = [one for one in settings_given("task_annotations", task, scope, project) if not one.is_guess]
    if not given:
        return None
    annotations = combined(given)
    place = given[0].place
    if annotations is None or (isinstance(annotations, (dict, list, tuple)) and not annotations):
        return None
    if not isinstance(annotations, dict):
        return Effective(UNKNOWN, Level.ANNOTATION, place)
    by_name = cast("dict[object, object]", annotations)
    names = names_of(task, scope, project)
    for key in ("*", *(names or ())):
        options = by_name.get(key)
        if isinstance(options, dict):
            if name in options:
                return Effective(cast("dict[object, object]", options)[name], Level.ANNOTATION, place)
        elif options is not None:
            return Effective(UNKNOWN, Level.ANNOTATION, place)
    if names is None and any(key != "*" for key in by_name):
        return Effective(UNKNOWN, Level.ANNOTATION, place)
    return None


def names_of(task: Task, scope: Scope, project: Project) -> tuple[str, ...] | None:
    """The names that Celery may know a task by, None where they cannot be told."""
    given = task.value("name")
    if isinstance(given, str):
        return (given,)
    if given not in (NOT_GIVEN, None) or not task.options_known:
        return None
    if task.form == "class":
        return _class_names(task)
    if project.ask("names_are_certain") is False:
        return None
    app = app_modules(task, scope, project)
    if any("gen_task_name" in app_attributes(module) for module in app):
        return None
    module = scope.module_scope
    path = module.path if isinstance(module, ModuleScope) else None
    if path is None:
        return None
    if not task.maker.keeps_name:
        return None
    if isinstance(task, TaskDefinition) and (replaced := name_under(task.inner, project)) is not None:
        return (replaced,)
    names = module_names_of(path, project.root)
    found = list(generated_names(task.name, names))
    mains = [app_argument("main", owner) for owner in app if owner is module]
    found += [f"{main}.{task.name}" for main in (*mains, "__main__") if isinstance(main, str)]
    return tuple(found)


def _class_names(task: Task) -> tuple[str, ...] | None:
    owner = task.base
    if not isinstance(owner, ProjectClass):
        return None
    value, _ = _class_option(owner, "name")
    return (value,) if isinstance(value, str) else None


def settings_given(name: str, task: Task | None, scope: Scope, project: Project) -> list[Given]:
    """The values that a setting is given: by the module itself, and by whatever configures the task's app.

    Without a task, the app is the one that `shared_task` would belong to here.
    """
    key = (settings_given, sys.intern(name), task, scope)
    return project.remembered(key, lambda: _find_settings(name, task, scope, project))


def _find_settings(name: str, task: Task | None, scope: Scope, project: Project) -> list[Given]:
    module = scope.module_scope
    path = str(module.path) if isinstance(module, ModuleScope) and module.path is not None else ""
    found = given_in(name, module, project.django_settings(path) if path else None)
    seen = {path}
    for app in app_modules(task, scope, project):
        where = str(app.path) if isinstance(app, ModuleScope) and app.path is not None else ""
        if app is not module and where and where != path:
            found.extend(project.given(name, where))
        seen.add(where)
    if found:
        return found
    # Every app of a process gets a copy of all tasks: the worker's may be another one than the task's own.
    others = cast("Iterable[str]", project.ask("apps") or ())
    guesses = (one for other in others if other not in seen for one in project.given(name, other))
    return [Given(UNKNOWN, one.place, is_guess=True) for one in guesses]


def app_modules(task: Task | None, scope: Scope, project: Project) -> list[Scope]:
    """The modules that make the apps a task may belong to."""
    if task is not None and task.maker.app is not None:
        return [task.maker.app.module_scope]
    module = scope.module_scope
    path = module.path if isinstance(module, ModuleScope) else None
    made = cast("Iterable[str]", project.ask("apps_for", str(path)) or ()) if path is not None else ()
    found: list[Scope] = []
    for other in made:
        where = module if other == str(path) else project.module_at(path_of(other))
        if where is not None:
            found.append(where)
    return found or [module]


def base_of(task: Task, scope: Scope, project: Project) -> Symbol | None:
    """The task's base class: its own, else the one that its app gives to all. UNKNOWN where it cannot be told."""
    return project.remembered((base_of, task, scope), lambda: _find_base(task, scope, project))


def _find_base(task: Task, scope: Scope, project: Project) -> Symbol | None:
    if task.form == "class":
        return task.base
    apps = app_modules(task, scope, project)
    attributes = frozenset[str]().union(*(app_attributes(app) for app in apps))
    if not attributes.isdisjoint(_TASK_MAKERS):
        return UNKNOWN
    if task.base is not None:
        return task.base
    if not attributes.isdisjoint(_TASK_CLASS_GIVERS):
        return UNKNOWN
    defaults = [app_argument("task_cls", app) for app in apps]
    given = [default for default in defaults if default is not NOT_SET]
    if not given:
        return None
    first = given[0]
    known = isinstance(first, (External, ProjectClass, AppAttribute)) and all(other == first for other in given)
    return cast("Symbol", first) if known and len(given) == len(defaults) else UNKNOWN


def may_define(task: Task, names: Iterable[str], scope: Scope, project: Project) -> bool:
    """Whether the task's base class, or one that cannot be read, may have an attribute of its own of these names.

    A `__call__` that does no more to the arguments than to pass them on to `run` does not count.
    """
    if not task.options_known:
        return True
    base = base_of(task, scope, project)
    if base is None:
        return False
    found = (_class_option(base, name)[0] for name in names)
    return any(value is not NOT_GIVEN and not _only_runs(value) for value in found)


def may_be_limited(task: Task, scope: Scope, project: Project) -> bool:
    """Whether a time limit is set at the task or its base class, or may be: by what cannot be read, or at each call."""
    if not task.options_known or any(task.value(name) is not NOT_GIVEN for name in _LIMITS):
        return True
    return may_define(task, (*_LIMITS, *_SENDING), scope, project)


def _class_option(base: Symbol, name: str) -> tuple[object, Place | None]:
    """What a class gives an attribute, and where; NOT_GIVEN where it does not."""
    for candidate in base_classes(base):
        if isinstance(candidate, ProjectClass):
            found = [binding for bound, binding in candidate.binding.body if bound == name]
            if found:
                inside = InnerScope.of(candidate.binding.body, candidate.scope)
                return evaluate(Reference(name), inside), _place(candidate.scope, name)
        elif isinstance(candidate, AppAttribute):
            continue
        elif not (isinstance(candidate, External) and candidate.path in TASK_CLASSES | _EMPTY_CLASSES):
            return UNKNOWN, None
    return NOT_GIVEN, None


def _only_runs(value: object) -> bool:
    """Whether this is a method that ends in `return self.run(*args, **kwargs)` and binds no name anew before."""
    if not isinstance(value, ProjectFunction) or not value.binding.returns:
        return False
    names = [name for name, _ in value.binding.inner]
    return len(set(names)) == len(names) and all(
        isinstance(returned, Invocation)
        and returned.function == Reference("self.run")
        and len(returned.arguments) == 1
        and isinstance(returned.arguments[0], Splat)
        and isinstance(returned.arguments[0].value, Reference)
        and len(returned.keywords) == 1
        and returned.keywords[0][0] is None
        and isinstance(returned.keywords[0][1], Reference)
        for returned in value.binding.returns
    )


def _place(scope: Scope, name: str) -> Place:
    module = scope.module_scope
    return Place(module.path if isinstance(module, ModuleScope) else None, name)
