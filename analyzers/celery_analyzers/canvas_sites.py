"""Finds the calls that make chains, groups and chords.

Knows how a canvas is written. Must not know tasks nor rules.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from celery_analyzers.call_facts import CanvasMade
from celery_analyzers.canvas_roles import CHAIN, CHORD, GROUP, elements_of, keyword_of, members_of
from celery_analyzers.expressions import expression
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.symbols import External, Scope

if TYPE_CHECKING:
    from celery_analyzers.call_facts import CanvasKind
    from celery_analyzers.syntax import Syntax

_NAMES = frozenset({"chain", "chord", "group"})
_PATHS: dict[str, CanvasKind] = {
    **dict.fromkeys(CHAIN, "chain"),
    **dict.fromkeys(GROUP, "group"),
    **dict.fromkeys(CHORD, "chord"),
}


@dataclass(frozen=True, slots=True)
class CanvasSite:
    """A canvas with the nodes it was read from: the `members` of a chain, a group or a chord's header, and the `body`
    of a chord, where it is given in the same call."""

    canvas: CanvasMade
    call: ast.Call
    scope: Scope
    members: tuple[ast.expr, ...]
    body: ast.expr | None

    @property
    def fact(self) -> CanvasMade:
        return self.canvas


def canvas_site(call: ast.Call, scope: Scope, syntax: Syntax, *, aliases: bool) -> CanvasSite | None:
    """The canvas that a call makes, if it makes one. With `aliases`, its function may go by any name here."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if not (name in _NAMES or (aliases and isinstance(call.func, ast.Name))):
        return None
    symbol = evaluate_symbol(expression(call.func), scope)
    kind = _PATHS.get(symbol.path) if isinstance(symbol, External) else None
    if kind is None:
        return None
    body = None
    members = members_of(call)
    if kind == "chord":
        members = list(elements_of(call.args[0] if call.args else keyword_of(call, "header")))
        body = call.args[1] if len(call.args) > 1 else keyword_of(call, "body")
    return CanvasSite(CanvasMade(kind, syntax.span(call)), call, scope, tuple(members), body)
