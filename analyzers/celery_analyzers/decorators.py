"""What a project's own decorators do to the name of the function that they wrap, and whether they replace it.

Knows how decorators are written. Must not know tasks.
"""

from __future__ import annotations

from collections.abc import Iterable

from celery_analyzers.bindings import FunctionBinding
from celery_analyzers.expressions import Reference, callee
from celery_analyzers.project import Project
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.symbols import ProjectFunction, Symbol
from celery_analyzers.task_names import module_names_of

_NAMING = r"__name__|__qualname__|__wrapped__|__dict__|update_wrapper|wraps|setattr|wrapt"
"""With what a function is given another name."""
_WRAPS = (Reference("wraps"), Reference("functools.wraps"))


def name_under(decorators: Iterable[Symbol], project: Project) -> str | None:
    """The name, with that of its module, that a function has under decorators, from the outside in; None where it keeps
    its own, or where it cannot be told."""
    outermost = next(iter(decorators), None)
    if not isinstance(outermost, ProjectFunction):
        return None
    wrapper = _wrapper(outermost.binding)
    module = outermost.scope.module_scope
    path = module.path if isinstance(module, ModuleScope) else None
    if wrapper is None or path is None or project.may_hold(path, _NAMING):
        return None
    return f"{module_names_of(path, project.root)[0]}.{wrapper}"


def replaces(decorator: Symbol, project: Project, attributes: str) -> bool:
    """Whether a decorator surely returns a function of its own, and knows nothing of the `attributes`, a regular
    expression, of what it is given."""
    if not isinstance(decorator, ProjectFunction):
        return False
    function = _returned(decorator.binding)
    if function is not None:
        function = _returned(function) or function
    module = decorator.scope.module_scope
    path = module.path if isinstance(module, ModuleScope) else None
    if function is None or path is None or any(callee(d) not in _WRAPS for d in function.decorators):
        return False
    return not project.may_hold(path, attributes)


def _wrapper(decorator: FunctionBinding) -> str | None:
    """The name of the function that a decorator returns in the place of the one that it is given."""
    function = _returned(decorator)
    if function is None or function.decorators:
        return None
    # What `@locked("mail")` returns is a decorator.
    inner = _returned(function)
    if inner is not None:
        return None if inner.decorators else inner.name
    return function.name


def _returned(function: FunctionBinding) -> FunctionBinding | None:
    """The function defined in a function which that returns, and nothing else."""
    returned = function.returns[0] if len(set(function.returns)) == 1 else None
    if not isinstance(returned, Reference):
        return None
    found = [binding for name, binding in function.inner if name == returned.path]
    return found[0] if len(found) == 1 and isinstance(found[0], FunctionBinding) else None
