"""The names that completion offers: options, keys, parameters and settings that may be given where the cursor is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from celery_analyzers.assist import manual
from celery_analyzers.assist.offers import Offer
from celery_analyzers.assist.slots import Slot
from celery_analyzers.assist.source_text import written_parameter
from celery_analyzers.assist.spot import Head, Spot
from celery_analyzers.celery_tables import setting_tables, tables
from celery_analyzers.findings import Edit, Span
from celery_analyzers.setting_names import UNLISTED, preferred
from celery_analyzers.tasks import ProjectTask

ORDER_OF_CALLS: Final = {
    "option": (
        *("bind", "name", "autoretry_for", "retry_backoff", "max_retries", "retry_jitter", "retry_backoff_max"),
        *("default_retry_delay", "soft_time_limit", "time_limit", "rate_limit", "acks_late", "ignore_result", "queue"),
        *("base", "pydantic", "serializer", "expires", "track_started", "retry_kwargs", "dont_autoretry_for", "throws"),
    ),
    "call": (
        *("args", "kwargs", "countdown", "eta", "expires", "queue", "priority", "link", "link_error", "task_id"),
        *("serializer", "retry", "soft_time_limit", "time_limit", "routing_key", "headers", "ignore_result"),
    ),
}
"""What is used most comes first; of other shelves it is the order of the manual."""
_NEVER: Final = frozenset(
    {"request_stack", "abstract", "immediate", "mandatory", "filter", "lazy", "Request", "Strategy"}
)
"""What nobody should write."""
_OF_DECORATORS: Final = frozenset(
    {"base", "bind", "shared", "pydantic", "pydantic_strict", "pydantic_context", "pydantic_dump_kwargs"}
)
"""What has no effect as an attribute of a class."""
_INNER_CALL: Final = frozenset(
    {"callbacks", "errbacks", "chain", "chord", "create_sent_event", "now", "timezone", "publisher", "task_type"}
    | {
        "replaced_task_nesting",
        "stamped_headers",
        "retries",
        "group_id",
        "group_index",
        "root_id",
        "parent_id",
        "origin",
    }
    | {"route_name", "content_type", "content_encoding", "immediate", "mandatory", "timeout", "confirm_timeout"}
    | {"result_cls", "add_to_parent", "declare", "connection", "producer", "router", "reply_to", "expiration"}
)
"""What Celery passes to itself."""
_WRAPPED: Final = {"kwargs": "{$1}", "args": "[$1]", "retry_kwargs": "{$1}", "retry_policy": "{$1}"}
"""Values that are written in brackets."""
_ROUTE: Final = ("queue", "exchange", "routing_key", "exchange_type", "priority", "delivery_mode", "serializer")
_OF_APPS: Final = {
    "main": "The name that tasks of `__main__` get.",
    "broker": "`broker_url`",
    "backend": "`result_backend`",
    "include": "Modules with tasks, which a worker imports.",
    "namespace": "The prefix of the settings: `CELERY`.",
    "config_source": "What the app is configured from.",
    "task_cls": "The base class of all tasks.",
    "set_as_current": "Whether this becomes the current app.",
    "strict_typing": "Whether calls are compared with parameters before they are sent.",
    "autofinalize": "Whether the app finalizes itself when it is used.",
    "changes": "Settings, as a dict.",
}


def offered_names(slot: Slot, spot: Spot) -> Iterator[Offer]:
    """The names that may be written in a slot, without those that are given already."""
    if slot.shelf == "argument":
        yield from _arguments(slot)
    elif slot.shelf == "setting":
        yield from _settings(slot, spot)
    elif slot.shelf == "canvas":
        return
    else:
        known = known_names(slot, spot)
        for name in known:
            if name not in slot.used:
                yield _offer(name, slot, spot)
        maker = slot.callee.maker if slot.callee is not None else None
        for name in sorted(maker.takes - slot.used - set(known)) if maker is not None else ():
            plain = _plain(name, slot, None)
            yield Offer(name, "argument", plain, snippet=f"{plain}$1", detail="of the project's decorator", rank=30)


def known_names(slot: Slot, spot: Spot) -> Collection[str]:
    """The names that may be written in a slot of options, be they given or not."""
    known = tables(spot.release)
    if slot.shelf == "option":
        maker = slot.callee.maker if slot.callee is not None else None
        never = _NEVER | _OF_DECORATORS if slot.form == "variable" else _NEVER
        return sorted(n for n in known.options - never if maker is None or maker.passes_on(n))
    if slot.shelf == "call":
        method = slot.callee.method if slot.callee is not None else ""
        containers = {"args", "kwargs"} if slot.form == "key" or method == "set" else set[str]()
        extra = {"immutable"} if method in ("signature", "subtask", "set") else set[str]()
        return sorted((known.execution_options - _INNER_CALL - containers) | extra)
    if slot.shelf == "route":
        return _ROUTE
    if slot.shelf == "crontab":
        return [n for n in manual.names("crontab") if n not in ("nowfun", "app")]
    shelf = "retry" if slot.shelf == "retry" else slot.shelf
    own = list(manual.names(shelf)) if shelf in ("retry", "retry-policy", "beat", "periodic") else []
    if slot.shelf == "retry":
        own += sorted(n for n in ("queue", "priority", "expires", "soft_time_limit", "time_limit", "serializer"))
    return own


def _offer(name: str, slot: Slot, spot: Spot) -> Offer:
    shelf = (
        "call" if slot.shelf == "route" or (slot.shelf == "retry" and name not in manual.names("retry")) else slot.shelf
    )
    about = manual.topic(shelf, name, spot.release)
    edits = _takes_self(spot.head_below) if slot.shelf == "option" and name == "bind" else ()
    return Offer(
        name,
        "option",
        _plain(name, slot, about),
        snippet=_snippet(name, slot, about),
        detail=about.brief() if about is not None else "",
        rank=_rank(name, shelf),
        topic=(shelf, name) if about is not None else None,
        edits=edits,
        deprecated=about is not None and about.deprecated is not None,
    )


def _rank(name: str, shelf: str) -> int:
    order = ORDER_OF_CALLS.get(shelf) or tuple(manual.names(shelf))
    return order.index(name) if name in order else 60


def _plain(name: str, slot: Slot, about: manual.Topic | None) -> str:
    if slot.form == "key":
        return name if _is_quoted(slot) else f'"{name}": '
    if slot.item is not None and slot.item.keyword_span is not None:
        return name
    equals = " = " if slot.form == "variable" else "="
    return f"{name}{equals}{_opposite(about)}"


def _opposite(about: manual.Topic | None) -> str:
    """What a flag is set to by those who name it: the opposite of its default."""
    if about is None or about.type != "bool" or about.name == "acks_on_failure_or_timeout":
        return ""
    default = about.default.value if about.default is not None else None
    if about.name in ("throw", "retry", "add_to_parent"):
        default = True
    return "False" if default is True else "True"


def _snippet(name: str, slot: Slot, about: manual.Topic | None) -> str | None:
    """The same with a tab stop where the value goes."""
    plain = _plain(name, slot, about)
    if plain.endswith(("=", "= ")):
        return plain + _WRAPPED.get(name, "$1")
    if plain.endswith(": "):
        return f"{plain}$1"
    return None


def _is_quoted(slot: Slot) -> bool:
    """Whether the quotes around a key are there already."""
    return slot.item is not None and (slot.item.literal is not None or slot.item.keyword_span is not None)


def _takes_self(head: Head | None) -> tuple[Edit, ...]:
    """The parameter that a bound task needs."""
    parameters = None if head is None else head.binding.parameters
    if head is None or parameters is None or any(p.name == "self" for p in parameters[:1]):
        return ()
    return (Edit(Span(head.opening, head.opening), "self, " if parameters else "self"),)


def _arguments(slot: Slot) -> Iterator[Offer]:
    """The parameters of the task that a call may still give."""
    task = slot.task
    parameters = task.parameters if task is not None else None
    if parameters is None or slot.name == "args" or (slot.element and slot.form != "key"):
        return
    taken = slot.position or 0
    for number, parameter in enumerate(parameters):
        if parameter.kind in ("*", "**", "positional-only") or parameter.name in slot.used:
            continue
        if parameter.kind == "positional" and number < taken and slot.form == "keyword":
            continue
        plain = _plain(parameter.name, slot, None)
        yield Offer(
            parameter.name,
            "argument",
            plain,
            snippet=f"{plain}$1" if plain[-1] in "= " else None,
            detail=written_parameter(parameter),
            rank=number,
            topic=_topic_of(task),
        )


def _topic_of(task: ProjectTask | None) -> tuple[str, str] | None:
    return None if task is None else ("task", task.name)


def _settings(slot: Slot, spot: Spot) -> Iterator[Offer]:
    """The settings, in the form in which they are written here, and old names led to the new."""
    known = setting_tables(spot.release)
    if slot.callee is not None and slot.callee.kind == "app":
        for rank, (name, text) in enumerate(_OF_APPS.items()):
            if name not in slot.used:
                yield Offer(name, "option", f"{name}=", snippet=f"{name}=$1", detail=text, rank=rank)
    typed = spot.reading.typed.upper()
    for name in (*known.settings, *sorted(UNLISTED)):
        key = preferred(name, slot.namespace)
        if key in slot.used or (slot.form == "keyword" and slot.namespace):
            continue
        about = manual.topic("setting", name, spot.release)
        plain, snippet = _setting_form(key, slot)
        detail = about.brief() if about is not None else ""
        topic = ("setting", name) if about is not None else None
        rank = 20 if name.startswith(("task_", "worker_", "beat_", "broker_", "result_")) else 40
        gone = about is not None and about.deprecated is not None
        yield Offer(key, "setting", plain, snippet=snippet, detail=detail, rank=rank, topic=topic, deprecated=gone)
        for old in known.settings[name].old if name in known.settings and len(typed) > 2 else ():
            if old.startswith(typed) and old != key:
                yield Offer(f"{old} → {key}", "setting", plain, rank=70, topic=topic, replaces=old, detail="old name")


def _setting_form(key: str, slot: Slot) -> tuple[str, str | None]:
    if slot.form == "key":
        if _is_quoted(slot) or slot.item is None:
            return key, None
        return f'"{key}": ', f'"{key}": $1'
    if slot.item is not None and slot.item.keyword_span is not None:
        return key, None
    equals = " = " if slot.form == "variable" else "="
    return f"{key}{equals}", f"{key}{equals}$1"
