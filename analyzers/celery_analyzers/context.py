"""What a rule is told beside the fact that it checks: the text, the names, the project, and the task's body.

Spans count from the segment's start. Must not know any single rule.
"""

from __future__ import annotations

import ast
import re
from functools import cached_property
from pathlib import Path

from celery_analyzers.body import Body
from celery_analyzers.expressions import OPAQUE, Invocation, Reference, expression
from celery_analyzers.extraction import Function
from celery_analyzers.facts import TaskDefinition
from celery_analyzers.findings import NeededImport, Span
from celery_analyzers.ignores import Ignore, comments
from celery_analyzers.project import Project
from celery_analyzers.registrations import NOT_SET, app_argument, app_attributes, setting
from celery_analyzers.resolution import TASK_CLASSES, base_classes, evaluate_symbol
from celery_analyzers.scopes import InnerScope, ModuleScope
from celery_analyzers.source import LineIndex
from celery_analyzers.symbols import UNKNOWN, AppAttribute, External, ProjectClass, ProjectFunction, Scope, Symbol
from celery_analyzers.syntax import Syntax
from celery_analyzers.values import evaluate

_TRANSPARENT_DECORATORS = frozenset({"django.db.transaction.atomic", "django.db.transaction.non_atomic_requests"})
"""Decorators that pass on all arguments and what comes back."""
_TASK_MAKERS = frozenset({"task", "_task_from_fun"})
"""Methods of an app that make its tasks: one of its own may give them any option."""
_TASK_CLASS_GIVERS = frozenset({"Task", "task_cls", "create_task_cls", "__init__", "init_app"})
"""Attributes of an app that tell, or may set, the base class of its tasks."""
_EMPTY_CLASSES = frozenset({"abc.ABC", "builtins.object", "typing.Generic"})
"""Classes that give a task no attribute of theirs."""
_TEST_FILE = re.compile(r"(?:test_.*|.*_tests?|tests?|conftest)\.py\Z")
_TEST_FOLDERS = frozenset({"test", "tests", "testing"})
_MARKER = re.compile(r"celeryls:\s*(?P<word>[a-z][\w-]*)")


