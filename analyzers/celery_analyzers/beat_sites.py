"""Finds the entries of beat schedules: in dicts, in calls of `add_periodic_task`, and in those of django-celery-beat.

Knows the forms in which beat is told what to send. Must not know rules.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeGuard

from celery_analyzers.call_facts import Argument
from celery_analyzers.expressions import Reference, dotted_path, expression
from celery_analyzers.findings import Span
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.schedule_facts import BeatEntry
from celery_analyzers.symbols import External, Scope
from celery_analyzers.syntax import Syntax
from celery_analyzers.tasks import ProjectTask, task_of
from celery_analyzers.values import evaluate

_MAKING = frozenset({"PeriodicTask", "create", "get_or_create", "update_or_create"})
_DEFAULTS = frozenset({"defaults", "create_defaults"})
_NAMED_SCHEDULE = re.compile(r"(?:\w+_)?(?:celery_?)?beat_schedule\Z", re.IGNORECASE)
"""What beat schedules are called wherever they are put together before an app is given them."""


@dataclass(frozen=True, slots=True)
class BeatSite:
    """A beat entry with its node: the dict of its fields, or the call that adds it. `nodes` are those of its fields."""

    entry: BeatEntry
    node: ast.expr
    nodes: tuple[tuple[str, ast.expr], ...]
    scope: Scope

    @property
    def fact(self) -> BeatEntry:
        return self.entry


class BeatReader:
    """Reads the beat entries of one segment."""

    def __init__(self, syntax: Syntax) -> None:
        self._syntax = syntax

    def alike(self, name: str, node: ast.expr, scope: Scope) -> Iterator[BeatSite]:
        """The entries of what is called a beat schedule and looks like one, be it a variable that nothing is seen to
        configure an app from, or the key of a dict or class."""
        if _NAMED_SCHEDULE.match(name):
            yield from (site for site in self.entries(node, scope) if is_entry(site.node))
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield from self.alike(key.value, value, scope)
        elif is_dict_call(node):
            for keyword in node.keywords:
                yield from self.alike(keyword.arg or "", keyword.value, scope)

    def arguments(self, call: ast.Call, scope: Scope) -> Iterator[BeatSite]:
        """The entries that a call of `dict` or of a schedule's `update` is given."""
        for value in call.args:
            yield from self.entries(value, scope)
        for keyword in call.keywords:
            if keyword.arg is None:
                yield from self.entries(keyword.value, scope)
            else:
                yield from self.entry(keyword.arg, keyword.value, scope)

    def entries(self, node: ast.expr, scope: Scope) -> Iterator[BeatSite]:
        """The entries of a beat schedule."""
        if is_dict_call(node):
            yield from self.arguments(node, scope)
        elif isinstance(node, ast.IfExp):
            yield from self.entries(node.body, scope)
            yield from self.entries(node.orelse, scope)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            yield from self.entries(node.left, scope)
            yield from self.entries(node.right, scope)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if key is None:
                    yield from self.entries(value, scope)
                else:
                    name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None
                    yield from self.entry(name, value, scope)

    def entry(self, key: str | None, node: ast.expr, scope: Scope) -> Iterator[BeatSite]:
        """One entry of a beat schedule, where it is written as a dict."""
        fields: list[tuple[str, Argument, ast.expr]] = []
        complete = True
        if isinstance(node, ast.Dict):
            for name, value in zip(node.keys, node.values, strict=True):
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    fields.append((name.value, self._argument(value, self._syntax.span(name), scope), value))
                else:
                    complete = False
        elif is_dict_call(node):
            complete = not node.args
            for keyword in node.keywords:
                if keyword.arg is None:
                    complete = False
                else:
                    start = self._syntax.span(keyword).start
                    span = Span(start, start + len(keyword.arg))
                    fields.append((keyword.arg, self._argument(keyword.value, span, scope), keyword.value))
        else:
            return
        task = next((self._task(value, scope) for name, _, value in fields if name == "task"), None)
        entry = BeatEntry(key, self._syntax.span(node), tuple((n, a) for n, a, _ in fields), complete, task)
        yield BeatSite(entry, node, tuple((n, value) for n, _, value in fields), scope)

    def periodic(self, node: ast.Call, scope: Scope) -> Iterator[BeatSite]:
        """`app.add_periodic_task(schedule, signature, args, kwargs, name, **options)`."""
        names = ("schedule", "sig", "args", "kwargs", "name")
        complete = not any(isinstance(a, ast.Starred) for a in node.args) and all(k.arg for k in node.keywords)
        given = [*zip(names, node.args, strict=False), *((k.arg, k.value) for k in node.keywords if k.arg)]
        fields = tuple((name, self._argument(value, self._syntax.span(value), scope)) for name, value in given)
        task = next((self._task_of(value, scope) for name, value in given if name == "sig"), None)
        name = next((value.value for name, value in fields if name == "name"), None)
        key = name if isinstance(name, str) else None
        entry = BeatEntry(key, self._syntax.span(node), fields, complete, task, form="call")
        yield BeatSite(entry, node, tuple(given), scope)

    def model(self, node: ast.Call, scope: Scope) -> Iterator[BeatSite]:
        """`PeriodicTask(...)`, `PeriodicTask.objects.get_or_create(..., defaults={...})` of django-celery-beat."""
        path = dotted_path(node.func) or ""
        if not is_periodic_model(node, scope) or path.rpartition(".")[2] not in _MAKING:
            return
        complete = not node.args and all(keyword.arg for keyword in node.keywords)
        given = [(k.arg, k.value, k.value) for k in node.keywords if k.arg and k.arg not in _DEFAULTS]
        for keyword in node.keywords:
            items = keyword.value if keyword.arg in _DEFAULTS else None
            if isinstance(items, ast.Dict):
                for name, value in zip(items.keys, items.values, strict=True):
                    if isinstance(name, ast.Constant) and isinstance(name.value, str):
                        given.append((name.value, value, name))
                    else:
                        complete = False
            elif items is not None:
                complete = False
        fields = tuple((name, self._argument(v, self._syntax.span(at), scope)) for name, v, at in given)
        key = next((argument.value for name, argument in fields if name == "name"), None)
        task = next((self._task(value, scope) for name, value, _ in given if name == "task"), None)
        name = key if isinstance(key, str) else None
        entry = BeatEntry(name, self._syntax.span(node), fields, complete, task, form="model")
        yield BeatSite(entry, node, tuple((name, value) for name, value, _ in given), scope)

    def _task(self, node: ast.expr, scope: Scope) -> ProjectTask | None:
        """The task in `"task": send.name`."""
        return self._task_of(node.value, scope) if isinstance(node, ast.Attribute) and node.attr == "name" else None

    def _task_of(self, node: ast.expr, scope: Scope) -> ProjectTask | None:
        receiver = expression(node)
        return task_of(evaluate_symbol(receiver, scope)) if isinstance(receiver, Reference) else None

    def _argument(self, node: ast.expr, span: Span, scope: Scope) -> Argument:
        return Argument(evaluate(expression(node), scope), span, self._syntax.span(node))


def is_dict_call(node: ast.expr) -> TypeGuard[ast.Call]:
    """Whether this is `dict(...)`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict"


def is_called_schedule(node: ast.expr) -> bool:
    """Whether something has the name of a beat schedule."""
    return _NAMED_SCHEDULE.match((dotted_path(node) or "").rpartition(".")[2]) is not None


def is_entry(node: ast.expr) -> bool:
    """Whether a dict can be nothing but a beat entry."""
    if isinstance(node, ast.Dict):
        names = {key.value for key in node.keys if isinstance(key, ast.Constant)}
    else:
        names = {keyword.arg for keyword in node.keywords} if is_dict_call(node) else set[object]()
    return {"task", "schedule"} <= names


def is_periodic_model(node: ast.Call, scope: Scope) -> bool:
    """Whether a call makes a `PeriodicTask` of django-celery-beat: the class, or its manager's methods."""
    path = dotted_path(node.func)
    if path is None or "PeriodicTask" not in path:
        return False
    head, _, _ = path.partition("PeriodicTask")
    symbol = evaluate_symbol(Reference(f"{head}PeriodicTask"), scope)
    return isinstance(symbol, External) and symbol.path.startswith("django_celery_beat.models")
