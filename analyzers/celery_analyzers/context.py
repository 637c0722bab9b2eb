"""What a rule is told beside the fact that it checks: the text, the names, the project, and the task's body.

Spans count from the segment's start. Must not know any single rule.
"""

from __future__ import annotations

import ast
import re
from functools import cached_property

from celery_analyzers.body import Body
from celery_analyzers.expressions import Reference, expression
from celery_analyzers.extraction import Function
from celery_analyzers.findings import NeededImport, Span
from celery_analyzers.ignores import Ignore, comments
from celery_analyzers.project import Project
from celery_analyzers.registrations import NOT_SET, setting
from celery_analyzers.symbols import (
    UNKNOWN,
    AppAttribute,
    External,
    InnerScope,
    ProjectClass,
    Scope,
    Symbol,
    TASK_CLASSES,
    base_classes,
    evaluate_symbol,
)
from celery_analyzers.facts import TaskDefinition
from celery_analyzers.syntax import Syntax
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
        unused_names: tuple[str, ...] = (),
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

    def setting(self, name: str) -> object:
        """The value of a Celery setting by its new, lower-case name, as this file or the module that it names in
        `config_from_object` gives it: None where nothing here sets it, UNKNOWN where something may."""
        return setting(name, self.scope)

    def effective_option(self, task: TaskDefinition, name: str) -> object:
        """The value of a task's option: its own, else what its base class gives it.

        None where neither sets it; UNKNOWN where something that cannot be told may. Settings are not asked.
        """
        own = task.option(name)
        if own is not None:
            return own.value
        if not task.options_known:
            return UNKNOWN
        if task.base is None:
            return NOT_SET
        return _class_option(task.base, name)

    def is_marked(self, word: str) -> bool:
        """Whether a comment `# celeryls: <word>` stands above the task, beside its decorators or its `def` line."""
        if self.function is None:
            return False
        first = min([self.span(self.function).start, *(self.span(d).start for d in self.function.decorator_list)])
        above = self.text[:first]
        lines = above.splitlines(keepends=True)
        start = len(above)
        while lines and (lines[-1].lstrip().startswith(("#", "@")) or not lines[-1].strip(" \t@")):
            start -= len(lines.pop())
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


def _class_option(base: Symbol, name: str) -> object:
    for candidate in base_classes(base):
        if isinstance(candidate, ProjectClass):
            found = [binding for bound, binding in candidate.binding.body if bound == name]
            if found:
                inside = InnerScope.of(candidate.binding.body, candidate.scope)
                return evaluate(Reference(name), inside)
        elif isinstance(candidate, AppAttribute):
            continue
        elif not (isinstance(candidate, External) and candidate.path in TASK_CLASSES | {"builtins.object"}):
            return UNKNOWN
    return NOT_SET
