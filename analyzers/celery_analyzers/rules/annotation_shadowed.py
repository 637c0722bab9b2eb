"""`annotation-shadowed`: an annotation of a task that the one for all tasks wins over."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Severity
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import SettingContext
    from celery_analyzers.app_facts import SettingGiven
    from celery_analyzers.findings import Finding


class AnnotationShadowed(Rule):
    """The annotation of one task is the same option's as that of all tasks, and has no effect.

    ## What it does

    Finds options in `task_annotations` that are given both for all tasks, under `'*'`, and for a task by its name.

    ## Why is this bad

    Celery looks at `'*'` first and takes what it finds: the option that is given for the one task is never read, though
    it looks like an exception from the rule.

    ## Example

        app.conf.task_annotations = {
            "*": {"rate_limit": "9/m"},
            "shop.report": {"rate_limit": "1/m"},
            #               ^^^^^^^^^^^^ this has no effect: the `rate_limit` of `'*'` wins over that of a single task
        }

        @app.task
        def report():
            print("report")

    ## Use instead

        app.conf.task_default_rate_limit = "9/m"
        app.conf.task_annotations = {
            "shop.report": {"rate_limit": "1/m"},
        }

        @app.task
        def report():
            print("report")

    ## Not flagged

        app.conf.task_annotations = {
            "*": {"rate_limit": "9/m"},
            "shop.report": {"time_limit": 60},
        }

    ## Fix safety

    There is no fix. Give the tasks the option that differs, or use the setting that is the default of all.

    ## References

    - [`task_annotations`](https://docs.celeryq.dev/en/stable/userguide/configuration.html#task-annotations)
    """

    code = "CEL412"
    severity = Severity.WARNING
    proofs = (Proof(run="report.rate_limit", fails="returns: '9/m'", succeeds="'1/m'", worker="none"),)

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        if setting.name != "task_annotations" or not isinstance(context.node, ast.Dict):
            return
        entries = dict(_items(context.node))
        of_all = entries.pop("*", None)
        if of_all is None:
            return
        shared = {key.value for key in _keys(of_all[1])}
        for _, value in entries.values():
            for key in _keys(value):
                if key.value in shared:
                    message = f"this has no effect: the `{key.value}` of `'*'` wins over that of a single task"
                    yield self.finding(context.span(key), message)


def _items(node: ast.Dict) -> Iterator[tuple[object, tuple[ast.Constant, ast.expr]]]:
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant):
            yield key.value, (key, value)


def _keys(node: ast.expr) -> list[ast.Constant]:
    return [key for key in node.keys if isinstance(key, ast.Constant)] if isinstance(node, ast.Dict) else []
