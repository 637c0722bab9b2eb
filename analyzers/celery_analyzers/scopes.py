"""The names that are visible in one place of a module, and what was bound to them.

Knows how Python nests scopes. Must not know what a name means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from celery_analyzers.bindings import Binding, Bindings, ImportBinding
from celery_analyzers.symbols import Modules, Scope, Symbol

IMPORTS = "@imports"
"""The pseudo-name that a result depends on when it depends on all that the module imports."""
ORDER = "@order"
"""The pseudo-name that a result depends on when it depends on which names the module binds, and in which order."""


@dataclass(frozen=True, slots=True, eq=False)
class InnerScope:
    """The names of a function or class body, over those around it."""

    names: Mapping[str, tuple[Binding, ...]]
    parent: Scope
    memo: dict[str, Symbol] = field(default_factory=dict[str, "Symbol"])

    @classmethod
    def of(cls, bindings: Bindings, parent: Scope) -> InnerScope:
        """The scope that `bindings` make inside `parent`."""
        return cls(grouped(bindings), parent)

    @property
    def modules(self) -> Modules | None:
        return self.parent.modules

    @property
    def module_scope(self) -> Scope:
        return self.parent.module_scope

    def lookup(self, name: str) -> tuple[tuple[Binding, ...], Scope]:
        found = self.names.get(name)
        return (found, self) if found else self.parent.lookup(name)


@dataclass(slots=True, eq=False)
class ModuleScope:
    """The names of one module."""

    names: Mapping[str, tuple[Binding, ...]]
    modules: Modules | None = None
    path: Path | None = None
    used: set[str] = field(default_factory=set[str])
    """Names that were looked up since `begin`: what a result depends on."""
    memo: dict[str, Symbol] = field(default_factory=dict[str, "Symbol"])

    def begin(self) -> None:
        """Forget what was looked up and found, so that the next result tells what it depends on."""
        self.used = set()
        self.memo = {}

    def imports(self) -> Iterator[tuple[str, ImportBinding]]:
        """What the module imports, by the names that it gives it."""
        self.used.add(IMPORTS)
        for name, found in self.names.items():
            for binding in found:
                if isinstance(binding, ImportBinding):
                    yield name, binding

    def bound(self) -> tuple[str, ...]:
        """The names that the module binds, in order."""
        self.used.add(ORDER)
        return tuple(self.names)

    @property
    def module_scope(self) -> ModuleScope:
        return self

    def lookup(self, name: str) -> tuple[tuple[Binding, ...], Scope]:
        self.used.add(name)
        return self.names.get(name, ()), self


def grouped(bindings: Bindings) -> dict[str, tuple[Binding, ...]]:
    """Bindings by name, in order, each distinct one once."""
    names: dict[str, tuple[Binding, ...]] = {}
    for name, binding in bindings:
        known = names.get(name, ())
        if binding not in known:
            names[name] = (*known, binding)
    return names
