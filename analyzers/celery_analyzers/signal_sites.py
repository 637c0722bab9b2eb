"""Finds the handlers of Celery's signals, and what those of an app's own signals are given.

Must not know what a signal is for, nor rules.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from celery_analyzers.bindings import Bindings, ValueBinding, function_scope
from celery_analyzers.expressions import Reference, callee, dotted_path, expression
from celery_analyzers.function_facts import function_facts
from celery_analyzers.resolution import evaluate_symbol, resolve
from celery_analyzers.symbols import App, AppAttribute, External, Scope
from celery_analyzers.syntax import Syntax
from celery_analyzers.task_facts import SignalHandler
from celery_analyzers.trees import Function

_SIGNALS = "celery.signals."
_OF_APPS = frozenset({"on_after_configure", "on_after_finalize", "on_after_fork", "on_configure"})
"""Signals that an app sends about itself."""


@dataclass(frozen=True, slots=True)
class SignalSite:
    """A handler of a signal with its node."""

    handler: SignalHandler
    function: Function
    scope: Scope

    @property
    def fact(self) -> SignalHandler:
        return self.handler


def signal_site(node: Function, scope: Scope, syntax: Syntax) -> SignalSite | None:
    """A function right below `@worker_ready.connect` and the like."""
    if not node.decorator_list or "connect" not in syntax.text:
        return None
    connect = evaluate_symbol(callee(expression(node.decorator_list[-1])), scope)
    path = connect.path if isinstance(connect, (External, AppAttribute)) else ""
    signal, _, method = path.rpartition(".")
    is_celerys = signal.startswith(_SIGNALS) if isinstance(connect, External) else signal in _OF_APPS
    if method != "connect" or not is_celerys:
        return None
    return SignalSite(SignalHandler(signal.removeprefix(_SIGNALS), function_facts(node, syntax)), node, scope)


def names_inside(node: Function, scope: Scope) -> Bindings:
    """What is bound inside a function; the first parameter of a handler of `app.on_after_configure` is the app."""
    bound = function_scope(node)
    parameters = [*node.args.posonlyargs, *node.args.args]
    for decorator in node.decorator_list if parameters else ():
        path = dotted_path(decorator.func if isinstance(decorator, ast.Call) else decorator) or ""
        app, signal, method = (["", "", *path.rsplit(".", 2)])[-3:]
        if signal in _OF_APPS and method == "connect" and isinstance(resolve(app, scope), App):
            return ((parameters[0].arg, ValueBinding(Reference(app))), *bound[1:])
    return bound
