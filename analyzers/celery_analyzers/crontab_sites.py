"""Reads the calls of `crontab` with what they are given. Must not know what a field means, nor rules."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from celery_analyzers.expressions import expression
from celery_analyzers.findings import Span
from celery_analyzers.resolution import CRONTAB, evaluate_symbol
from celery_analyzers.schedule_facts import CrontabCall, Field
from celery_analyzers.symbols import External, Scope
from celery_analyzers.syntax import Syntax
from celery_analyzers.task_sites import from_splat
from celery_analyzers.values import evaluate

CRONTAB_FIELDS = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year")
"""The parameters of `crontab` in the order of its positional arguments."""


@dataclass(frozen=True, slots=True)
class CrontabSite:
    """A crontab with the node it was read from."""

    crontab: CrontabCall
    call: ast.Call
    scope: Scope

    @property
    def fact(self) -> CrontabCall:
        return self.crontab


def crontab_site(call: ast.Call, scope: Scope, syntax: Syntax) -> CrontabSite | None:
    """The crontab that a call makes, if it does."""
    symbol = evaluate_symbol(expression(call.func), scope)
    if not isinstance(symbol, External) or symbol.path not in CRONTAB:
        return None
    return CrontabSite(_crontab(call, scope, syntax), call, scope)


def _crontab(call: ast.Call, scope: Scope, syntax: Syntax) -> CrontabCall:
    fields: list[tuple[str, Field]] = []
    complete = True
    for name, argument in zip(CRONTAB_FIELDS, call.args, strict=False):
        if isinstance(argument, ast.Starred):
            complete = False
            break
        value = evaluate(expression(argument), scope)
        fields.append((name, Field(value, syntax.span(argument))))
    for keyword in call.keywords:
        value = evaluate(expression(keyword.value), scope)
        if keyword.arg is not None:
            fields.append((keyword.arg, Field(value, syntax.span(keyword))))
        elif isinstance(value, dict):
            where = syntax.span(keyword)
            fields.extend((option.name, Field(option.value, where)) for option in from_splat(value))  # pyright: ignore[reportUnknownArgumentType]
        else:
            complete = False
    span = syntax.span(call)
    start = syntax.text.index("(", syntax.span(call.func).end) + 1
    return CrontabCall(span, Span(start, span.end - 1), tuple(fields), complete)
