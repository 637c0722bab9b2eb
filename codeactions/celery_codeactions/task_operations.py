"""What a task does to the world, in its own body and in the project's functions that it calls.

Follows calls two functions deep. Knows how to find a function's body in another file. Must not know any action.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from celery_analyzers.body import Body
from celery_analyzers.idempotency import is_guarded
from celery_analyzers.operations import Performed, operations
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.segmented_text import SegmentedText
from celery_analyzers.segments import Kind
from celery_analyzers.symbols import ProjectFunction
from celery_analyzers.syntax import Problem, Syntax, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from celery_analyzers.body import CallSite
    from celery_analyzers.context import Context

_DEEPEST = 2
_MOST_HELPERS = 20


@dataclass(frozen=True, slots=True)
class Doing:
    """An operation, the body that performs it with its text, and the call in the task that leads there."""

    performed: Performed
    body: Body
    source: str
    call: CallSite


class TaskOperations:
    """The operations of one task."""

    def __init__(self, body: Body, context: Context, text_of: Callable[[Path], str | None]) -> None:
        self._body = body
        self._context = context
        self._text_of = text_of
        self._seen: set[tuple[Path, str]] = set()

    @cached_property
    def all(self) -> tuple[Doing, ...]:
        """All operations that are known, in the order in which they stand."""
        return tuple(self._in(self._body, self._context.function_source, None, 0))

    @cached_property
    def once_only(self) -> Doing | None:
        """An operation that must not be done twice, where nothing keeps it from being done twice."""
        if self._context.is_marked("idempotent"):
            return None
        unsafe = (doing for doing in self.all if doing.performed.operation.repeatable is False)
        return next((doing for doing in unsafe if not self._is_guarded(doing)), None)

    def _is_guarded(self, doing: Doing) -> bool:
        if is_guarded(doing.performed, doing.body, doing.source):
            return True
        if doing.body is self._body:
            return False
        reached = Performed(doing.call, doing.performed.operation)
        return is_guarded(reached, self._body, self._context.function_source)

    def _in(self, body: Body, source: str, call: CallSite | None, depth: int) -> Iterator[Doing]:
        found = {one.call.node: one for one in operations(body)}
        for site in body.calls:
            if site.node in found:
                yield Doing(found[site.node], body, source, call or site)
            elif depth < _DEEPEST and site.path is None and isinstance(site.node.func, (ast.Name, ast.Attribute)):
                helper = self._helper(site, body)
                if helper is not None:
                    yield from self._in(*helper, call or site, depth + 1)

    def _helper(self, site: CallSite, body: Body) -> tuple[Body, str] | None:
        """The body of the project's function that a call calls, and its text."""
        symbol = body.symbol(site.node.func)
        if not isinstance(symbol, ProjectFunction) or len(self._seen) >= _MOST_HELPERS:
            return None
        module = symbol.scope.module_scope
        if not isinstance(module, ModuleScope) or module.path is None:
            return None
        key = module.path, symbol.binding.name
        text = None if key in self._seen else self._text_of(module.path)
        self._seen.add(key)
        found = None if text is None else _function(symbol.binding.name, text)
        if found is None:
            return None
        function, syntax = found
        return Body(function, module, syntax), syntax.text


def _function(name: str, text: str) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, Syntax] | None:
    """A function at the top level of a module, and the syntax of its segment."""
    for segment in SegmentedText(text).segments:
        if segment.kind in (Kind.TRIVIA, Kind.CLASS_HEAD, Kind.MEMBER) or name not in segment.text:
            continue
        syntax = parse(segment)
        if isinstance(syntax, Problem):
            continue
        for statement in syntax.statements:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)) and statement.name == name:
                return statement, syntax
    return None
