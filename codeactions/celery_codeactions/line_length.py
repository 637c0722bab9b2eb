"""How long a line may be in a file: what its project tells ruff or black.

Reads `ruff.toml` and `pyproject.toml` in the folders around a file. Must not know why somebody asks.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT: Final = 88
_FILES: Final = (".ruff.toml", "ruff.toml", "pyproject.toml")


def line_length(path: Path | None, root: Path | None) -> int:
    """The length that the nearest configuration between `path` and `root` sets."""
    if path is None or root is None:
        return DEFAULT
    for folder in path.parents:
        for name in _FILES:
            length = _length_in(folder / name)
            if length is not None:
                return length
        if folder == root:
            break
    return DEFAULT


def _length_in(path: Path) -> int | None:
    if sys.version_info >= (3, 11):
        from tomllib import loads
    else:
        from tomli import loads  # pyright: ignore[reportMissingImports, reportUnknownVariableType]
    try:
        content = cast("dict[str, Any]", loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None
    if path.name != "pyproject.toml":
        return _positive(content.get("line-length"))
    tools = _table(content.get("tool"))
    ruff, black = _table(tools.get("ruff")), _table(tools.get("black"))
    return _positive(ruff.get("line-length")) or _positive(black.get("line-length"))


def _table(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _positive(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
