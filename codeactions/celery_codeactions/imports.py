"""Adds imports to a module, where it has them not yet.

Reads the module one top-level statement at a time, so that a broken statement elsewhere is no obstacle. Knows
import statements and where they belong. Must not know why something is imported.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Span
from celery_analyzers.layout import comments_in, indentation, line_end, line_start, newline_of
from celery_analyzers.segmented_text import SegmentedText
from celery_analyzers.syntax import Problem, Syntax, parse
from celery_codeactions.import_places import ImportBlocks, ImportLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from celery_analyzers.findings import NeededImport

_CODING = re.compile(r"#(?:!|.*?coding[:=])")


@dataclass(frozen=True, slots=True)
class _FromImport:
    """A `from module import ...` at the top level that takes another name: its text and where that starts."""

    node: ast.ImportFrom
    syntax: Syntax
    start: int

    def span(self, node: ast.AST) -> Span:
        return self.syntax.span(node).shifted(self.start)


@dataclass(slots=True)
class _Module:
    """What the top level of a module binds, and where its imports stand.

    `imported` maps a bound name to what it was imported as, `taken` are names that mean anything else.
    `insertion` is the end of the line behind which a new import belongs, that of the statement `after`; None
    where the module begins with other code.
    """

    imported: dict[str, tuple[str, str]] = field(default_factory=dict[str, "tuple[str, str]"])
    taken: set[str] = field(default_factory=set[str])
    open_imports: dict[str, _FromImport] = field(default_factory=dict[str, _FromImport])
    insertion: int | None = None
    after: ast.stmt | None = None
    has_code: bool = False
    blocks: ImportBlocks = field(default_factory=ImportBlocks)


def import_edits(imports: Iterable[NeededImport], text: str, before: int | None = None) -> tuple[Edit, ...] | None:
    """The edits that make `text` import what it does not import yet in front of the offset `before`.

    None where a name means something else in the module.
    """
    wanted = list(dict.fromkeys(imports))
    if not wanted:
        return ()
    module = _read(text, len(text) if before is None else before)
    missing: dict[str, list[NeededImport]] = {}
    for needed in wanted:
        bound = needed.alias or needed.name
        source = (needed.module, needed.name)
        if module.imported.get(bound, source) != source or bound in module.taken:
            return None
        if bound not in module.imported:
            missing.setdefault(needed.module, []).append(needed)
    edits: list[Edit] = []
    lines: list[tuple[str, str]] = []
    for name, group in missing.items():
        written = sorted((_written(needed) for needed in group), key=_order)
        if name in module.open_imports:
            edits += _merged(text, module.open_imports[name], written)
        else:
            lines.append((name, f"from {name} import {', '.join(written)}"))
    if lines:
        placed = module.blocks.edits(sorted(lines), newline_of(text))
        edits += placed or [_new_lines(text, module, sorted(line for _, line in lines))]
    return tuple(edits)


def _written(needed: NeededImport) -> str:
    return f"{needed.name} as {needed.alias}" if needed.alias else needed.name


def _order(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, as isort and ruff sort the names of an import."""
    name = name.split(" ", 1)[0]
    if name.isupper() and len(name) > 1:
        return 0, name
    return (1 if name[:1].isupper() else 2), name


def _read(text: str, before: int) -> _Module:
    module = _Module()
    leading = True
    start = 0
    for segment in SegmentedText(text).segments:
        module.has_code = module.has_code or segment.code_start < len(segment.text)
        syntax = parse(segment)
        if isinstance(syntax, Problem):
            leading = False
        else:
            for statement in syntax.statements:
                leading = _take_in(module, statement, syntax, start, leading, text)
                if syntax.span(statement).end + start <= before:
                    _offer(module, statement, syntax, start)
        start += len(segment.text)
    return module


def _take_in(module: _Module, statement: ast.stmt, syntax: Syntax, start: int, leading: bool, text: str) -> bool:
    """Note one top-level statement; says whether the imports at the top may go on behind it."""
    _note_taken(module, statement)
    if not leading:
        return False
    if isinstance(statement, (ast.Import, ast.ImportFrom)) or (_is_text(statement) and module.after is None):
        span = syntax.span(statement)
        module.insertion = line_end(syntax.text, span.end) + start
        module.after = statement
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            first = line_start(syntax.text, span.start)
            first += syntax.text.startswith("\ufeff", first)
            module.blocks.add(ImportLine.of(statement, first + start, module.insertion), text)
        return True
    return _holds_imports(statement)


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _is_type_checking(statement: ast.If) -> bool:
    return ast.unparse(statement.test).split(".")[-1] == "TYPE_CHECKING"


def _holds_imports(statement: ast.stmt) -> bool:
    """Whether a compound statement is one of those that stand among imports."""
    if isinstance(statement, ast.If):
        return all(isinstance(inner, (ast.Import, ast.ImportFrom)) for inner in statement.body)
    return isinstance(statement, ast.Try) and any(
        isinstance(inner, (ast.Import, ast.ImportFrom)) for inner in statement.body
    )


def _note_taken(module: _Module, statement: ast.stmt) -> None:
    """Note the names that a top-level statement gives a meaning that is no `from` import."""
    if isinstance(statement, ast.Import):
        module.taken.update(alias.asname or alias.name.partition(".")[0] for alias in statement.names)
    elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        module.taken.add(statement.name)
    elif isinstance(statement, (ast.If, ast.Try, ast.With, ast.For, ast.While)):
        for inner in _inner_statements(statement):
            _note_taken(module, inner)
    else:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                module.taken.add(node.id)


