"""What a name can mean: Celery's own things, someone else's, a value, something of the project, or unknown.

Whatever cannot be followed with certainty is UNKNOWN, and rules stay silent about it. Knows the kinds of meaning. Must
not find out the meaning of a name; that is `resolution`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from celery_analyzers.bindings import Binding, ClassBinding, FunctionBinding
from celery_analyzers.expressions import Expression


@dataclass(frozen=True, slots=True)
class Unknown:
    """What cannot be told without running code."""


@dataclass(frozen=True, slots=True)
class External:
    """Something outside the project, or a builtin, by its dotted path: `requests.get`, `builtins.Exception`."""

    path: str


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance of a class that stands outside the project."""

    path: str


@dataclass(frozen=True, slots=True)
class App:
    """An instance of `celery.Celery` or of a subclass. `module` is where it is made, None for the current app.

    All apps are equal: what is asked of a symbol is whether it is one.
    """

    module: Scope | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class AppAttribute:
    """An attribute of an app: `task`, `conf`, `register_task`. `module` is the app's."""

    path: str
    module: Scope | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Value:
    """An expression whose value is what matters, with the scope that its names are looked up in."""

    expression: Expression
    scope: Scope


@dataclass(frozen=True, slots=True)
class ProjectModule:
    """A module of the project."""

    scope: Scope


@dataclass(frozen=True, slots=True)
class ProjectClass:
    """A class of the project."""

    binding: ClassBinding
    scope: Scope


@dataclass(frozen=True, slots=True)
class ProjectInstance:
    """An instance of a class of the project."""

    type: ProjectClass


@dataclass(frozen=True, slots=True)
class ProjectFunction:
    """A function of the project."""

    binding: FunctionBinding
    scope: Scope


Symbol = (
    Unknown
    | External
    | Instance
    | App
    | AppAttribute
    | Value
    | ProjectModule
    | ProjectClass
    | ProjectInstance
    | ProjectFunction
)
UNKNOWN = Unknown()
APP = App()


class Modules(Protocol):
    """Where the project's modules are found."""

    def module(self, importer: Scope, name: str, level: int) -> Scope | None:
        """The scope of a module as `importer` would import it; None if the project has no such module."""
        ...

    def declares_task_decorator(self, path: str, module: Scope | None) -> bool:
        """Whether the configuration says that `path` makes tasks: a dotted path, or a name of `module`."""
        ...


class Scope(Protocol):
    """Names that are visible in one place."""

    @property
    def modules(self) -> Modules | None:
        """Where imports are followed to; None leaves every import outside the project."""
        ...

    @property
    def module_scope(self) -> Scope:
        """The scope of the module that this one stands in."""
        ...

    @property
    def memo(self) -> dict[str, Symbol]:
        """What names of this scope were found to mean; a name that is being followed is unknown to itself."""
        ...

    def lookup(self, name: str) -> tuple[tuple[Binding, ...], Scope]:
        """All bindings of `name` in the nearest scope that has any, and that scope; none if it is not bound."""
        ...
