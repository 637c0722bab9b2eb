"""The names of a module, gathered from its segments: each segment is read alone, then the parts are put together.

Knows which segments must be parsed for the names that they bind. Must not resolve a name.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass

from celery_analyzers.bindings import Binding, Bindings, ClassBinding, FunctionBinding, bindings
from celery_analyzers.expressions import Expression, expression
from celery_analyzers.registrations import registrations
from celery_analyzers.scopes import grouped
from celery_analyzers.segments import Kind, Segment
from celery_analyzers.syntax import Problem, Syntax, parse

_FUNCTION = re.compile(r"[ \t\f]*(?:async[ \t]+)?def[ \t]+(\w+)")
# Only a function that has decorators, or may return an app, configure or register something, or wrap another function,
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


def function_name(segment: Segment) -> str | None:
    """The name of the undecorated function that a segment is; None if it is something else."""
    match = _FUNCTION.match(segment.text, segment.code_start)
    return match.group(1) if match else None


def _plain_function(segment: Segment) -> str | None:
    """The name of the function that a segment is, if there is nothing in it that the module could know of."""
    start = segment.code_start
    match = _FUNCTION.match(segment.text, start)
    if match is None or _FACTORY.search(segment.text, match.end()):
        return None
    # What a base class's `__call__` returns tells whether it hands the arguments on.
    return match.group(1) if match.group(1) != "__call__" else None


def needs_parsing(segment: Segment) -> bool:
    """Whether a segment must be parsed to tell the names that it binds."""
    return segment.kind is not Kind.TRIVIA and _plain_function(segment) is None


def segment_names(segment: Segment, syntax: Syntax | Problem | None = None) -> SegmentNames:
    """What a segment binds. It is parsed where that is needed and `syntax` is not given."""
    if segment.kind is Kind.TRIVIA:
        return NOTHING
    name = _plain_function(segment)
    if name is not None:
        return SegmentNames(((name, FunctionBinding(name)),))
    syntax = syntax or parse(segment)
    if isinstance(syntax, Problem):
        return NOTHING
    if segment.kind is Kind.CLASS_HEAD:
        for node in syntax.statements:
            if isinstance(node, ast.ClassDef):
                decorators = tuple(map(expression, node.decorator_list))
                return SegmentNames((), (), node.name, tuple(map(expression, node.bases)), decorators)
        return NOTHING
    return SegmentNames(bindings(syntax.statements), tuple(registrations(segment.text, syntax.statements)))


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
