"""Which modules and packages a workspace has, by the paths of its files.

Knows paths only: which folder Python is started in is not known, so that a module may be named from any of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cached_property


class WorkspaceModules:
    """The modules of these files, which are below `root`."""

    def __init__(self, files: Iterable[str], root: str) -> None:
        self._files = files
        self._root = root

    def has_module(self, name: str) -> bool:
        """Whether the workspace has a module of this dotted name, under whatever folder."""
        stem = name.replace(".", "/")
        return f"{stem}.py" in self._suffixes or f"{stem}/__init__.py" in self._suffixes

    def has_package(self, name: str) -> bool:
        """Whether the workspace has a folder of this dotted name with Python files in it."""
        return name.replace(".", "/") + "/" in self._suffixes

    @cached_property
    def _suffixes(self) -> frozenset[str]:
        """The paths of the files, and of the folders they stand in, from every folder on."""
        found: set[str] = set()
        folders: set[str] = set()
        start = len(self._root) + 1
        for path in self._files:
            inside = path[start:].replace(os.sep, "/")
            folder = inside[: inside.rfind("/") + 1]
            folders.add(folder)
            while True:
                found.add(inside)
                cut = inside.find("/") + 1
                if not cut:
                    break
                inside = inside[cut:]
        for folder in folders:
            parts = folder.split("/")[:-1]
            for first in range(len(parts)):
                found.update("/".join(parts[first:last]) + "/" for last in range(first + 1, len(parts) + 1))
        return frozenset(found)
