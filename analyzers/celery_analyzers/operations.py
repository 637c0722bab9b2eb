"""What a task's body does: which library a call goes to, and whether it may wait without end or be repeated.

Code actions choose a retry strategy by the same classification. Knows syntax and the tables of
`libraries`. Must not know rules.
"""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from celery_analyzers.bindings import ImportBinding
from celery_analyzers.errors import TRANSIENT
from celery_analyzers.findings import NeededImport
from celery_analyzers.libraries import Category, Operation, Timeout, canonical, known_operation
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.symbols import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from celery_analyzers.body import Body, CallSite

_QUICK = (
    *("builtins.", "collections.", "contextlib.", "copy.", "datetime.", "decimal.", "json.", "logging.", "math."),
    *("re.", "uuid."),
)
"""Where functions come from that are done in no time."""
_QUICK_METHODS = frozenset(
    {"add", "append", "decode", "encode", "endswith", "extend", "format", "get", "index", "items", "join", "keys"}
    | {"lower", "pop", "remove", "replace", "setdefault", "split", "startswith", "strip", "update", "upper", "values"}
    | {"debug", "error", "exception", "info", "warning"}
)


@dataclass(frozen=True, slots=True)
class Performed:
    """A call of a body, and what it does."""

    call: CallSite
    operation: Operation

    @property
    def name(self) -> str:
        """What is called, as it is to be named in a message: as it is written, if that tells where it comes from."""
        call = self.call
        return call.source if "." in call.source.lstrip(".") else str(call.path)


def operations(body: Body) -> Iterator[Performed]:
    """The calls of a body of which it is known what they do, in the order in which they stand."""
    uses_django = imports_from("django", body.scope)
    for call in body.calls:
        operation = operation_of(call)
        if operation is None and ".objects." in call.source and uses_django:
            operation = Operation(Category.DATABASE, "django.db")
        if operation is not None:
            yield Performed(call, operation)


def operation_of(call: CallSite) -> Operation | None:
    """What a call does, as far as its path tells; None where that is not known."""
    operation = None if call.path is None else known_operation(call.path)
    if operation is None or call.path is None:
        return None
    if operation.category is Category.HTTP and call.path.endswith(".request"):
        verb = call.keyword("method") or next(iter(call.node.args), None)
        posts = isinstance(verb, ast.Constant) and str(verb.value).upper() == "POST"
        return replace(operation, repeatable=False if posts else None)
    return operation


def takes_time(call: CallSite) -> bool:
    """Whether a call may do work: not one that is known to be done in no time, such as a line in a log."""
    if operation_of(call) is not None:
        return True
    if call.path is not None:
        return not call.path.startswith(_QUICK)
    return call.method not in _QUICK_METHODS


def waits_without_end(performed: Performed, body: Body) -> bool:
    """Whether a call may wait for ever, as it is called here."""
    call, timeout = performed.call, performed.operation.timeout
    if timeout is None or call.has_splat or _does_not_block(call):
        return False
    if timeout.as_context and not isinstance(next(body.parents(call.node)), ast.withitem):
        return False
    given = _given(call, timeout)
    if given is None:
        return not timeout.bounded
    return isinstance(given, ast.Constant) and given.value is None


def _given(call: CallSite, timeout: Timeout) -> ast.expr | None:
    for keyword in timeout.keywords:
        value = call.keyword(keyword)
        if value is not None:
            return value
    if timeout.position is not None and len(call.node.args) > timeout.position:
        return call.node.args[timeout.position]
    return None


def _does_not_block(call: CallSite) -> bool:
    """`acquire(False)`, `acquire(blocking=False)`, `get(block=False)`."""
    blocking = call.keyword("blocking") or call.keyword("block") or next(iter(call.node.args), None)
    return isinstance(blocking, ast.Constant) and blocking.value is False


def transient_exceptions(performed: Iterable[Performed]) -> tuple[str, ...]:
    """The exceptions after which it is worth trying these operations again, each once."""
    libraries = (one.operation.library for one in performed)
    return tuple(dict.fromkeys(path for library in libraries for path in TRANSIENT.get(library, ())))


def written(path: str, scope: Scope) -> tuple[str, NeededImport | None] | None:
    """How to write an exception's dotted path in a module, and the import that this needs.

    What the module has already is used: the name itself, or the module that holds it, as in `requests.Timeout`.
    None for a builtin whose name means something else here.
    """
    module, _, name = path.rpartition(".")
    for bound, binding in _imports(scope):
        found = None
        if binding.name is None:
            found = f"{bound}.{name}" if binding.module == module else None
        elif canonical(f"{binding.module}.{binding.name}") == path:
            found = bound
        # Only a name that means nothing else as well will do.
        if found is not None and len(scope.lookup(bound)[0]) == 1:
            return found, None
    taken = bool(scope.lookup(name)[0])
    if module == "builtins":
        return None if taken else (name, None)
    if not taken and not hasattr(builtins, name):
        return name, NeededImport(module, name)
    # What would hide another name gets its library's name in front.
    alias = f"{module.split('.', 1)[0].capitalize()}{name}"
    return alias, NeededImport(module, name, alias)


def written_exceptions(paths: Iterable[str], scope: Scope) -> tuple[tuple[str, ...], tuple[NeededImport, ...]]:
    """How to write exceptions in a module, each once, and the imports that this needs."""
    found = [one for one in (written(path, scope) for path in paths) if one is not None]
    return tuple(dict.fromkeys(name for name, _ in found)), tuple(needed for _, needed in found if needed)


def imports_from(package: str, scope: Scope) -> bool:
    """Whether the module imports anything from a package."""
    return any(binding.module.split(".", 1)[0] == package for _, binding in _imports(scope))


def _imports(scope: Scope) -> Iterator[tuple[str, ImportBinding]]:
    """What the module imports absolutely, by the names that it gives it."""
    module = scope.module_scope
    if isinstance(module, ModuleScope):
        yield from ((name, binding) for name, binding in module.imports() if not binding.level)
