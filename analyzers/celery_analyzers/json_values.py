"""Values that JSON cannot hold: where they stand in an expression, and what to write instead.

Knows how each kind of value becomes one that JSON can hold. Must not know who sends or stores it, nor rules.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.class_kinds import Kind, Sort
    from celery_analyzers.context import Context
    from celery_analyzers.findings import NeededImport

_INSTEAD: dict[Sort, tuple[str, str]] = {
    "bytes": ("it as `bytes`", "bytes({})"),
    "enum": ("its value", "{}.value"),
    "exception": ("its text", "str({})"),
    "iterable": ("a list", "list({})"),
    "model": ("its primary key", "{}.pk"),
    "models": ("their primary keys", "[item.pk for item in {}]"),
    "path": ("it as text", "str({})"),
    "pattern": ("its text", "{}.pattern"),
    "pydantic": ("its data", '{}.model_dump(mode="json")'),
    "queryset": ("the primary keys", 'list({}.values_list("pk", flat=True))'),
    "set": ("a list", "list({})"),
    "timedelta": ("the seconds", "{}.total_seconds()"),
    "user": ("its primary key", "{}.pk"),
}
"""What to write instead: how the fix calls it, and how it is written."""
_ONE_TERM = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Set, ast.SetComp, ast.GeneratorExp)


def parts(node: ast.expr) -> Iterator[ast.expr]:
    """An expression, or what its displays hold."""
    if isinstance(node, (ast.List, ast.Tuple)):
        for item in node.elts:
            yield from parts(item)
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from parts(value)
    elif not isinstance(node, ast.Starred):
        yield node


def conversion(node: ast.expr, kind: Kind, verb: str, context: Context) -> Fix | None:
    """Write what JSON can hold. `verb` is what is done with it: `Pass`."""
    imports: tuple[NeededImport, ...] = ()
    if kind.sort == "dataclass":
        name, needed = context.imported("dataclasses", "asdict")
        title, template = "its fields", f"{name}({{}})"
        imports = () if needed is None else (needed,)
    elif kind.sort in _INSTEAD:
        title, template = _INSTEAD[kind.sort]
    else:
        return None
    span = context.span(node)
    before, _, behind = template.partition("{}")
    # A generator that is the only argument shares the parentheses of the call.
    is_bracketed = isinstance(node, ast.GeneratorExp) and span.end != _end_of_call(node, context)
    if is_bracketed and before.endswith("("):
        before, behind = before[:-1], behind[1:]
    elif not isinstance(node, _ONE_TERM) and not (before.endswith("(") and behind.startswith(")")):
        before, behind = f"{before}(", f"){behind}"
    elif isinstance(node, ast.GeneratorExp):
        before = f"({before[:-1]}"
    edits = (Edit(Span(span.start, span.start), before), Edit(Span(span.end, span.end), behind))
    return Fix(f"{verb} {title}", edits, preferred=True, imports=imports)


def _end_of_call(node: ast.expr, context: Context) -> int:
    parent = next((outer for outer in context.enclosing(node) if isinstance(outer, ast.Call)), None)
    return -1 if parent is None else context.span(parent).end
