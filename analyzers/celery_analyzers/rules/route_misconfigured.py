"""`route-misconfigured`: a route that Celery takes in another way than it is meant, or not at all."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, cast

from celery_analyzers.celery_tables import tables
from celery_analyzers.dict_edits import rename_key
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.rule import Rule
from celery_analyzers.spelling import correction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import SettingContext
    from celery_analyzers.app_facts import SettingGiven
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_REGULAR_EXPRESSION = re.compile(r"\A\^|\$\Z|\\|\.\+|\(|\|")
"""What is in a regular expression and in no name or pattern of a route."""
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*[.:][A-Za-z_]\w*\Z")
_SELDOM_MEANT = frozenset({"args", "callbacks", "chain", "chord", "declare", "errbacks", "kwargs", "now", "origin"})


class RouteMisconfigured(Rule):
    """A route of `task_routes` does not do what it says.

    ## What it does

    Finds misspelt keys in routes, regular expressions that are plain texts, routers that are not where they are looked
    for, and routes of tasks that have another `queue` of their own.

    ## Why is this bad

    Celery passes over what it does not know in a route: the task goes to the default queue. A text is compared as it
    stands, with `*` as its only sign. A router that cannot be imported makes each call of a task fail. And the queue
    that a task has itself wins over any route.

    ## Example

        app.conf.task_routes = {
            "shop.report": {"queu": "slow"},
            #               ^^^^^^ a route has no key `queu`, so it has no effect: did you mean `queue`?
        }

        @app.task
        def report():
            print("report")

    ## Use instead

        app.conf.task_routes = {
            "shop.report": {"queue": "slow"},
        }

        @app.task
        def report():
            print("report")

    ## Not flagged

        import re

        app.conf.task_routes = [
            ("shop.feeds.*", {"queue": "feeds", "priority": 3}),
            (re.compile(r"shop\\.(mail|sms)\\..*"), "messages"),
            {"shop.sync": "slow"},
        ]

    ## Fix safety

    The fix is unsafe: a key that had no effect so far gets one.

    ## References

    - [Automatic routing](https://docs.celeryq.dev/en/stable/userguide/routing.html#automatic-routing)
    - [Routers](https://docs.celeryq.dev/en/stable/userguide/routing.html#routers)
    """

    code = "CEL411"
    severity = Severity.WARNING

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        if setting.name == "task_routes" and not context.in_tests:
            yield from self._routes(context.node, context)

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        queue = task.option("queue")
        if queue is None or queue.span is None or not isinstance(queue.value, str) or context.in_tests:
            return
        routes = context.setting("task_routes", task)
        names = context.names(task) if isinstance(routes, dict) else None
        by_name = cast("dict[object, object]", routes if names else {})
        for name in names or ():
            routed = _queue_of(by_name.get(name))
            if routed is not None and routed != queue.value:
                message = f"the task's own `queue` wins over its route to `{routed}` in `task_routes`"
                yield self.finding(queue.span, message)

    def _routes(self, node: ast.expr, context: SettingContext) -> Iterator[Finding]:
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if key is not None:
                    yield from self._route(key, value, context)
        elif isinstance(node, (ast.List, ast.Tuple)):
            for element in node.elts:
                if isinstance(element, (ast.Tuple, ast.List)) and len(element.elts) == 2:
                    yield from self._route(element.elts[0], element.elts[1], context)
                else:
                    yield from self._routes(element, context)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from self._router(node, node.value, context)

    def _route(self, key: ast.expr, value: ast.expr, context: SettingContext) -> Iterator[Finding]:
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and _REGULAR_EXPRESSION.search(key.value):
            message = "this is a text and no pattern, so no task's name matches it: compile it by `re.compile()`"
            yield self.finding(context.span(key), message)
        known = tables().execution_options
        for name in value.keys if isinstance(value, ast.Dict) else ():
            if not isinstance(name, ast.Constant) or not isinstance(name.value, str) or name.value in known:
                continue
            meant = correction(name.value, known - _SELDOM_MEANT)
            if meant is not None:
                message = f"a route has no key `{name.value}`, so it has no effect: did you mean `{meant}`?"
                edits = rename_key(context.text, value, context.span, name.value, meant)
                fix = Fix(f"Rename to `{meant}`", edits, preferred=True) if edits else None
                yield self.finding(context.span(name), message, fix)

    def _router(self, node: ast.Constant, path: str, context: SettingContext) -> Iterator[Finding]:
        """A router by its dotted path."""
        module, name = re.split(r"[.:](?=\w+\Z)", path) if _DOTTED.match(path) else ("", "")
        package, ask = module.rpartition(".")[0], context.project.ask
        if not module or not (ask("has_module", module) or (package and ask("has_module", f"{package}.__init__"))):
            return
        where = context.project.module(context.scope.module_scope, module, 0)
        if where is None and ask("has_module", module):
            return
        if where is None or not (where.lookup(name)[0] or where.lookup("*")[0]):
            what = f"`{module}` has no `{name}`" if where is not None else f"there is no module `{module}`"
            yield self.finding(context.span(node), f"{what}: sending any task fails with an error")


def _queue_of(route: object) -> str | None:
    """The queue that a route names."""
    if isinstance(route, dict):
        route = cast("dict[object, object]", route).get("queue")
    return route if isinstance(route, str) else None
