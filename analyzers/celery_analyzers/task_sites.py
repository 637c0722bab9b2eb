"""Finds what makes tasks: decorators, calls such as `app.task(function)`, and classes that are registered.

A task is recognised by what its decorator means, never by what it is called. Knows how Celery declares tasks. Must
not know rules.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from celery_analyzers.expressions import Invocation, callee, expression
from celery_analyzers.findings import Span
from celery_analyzers.function_facts import function_facts
from celery_analyzers.makers import Maker, maker_of
from celery_analyzers.resolution import evaluate_symbol, is_task_class
from celery_analyzers.symbols import UNKNOWN, ProjectClass, Scope
from celery_analyzers.syntax import Syntax
from celery_analyzers.task_facts import Option, TaskDefinition
from celery_analyzers.tasks import applied, base_symbol, registering_call, written_options
from celery_analyzers.trees import Function
from celery_analyzers.values import evaluate


@dataclass(frozen=True, slots=True)
class TaskSite:
    """A task definition with the nodes it was read from.

    `scope` is that of the definition, not of its body. `decorator` is the node that the task's options may be written
    in; None where it stands elsewhere, or is a wrapper's that takes none.
    """

    task: TaskDefinition
    function: Function | None
    decorator: ast.expr | None
    scope: Scope

    @property
    def fact(self) -> TaskDefinition:
        return self.task


def decorated_task(
    node: Function, scope: Scope, owner: ProjectClass | None, syntax: Syntax, *, conditional: bool
) -> TaskSite | None:
    """The task that a decorator makes of a function, if one does. `owner` is the class that the function is in."""
    read = [(i, maker_of(expression(decorator), scope)) for i, decorator in enumerate(node.decorator_list)]
    makers = [(i, maker) for i, maker in read if maker is not None]
    if not makers:
        return None
    found, maker = makers[0]
    symbols = [evaluate_symbol(callee(expression(decorator)), scope) for decorator in node.decorator_list]
    decorator = node.decorator_list[found]
    options, known = _options(decorator, scope, maker, syntax)
    base = next((option.value for option in reversed(options) if option.name == "base"), None)
    task = TaskDefinition(
        name=node.name,
        form="decorator",
        options=options,
        options_known=known,
        function=function_facts(node, syntax),
        decorator_span=syntax.span(decorator),
        base=base_symbol(base),
        outer=tuple(symbols[:found]),
        inner=tuple(symbols[found + 1 :]),
        in_class=owner is not None,
        nested=owner is None and scope is not scope.module_scope,
        maker=maker,
        conditional=conditional,
        also_named=tuple(_name(node.decorator_list[i], scope, other, syntax) for i, other in makers[1:]),
    )
    return TaskSite(task, node, decorator if maker.forwards else None, scope)


def _name(decorator: ast.expr, scope: Scope, maker: Maker, syntax: Syntax) -> object:
    """The name that a decorator gives to a task; UNKNOWN where it may give one."""
    options, known = _options(decorator, scope, maker, syntax)
    names = [option.value for option in options if option.name == "name"]
    return names[-1] if names else None if known else UNKNOWN


def registered_task(node: Function, scope: Scope, owner: ProjectClass | None, syntax: Syntax) -> TaskSite | None:
    """The task that a call elsewhere in the module makes of a function, or of the class whose `run` it is."""
    if owner is not None:
        return _run_method(node, scope, owner, syntax) if node.name == "run" else None
    call = registering_call(node.name, scope)
    if call is None:
        return None
    decorator = applied(call)
    maker = maker_of(decorator, scope)
    if maker is None:
        return None
    written, known = written_options(decorator, maker, scope)
    options = tuple(Option(name, value) for name, value in written)
    base = next((option.value for option in options if option.name == "base"), None)
    inner = tuple(evaluate_symbol(callee(expression(d)), scope) for d in node.decorator_list)
    facts = function_facts(node, syntax)
    task = TaskDefinition(node.name, "call", options, known, facts, base=base_symbol(base), inner=inner, maker=maker)
    return TaskSite(task, node, None, scope)


def _run_method(node: Function, scope: Scope, owner: ProjectClass, syntax: Syntax) -> TaskSite | None:
    if not is_task_class(owner) or registering_call(owner.binding.name, owner.scope) is None:
        return None
    inner = tuple(evaluate_symbol(callee(expression(d)), scope) for d in node.decorator_list)
    facts = function_facts(node, syntax)
    task = TaskDefinition(owner.binding.name, "class", (), True, facts, base=owner, inner=inner)
    return TaskSite(task, node, None, scope)


def _options(decorator: ast.expr, scope: Scope, maker: Maker, syntax: Syntax) -> tuple[tuple[Option, ...], bool]:
    options = [Option(name, value) for name, value in maker.options]
    if not isinstance(decorator, ast.Call):
        return tuple(options), maker.options_known
    known = maker.options_known and not any(isinstance(argument, ast.Starred) for argument in decorator.args)
    for keyword in decorator.keywords:
        if keyword.arg is not None and not maker.passes_on(keyword.arg):
            continue
        value = evaluate(expression(keyword.value), scope)
        if keyword.arg is None:
            known = known and isinstance(value, dict)
            options.extend(from_splat(value))  # pyright: ignore[reportUnknownArgumentType]
            continue
        span = syntax.span(keyword)
        name_span = Span(span.start, span.start + len(keyword.arg))
        options.append(Option(keyword.arg, value, span, name_span, syntax.span(keyword.value)))
    return tuple(options), known


def task_made_by(call: ast.Call, scope: Scope, syntax: Syntax) -> TaskSite | None:
    """`app.task(function, **options)` or `app.task(**options)(function)`."""
    if len(call.args) != 1 or not isinstance(call.args[0], ast.Name):
        return None
    options_call = call.func if isinstance(call.func, ast.Call) else call
    made = expression(call)
    maker = maker_of(applied(made), scope) if isinstance(made, Invocation) else None
    if maker is None:
        return None
    options, known = _options(options_call, scope, maker, syntax)
    task = TaskDefinition(
        name=call.args[0].id,
        form="call",
        options=options,
        options_known=known,
        function=None,
        decorator_span=syntax.span(options_call),
        base=base_symbol(next((option.value for option in options if option.name == "base"), None)),
        maker=maker,
    )
    return TaskSite(task, None, options_call, scope)


def from_splat(value: object) -> Iterator[Option]:
    """What `**value` gives, where the value is a dict."""
    if isinstance(value, dict):
        for name, item in value.items():  # pyright: ignore[reportUnknownVariableType]
            yield Option(str(name), item)  # pyright: ignore[reportUnknownArgumentType]
