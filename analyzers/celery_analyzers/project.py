"""The modules of one project: finds the file that an import means, and the names that it binds.

Files are read as text, never imported. Text that an editor has not saved wins over the disk. Knows paths and
packages. Must not know rules.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from celery_analyzers.module_names import module_names, segment_names
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.segmented_text import SegmentedText
from celery_analyzers.symbols import Scope

LARGEST_MODULE = 2_000_000
"""Bytes above which a module that is only imported is not read: what it binds is then unknown."""
_MOST_ENTRIES = 30_000
"""Directory entries that a search through the project's configuration visits at most."""
_SKIPPED = frozenset({"node_modules", "venv", "env", "site-packages", "__pycache__", "build", "dist", "migrations"})
_CONFIGURATION = re.compile(
    r"celery|setting|config|conf\b|constant|default|procfile|compose|supervisor|\.service\Z|entrypoint|worker|app"
    r"|__init__|\.env|require|pyproject|pipfile|setup",
    re.IGNORECASE,
)
_CONFIGURATION_SUFFIXES = (
    *("", ".py", ".yml", ".yaml", ".toml", ".conf", ".ini", ".cfg", ".service", ".sh"),
    *(".txt", ".in", ".lock"),
)
_TIME_LIMIT = re.compile(
    rb"\btask_(?:soft_)?time_limit\b|(?:\b|CELERYD?_)TASK_(?:SOFT_)?TIME_LIMIT\b|--(?:soft-)?time-limit\b"
)
_ASYNC_POOL = re.compile(rb"celery[-_](?:aio[-_]pool|pool[-_]asyncio|asyncio)|CELERY_CUSTOM_WORKER_POOL")


class Project:
    """The modules under `root`; without a root every import leads outside."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root.absolute() if root is not None else None
        self.generation = 0
        """Counts the changes told by `set_overlay` and `forget`: equal numbers mean equal answers."""
        self.consulted: set[Path] = set()
        """Files that answers depended on since `begin`, those that were looked for in vain among them."""
        self._overlays: dict[Path, str] = {}
        self._scopes: dict[Path, ModuleScope | None] = {}
        self._mentioned: dict[re.Pattern[bytes], bool] = {}

    def begin(self) -> None:
        """Forget what was consulted and found, so that the next answers tell what they depend on."""
        for path in self.consulted:
            scope = self._scopes.get(path)
            if scope is not None:
                scope.begin()
        self.consulted = set()

    def set_overlay(self, path: Path, text: str | None) -> None:
        """Take `text` for the content of `path`; None returns to the disk's."""
        if text is None:
            self._overlays.pop(path, None)
        else:
            self._overlays[path] = text
        self.forget(path)

    def forget(self, path: Path | None = None) -> None:
        """Tell that `path`, or anything, changed on disk."""
        self.generation += 1
        self._mentioned.clear()
        if path is None:
            self._scopes.clear()
        else:
            self._scopes.pop(path, None)

    def module(self, importer: Scope, name: str, level: int) -> Scope | None:
        """The scope of a module as `importer` would import it; None if the project has no such module."""
        path = importer.path if isinstance(importer, ModuleScope) else None
        if path is None:
            return None
        for base in self._bases(path, level):
            scope = self._load(base.joinpath(*name.split(".")) if name else base)
            if scope is not None:
                return scope
        return None

    def _bases(self, path: Path, level: int) -> Iterator[Path]:
        """Folders that an import in the file `path` may start from, the likeliest first."""
        if level:
            yield path.parents[level - 1] if level <= len(path.parents) else path.parent
            return
        if self.root is None:
            return
        folder = path.parent
        while (folder / "__init__.py").is_file() and folder != self.root and folder != folder.parent:
            folder = folder.parent
        seen: set[Path] = set()
        inside = [folder, *(parent for parent in folder.parents if self._inside(parent))]
        for base in [*inside, self.root, self.root / "src"]:
            if base not in seen:
                seen.add(base)
                yield base

    def _inside(self, folder: Path) -> bool:
        return self.root is not None and (folder == self.root or self.root in folder.parents)

    def _load(self, stem: Path) -> ModuleScope | None:
        for path in (stem.with_name(stem.name + ".py"), stem / "__init__.py"):
            self.consulted.add(path)
            if path not in self._scopes:
                self._scopes[path] = self._read(path)
            scope = self._scopes[path]
            if scope is not None:
                return scope
        return None

    def _read(self, path: Path) -> ModuleScope | None:
        text = self._overlays.get(path)
        if text is None:
            try:
                if path.stat().st_size > LARGEST_MODULE:
                    return None
                data = path.read_bytes()
            except (OSError, ValueError):
                return None
            text = data.decode("utf-8", "replace")
        parts = ((segment, segment_names(segment)) for segment in SegmentedText(text).segments)
        return ModuleScope(module_names(parts), self, path)

    def mentions_time_limit(self) -> bool:
        """Whether a settings module, a worker's command line or the like sets a time limit for all tasks.

        Asked by words alone: which app the setting belongs to is not known, so it is taken to be every task's.
        """
        return self._mentions(_TIME_LIMIT)

    def mentions_async_pool(self) -> bool:
        """Whether a requirement, a setting or the like names a worker pool that awaits coroutines."""
        return self._mentions(_ASYNC_POOL)

    def _mentions(self, words: re.Pattern[bytes]) -> bool:
        if self.root is None:
            return False
        self.consulted.add(self.root)
        if words not in self._mentioned:
            self._mentioned[words] = any(words.search(data) for data in self._configuration_files(self.root))
        return self._mentioned[words]

    def _configuration_files(self, root: Path) -> Iterator[bytes]:
        entries = 0
        for folder, folders, names in os.walk(root):
            folders[:] = [f for f in folders if not f.startswith(".") and f not in _SKIPPED]
            entries += len(names)
            if entries > _MOST_ENTRIES:
                return
            in_settings = _CONFIGURATION.search(os.path.basename(folder)) is not None
            for name in names:
                if os.path.splitext(name)[1] not in _CONFIGURATION_SUFFIXES:
                    continue
                if not in_settings and not _CONFIGURATION.search(name):
                    continue
                try:
                    with open(os.path.join(folder, name), "rb") as file:
                        yield file.read(LARGEST_MODULE)
                except OSError:
                    continue