class Context:
    """The surroundings of one fact."""

    def __init__(
        self,
        syntax: Syntax,
        scope: Scope,
        project: Project,
        *,
        function: Function | None = None,
        decorator: ast.expr | None = None,
        call: ast.Call | None = None,
        app: Scope | None = None,
    ) -> None:
        self.syntax = syntax
        self.scope = scope
        """The scope that the fact stands in: that of the definition, not of the function's body."""
        self.project = project
        self.function = function
        """The node of the function that the task runs, where it stands in this segment."""
        self.decorator = decorator
        """The node of the decorator, or of the call that makes the task; None where it stands elsewhere."""
        self.call = call
        """The node of the crontab."""
        self._app = app

    @property
    def text(self) -> str:
        """The segment's text."""
        return self.syntax.text

    def span(self, node: ast.AST) -> Span:
        """Where a node stands."""
        return self.syntax.span(node)

    def source(self, span: Span) -> str:
        """The text at a span."""
        return self.syntax.text[span.start : span.end]

    def symbol(self, node: ast.expr) -> Symbol:
        """What an expression outside the task's body means."""
        return evaluate_symbol(expression(node), self.scope)

    def value(self, node: ast.expr) -> object:
        """The value of an expression outside the task's body, as `values.evaluate` gives it."""
        return evaluate(expression(node), self.scope)

    @cached_property
    def body(self) -> Body | None:
        """The task's body, where it stands in this segment."""
        return None if self.function is None else Body(self.function, self.scope)

    @property
    def in_tests(self) -> bool:
        """Whether the module is a test, or stands among tests, by the names in its path inside the project."""
        module, root = self.scope.module_scope, self.project.root
        path = module.path if isinstance(module, ModuleScope) else None
        if path is None:
            return False
        inside = path.relative_to(root) if root is not None and path.is_relative_to(root) else Path(path.name)
        return _TEST_FILE.match(inside.name) is not None or not _TEST_FOLDERS.isdisjoint(inside.parts[:-1])

    @cached_property
    def function_source(self) -> str:
        """The text of the function that the task runs, decorators apart; empty where it stands elsewhere."""
        return "" if self.function is None else self.source(self.span(self.function))

    def mentions(self, *words: str) -> bool:
        """Whether the function's text holds any of `words`: to be asked before what costs more."""
        return any(word in self.function_source for word in words)

    def setting(self, name: str) -> object:
        """The value of a Celery setting by its new, lower-case name.

        It is looked for in this file, in the module that makes the task's app, and in the modules that these name in
        `config_from_object`. None where nothing there sets it, UNKNOWN where something may.
        """
        own = setting(name, self.scope)
        return own if own is not NOT_SET or self._app is None else setting(name, self._app)

    def effective_option(self, task: TaskDefinition, name: str) -> object:
        """The value of a task's option: its own, else what its base class gives it.

        None where neither sets it; UNKNOWN where something that cannot be told may. Settings are not asked.
        """
        own = task.option(name)
        if own is not None:
            return own.value
        if not task.options_known:
            return UNKNOWN
        base = self._base(task)
        return NOT_SET if base is None else _class_option(base, name)

    def _base(self, task: TaskDefinition) -> Symbol | None:
        """The task's base class: its own, else the one that its app gives to all."""
        app = self._app or self.scope
        own = app_attributes(app) if task.form != "class" else frozenset[str]()
        if not own.isdisjoint(_TASK_MAKERS):
            return UNKNOWN
        if task.base is not None:
            return task.base
        default = app_argument("task_cls", app) if own.isdisjoint(_TASK_CLASS_GIVERS) else UNKNOWN
        if isinstance(default, (External, ProjectClass, AppAttribute)):
            return default
        return None if default is NOT_SET else UNKNOWN

    def base_may_define(self, task: TaskDefinition, *names: str) -> bool:
        """Whether the task's base class, or one that cannot be read, may have an attribute of its own of these.

        A `__call__` that does no more to the arguments than to pass them on to `run` does not count.
        """
        if not task.options_known:
            return True
        base = self._base(task)
        if base is None:
            return False
        found = (_class_option(base, name) for name in names)
        return any(value is not NOT_SET and not _only_runs(value) for value in found)

    def may_be_wrapped(self, task: TaskDefinition) -> bool:
        """Whether a decorator below the task's own may change what the function takes or gives."""
        return any(not (isinstance(inner, External) and inner.path in _TRANSPARENT_DECORATORS) for inner in task.inner)

    def is_marked(self, word: str) -> bool:
        """Whether a comment `# celeryls: <word>` stands above the task, beside its decorators or its `def` line."""
        if self.function is None:
            return False
        first = min([self.span(self.function).start, *(self.span(d).start for d in self.function.decorator_list)])
        lines = LineIndex(self.text)
        line = lines.position(first)[0]
        while line > 0 and lines.line_text(line - 1).lstrip().startswith("#"):
            line -= 1
        start = lines.offset(line, 0)
        end = self.span(self.function.body[0]).start
        return any(
            match.group("word") == word
            for comment in comments(self.text[start:end])
            for match in _MARKER.finditer(self.text, start + comment.start, start + comment.end)
        )

    def imported(self, module: str, name: str) -> tuple[str, NeededImport | None]:
        """How to write `module.name` here, and the import that this needs; None if it is already imported."""
        meant = evaluate_symbol(Reference(name), self.scope)
        if meant == External(f"{module}.{name}"):
            return name, None
        bound, _ = self.scope.lookup(name)
        if not bound:
            return name, NeededImport(module, name)
        alias = f"Celery{name}"
        return alias, NeededImport(module, name, alias)


class IgnoreContext:
    """What is told about a comment that silences: which of its names silenced nothing, and which are no rules."""

    def __init__(self, text: str, ignore: Ignore, unused: tuple[str, ...], unknown: tuple[str, ...]) -> None:
        self.text = text
        self.ignore = ignore
        self.unused = unused
        self.unknown = unknown


def _only_runs(value: object) -> bool:
    """Whether this is a method that ends in `return self.run(*args, **kwargs)` and binds no name anew before."""
    if not isinstance(value, ProjectFunction) or not value.binding.returns:
        return False
    names = [name for name, _ in value.binding.inner]
    return len(set(names)) == len(names) and all(
        isinstance(returned, Invocation)
        and returned.function == Reference("self.run")
        and returned.arguments == (OPAQUE,)
        and len(returned.keywords) == 1
        and returned.keywords[0][0] is None
        for returned in value.binding.returns
    )


def _class_option(base: Symbol, name: str) -> object:
    for candidate in base_classes(base):
        if isinstance(candidate, ProjectClass):
            found = [binding for bound, binding in candidate.binding.body if bound == name]
            if found:
                inside = InnerScope.of(candidate.binding.body, candidate.scope)
                return evaluate(Reference(name), inside)
        elif isinstance(candidate, AppAttribute):
            continue
        elif not (isinstance(candidate, External) and candidate.path in TASK_CLASSES | _EMPTY_CLASSES):
            return UNKNOWN
    return NOT_SET
