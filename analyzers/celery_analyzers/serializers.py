"""What messages are written as, and what an app takes.

Knows Kombu's serializers by their names and content types. Must not know rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

    from celery_analyzers.app_contexts import SettingContext
    from celery_analyzers.context import Context
    from celery_analyzers.tasks import Task

PICKLE = "application/x-python-serialize"
_CONTENT_TYPES = {
    "json": "application/json",
    "msgpack": "application/x-msgpack",
    "pickle": PICKLE,
    "yaml": "application/x-yaml",
}


def content_type(name: object) -> str | None:
    """The content type of one of Kombu's own serializers, by its name or the type itself; None for any other."""
    if not isinstance(name, str):
        return None
    return name if name in _CONTENT_TYPES.values() else _CONTENT_TYPES.get(name)


def accepted(context: Context, task: Task | None = None, *, results: bool = False) -> frozenset[str] | None:
    """The content types, or names of serializers that are not Kombu's, that an app takes; None if it cannot be told."""
    if context.project.ask("apps") is None:
        return None
    names = _setting("result_accept_content", context, task) if results else None
    if names is None:
        names = _setting("accept_content", context, task)
    if names is None:
        return frozenset({_CONTENT_TYPES["json"]})
    if not isinstance(names, (list, tuple, set, frozenset)):
        return None
    found = list(cast("Iterable[object]", names))
    if not all(isinstance(name, str) for name in found):
        return None
    return frozenset(content_type(name) or str(name) for name in found)


def _setting(name: str, context: Context, task: Task | None) -> object:
    beside = getattr(context, "beside", None)
    value = cast("SettingContext", context).beside(name) if beside is not None else None
    return context.setting(name, task) if value is None else value
