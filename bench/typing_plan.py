"""Where in a module someone types, and which changes an editor sends meanwhile.

Knows Python's functions and how editors help (indentation, closing brackets). Each spot gets one statement,
key by key, in the midst of a function's body, and loses it again, so that the text is what it was.
"""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lsp_client import Change, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# Typed in turn. Each needs nothing that a module might lack.
STATEMENTS = ("mark = len(str(42))", "parts = list(range(9))", "print(max(1, 7))")
# The lengths of the functions typed in: about the distribution's quartiles, since long ones are worked on no
# less.
LENGTHS = (18, 12, 40, 18, 9, 69)


@dataclass(frozen=True, slots=True)
class Key:
    """One change. `parses` tells whether the text is valid Python before and after it."""

    change: Change
    parses: bool

    @property
    def moves(self) -> int:
        """By how many lines the text below moves."""
        return self.change.text.count("\n") - (self.change.end.line - self.change.start.line)


def plan(text: str, spots: int) -> list[list[Key]]:
    """The keys typed at each of `spots` places, spread over the file."""
    lines = text.split("\n")
    return [
        list(_keys(lines, statement, STATEMENTS[number % len(STATEMENTS)]))
        for number, statement in enumerate(_spots(text, spots))
    ]


def diagnostics_below(diagnostics: Iterable[dict[str, Any]], line: int, moved: int) -> list[tuple[Any, ...]]:
    """What is said of the text below `line`, as if that were `moved` lines further down.

    Equal before and after a key, or the diagnostics are not those of the new text.
    """
    return sorted(
        (start["line"] + moved, start["character"], str(each.get("code")))
        for each in diagnostics
        if (start := each["range"]["start"])["line"] > line
    )


def _spots(text: str, count: int) -> Iterator[ast.stmt]:
    """Statements to type after: one in the middle of each of `count` functions."""
    functions = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and len(node.body) > 1
    ]
    tasks = [function for function in functions if any(map(_makes_task, function.decorator_list))]
    candidates = tasks if len(tasks) >= count else functions
    end = text.count("\n")
    for number in range(count):
        place, length = (number + 0.5) / count, LENGTHS[number % len(LENGTHS)]
        chosen = min(candidates, key=lambda each: abs(each.lineno / end - place) * 4 + _unlike(each, length))
        if len(candidates) > count - number:
            candidates = [each for each in candidates if each is not chosen]
        yield chosen.body[(len(chosen.body) - 1) // 2]


def _unlike(function: ast.FunctionDef | ast.AsyncFunctionDef, length: int) -> float:
    body = (function.end_lineno or 0) - function.body[0].lineno + 1
    return abs(math.log(body / length))


def _makes_task(decorator: ast.expr) -> bool:
    return "task" in ast.unparse(decorator)


def _keys(lines: Sequence[str], after: ast.stmt, statement: str) -> Iterator[Key]:
    line = (after.end_lineno or 1) - 1
    before = len(lines[line].encode("utf-16-le")) // 2
    indentation = lines[after.lineno - 1][: after.col_offset]
    yield _insertion(line, before, "\n" + indentation, parses=True)
    typed, closing, parsed = "", "", True
    for character in statement:
        column = len(indentation) + len(typed)
        typed += character
        if closing.startswith(character):
            # The editor has written it already, and no change is sent.
            closing = closing[1:]
            continue
        closer = ")" if character == "(" else ""
        closing = closer + closing
        parses = _parses(typed + closing)
        yield _insertion(line + 1, column, character + closer, parses=parses and parsed)
        parsed = parses
    end = Place(line + 1, len(indentation) + len(statement))
    yield Key(Change(Place(line, before), end, ""), parses=True)


def _insertion(line: int, column: int, text: str, *, parses: bool) -> Key:
    return Key(Change(Place(line, column), Place(line, column), text), parses)


def _parses(statement: str) -> bool:
    try:
        ast.parse(statement)
    except SyntaxError:
        return False
    return True