def _inner_statements(statement: ast.If | ast.Try | ast.With | ast.For | ast.While) -> Iterator[ast.stmt]:
    """The statements that run when a compound statement at the top level does."""
    if not (isinstance(statement, ast.If) and _is_type_checking(statement)):
        yield from statement.body
    if isinstance(statement, ast.Try):
        for handler in statement.handlers:
            yield from handler.body
        yield from statement.finalbody
    if not isinstance(statement, ast.With):
        yield from statement.orelse


def _offer(module: _Module, statement: ast.stmt, syntax: Syntax, start: int) -> None:
    """Note what a top-level statement imports, and the import itself as one that can take another name."""
    if isinstance(statement, ast.ImportFrom):
        if statement.names[0].name != "*":
            module.open_imports.setdefault(_source(statement), _FromImport(statement, syntax, start))
        _note_imported(module, statement)
    elif isinstance(statement, (ast.If, ast.Try, ast.With, ast.For, ast.While)):
        for inner in ast.walk(ast.Module(list(_inner_statements(statement)), [])):
            if isinstance(inner, ast.ImportFrom):
                _note_imported(module, inner)


def _note_imported(module: _Module, statement: ast.ImportFrom) -> None:
    for alias in statement.names:
        module.imported[alias.asname or alias.name] = (_source(statement), alias.name)


def _source(statement: ast.ImportFrom) -> str:
    return "." * statement.level + (statement.module or "")


def _merged(text: str, target: _FromImport, names: list[str]) -> list[Edit]:
    """Put names into an import: each in its place where the names are sorted, else behind the last."""
    aliases = target.node.names
    present = [_order(alias.name) for alias in aliases]
    last = target.span(aliases[-1])
    if present != sorted(present):
        return _behind(text, target, last, names)
    edits: list[Edit] = []
    behind: list[str] = []
    groups: dict[int, list[str]] = {}
    for name in names:
        place = next((index for index, order in enumerate(present) if order > _order(name)), None)
        if place is None:
            behind.append(name)
        else:
            groups.setdefault(place, []).append(name)
    for place, group in groups.items():
        offset = target.span(aliases[place]).start
        own_line = not text[line_start(text, offset) : offset].strip()
        between = "," + (newline_of(text) + indentation(text, offset) if own_line else " ")
        edits.append(Edit(Span(offset, offset), "".join(name + between for name in group)))
    return edits + (_behind(text, target, last, behind) if behind else [])


def _behind(text: str, target: _FromImport, last: Span, names: list[str]) -> list[Edit]:
    own_line = not text[line_start(text, last.start) : last.start].strip()
    parenthesised = text[target.span(target.node).end - 1] == ")"
    if not (own_line and parenthesised):
        return [Edit(Span(last.end, last.end), "".join(f", {name}" for name in names))]
    # Names that stand one to a line: the comment behind the last one stays with it.
    comma = re.compile(r"\s*,").match(text, last.end)
    behind = comma.end() if comma else last.end
    between = newline_of(text) + indentation(text, last.start)
    lines = ",".join(between + name for name in names)
    end = line_end(text, behind)
    if end >= target.span(target.node).end:
        return [Edit(Span(behind, behind), lines + "," if comma else "," + lines)]
    if comma:
        return [Edit(Span(end, end), lines + ",")]
    if comments_in(text, last.end, end):
        return [Edit(Span(last.end, last.end), ","), Edit(Span(end, end), lines + ",")]
    return [Edit(Span(last.end, last.end), "," + lines + ",")]


def _new_lines(text: str, module: _Module, lines: list[str]) -> Edit:
    newline = newline_of(text)
    block = newline.join(lines)
    if module.insertion is None:
        offset = _top(text)
        return Edit(Span(offset, offset), block + newline * (2 if module.has_code else 1))
    after = module.after
    if isinstance(after, ast.Expr) or (isinstance(after, ast.ImportFrom) and after.module == "__future__"):
        # A blank line parts a docstring and `from __future__` from the other imports.
        block = newline + block + (newline if _adjoins(text, module.insertion) else "")
    return Edit(Span(module.insertion, module.insertion), newline + block)


def _adjoins(text: str, line: int) -> bool:
    """Whether the line behind the one that ends at `line` holds something."""
    following = re.compile(r"\r\n|\r|\n").match(text, line)
    return following is not None and not re.compile(r"[ \t\f]*(?:\r|\n|\Z)").match(text, following.end())


def _top(text: str) -> int:
    """Where the first import of a module belongs that has none and no docstring.

    Behind the lines that must come first, and behind a head of comments that a blank line ends.
    """
    offset = 1 if text.startswith("\ufeff") else 0
    top = offset
    number = 0
    line = re.compile(r"[ \t\f]*(?:(#)[^\r\n]*)?(\r\n|\r|\n)")
    while match := line.match(text, offset):
        if match.group(1) is None:
            # A blank line: the comments in front of it are a head of their own.
            top = match.end()
        elif number < 2 and _CODING.match(text, match.start(1)):
            top = match.end()
        offset = match.end()
        number += 1
    return top
