"""Where the module of an import may stand, seen from the file that imports it.

Knows how Python looks for modules, and that nobody says which folder it is started in. Must not read what is in files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from celery_analyzers.task_names import is_started_in


def import_paths(importer: Path, name: str, level: int, root: Path | None, consulted: list[Path]) -> Iterator[Path]:
    """The files that an import in `importer` may mean by a name, the likeliest first.

    `consulted` gets the paths that were looked at to tell, and those that this gives.
    """
    for base in _bases(importer, level, root, consulted):
        stem = base.joinpath(*name.split(".")) if name else base
        for path in (stem.with_name(stem.name + ".py"), stem / "__init__.py"):
            consulted.append(path)
            yield path


def _bases(path: Path, level: int, root: Path | None, consulted: list[Path]) -> Iterator[Path]:
    """Folders that an import in the file `path` may start from, the likeliest first."""
    if level:
        yield path.parents[level - 1] if level <= len(path.parents) else path.parent
        return
    if root is None:
        return
    folder = path.parent
    started_in: list[Path] = []
    while folder != root and folder != folder.parent:
        marker = folder / "__init__.py"
        consulted.append(marker)
        if not marker.is_file():
            break
        started_in.append(folder)
        folder = folder.parent
    seen: set[Path] = set()
    inside = [folder, *(parent for parent in folder.parents if _is_inside(parent, root))]
    # A package that is a project of its own may be what Python is started in.
    for base in [*inside, root, root / "src", *filter(is_started_in, started_in)]:
        if base not in seen:
            seen.add(base)
            yield base


def _is_inside(folder: Path, root: Path) -> bool:
    return folder == root or root in folder.parents
