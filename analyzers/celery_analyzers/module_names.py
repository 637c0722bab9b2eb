"""The names of a module, gathered from its segments: each segment is read alone, then the parts are put together.

Knows which segments must be parsed for the names that they bind. Must not resolve a name.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from celery_analyzers.bindings import (
    Binding,
    Bindings,
    ClassBinding,
    FunctionBinding,
    ValueBinding,
    bindings,
    function_scope,
)
from celery_analyzers.expressions import OPAQUE, Expression, expression
from celery_analyzers.registrations import registrations
from celery_analyzers.scopes import grouped
from celery_analyzers.segments import Kind, Segment
from celery_analyzers.syntax import Problem, Syntax, parse
from celery_analyzers.waiting_calls import may_wait, waiting_calls

_FUNCTION = re.compile(r"[ \t\f]*(?:async[ \t]+)?def[ \t]+(\w+)")
_DECORATED = re.compile(r"[ \t\f]*@")
_DEFINITION = re.compile(r"^[ \t\f]*(?:async[ \t]+)?def[ \t]+(\w+)|^[ \t\f]*class[ \t]", re.MULTILINE)
_HEAD_TOKEN = re.compile(
    r"#[^\r\n]*|\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|\"(?:\\.|[^\"\\\r\n])*\"|'(?:\\.|[^'\\\r\n])*'|[()\[\]{}:]"
)
# Only a function that may return an app, configure or register something, or wrap another function,
# is worth a look inside.
_FACTORY = re.compile(
    r"[cC]elery|\bapp\b|_app\b|\.conf\b|register_task|[tT]ask\(|[jJ]ob\(|[\r\n][ \t]+(?:async[ \t]+)?def[ \t]"
)


@dataclass(frozen=True, slots=True)
class SegmentNames:
    """What one segment binds. `class_name` is set for the head of a class, whose members follow."""

    bound: Bindings = ()
    pseudo: Bindings = ()
    class_name: str | None = None
    bases: tuple[Expression, ...] = ()
    decorators: tuple[Expression, ...] = ()


NOTHING = SegmentNames()
UNREADABLE = SegmentNames()
"""What a segment binds that cannot be parsed."""


def function_name(segment: Segment) -> str | None:
    """The name of the undecorated function that a segment is; None if it is something else."""
    match = _FUNCTION.match(segment.text, segment.code_start)
    return match.group(1) if match else None


def _plain_function(segment: Segment) -> str | None:
    """The text of a function's head, decorators included, if there is nothing in its body that the module could know
    of; None for all else."""
    start = segment.code_start
    first = _FUNCTION.match(segment.text, start)
    if first is None and not _DECORATED.match(segment.text, start):
        return None
    definition = first or _DEFINITION.search(segment.text, start)
    if definition is None or definition.group(1) is None:
        return None
    end = head_end(segment.text, definition.end())
    name = definition.group(1)
    # What a base class's `__call__` returns tells whether it hands the arguments on.
    if end is None or name == "__call__" or _FACTORY.search(segment.text, definition.end()):
        return None
    # So does what an exception's `__init__` gives `super()` tell whether it can be made again from that.
    if name == "__init__" and "super().__init__(" in segment.text:
        return None
    return segment.text[start:end]


def head_end(text: str, start: int) -> int | None:
    """Where the head of a definition ends: behind the colon that no bracket holds."""
    depth = 0
    for match in _HEAD_TOKEN.finditer(text, start):
        token = match.group()
        if token in ("(", "[", "{"):
            depth += 1
        elif token in (")", "]", "}"):
            depth -= 1
        elif token == ":" and depth == 0:
            return match.end()
    return None


def _head_names(head: str) -> SegmentNames | None:
    """What a function binds, read from its head alone; None where that does not parse."""
    match = _FUNCTION.match(head)
    # A task class's `run` has the parameters of its messages.
    if match is not None and match.group(1) != "run":
        return SegmentNames(((match.group(1), FunctionBinding(match.group(1))),))
    syntax = parse(Segment(f"{head} pass\n", Kind.MEMBER if head[0] in " \t\f" else Kind.STATEMENT, "", True, 0, 1))
    return None if isinstance(syntax, Problem) else SegmentNames(bindings(syntax.statements))


def needs_parsing(segment: Segment) -> bool:
    """Whether a segment must be parsed to tell the names that it binds."""
    return segment.kind is not Kind.TRIVIA and (_plain_function(segment) is None or _may_wait(segment))


def _may_wait(segment: Segment) -> bool:
    """Whether a segment is an undecorated function that may wait for a client."""
    return segment.kind is Kind.STATEMENT and function_name(segment) is not None and may_wait(segment.text)


def segment_names(segment: Segment, syntax: Syntax | Problem | None = None) -> SegmentNames:
    """What a segment binds. It is parsed where that is needed and `syntax` is not given. Never raises."""
    if segment.kind is Kind.TRIVIA:
        return NOTHING
    try:
        return _names(segment, syntax)
    except RecursionError:
        # What Python's own parser could just about read may be nested too deeply to be walked.
        return NOTHING


def _names(segment: Segment, syntax: Syntax | Problem | None) -> SegmentNames:
    head = _plain_function(segment)
    names = None if head is None else _head_names(head)
    if names is None:
        names, syntax = _parsed_names(segment, syntax)
    return _with_waits(names, segment, syntax) if _may_wait(segment) else names


def _with_waits(names: SegmentNames, segment: Segment, syntax: Syntax | Problem | None) -> SegmentNames:
    """The names of a function with what it waits for, if its body can be parsed."""
    syntax = syntax or parse(segment)
    function = None if isinstance(syntax, Problem) else next(iter(syntax.statements), None)
    waits = waiting_calls(function) if isinstance(function, ast.FunctionDef) else ()
    if not waits or not isinstance(function, ast.FunctionDef):
        return names
    # Only what is called counts: with more, each key in the body would change what the function is to others.
    called = {call.callee.split(".", 1)[0] for call in waits}
    inner = tuple(
        (name, binding if name in called else ValueBinding(OPAQUE)) for name, binding in function_scope(function)
    )
    bound = (
        (
            name,
            replace(binding, waits=waits, inner=binding.inner or inner)
            if isinstance(binding, FunctionBinding)
            else binding,
        )
        for name, binding in names.bound
    )
    return replace(names, bound=tuple(bound))


def _parsed_names(segment: Segment, syntax: Syntax | Problem | None) -> tuple[SegmentNames, Syntax | Problem]:
    syntax = syntax or parse(segment)
    if isinstance(syntax, Problem):
        return UNREADABLE, syntax
    if segment.kind is Kind.CLASS_HEAD:
        for node in syntax.statements:
            if isinstance(node, ast.ClassDef):
                decorators = tuple(map(expression, node.decorator_list))
                return SegmentNames((), (), node.name, tuple(map(expression, node.bases)), decorators), syntax
        return NOTHING, syntax
    return SegmentNames(bindings(syntax.statements), tuple(registrations(segment.text, syntax.statements))), syntax


def module_names(parts: Iterable[tuple[Segment, SegmentNames]]) -> dict[str, tuple[Binding, ...]]:
    """The names of the module whose segments these are, in order."""
    gathered: list[tuple[str, Binding]] = []
    head: SegmentNames | None = None
    members: list[tuple[str, Binding]] = []

    def close() -> None:
        if head is not None and head.class_name is not None:
            gathered.append(
                (head.class_name, ClassBinding(head.class_name, head.bases, tuple(members), head.decorators))
            )
        members.clear()

    for segment, names in parts:
        if segment.kind is Kind.MEMBER and head is not None:
            members.extend(names.bound)
            gathered.extend(names.pseudo)
            continue
        if segment.kind is Kind.TRIVIA:
            continue
        close()
        head = names if segment.kind is Kind.CLASS_HEAD else None
        gathered.extend(names.bound)
        gathered.extend(names.pseudo)
    close()
    return grouped(tuple(gathered))
