"""What may be written at the cursor: a name out of a shelf of the manual, or a value for one.

Knows where options, settings, arguments and entries are written, also as keys of dicts. Must not know what is offered
for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from celery_analyzers.assist.callees import Callee, callee_of, task_in
from celery_analyzers.assist.reading import Bracket, Item
from celery_analyzers.assist.spot import Spot
from celery_analyzers.assist.targets import in_task_class, namespaces, shelf_named, target_of
from celery_analyzers.findings import Span
from celery_analyzers.setting_names import canonical
from celery_analyzers.symbols import AppAttribute
from celery_analyzers.tasks import ProjectTask

_SHELF_OF_CALL: Final = {
    "decorator": "option",
    "arguments": "argument",
    "execution": "call",
    "named": "call",
    "set": "call",
    "retry": "retry",
    "crontab": "crontab",
    "periodic": "periodic",
    "app": "setting",
    "configure": "setting",
    "canvas": "canvas",
}
_PARAMETERS: Final = {
    "execution": ("args", "kwargs"),
    "set": (),
    "retry": ("args", "kwargs", "exc", "throw", "eta", "countdown", "max_retries"),
    "crontab": ("minute", "hour", "day_of_week", "day_of_month", "month_of_year"),
    "periodic": ("schedule", "sig", "args", "kwargs", "name"),
    "app": ("main",),
    "named": ("task", "args", "kwargs"),
}
"""What positional arguments of a call are."""
_INSIDE: Final = {
    ("call", "kwargs"): "argument",
    ("call", "args"): "argument",
    ("retry", "args"): "argument",
    ("retry", "kwargs"): "argument",
    ("beat", "kwargs"): "argument",
    ("beat", "args"): "argument",
    ("call", "retry_policy"): "retry-policy",
    ("option", "retry_kwargs"): "retry",
    ("setting", "task_publish_retry_policy"): "retry-policy",
    ("setting", "beat_schedule"): "beat-entries",
    ("setting", "task_routes"): "routes",
    ("setting", "task_annotations"): "annotations",
    ("beat", "options"): "call",
    ("setting", "changes"): "setting",
}
"""What stands in a dict or list that is the value of something."""
_ENTRIES: Final = {"beat-entries": "beat", "routes": "route", "annotations": "option"}
"""What stands in the dicts whose keys are anything."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What may be written at the cursor.

    `shelf` is where names come from; `name` is the name whose value is written, None while the name itself is. With
    `either` it may be both: a bare word in a call. `used` are the names that are given beside it. `form` tells how
    names are written: as keywords, as keys in quotes, or as variables. `element` tells that it is one item of a list or
    tuple that is the value, `position` which positional argument it is.
    """

    shelf: str
    span: Span
    name: str | None = None
    either: bool = False
    used: frozenset[str] = frozenset()
    form: str = "keyword"
    element: bool = False
    position: int | None = None
    callee: Callee | None = None
    task: ProjectTask | None = None
    namespace: str | None = None
    item: Item | None = None
    others: tuple[Item, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class _Inside:
    """What the items of a bracket are."""

    shelf: str
    form: str
    callee: Callee | None = None
    task: ProjectTask | None = None
    name: str | None = None
    """The name whose value the items are parts of."""
    namespace: str | None = None


def slot_at(spot: Spot) -> Slot | None:
    """What may be written at the cursor; None where Celery has no say in it."""
    reading = spot.reading
    if reading.comment is not None or (reading.receiver is not None and reading.in_code and not reading.brackets):
        return None
    span = reading.string.span if reading.string is not None else reading.word
    bracket = reading.bracket
    if bracket is None:
        return _of_statement(spot, span)
    inside = _inside(spot, len(reading.brackets) - 1)
    return None if inside is None else _of_item(spot, bracket, inside, span)


def _of_item(spot: Spot, bracket: Bracket, inside: _Inside, span: Span) -> Slot | None:
    item = bracket.item
    in_string = spot.reading.string is not None
    used = frozenset(bracket.keywords())
    others = tuple(bracket.others())
    slot = Slot(
        inside.shelf, span, None, False, used, inside.form, False, None, inside.callee, inside.task, inside.namespace
    )
    slot = replace(slot, item=item, others=others)
    if inside.name is not None:
        position = bracket.position if inside.shelf == "argument" else None
        return replace(slot, name=inside.name, element=True, position=position)
    if item.keyword_span is not None:
        if item.keyword_span.start <= spot.offset <= item.keyword_span.end:
            return replace(slot, span=item.keyword_span)
        if not _is_whole(spot, item):
            return None
        return replace(slot, name=_name(item.keyword, inside))
    if not _is_whole(spot, item):
        return None
    if inside.form == "key":
        return slot if in_string or item.is_empty or item.word is not None else None
    positional = _PARAMETERS.get(inside.callee.kind if inside.callee else "", ())
    number = bracket.position
    name = positional[number] if number < len(positional) else None
    if in_string:
        return replace(slot, name=name, position=number) if name or inside.shelf in ("argument", "canvas") else None
    return replace(slot, name=name, either=True, position=number)


def _name(keyword: str | None, inside: _Inside) -> str | None:
    if keyword is not None and inside.shelf == "setting":
        return (
            {"broker": "broker_url", "backend": "result_backend"}.get(keyword)
            or canonical(keyword, inside.namespace)
            or keyword
        )
    return keyword if keyword is not None else ""


def _is_whole(spot: Spot, item: Item) -> bool:
    """Whether the cursor is at all that the item's value is, and not in a part of an expression."""
    reading = spot.reading
    if item.tokens == 0:
        return True
    if reading.string is not None:
        return item.literal is not None
    return item.word is not None or (reading.receiver is not None and item.value_start == reading.receiver_start)


