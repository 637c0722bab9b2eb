"""`missing-time-limit`: a task that nothing ends when it hangs."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

from celery_analyzers.app_settings import SettingsHome, settings_home
from celery_analyzers.configuration import NOT_SET, app_argument, app_attributes
from celery_analyzers.edits import set_keywords
from celery_analyzers.effective import Level, may_be_limited
from celery_analyzers.findings import Edit, Fix, Severity
from celery_analyzers.handlers import own_nodes
from celery_analyzers.index_records import TIME_LIMIT
from celery_analyzers.operations import Performed, operation_of, waits_without_end
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.setting_edits import lines_behind, settings_beside
from celery_analyzers.setting_names import spellings
from celery_analyzers.symbols import External

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from celery_analyzers.app_contexts import AppContext, SettingContext
    from celery_analyzers.app_facts import AppMade, SettingGiven
    from celery_analyzers.body import Body
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_LIMITS = ("time_limit", "soft_time_limit")
_SETTINGS = ("task_time_limit", "task_soft_time_limit", "task_annotations")
_CLASS_GIVERS = frozenset({"task", "Task", "task_cls", "create_task_cls", "_task_from_fun", "__init__", "init_app"})
"""What a class of apps may override to give its tasks limits."""
_LIMITING_DECORATOR = re.compile(r"time_?(?:out|limit)", re.IGNORECASE)
_LIMITING_CODE = re.compile(r"\b(?:SoftTimeLimitExceeded|setitimer|func_timeout|stopit)\b|\balarm\(|\bTimeout\(")
_VALUES = {"soft_time_limit": "300", "time_limit": "360"}
_SETTING_VALUES = {f"task_{name}": value for name, value in _VALUES.items()}


class MissingTimeLimit(Rule):
    """A task has no time limit, so nothing ends it when it hangs.

    ## What it does

    Finds tasks that have neither `time_limit` nor `soft_time_limit`: not of their own, not from a base class,
    and not from the settings. It is a warning where the task plainly can wait without end, on a network call,
    a subprocess or a lock without a timeout, or in a loop without an exit; for others it is an information.

    Where nothing limits the tasks of an app as a whole, this is said once more at its settings: there one
    limit is enough for all of them. It is an information.

    ## Why is this bad

    Celery sets no limit by default. A task that waits for what never comes holds its worker process for good.
    Once every process has caught such a task, the worker does nothing any more, and looks healthy.

    ## Example

        import requests

        @shared_task
        def sync(url):
        #   ^^^^ `sync` has no time limit and `requests.get` has no timeout: one hung call takes a worker slot
        #        for good
            return requests.get(url).json()

    ## Use instead

        import requests

        @shared_task(soft_time_limit=300, time_limit=360)
        def sync(url):
            return requests.get(url).json()

    ## Not flagged

    A limit of any kind is enough, and so is one for all tasks:

        app = Celery("shop")

        @app.task(time_limit=60)
        def refresh():
            return "done"

        class LimitedTask(app.Task):
            soft_time_limit = 60

        @app.task(base=LimitedTask)
        def rebuild():
            return "done"

    Nothing is said where a settings module, a worker's command line in the project or the like sets
    `task_time_limit` or `--time-limit`, where options or base classes cannot be read, nor where the task uses
    another way to end itself.

    ## Fix safety

    The fix is unsafe: it ends tasks that take longer. Only you know how long this one may take; the soft
    limit, which raises `SoftTimeLimitExceeded` in the task, should be the lower one. The pools `threads`,
    `solo`, `gevent` and `eventlet` do not enforce limits.

    ## References

    - [Time limits](https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits)
    - [Tasks that block](https://docs.celeryq.dev/en/stable/userguide/tasks.html)
    """

    code = "CEL201"
    severity = Severity.WARNING
    preset = "recommended"
    # Of an app without limits there is something to say, too.
    PRELUDE = "from celery import Celery, shared_task\n\n"
    proofs = (
        # Five minutes of the limits pass in a second: the caller sends them along with the message.
        Proof(
            setup="""
                import sys
                import time
                from types import ModuleType

                import celery

                app = celery.Celery('shop')

                class Answer:
                    def json(self):
                        return 'in stock'

                def get(url):
                    if url == 'https://stuck.example.org':
                        time.sleep(60)
                    return Answer()

                sys.modules['requests'] = ModuleType('requests')
                sys.modules['requests'].get = get
            """,
            run="""
                for limit in ('soft_time_limit', 'time_limit'):
                    setattr(sync, limit, getattr(sync, limit) and getattr(sync, limit) / 300)
                sync.delay('https://stuck.example.org')
                sync.delay('https://quick.example.org').get(timeout=15)
            """,
            fails="TimeoutError: The operation timed out",
            succeeds="'in stock'",
            worker="prefork",
            broker="redis",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if task.function is None or context.body is None or _may_have_limit(task, context):
            return
        fix = None
        if context.decorator is not None:
            edits = set_keywords(context.text, context.decorator, context.span, _VALUES)
            fix = Fix("Add `soft_time_limit` and `time_limit`", edits, preferred=True) if edits else None
        waits = _waits(context.body)
        if waits is not None:
            yield self.finding(task.span, f"`{task.name}` has no time limit and {waits}", fix)
        else:
            message = f"`{task.name}` has no time limit: should it hang, it takes a worker slot for good"
            yield self.finding(task.span, message, fix, severity=Severity.INFORMATION)

    def check_app(self, app: AppMade, context: AppContext) -> Iterator[Finding]:
        module = context.scope.module_scope
        if context.in_tests or not isinstance(module, ModuleScope) or context.call is None:
            return
        if settings_home(module, context.project) is not None:
            # It is said where the settings stand.
            return
        if any(context.given(name) for name in _SETTINGS):
            return
        unlimited = _unlimited_tasks([module], context)
        if unlimited:
            where = context.span(context.call.func)
            fix = _ranked(_fix_at_app(app, context))
            yield self.finding(where, _message(unlimited), fix, severity=Severity.INFORMATION)

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        module = context.scope.module_scope
        if setting.name is None or context.in_tests or not isinstance(module, ModuleScope):
            return
        project = context.project
        homes = ((app, settings_home(app, project, module)) for app in _apps_at(module, context))
        apps = [app for app, home in homes if _is_home(home, setting, module)]
        if not apps or _is_limited_here(setting.namespace, context):
            return
        unlimited = _unlimited_tasks(apps, context)
        if unlimited:
            fix = _ranked(settings_beside(setting, _SETTING_VALUES, context))
            yield self.finding(setting.key_span, _message(unlimited), fix, severity=Severity.INFORMATION)


def _may_have_limit(task: TaskDefinition, context: Context) -> bool:
    # In the order of what it costs to ask.
    return (
        context.in_tests
        or may_be_limited(task, context.scope, context.project)
        or _limits_itself(task, context)
        or any(context.effective(task, name).level is not Level.DEFAULT for name in _LIMITS)
        or context.project.ask("mentions", TIME_LIMIT)
    )


def _limits_itself(task: TaskDefinition, context: Context) -> bool:
    """Whether the task has another way to end in time, or counts on a limit that is set elsewhere."""
    if _LIMITING_CODE.search(context.function_source):
        return True
    assert context.function is not None
    own = task.decorator_span
    decorators = (context.span(decorator) for decorator in context.function.decorator_list)
    return any(_LIMITING_DECORATOR.search(context.source(span)) for span in decorators if span != own)


def _waits(body: Body) -> str | None:
    """What the body may wait for without end, as a part of the message; None where nothing is sure to."""
    for call in body.calls:
        operation = operation_of(call)
        if operation is not None and waits_without_end(performed := Performed(call, operation), body):
            return f"`{performed.name}` has no timeout: one hung call takes a worker slot for good"
    if any(isinstance(node, ast.While) and _never_ends(node) for node in body.nodes):
        return "loops without end: it takes a worker slot for good"
    return None


def _never_ends(loop: ast.While) -> bool:
    """Whether it is `while True:` with no way out in it."""
    if not (isinstance(loop.test, ast.Constant) and loop.test.value):
        return False
    return not any(isinstance(node, (ast.Break, ast.Return, ast.Raise)) for node in own_nodes(loop.body))


def _apps_at(module: ModuleScope, context: SettingContext) -> Iterator[ModuleScope]:
    """The modules whose apps may have their settings in this one."""
    yield module
    for path in context.project.ask("apps_from", str(module.path)) or ():
        app = context.project.module_at(Path(path)) if path != str(module.path) else None
        if app is not None:
            yield app


def _is_limited_here(namespace: str | None, context: SettingContext) -> bool:
    """Whether a limit stands in this module too."""
    keys = (key for name in _SETTINGS for key in spellings(name, namespace))
    return any(context.scope.lookup(key)[0] for key in keys) or any(context.given(name) for name in _SETTINGS)


def _is_home(home: SettingsHome | None, setting: SettingGiven, module: ModuleScope) -> bool:
    """Whether an app's settings stand at `setting`, the first of them."""
    if home is None or (home.path, home.key) != (module.path, setting.key):
        return False
    return home.is_conf is (setting.form != "variable") and home.namespace == setting.namespace


def _unlimited_tasks(apps: Iterable[ModuleScope], context: Context) -> int:
    """How many tasks of apps that nothing limits as a whole have no limit of their own."""
    project = context.project
    if any(project.ask("command_values", name) for name in _LIMITS) or project.ask("mentions", TIME_LIMIT):
        return 0
    return sum(
        project.ask("unlimited_tasks", str(app.path)) or 0
        for app in apps
        if not any(project.given(name, str(app.path)) for name in _SETTINGS)
        and app_argument("task_cls", app) is NOT_SET
        and app_attributes(app).isdisjoint(_CLASS_GIVERS)
    )


def _message(unlimited: int) -> str:
    tasks = "1 task has none of its own" if unlimited == 1 else f"{unlimited} tasks have none of their own"
    return f"no time limit is set for all tasks and {tasks}: one that hangs takes a worker slot for good"


def _fix_at_app(app: AppMade, context: AppContext) -> tuple[Edit, ...]:
    """Give the app the settings in a statement of its own, else in the call that makes it."""
    assert context.call is not None
    if app.name is not None and context.statement is not None:
        values = ", ".join(f"{name}={value}" for name, value in _SETTING_VALUES.items())
        return lines_behind(context.span(context.statement), (f"{app.name}.conf.update({values})",), context.text)
    if context.symbol(context.call.func) == External("celery.Celery"):
        return set_keywords(context.text, context.call, context.span, _SETTING_VALUES)
    return ()


def _ranked(edits: tuple[Edit, ...]) -> Fix | None:
    return Fix("Limit the time of all tasks", edits, preferred=True) if edits else None
