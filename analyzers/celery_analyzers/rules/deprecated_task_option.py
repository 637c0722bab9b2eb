"""`deprecated-task-option`: where a task is sent, said at the task, which Celery 6 no longer reads."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import TYPE_CHECKING

from celery_analyzers.app_settings import settings_home
from celery_analyzers.bindings import ValueBinding
from celery_analyzers.edits import remove_keywords
from celery_analyzers.expressions import Invocation, Reference
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.rule import Rule
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.setting_entries import SettingEntry
from celery_analyzers.strings import inside_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import Option, TaskDefinition

_ROUTING = ("queue", "exchange", "exchange_type", "routing_key", "delivery_mode", "priority")


class DeprecatedTaskOption(Rule):
    """Where a task is sent is said at the task, which Celery 6 will no longer read.

    ## What it does

    Finds the options `queue`, `exchange`, `exchange_type`, `routing_key`, `delivery_mode` and `priority` of tasks.

    ## Why is this bad

    Celery 5.7 warns of them with `CDeprecationWarning` whenever a process starts, and Celery 6.0 will pass over them:
    the task will go to the default queue, without a word. The setting `task_routes` does the same in all versions, and
    can be changed where the workers are.

    ## Example

        app.conf.task_routes = {"shop.audit": {"queue": "audit"}}

        @app.task(queue="mail", ignore_result=True)
        #         ^^^^^ Celery 6.0 will pass over `queue` at the task `send`: give it in `task_routes`
        def send(address):
            return address

    ## Use instead

        app.conf.task_routes = {"shop.audit": {"queue": "audit"}, "shop.send": {"queue": "mail"}}

        @app.task(ignore_result=True)
        def send(address):
            return address

    ## Not flagged

    The options of a call, which stay, and what a wrapper of the project sets:

        @app.task
        def send(address):
            return address

        send.apply_async(("ada@example.org",), queue="mail", priority=3)

    ## Fix safety

    The fix moves the options to `task_routes`, where the other settings of the app stand, which may be another file.
    It is unsafe: other code may read `send.queue`. It is offered where the values are texts and numbers
    that can be told, where one name of the task can be told, and where `task_routes` is a dict, if it is there.

    ## References

    - [Automatic routing](https://docs.celeryq.dev/en/stable/userguide/routing.html#automatic-routing)
    - [`task_routes`](https://docs.celeryq.dev/en/stable/userguide/configuration.html#task-routes)
    """

    code = "CEL003"
    severity = Severity.INFORMATION

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        given = [option for option in task.options if option.name in _ROUTING and option.name_span is not None]
        given = [option for option in given if option.value is not None]
        if not given or context.in_tests or context.celery_at_least(5) is False:
            return
        span = given[0].name_span
        assert span is not None
        names = ", ".join(f"`{option.name}`" for option in given)
        message = f"Celery 6.0 will pass over {names} at the task `{task.name}`: give {_it(given)} in `task_routes`"
        yield self.finding(span, message, _fix(task, given, context))


def _it(given: list[Option]) -> str:
    return "it" if len(given) == 1 else "them"


def _fix(task: TaskDefinition, given: list[Option], context: Context) -> Fix | None:
    """Move the options to the routes of the app."""
    if not isinstance(context.decorator, ast.Call) or not task.options_known:
        return None
    if any(type(option.value) not in (str, int) for option in given):
        return None
    home = _app_module(task, context)
    name = context.likeliest_name(task)
    routes = context.setting("task_routes")
    if home is None or name is None or not (routes is None or (isinstance(routes, dict) and name not in routes)):
        return None
    names = [option.name for option in given]
    edits = remove_keywords(context.text, context.decorator, context.span, names, bare=True)
    route = ", ".join(f'"{option.name}": {_written(option, context)}' for option in given)
    entry = _entry(home, name, f"{{{route}}}", context)
    return Fix("Move it to `task_routes`", edits, elsewhere=(entry,), preferred=True) if edits and entry else None


def _written(option: Option, context: Context) -> str:
    """The value of an option as it can stand in another file."""
    source = "" if option.value_span is None else context.source(option.value_span)
    if source[:1].isdigit() or inside_plain(source) is not None:
        return source
    return json.dumps(option.value)


def _app_module(task: TaskDefinition, context: Context) -> ModuleScope | None:
    """The module that makes the one app which the task belongs to."""
    module = context.scope.module_scope
    if task.maker.app is not None:
        app = task.maker.app.module_scope
        return app if isinstance(app, ModuleScope) else None
    apps = context.project.ask("apps_for", context.path) or ()
    if len(apps) != 1:
        return None
    if isinstance(module, ModuleScope) and apps[0] == str(module.path):
        return module
    return context.project.module_at(Path(apps[0]))


def _entry(app: ModuleScope, name: str, route: str, context: Context) -> SettingEntry | None:
    """The route, to be written where the settings of the app stand."""
    own = context.scope.module_scope
    home = settings_home(app, context.project, own if isinstance(own, ModuleScope) else None)
    path = app.path if home is None else home.path
    if path is None or (home is None and not _has_name(app)):
        return None
    here = isinstance(own, ModuleScope) and own.path == path
    return SettingEntry(None if here else path, home, "task_routes", name, route)


def _has_name(app: ModuleScope) -> bool:
    """Whether a module binds an app where it makes it, so that its settings can be given behind that."""
    for name in app.bound():
        for binding in app.lookup(name)[0] if name.isidentifier() else ():
            made = binding.value if isinstance(binding, ValueBinding) else None
            function = made.function if isinstance(made, Invocation) else None
            if isinstance(function, Reference) and function.path.endswith("Celery"):
                return True
    return False
