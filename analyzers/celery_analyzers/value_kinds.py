"""What a value is by its type, told from the code around the place where it is used.

Follows a name through the functions that the place stands in, and further by what the module's names mean. Where a
name may be several things, or nothing tells, there is no answer. Knows Python and Django's querysets. Must not know
Celery nor rules.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable

from celery_analyzers.class_kinds import Kind, derives_from, instance_of, is_member, type_of
from celery_analyzers.expressions import Collection, Expression, Invocation, expression
from celery_analyzers.local_names import SET_OPERATORS, Bound, LocalNames, is_none
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.symbols import External, Instance, ProjectClass, ProjectFunction, ProjectInstance, Scope, Value
from celery_analyzers.tasks import task_of
from celery_analyzers.trees import Function

_SET_METHODS = frozenset({"copy", "difference", "intersection", "symmetric_difference", "union"})
_PATH_METHODS = frozenset({"absolute", "expanduser", "joinpath", "resolve", "with_name", "with_suffix"})
_ROW = frozenset({"create", "earliest", "first", "get", "last", "latest"})
_PAIR = frozenset({"get_or_create", "update_or_create"})
_QUERYSET = frozenset(
    {"alias", "all", "annotate", "defer", "difference", "distinct", "exclude", "filter", "intersection", "iterator"}
    | {"none", "only", "order_by", "prefetch_related", "reverse", "select_for_update", "select_related", "union"}
    | {"using"}
)
_MANAGERS = frozenset({"_base_manager", "_default_manager", "objects"})
_VALUES = frozenset({"dates", "datetimes", "values", "values_list"})
_VIEWS = ("django.views.", "django.contrib.admin.", "rest_framework.")
_GENERATOR = Kind("iterable", "a generator")
_SET = Kind("set", "a set")
_PATH = Kind("path", "a path")
_FUNCTION = Kind("callable", "a function")
_REQUEST = Kind("request", "a request")
_RESULT = Kind("result", "the result object of a task")
_SENDING = frozenset({"apply_async", "delay"})
_DEEPEST = 8


class ValueKinds:
    """The kinds of values in one segment, whose functions bind `names`; `owner` is the class whose member it is."""

    def __init__(self, scope: Scope, names: LocalNames, owner: ProjectClass | None) -> None:
        self._scope = scope
        self._names = names
        self._owner = owner

    def kind(self, node: ast.expr, depth: int = _DEEPEST) -> Kind | None:
        """What the value of an expression is, if that is worth a word."""
        if depth <= 0:
            return None
        if isinstance(node, (ast.Set, ast.SetComp)):
            return _SET
        if isinstance(node, ast.GeneratorExp):
            return _GENERATOR
        if isinstance(node, ast.Lambda):
            return _FUNCTION
        if isinstance(node, ast.Constant):
            return Kind("object", "a complex number") if isinstance(node.value, complex) else None
        if isinstance(node, ast.IfExp):
            return self._common((self.kind(node.body, depth - 1), self.kind(node.orelse, depth - 1)))
        if isinstance(node, ast.ListComp):
            return _listed(self.kind(node.elt, depth - 1))
        inner: dict[type[ast.expr], Callable[..., Kind | None]] = {
            ast.BinOp: self._operation,
            ast.Call: self._call,
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Subscript: self._item,
        }
        found = inner.get(type(node))
        return None if found is None else found(node, depth - 1)

    def annotated(self, node: ast.expr) -> Kind | None:
        """What an annotation says that a value is; `X | None` counts as `X`."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                node = ast.parse(node.value, mode="eval").body
            except (SyntaxError, ValueError):
                return None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            sides = [side for side in (node.left, node.right) if not is_none(side)]
            return self.annotated(sides[0]) if len(sides) == 1 else None
        if isinstance(node, ast.Subscript):
            symbol = evaluate_symbol(expression(node.value), self._scope)
            if symbol == External("typing.Optional"):
                return self.annotated(node.slice)
            found = instance_of(symbol)
            return found.uncertain() if found is not None and isinstance(symbol, External) else None
        found = instance_of(evaluate_symbol(expression(node), self._scope))
        return None if found is None else found.uncertain()

    def _common(self, kinds: Iterable[Kind | None]) -> Kind | None:
        """The kind that all are."""
        found = list(kinds)
        first = found[0] if found else None
        if first is None or any(k is None or (k.sort, k.words) != (first.sort, first.words) for k in found):
            return None
        return first if all(kind is not None and kind.certain for kind in found) else first.uncertain()

    def _operation(self, node: ast.BinOp, depth: int) -> Kind | None:
        left = self.kind(node.left, depth)
        if left is None:
            return None
        if (left.sort == "set" and isinstance(node.op, SET_OPERATORS)) or (
            left.sort == "path" and isinstance(node.op, ast.Div)
        ):
            return left
        is_time = left.sort == "timedelta" and isinstance(node.op, (ast.Mult, ast.Sub))
        return left if is_time else None

    def _call(self, node: ast.Call, depth: int) -> Kind | None:
        if isinstance(node.func, ast.Attribute):
            found = self._method(node.func, depth)
            if found is not None:
                return found
        symbol = evaluate_symbol(expression(node.func), self._scope) if not self._names.is_local(node.func) else None
        if symbol is None:
            return None
        if symbol in (External("builtins.list"), External("builtins.tuple"), External("builtins.sorted")):
            inner = self.kind(node.args[0], depth) if len(node.args) == 1 else None
            return _listed(instance_of(inner.rows)) if inner and inner.sort == "queryset" and inner.rows else None
        if symbol == External("django.shortcuts.get_object_or_404") and node.args:
            model = instance_of(type_of(evaluate_symbol(expression(node.args[0]), self._scope)))
            return model if model is not None and model.sort == "model" else self._row(node.args[0], depth)
        if isinstance(symbol, ProjectFunction):
            returned = instance_of(evaluate_symbol(symbol.binding.annotation, symbol.scope))
            return None if returned is None or symbol.binding.is_async else returned.uncertain()
        return instance_of(symbol)

    def _method(self, function: ast.Attribute, depth: int) -> Kind | None:
        """What a method gives: of a task, a model's manager or queryset, a set or a path."""
        method = function.attr
        if method in _SENDING:
            return self._sent(function.value)
        if method in _ROW:
            return self._row(function.value, depth)
        if method in _QUERYSET and (queryset := self._queryset(function.value, depth)):
            return queryset
        if method in _VALUES and self._queryset(function.value, depth):
            return Kind("queryset", "a queryset")
        if method in _SET_METHODS | _PATH_METHODS:
            receiver = self.kind(function.value, depth)
            wanted = "set" if method in _SET_METHODS else "path"
            return receiver if receiver is not None and receiver.sort == wanted else None
        if method in ("items", "keys", "values") and isinstance(function.value, ast.Dict):
            return Kind("iterable", "a view of a dict")
        return None

    def _sent(self, node: ast.expr) -> Kind | None:
        """What sending a task gives, if that is left to Celery."""
        if not isinstance(node, (ast.Name, ast.Attribute)) or self._names.is_local(node):
            return None
        task = task_of(evaluate_symbol(expression(node), self._scope))
        return _RESULT if task is not None and task.base is None else None

    def _row(self, queryset: ast.expr, depth: int) -> Kind | None:
        found = self._queryset(queryset, depth)
        return None if found is None or found.rows is None else instance_of(found.rows)

    def _queryset(self, node: ast.expr, depth: int) -> Kind | None:
        """The queryset that an expression is: a model's manager, or what its methods give."""
        if isinstance(node, ast.Attribute) and node.attr in _MANAGERS and not self._names.is_local(node):
            owner = evaluate_symbol(expression(node.value), self._scope)
            model = instance_of(type_of(owner))
            return Kind("queryset", "a queryset", rows=type_of(owner)) if model and model.sort == "model" else None
        found = self.kind(node, depth)
        return found if found is not None and found.sort == "queryset" else None

    def _item(self, node: ast.Subscript, depth: int) -> Kind | None:
        is_first = isinstance(node.slice, ast.Constant) and node.slice.value == 0
        if is_first and (pair := self._pair(node.value, depth)):
            return pair
        queryset = self._queryset(node.value, depth)
        if queryset is None:
            return None
        if isinstance(node.slice, ast.Slice):
            return queryset
        return None if queryset.rows is None else instance_of(queryset.rows)

    def _pair(self, node: ast.expr | None, depth: int) -> Kind | None:
        """The row in what `get_or_create()` gives."""
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in _PAIR:
            return None
        return self._row(node.func.value, depth)

    def _attribute(self, node: ast.Attribute, depth: int) -> Kind | None:
        if self._names.is_local(node):
            if node.attr == "request" and isinstance(node.value, ast.Name) and self._is_self_of(node.value, _VIEWS):
                return _REQUEST
            receiver = self.kind(node.value, depth)
            if receiver is not None and receiver.sort == "path" and node.attr == "parent":
                return receiver
            if receiver is not None and receiver.sort == "request" and node.attr == "user":
                return Kind("user", "the request's user", receiver.certain)
            return None
        if node.attr in _MANAGERS and (queryset := self._queryset(node, depth)):
            return queryset
        owner = evaluate_symbol(expression(node.value), self._scope)
        member = instance_of(owner) if is_member(owner, node.attr) else None
        if member is not None and member.sort == "enum":
            return member
        return self._meant(expression(node))

    def _name(self, node: ast.Name, depth: int) -> Kind | None:
        bound = self._names.bindings(node)
        if bound is None:
            return self._meant(expression(node))
        if bound == [Bound("parameter")]:
            return _REQUEST if self._is_request(node) else self._self(node)
        telling = [binding for binding in bound if binding.by != "same"]
        return self._common(self._of_binding(binding, depth) for binding in telling)

    def _of_binding(self, bound: Bound, depth: int) -> Kind | None:
        if bound.by == "caught":
            return Kind("exception", "an exception")
        if bound.node is None:
            return None
        if bound.by == "context":
            # What else a `with` gives is for its object to say.
            given = self.kind(bound.node, depth)
            return given if given == instance_of(External("builtins.open")) else None
        if bound.by == "annotation":
            return self.annotated(bound.node)
        if bound.by == "first":
            return self._pair(bound.node, depth)
        if bound.by == "element":
            queryset = self._queryset(bound.node, depth)
            return None if queryset is None or queryset.rows is None else instance_of(queryset.rows)
        return self.kind(bound.node, depth)

    def _meant(self, value: Expression) -> Kind | None:
        """What a name of the module is."""
        symbol = evaluate_symbol(value, self._scope)
        if isinstance(symbol, ProjectClass):
            return Kind("class", f"the class `{symbol.binding.name}`")
        if isinstance(symbol, ProjectFunction):
            if task_of(symbol) is not None:
                return Kind("callable", "a task")
            return None if symbol.binding.decorators else _FUNCTION
        if isinstance(symbol, External):
            name = symbol.path.removeprefix("builtins.")
            is_builtin = name != symbol.path and callable(getattr(builtins, name, None))
            return _FUNCTION if is_builtin else None
        if isinstance(symbol, Value):
            written = symbol.expression
            if isinstance(written, Collection):
                return _SET if written.kind == "set" else None
            if isinstance(written, Invocation):
                return instance_of(evaluate_symbol(written.function, symbol.scope))
        if isinstance(symbol, (Instance, ProjectInstance)):
            return instance_of(type_of(symbol))
        return None

    def _class_of(self, function: Function) -> ProjectClass | None:
        """The class whose method a function is; None for static and class methods."""
        return self._owner if self._names.is_method(function) else None

    def _self(self, node: ast.Name) -> Kind | None:
        """What `self` is in a method."""
        position = self._names.parameter(node)
        if node.id != "self" or position is None or position[1] != 0:
            return None
        owner = self._class_of(position[0])
        return None if owner is None else instance_of(owner)

    def _is_self_of(self, node: ast.Name, prefixes: tuple[str, ...]) -> bool:
        position = self._names.parameter(node)
        if node.id != "self" or position is None or position[1] != 0:
            return False
        owner = self._class_of(position[0])
        return owner is not None and derives_from(owner, *prefixes)

    def _is_request(self, node: ast.Name) -> bool:
        """Whether a name is the request that a view of Django gets."""
        position = self._names.parameter(node) if node.id == "request" else None
        if position is None:
            return False
        function, index = position
        owner = self._class_of(function)
        if owner is not None:
            return index == 1 and derives_from(owner, *_VIEWS)
        callees = (d.func if isinstance(d, ast.Call) else d for d in function.decorator_list)
        symbols = (evaluate_symbol(expression(callee), self._scope) for callee in callees)
        return index == 0 and any(isinstance(s, External) and s.path.startswith(_DECORATORS) for s in symbols)


_DECORATORS = ("django.contrib.auth.decorators.", "django.views.decorators.", "rest_framework.decorators.api_view")


def _listed(kind: Kind | None) -> Kind | None:
    """What a list of such values is."""
    if kind is None or kind.sort != "model":
        return None
    return Kind("models", f"a list of {kind.words.replace('a row', 'rows')}", kind.certain)
