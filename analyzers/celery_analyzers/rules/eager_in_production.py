"""`eager-in-production`: settings by which no task ever reaches a worker."""

from __future__ import annotations

import ast
import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import SettingContext
    from celery_analyzers.app_facts import SettingGiven
    from celery_analyzers.findings import Finding

_ELSEWHERE = re.compile(
    r"test|dev(?!ice)|local|debug|(?:^|[^a-z])ci(?:[^a-z]|$)|mock|fake|eager|example|demo|sample|sandbox|bench|script",
    re.IGNORECASE,
)
"""Names of settings, and of folders, that are not those of production."""


class EagerInProduction(Rule):
    """Settings have every task run at once where it is called, and never in a worker.

    ## What it does

    Finds `task_always_eager = True` in settings that are neither those of tests nor of development, by their names, and
    under no condition.

    ## Why is this bad

    Each `delay()` runs the task before it returns: users wait for what was to happen later, `countdown` and `eta` have
    no effect, retries run one after the other, and errors of tasks are kept in their results. Workers run and have
    nothing to do. `send_task()` knows nothing of the setting.

    ## Example

        import threading

        app.conf.task_always_eager = True
        #                            ^^^^ every task runs at once where it is called, as a part of the request, and none
        #                                 ever in a worker

        @app.task
        def where():
            return threading.current_thread().name

    ## Use instead

        import threading

        app.conf.task_always_eager = False

        @app.task
        def where():
            return threading.current_thread().name

    ## Not flagged

    What depends on something, and settings of tests:

        import os

        app.conf.task_always_eager = os.environ.get("EAGER") == "1"

        if os.environ.get("TESTING"):
            app.conf.task_always_eager = True

        class TestSettings:
            task_always_eager = True

        tested = Celery("tested")
        tested.config_from_object(TestSettings)

    ## Fix safety

    The fix is unsafe: tasks need a broker and a worker from then on.

    ## References

    - [`task_always_eager`](https://docs.celeryq.dev/en/stable/userguide/configuration.html#task-always-eager)
    - [Testing with Celery](https://docs.celeryq.dev/en/stable/userguide/testing.html)
    """

    code = "CEL830"
    severity = Severity.WARNING
    proofs = (
        Proof(
            run="where.delay().get(timeout=10) == threading.current_thread().name",
            fails="returns: True",
            succeeds="False",
        ),
    )

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        node = context.node
        if setting.name != "task_always_eager" or not isinstance(node, ast.Constant) or node.value is not True:
            return
        if context.in_tests or _is_elsewhere(context) or _is_conditional(node, context):
            return
        if any(given.value is not True for given in context.given("task_always_eager")):
            # Other settings of the project say something else: which of them count is decided by the environment.
            return
        message = "every task runs at once where it is called, as a part of the request, and none ever in a worker"
        fix = Fix("Send tasks to workers", (Edit(setting.value_span, "False"),), preferred=True)
        yield self.finding(setting.value_span, message, fix)


def _is_elsewhere(context: SettingContext) -> bool:
    """Whether the settings are not those of production, by the names of their files and classes."""
    root = context.project.root
    path = PurePath(context.path)
    inside = path.relative_to(root) if root is not None and path.is_relative_to(root) else PurePath(path.name)
    names = [*inside.parts, context.owner.binding.name if context.owner is not None else ""]
    return any(_ELSEWHERE.search(name) for name in names)


def _is_conditional(node: ast.AST, context: SettingContext) -> bool:
    conditions = (ast.If, ast.Try, ast.For, ast.While, ast.With, ast.Match, ast.FunctionDef, ast.AsyncFunctionDef)
    return any(isinstance(outer, conditions) for outer in context.enclosing(node))
