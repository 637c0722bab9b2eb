"""Adds an entry to a setting that is a dict, such as `task_routes`, where the settings of an app stand.

Reads the text as it is when the fix is applied, in which the setting may be there by now. Knows the ways in which
settings are written. Must not know what a setting means, nor rules.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from celery_analyzers.app_settings import SettingsHome
from celery_analyzers.celery_tables import setting_tables
from celery_analyzers.dict_edits import add_item
from celery_analyzers.expressions import dotted_path
from celery_analyzers.findings import Edit, Span
from celery_analyzers.layout import SpanOf, first_on_line, indentation, line_end, newline_of
from celery_analyzers.segmented_text import SegmentedText
from celery_analyzers.segments import Kind
from celery_analyzers.setting_names import canonical, spellings
from celery_analyzers.syntax import Problem, parse


@dataclass(frozen=True, slots=True)
class SettingEntry:
    """An entry `"key": value` of the setting `name`, to be written into the file at `path`.

    `home` is where the other settings of the app stand; None where there are none, so that it is given to the app that
    the file makes. `path` is None for the file that the finding is in.
    """

    path: Path | None
    home: SettingsHome | None
    name: str
    key: str
    value: str

    @property
    def creates(self) -> bool:
        """Settings are only added to files that are there."""
        return False

    def edits(self, text: str) -> tuple[Edit, ...]:
        """The edits that add the entry to a text; none where the setting is no dict that can be read there."""
        statements = list(_statements(text, self.home.owner if self.home is not None else None))
        for statement in statements:
            for value in self._values(statement.node):
                if not isinstance(value, ast.Dict):
                    return ()
                return add_item(text, value, statement.span_of, self.key, self.value)
        if any(key in text for key in spellings(self.name, self.home.namespace if self.home else None)):
            # It is there in a way that is not read here.
            return ()
        for statement in sorted(statements, key=lambda one: not self._is_plainly_celerys(one.node)):
            head = self._head(statement.node)
            span = statement.span_of(statement.node)
            if head is not None and first_on_line(text, span.start):
                between = newline_of(text) + indentation(text, span.start)
                entry = f'{between}    "{self.key}": {self.value},{between}'
                end = line_end(text, span.end)
                return (Edit(Span(end, end), f"{between}{head} = {{{entry}}}"),)
        return ()

    def _is_plainly_celerys(self, node: ast.stmt) -> bool:
        """Whether a statement gives a setting under the namespace, and not one by a name that others may have too."""
        if self.home is None or not self.home.namespace:
            return True
        return any(key.startswith(f"{self.home.namespace}_") for key, _ in _given(node, is_conf=self.home.is_conf))

    def _values(self, node: ast.stmt) -> Iterator[ast.expr]:
        """The values that a statement gives the setting."""
        namespace = self.home.namespace if self.home is not None else None
        for key, value in _given(node, is_conf=self.home is None or self.home.is_conf):
            if canonical(key, namespace) == self.name:
                yield value

    def _head(self, node: ast.stmt) -> str | None:
        """What the setting is assigned to behind a statement, if that is one behind which it belongs."""
        if self.home is None:
            name = _app_made(node)
            return None if name is None else f"{name}.conf.{self.name}"
        keys = [key for key, _ in _given(node, is_conf=self.home.is_conf)]
        if self.home.key not in keys and not (self.home.namespace and any(self._is_setting(key) for key in keys)):
            return None
        if self.home.is_conf:
            return f"{_conf(node)}.{self.name}"
        names = spellings(self.name, self.home.namespace)
        return next((name for name in names if name.isupper() == self.home.key.isupper()), names[0])

    def _is_setting(self, key: str) -> bool:
        return self.home is not None and canonical(key, self.home.namespace) in setting_tables().settings


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement of a text, and what tells where its nodes stand."""

    node: ast.stmt
    span_of: SpanOf


def _statements(text: str, owner: str | None) -> Iterator[_Statement]:
    """The statements of a module's top level, or of the body of its class `owner`."""
    start, inside = 0, False
    for segment in SegmentedText(text).segments:
        offset, start = start, start + len(segment.text)
        if segment.kind is Kind.TRIVIA:
            continue
        if segment.kind is not Kind.MEMBER:
            inside = False
        syntax = parse(segment)
        if isinstance(syntax, Problem):
            continue

        def span_of(node: ast.AST, own: SpanOf = syntax.span, offset: int = offset) -> Span:
            return own(node).shifted(offset)

        for node in syntax.statements:
            if segment.kind is Kind.CLASS_HEAD:
                inside = isinstance(node, ast.ClassDef) and node.name == owner
            elif inside or (owner is None and segment.kind is not Kind.MEMBER):
                yield _Statement(node, span_of)


def _given(node: ast.stmt, *, is_conf: bool) -> Iterator[tuple[str, ast.expr]]:
    """The settings that a statement gives: as variables, or on the `conf` of an app."""
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None and not is_conf:
        yield node.target.id, node.value
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        if not is_conf and isinstance(target, ast.Name):
            yield target.id, node.value
        elif is_conf and isinstance(target, ast.Attribute) and _is_conf(target.value):
            yield target.attr, node.value
        elif is_conf and isinstance(target, ast.Subscript) and _is_conf(target.value):
            yield from _items([target.slice], [node.value])
    elif is_conf and isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        function = node.value.func
        if isinstance(function, ast.Attribute) and function.attr == "update" and _is_conf(function.value):
            yield from ((k.arg, k.value) for k in node.value.keywords if k.arg is not None)
            for argument in node.value.args:
                if isinstance(argument, ast.Dict):
                    yield from _items(argument.keys, argument.values)


def _items(keys: Sequence[ast.expr | None], values: Sequence[ast.expr]) -> Iterator[tuple[str, ast.expr]]:
    for key, value in zip(keys, values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value, value


def _is_conf(node: ast.expr) -> bool:
    return (dotted_path(node) or "").endswith(".conf")


def _conf(node: ast.stmt) -> str:
    """The `app.conf` of a statement that gives it a setting."""
    target = node.value.func if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else None
    if isinstance(node, ast.Assign):
        target = node.targets[0]
    return dotted_path(target.value) or "" if isinstance(target, (ast.Attribute, ast.Subscript)) else ""


def _app_made(node: ast.stmt) -> str | None:
    """The name of the app that a statement makes."""
    if not (isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)):
        return None
    call = node.value
    if not isinstance(call, ast.Call) or not (dotted_path(call.func) or "").rpartition(".")[2].endswith("Celery"):
        return None
    return node.targets[0].id
