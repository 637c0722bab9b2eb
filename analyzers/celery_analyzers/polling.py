"""Loops that ask again and again whether something is ready, and what may end them.

Knows how such loops look. Must not know rules.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from celery_analyzers.effective import Level, may_be_limited
from celery_analyzers.handlers import own_nodes
from celery_analyzers.index_records import TIME_LIMIT

if TYPE_CHECKING:
    from celery_analyzers.body import Body
    from celery_analyzers.context import Context
    from celery_analyzers.task_facts import TaskDefinition

SLEEP = "time.sleep"
_LEAVES = (ast.Break, ast.Return, ast.Raise)
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_COUNTS = re.compile(r"timeout|deadline|elapsed|attempt|retries|tries|count|limit|until|expire", re.IGNORECASE)
_CLOCKS = frozenset({"monotonic", "now", "perf_counter", "time", "utcnow"})


def waits_on(loop: ast.While, body: Body) -> bool:
    """Whether a loop sleeps between its rounds, may end, and nothing in it counts or looks at the clock."""
    nodes = [*own_nodes(loop.body), *ast.walk(loop.test)]
    if not any(isinstance(node, ast.Call) and body.call(node).path == SLEEP for node in nodes):
        return False
    if isinstance(loop.test, ast.Constant) and not any(isinstance(node, _LEAVES) for node in nodes):
        # That it never ends is said of the task.
        return False
    return not any(_bounds(node) for node in nodes)


def _bounds(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare):
        return any(isinstance(operator, _ORDER) for operator in node.ops)
    if isinstance(node, (ast.AugAssign, ast.Raise)):
        return True
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CLOCKS:
        return True
    name = getattr(node, "id", None) or getattr(node, "attr", None)
    return isinstance(name, str) and _COUNTS.search(name) is not None


def may_be_ended(task: TaskDefinition, context: Context) -> bool:
    """Whether a time limit may end the task."""
    limits = (context.effective(task, name) for name in ("time_limit", "soft_time_limit"))
    return (
        may_be_limited(task, context.scope, context.project)
        or any(limit.level is not Level.DEFAULT for limit in limits)
        or bool(context.project.ask("mentions", TIME_LIMIT))
    )
