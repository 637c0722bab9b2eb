"""Puts settings beside others, as those are written. Must not know which settings, nor rules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Span
from celery_analyzers.layout import first_on_line, indentation, line_end, newline_of

if TYPE_CHECKING:
    from celery_analyzers.app_contexts import SettingContext
    from celery_analyzers.app_facts import SettingGiven

_CONF = re.compile(r"[\w.]+\bconf\b")


def settings_beside(setting: SettingGiven, values: Mapping[str, str], context: SettingContext) -> tuple[Edit, ...]:
    """Give settings, by their new names and as source, beside another one, and as it is given."""
    if setting.form in ("argument", "key"):
        quote = context.text[setting.key_span.start]
        written = "{}={}" if setting.form == "argument" else f"{quote}{{}}{quote}: {{}}"
        items = [written.format(_spelt(name, setting), value) for name, value in values.items()]
        start = setting.span.start
        between = newline_of(context.text) + indentation(context.text, start)
        ends = f",{between}" if first_on_line(context.text, start) else ", "
        return (Edit(Span(start, start), "".join(item + ends for item in items)),)
    names = {name: _spelt(name, setting) for name in values}
    if setting.form != "variable":
        conf = _CONF.match(context.source(setting.span))
        if conf is None:
            return ()
        names = {name: f"{conf.group()}.{name}" for name in values}
    elif not any(context.span(statement) == setting.span for statement in context.syntax.statements):
        # Under a condition it would count only there.
        return ()
    return lines_behind(setting.span, [f"{names[name]} = {value}" for name, value in values.items()], context.text)


def _spelt(name: str, setting: SettingGiven) -> str:
    """The name of a setting as it is spelt beside `setting`."""
    if setting.namespace:
        return f"{setting.namespace}_{name.upper()}"
    return name if setting.key.islower() else f"CELERYD_{name.removeprefix('worker_').upper()}"


def lines_behind(statement: Span, lines: Sequence[str], text: str) -> tuple[Edit, ...]:
    """Put lines behind a statement, with its indentation."""
    end = line_end(text, statement.end)
    between = newline_of(text) + indentation(text, statement.start)
    return (Edit(Span(end, end), "".join(between + line for line in lines)),)
