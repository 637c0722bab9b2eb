"""How a task gets to run again: by `retry()`, by `autoretry_for`, or because its message is delivered twice; and how
another takes its place.

Knows Celery's options and methods for it. Must not know rules.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, cast

from celery_analyzers.celery_tables import tables
from celery_analyzers.configuration import NOT_SET
from celery_analyzers.effective import Level
from celery_analyzers.symbols import UNKNOWN
from celery_analyzers.trees import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body, CallSite
    from celery_analyzers.context import Context
    from celery_analyzers.task_facts import TaskDefinition

DEFAULT_MAX_RETRIES = 3
DEFAULT_RETRY_DELAY = 180
_HOOKS = ("on_failure", "on_success", "before_start", "after_return", "on_bound", "__call__", "__init_subclass__")
"""What a base class may override to retry its tasks."""
_RETRY = frozenset({"celery.current_task.retry", "celery.Task.retry", "celery.app.task.Task.retry"})


def retry_calls(task: TaskDefinition, context: Context) -> Iterator[CallSite]:
    """The calls of `retry` on the task itself in its body: `self.retry()`, `sync.retry()`,
    `current_task.retry()`."""
    body = context.body
    if body is None or not context.mentions("retry"):
        return
    names = {f"{name}.retry" for name in instance_names(task, body)}
    for call in body.calls:
        if call.method == "retry" and (call.source in names or call.path in _RETRY):
            yield call


def replace_calls(task: TaskDefinition, context: Context) -> Iterator[CallSite]:
    """The calls of `replace` on the task itself in its body, which send another in its place and raise `Ignore`."""
    body = context.body
    if body is None or not context.mentions(".replace(") or context.base_may_define(task, "replace"):
        return
    names = {f"{name}.replace" for name in instance_names(task, body)}
    for call in body.calls:
        if call.method == "replace" and (call.source in names or call.path == "celery.current_task.replace"):
            yield call


def instance_names(task: TaskDefinition, body: Body) -> set[str]:
    """The names that mean the task in its own body: its instance parameter, and its own name if not taken."""
    found: set[str] = set()
    if body.scope.lookup(task.name)[1] is not body.scope:
        found.add(task.name)
    if (name := instance_parameter(task)) is not None:
        found.add(name)
    return found


def instance_parameter(task: TaskDefinition) -> str | None:
    """The parameter that is the task instance, as far as that can be told."""
    if task.function is None or not task.function.positional:
        return None
    first = task.function.positional[0].name
    bind = task.option("bind")
    if task.form == "class" or (bind is not None and bind.value in (True, 1)):
        return first
    open_to_doubt = not task.options_known or (bind is not None and bind.value == UNKNOWN)
    return first if first == "self" and open_to_doubt else None


def autoretry_exceptions(task: TaskDefinition, context: Context) -> tuple[object, ...]:
    """What `autoretry_for` names, as values; empty where it is not set or cannot be told."""
    value = context.effective_option(task, "autoretry_for")
    return tuple(cast("tuple[object, ...]", value)) if isinstance(value, (tuple, list)) else ()


def max_retries(task: TaskDefinition, context: Context) -> object:
    """How many times the task is retried at most: a number, None for without end, UNKNOWN where it cannot be
    told."""
    options = context.effective_option(task, "retry_kwargs")
    if isinstance(options, dict):
        given = cast("dict[object, object]", options).get("max_retries")
        if given is not None:
            return given
    elif options is not NOT_SET:
        return UNKNOWN
    effective = context.effective(task, "max_retries")
    return DEFAULT_MAX_RETRIES if effective.level is Level.DEFAULT else effective.value


def may_retry_elsewhere(task: TaskDefinition, context: Context) -> bool:
    """Whether something that is not written in the body may retry the task: a base class, a decorator, or a function
    that the body hands the task to."""
    body = context.body
    if body is None or not task.options_known or context.may_be_wrapped(task):
        return True
    if context.base_may_define(task, "retry", "run", *_HOOKS) or context.mentions("current_task", "Retry"):
        return True
    return any(_is_handed_on(node, body) for node in _instances(task, body))


def _instances(task: TaskDefinition, body: Body) -> Iterator[ast.Name]:
    """Where the task itself is named in its own body, nested functions among it."""
    names = instance_names(task, body)
    for statement in body.function.body:
        for node in walk(statement):
            if isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load):
                yield node


def _is_handed_on(node: ast.Name, body: Body) -> bool:
    """Whether it is more than the receiver of an attribute or method that every task has."""
    parent = body.parent_of(node)
    if not isinstance(parent, ast.Attribute):
        return True
    return not tables().is_member(parent.attr)