def _inside(spot: Spot, index: int) -> _Inside | None:
    """What the items of the bracket number `index` around the cursor are."""
    bracket = spot.reading.brackets[index]
    if bracket.kind == "(" and bracket.callee is not None and bracket.callee != "dict":
        callee = callee_of(spot, bracket)
        if callee is None:
            return None
        form = "key" if callee.method == "conf.setdefault" else "keyword"
        return _Inside(_SHELF_OF_CALL[callee.kind], form, callee, callee.task)
    if bracket.kind == "[" and bracket.callee is not None:
        return _subscript(spot, bracket)
    outer, item = _around(spot, index)
    is_dict = bracket.kind == "{" or bracket.callee == "dict"
    form = "keyword" if bracket.callee == "dict" else "key"
    if outer is None:
        shelf = None if item is None or item.keyword is None else shelf_named(item.keyword)
        return _Inside(shelf, form) if shelf is not None and is_dict else None
    if outer.shelf in _ENTRIES:
        return _entry(spot, bracket, outer, _ENTRIES[outer.shelf], form) if is_dict else None
    # Without an item it is the value of a statement: `outer` is what that gives a value to.
    name = outer.name if item is None else _given_name(spot, outer, item, index)
    if name is None:
        is_source = outer.callee is not None and outer.callee.kind == "configure" and is_dict
        return _Inside("setting", form, namespace=outer.namespace) if is_source else None
    if outer.shelf == "canvas":
        return outer
    child = _INSIDE.get((outer.shelf, name))
    if is_dict:
        if child is None:
            return None
        return _Inside(child, form, outer.callee, outer.task)
    if child == "argument":
        return _Inside(child, "keyword", outer.callee, outer.task, name)
    return replace(outer, name=name)


def _entry(spot: Spot, bracket: Bracket, outer: _Inside, shelf: str, form: str) -> _Inside:
    """The inside of a dict among dicts: a beat entry, a route, or the annotations of a task."""
    task = outer.task
    if shelf == "beat":
        named = next((item for item in bracket.items if item.keyword == "task"), None)
        task = None if named is None else task_in(spot, named)
    return _Inside(shelf, form, outer.callee, task)


def _given_name(spot: Spot, outer: _Inside, item: Item, index: int) -> str | None:
    """The name whose value a bracket is, in the bracket around it."""
    if outer.name is not None:
        return outer.name
    if item.keyword is not None:
        return _name(item.keyword, outer)
    if outer.form != "keyword" or outer.callee is None:
        return None
    if outer.callee.kind == "canvas":
        return ""
    positional = _PARAMETERS.get(outer.callee.kind, ())
    position = spot.reading.brackets[index - 1].position
    return positional[position] if position < len(positional) else None


def _around(spot: Spot, index: int) -> tuple[_Inside | None, Item | None]:
    """What a display is a value of: the inside of the bracket around it with the item, or what the statement sets."""
    if index > 0:
        outer = spot.reading.brackets[index - 1]
        return _inside(spot, index - 1), outer.item
    target = target_of(spot, spot.reading.brackets[0].start)
    return (
        None if target is None else _Inside(target.shelf, "variable", name=target.name, namespace=target.namespace)
    ), None


def _subscript(spot: Spot, bracket: Bracket) -> _Inside | None:
    """`app.conf["..."]`, `app.tasks["..."]`."""
    symbol = spot.symbol(bracket.callee)
    if symbol == AppAttribute("conf"):
        return _Inside("setting", "key")
    return _Inside("tasks", "key") if symbol == AppAttribute("tasks") else None


def _of_statement(spot: Spot, span: Span) -> Slot | None:
    """What may be written outside brackets: the name of a setting or of an option, or its value behind `=`."""
    reading = spot.reading
    if reading.is_first and reading.receiver is None and reading.in_code:
        if in_task_class(spot):
            return Slot("option", span, None, form="variable")
        found = namespaces(spot)
        return Slot("setting", span, None, form="variable", namespace=found[0]) if found else None
    target = target_of(spot, reading.string.span.start - 1 if reading.string else reading.word.start)
    return None if target is None else Slot(target.shelf, span, target.name, form="value", namespace=target.namespace)
