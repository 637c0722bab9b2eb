"""`task-state-on-self`: a task that counts on its instance, of which each process has one."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Severity
from celery_analyzers.rule import Rule
from celery_analyzers.trees import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition, TaskMethod


class TaskStateOnSelf(Rule):
    """A task counts on an attribute of its instance.

    ## What it does

    Finds bound tasks, and `run` methods of task classes, that change an attribute of `self` by what it was before:
    `self.total += 1`.

    ## Why is this bad

    Each process has one instance of a task, which all its runs share. The value is that of all runs in this process
    since it started, and each of the worker's processes has another: with four of them, `total` is about a fourth of
    what it should be, and starts at zero again when a process is replaced.

    ## Example

        @app.task(bind=True)
        def count(self, rows):
            self.total = getattr(self, "total", 0) + len(rows)
        #   ^^^^^^^^^^ all runs in one process share `self.total`, and each process has its own: it counts some of the
        #              runs, and goes on from where the last one left it
            return self.total

    ## Use instead

        from redis import Redis

        @app.task
        def count(rows):
            return Redis().incrby("total", len(rows))

    ## Not flagged

    What a run sets for itself, and what it keeps for later runs on purpose:

        @app.task(bind=True)
        def count(self, rows):
            self.total = 0
            for row in rows:
                self.total += row["amount"]
            return self.total

        @app.task(bind=True)
        def fetch(self, url):
            if self.session is None:
                self.session = connect(url)
            return self.session

    ## Fix safety

    There is no fix: where the number is to live is for people to say.

    ## References

    - [Instantiation](https://docs.celeryq.dev/en/stable/userguide/tasks.html#instantiation)
    """

    code = "CEL815"
    severity = Severity.WARNING

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if task.form == "class" or task.value("bind") is not True or task.function is None or context.body is None:
            return
        first = next(iter(task.function.positional), None)
        if first is not None and context.mentions(f"{first.name}."):
            yield from self._found(first.name, context.body, context)

    def check_task_method(self, method: TaskMethod, context: Context) -> Iterator[Finding]:
        if method.function.name == "run" and method.function.positional and context.body is not None:
            yield from self._found(method.function.positional[0].name, context.body, context)

    def _found(self, instance: str, body: Body, context: Context) -> Iterator[Finding]:
        if context.in_tests:
            return
        changed: dict[str, ast.Attribute] = {}
        renewed: set[str] = set()
        for node in body.nodes:
            for target, value in _assigned(node):
                if not _is_own(target, instance):
                    continue
                if value is None or _goes_on(target.attr, value, instance):
                    changed.setdefault(target.attr, target)
                else:
                    renewed.add(target.attr)
        for name, target in changed.items():
            if name not in renewed:
                message = (
                    f"all runs in one process share `{instance}.{name}`, and each process has its own: it counts some "
                    "of the runs, and goes on from where the last one left it"
                )
                yield self.finding(context.span(target), message)


def _assigned(node: ast.AST) -> Iterator[tuple[ast.Attribute, ast.expr | None]]:
    """The attributes that a statement assigns, with their new values, None for `+=`."""
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute):
        yield node.target, None
    elif isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets if isinstance(target, ast.Attribute))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Attribute) and node.value is not None:
        yield node.target, node.value


def _is_own(node: ast.expr, instance: str) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == instance


def _goes_on(name: str, value: ast.expr, instance: str) -> bool:
    """Whether a value is reckoned from what the attribute held before."""
    if not isinstance(value, ast.BinOp):
        return False
    return any(_reads(node, name, instance) for node in walk(value))


def _reads(node: ast.AST, name: str, instance: str) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == name and _is_own(node, instance)
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr"):
        return False
    of, attribute = [*node.args, None, None][:2]
    is_instance = isinstance(of, ast.Name) and of.id == instance
    return is_instance and isinstance(attribute, ast.Constant) and attribute.value == name
