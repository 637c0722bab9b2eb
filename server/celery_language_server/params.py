"""Reads what clients send: values at a path inside JSON, checked where they are needed.

Knows nothing of the methods. A client may send anything: a value that is missing or of another type is a
`RequestError` that names it, never a traceback.
"""

from __future__ import annotations

from typing import Any, cast

from celery_language_server.protocol import INVALID_PARAMS, RequestError


def find(value: object, *path: str | int) -> Any:
    """The value at `path`, or None where it leads nowhere."""
    for step in path:
        if isinstance(step, str) and isinstance(value, dict):
            value = cast("dict[str, object]", value).get(step)
        elif isinstance(step, int) and isinstance(value, list) and 0 <= step < len(cast("list[object]", value)):
            value = cast("list[object]", value)[step]
        else:
            return None
    return value


def flag(value: object, *path: str) -> bool:
    """Whether there is `true` at `path`."""
    return find(value, *path) is True


def string(value: object, *path: str | int) -> str:
    """The string at `path`."""
    found = find(value, *path)
    if not isinstance(found, str):
        raise _invalid(path, "a string")
    return found


def integer(value: object, *path: str | int) -> int:
    """The integer at `path`."""
    found = find(value, *path)
    if isinstance(found, float) and found.is_integer():
        return int(found)
    if not isinstance(found, int) or isinstance(found, bool):
        raise _invalid(path, "an integer")
    return found


def array(value: object, *path: str | int) -> list[Any]:
    """The array at `path`."""
    found = find(value, *path)
    if not isinstance(found, list):
        raise _invalid(path, "an array")
    return cast("list[Any]", found)


def array_or_empty(value: object, *path: str | int) -> list[Any]:
    """The array at `path`; an empty one where there is none."""
    found = find(value, *path)
    return cast("list[Any]", found) if isinstance(found, list) else []


def _invalid(path: tuple[str | int, ...], expected: str) -> RequestError:
    return RequestError(INVALID_PARAMS, f"`{'.'.join(map(str, path))}` must be {expected}")
