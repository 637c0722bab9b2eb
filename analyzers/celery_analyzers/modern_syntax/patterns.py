"""Patterns of `match` statements in a LibCST tree as `ast` nodes.

Knows what the two trees call the same pattern, and which tokens CPython counts into its place. Must not know
statements.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

import libcst as cst

from celery_analyzers.modern_syntax.expressions import expression
from celery_analyzers.modern_syntax.literals import identifier
from celery_analyzers.modern_syntax.places import Places

_SINGLETONS: Mapping[str, bool | None] = {"True": True, "False": False, "None": None}


def pattern(places: Places, node: cst.MatchPattern) -> ast.pattern:
    """The node of a pattern. Raises LookupError for one that Python does not have."""
    return _PATTERNS[type(node)](places, node)


def _identifier(node: cst.Name | None) -> str | None:
    return None if node is None else identifier(node.value)


def _as(places: Places, node: cst.MatchAs) -> ast.MatchAs:
    inner = None if node.pattern is None else pattern(places, node.pattern)
    return ast.MatchAs(inner, _identifier(node.name), **places.of(node))


def _class(places: Places, node: cst.MatchClass) -> ast.MatchClass:
    return ast.MatchClass(
        expression(places, node.cls),
        [pattern(places, element.value) for element in node.patterns],
        [identifier(keyword.key.value) for keyword in node.kwds],
        [pattern(places, keyword.pattern) for keyword in node.kwds],
        **places.of(node),
    )


def _mapping(places: Places, node: cst.MatchMapping) -> ast.MatchMapping:
    return ast.MatchMapping(
        [expression(places, element.key) for element in node.elements],
        [pattern(places, element.pattern) for element in node.elements],
        _identifier(node.rest),
        **places.of(node),
    )


def _or(places: Places, node: cst.MatchOr) -> ast.MatchOr:
    return ast.MatchOr([pattern(places, element.pattern) for element in node.patterns], **places.of(node))


def _sequence(places: Places, node: cst.MatchSequence) -> ast.MatchSequence:
    place = places.of(node)
    if isinstance(node, cst.MatchTuple) and node.lpar:
        # The innermost parentheses are the sequence's own.
        place = places.between(places.start(node.lpar[-1]), places.end(node.rpar[0]))
    return ast.MatchSequence([_element(places, element) for element in node.patterns], **place)


def _element(places: Places, node: cst.MatchSequenceElement | cst.MatchStar) -> ast.pattern:
    if isinstance(node, cst.MatchSequenceElement):
        return pattern(places, node.value)
    # LibCST counts the comma into the star's span, and has no node for the name `_`.
    end = places.end(node.name) if node.name else places.end(node.whitespace_before_name) + len("_")
    return ast.MatchStar(_identifier(node.name), **places.between(places.start(node), end))


def _singleton(places: Places, node: cst.MatchSingleton) -> ast.MatchSingleton:
    return ast.MatchSingleton(_SINGLETONS[node.value.value], **places.of(node.value))


def _value(places: Places, node: cst.MatchValue) -> ast.MatchValue:
    return ast.MatchValue(expression(places, node.value), **places.of(node.value))


_PATTERNS: Mapping[type[cst.MatchPattern], Callable[[Places, Any], ast.pattern]] = {
    cst.MatchAs: _as,
    cst.MatchClass: _class,
    cst.MatchList: _sequence,
    cst.MatchMapping: _mapping,
    cst.MatchOr: _or,
    cst.MatchSingleton: _singleton,
    cst.MatchTuple: _sequence,
    cst.MatchValue: _value,
}
