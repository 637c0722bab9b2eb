"""Gives settings other names throughout a module: where they are given, and where the module uses them.

Knows the forms in which settings are written. Must not know which names are right.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator

from celery_analyzers.findings import Edit, Span
from celery_analyzers.source import LineIndex

_GIVING = frozenset({"update", "add_defaults", "config_from_object", "setdefault"})


def rename_edits(renames: Iterable[tuple[str, str]], text: str) -> tuple[Edit, ...] | None:
    """The edits that rename settings in a module, as pairs of old and new; None where it cannot be read."""
    names = dict(renames)
    if not names:
        return ()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    lines = LineIndex(text)
    edits: list[Edit] = []
    for line, column, old in _places(tree, names):
        before = lines.line_text(line - 1).encode()[:column].decode(errors="replace")
        start = text.find(old, lines.offset(line - 1, len(before)))
        edits.append(Edit(Span(start, start + len(old)), names[old]))
    return tuple(edits)


def _places(tree: ast.Module, names: dict[str, str]) -> Iterator[tuple[int, int, str]]:
    """Where the names stand: line, column in bytes at or in front of it, and name."""
    owners = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)} | {"self", "cls"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            yield node.lineno, node.col_offset, node.id
        elif isinstance(node, ast.Attribute) and node.attr in names and _has_settings(node.value, owners):
            yield node.value.end_lineno or node.lineno, node.value.end_col_offset or 0, node.attr
        elif isinstance(node, ast.Subscript) and _is_conf(node.value):
            yield from _strings([node.slice], names)
        elif isinstance(node, ast.Call) and _gives(node):
            yield from _arguments(node, names)


def _arguments(call: ast.Call, names: dict[str, str]) -> Iterator[tuple[int, int, str]]:
    for keyword in call.keywords:
        if keyword.arg in names:
            yield keyword.lineno, keyword.col_offset, str(keyword.arg)
    for value in (*call.args, *(keyword.value for keyword in call.keywords)):
        if isinstance(value, ast.Dict):
            yield from _strings(value.keys, names)
        elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict":
            yield from _arguments(value, names)
        elif isinstance(value, ast.Constant):
            yield from _strings([value], names)


def _strings(nodes: Iterable[ast.expr | None], names: dict[str, str]) -> Iterator[tuple[int, int, str]]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names:
            yield node.lineno, node.col_offset, node.value


def _gives(call: ast.Call) -> bool:
    """Whether a call gives settings to an app."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in _GIVING:
        return call.func.attr in ("config_from_object", "add_defaults") or _is_conf(call.func.value)
    return ast.unparse(call.func).rpartition(".")[2].endswith("Celery")


def _has_settings(node: ast.expr, owners: set[str]) -> bool:
    return (isinstance(node, ast.Name) and node.id in owners) or _is_conf(node)


def _is_conf(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.endswith("conf")
