"""What a rule is told beside the fact that it checks: the text, the names, the project, and the task's body.

Spans count from the segment's start. Must not know any single rule.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from celery_analyzers.bindings import ParameterBinding
from celery_analyzers.body import Body
from celery_analyzers.calling import checks_arguments, parameters_met, sending_is_changed, task_named
from celery_analyzers.configuration import Given, combined
from celery_analyzers.effective import Effective, effective_option, may_define, names_of, settings_given
from celery_analyzers.expressions import Reference, expression
from celery_analyzers.findings import NeededImport, Span
from celery_analyzers.ignores import comments
from celery_analyzers.project import Project
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.source import LineIndex
from celery_analyzers.symbols import External, Scope, Symbol
from celery_analyzers.syntax import Syntax
from celery_analyzers.task_facts import TaskDefinition
from celery_analyzers.task_names import is_started_in
from celery_analyzers.tasks import TRANSPARENT_DECORATORS, ProjectTask, Task
from celery_analyzers.trees import Function
from celery_analyzers.values import evaluate

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
        statement: ast.stmt | None = None,
        task: Task | None = None,
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
        """The node of the call that the fact is."""
        self.statement = statement
        """The node of the statement that the fact is: an import, a class, the assignment of an app."""
        self.task = task
        """The task that the fact is, or that it is about."""

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

    def celery_at_least(self, *version: int) -> bool | None:
        """Whether the code here runs on this version of Celery or a later one: `celery_at_least(5, 5)`. None where the
        project does not tell."""
        module = self.scope.module_scope
        path = module.path if isinstance(module, ModuleScope) else None
        return self.project.celery_version(path).at_least(*version)

    @cached_property
    def body(self) -> Body | None:
        """The task's body, where it stands in this segment."""
        return None if self.function is None else Body(self.function, self.scope, self.syntax)

    def enclosing(self, node: ast.AST) -> Iterator[ast.AST]:
        """What encloses a node in the segment, from the inside out."""
        return self.syntax.enclosing(node)

    @property
    def path(self) -> str:
        """The path of the file, empty where there is none."""
        module = self.scope.module_scope
        return str(module.path) if isinstance(module, ModuleScope) and module.path is not None else ""

    @property
    def in_tests(self) -> bool:
        """Whether the module is a test, or stands among tests, by the names in its path inside the project."""
        module = self.scope.module_scope
        path = module.path if isinstance(module, ModuleScope) else None
        return path is not None and self.project.is_test(path)

    @property
    def in_migrations(self) -> bool:
        """Whether the module is a migration of Django's: it speaks of the time at which it was written."""
        module = self.scope.module_scope
        return isinstance(module, ModuleScope) and module.path is not None and "migrations" in module.path.parts

    @cached_property
    def function_source(self) -> str:
        """The text of the function that the task runs, decorators apart; empty where it stands elsewhere."""
        return "" if self.function is None else self.source(self.span(self.function))

    def mentions(self, *words: str) -> bool:
        """Whether the function's text holds any of `words`: to be asked before what costs more."""
        return any(word in self.function_source for word in words)

    def setting(self, name: str, task: Task | None = None) -> object:
        """The value of a Celery setting by its new, lower-case name: of the app of `task`, which is this one if none is
        given. None where nothing sets it, UNKNOWN where something may, or where places differ."""
        return combined(self.given(name, task))

    def given(self, name: str, task: Task | None = None) -> list[Given]:
        """The values that a setting is given, with their places."""
        task = task or self.task
        return settings_given(name, task, task.scope if isinstance(task, ProjectTask) else self.scope, self.project)

    def effective(self, task: Task, name: str) -> Effective:
        """What an option of a task comes to, with where that is said."""
        return effective_option(task, name, self._scope_of(task), self.project)

    def effective_option(self, task: Task, name: str) -> object:
        """The effective value of a task's option: None where nothing sets it, UNKNOWN where something that cannot be
        told may."""
        return self.effective(task, name).value

    def names(self, task: Task) -> tuple[str, ...] | None:
        """The names that Celery may know a task by, None where they cannot be told."""
        return names_of(task, self._scope_of(task), self.project)

    def likeliest_name(self, task: Task) -> str | None:
        """The name that Celery knows a task by, but for `__main__.`, which only a script gives: the one that it can
        have, or the first where Python is started in the folder that this one counts from."""
        names = [name for name in self.names(task) or () if not name.startswith("__main__.")]
        if len(names) == 1:
            return names[0]
        folders = Path(self.path).parents
        depth = names[0].count(".") - 1 if names else -1
        return names[0] if 0 <= depth < len(folders) and is_started_in(folders[depth]) else None

    def task_named(self, name: str) -> ProjectTask | None:
        """The task of the project that goes by a name; None where there is none, or several."""
        return task_named(name, self.project)

    def parameters_met(self, task: ProjectTask) -> tuple[ParameterBinding, ...] | None:
        """The parameters that the arguments of a call of a task meet; None where these may be changed on the way."""
        return parameters_met(task, task.scope, self.project)

    def sending_is_changed(self, task: ProjectTask) -> bool:
        """Whether the task's base class or its app may do something to the arguments before they are sent."""
        return sending_is_changed(task, task.scope, self.project)

    def checks_arguments(self, task: ProjectTask) -> bool | None:
        """Whether Celery compares a call's arguments with the parameters before it sends them; None if it is told not
        to, or may be."""
        return checks_arguments(task, task.scope, self.project)

    def base_may_define(self, task: Task, *names: str) -> bool:
        """Whether the task's base class, or one that cannot be read, may have an attribute of its own of these.

        A `__call__` that does no more to the arguments than to pass them on to `run` does not count.
        """
        return may_define(task, names, self._scope_of(task), self.project)

    def _scope_of(self, task: Task) -> Scope:
        return task.scope if isinstance(task, ProjectTask) else self.scope

    def may_be_wrapped(self, task: TaskDefinition) -> bool:
        """Whether a decorator below the task's own may change what the function takes or gives."""
        if not task.maker.keeps_function:
            return True
        return any(not (isinstance(inner, External) and inner.path in TRANSPARENT_DECORATORS) for inner in task.inner)

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
        return imported(module, name, self.scope)


def imported(module: str, name: str, scope: Scope) -> tuple[str, NeededImport | None]:
    """How to write `module.name` in a scope, and the import that this needs; None if it is already imported."""
    if evaluate_symbol(Reference(name), scope) == External(f"{module}.{name}"):
        return name, None
    bound, _ = scope.lookup(name)
    if not bound:
        return name, NeededImport(module, name)
    package = module.split(".", 1)[0]
    alias = f"{package.capitalize()}{name}" if name[0].isupper() else f"{package}_{name}"
    return alias, NeededImport(module, name, alias)
