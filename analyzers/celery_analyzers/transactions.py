"""What in a program runs inside a transaction, and what waits for its end.

Knows Django's `transaction` and admin, sessions of SQLAlchemy, and which tasks can be sent on commit. Must not know
rules.
"""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from celery_analyzers.canvas_roles import SENDING
from celery_analyzers.class_kinds import derives_from
from celery_analyzers.configuration import app_attributes
from celery_analyzers.effective import app_modules, base_of
from celery_analyzers.expressions import dotted_path
from celery_analyzers.findings import Edit, Fix, Span
from celery_analyzers.flow import blocks
from celery_analyzers.handlers import own_nodes
from celery_analyzers.layout import call_listing
from celery_analyzers.operations import written
from celery_analyzers.resolution import TASK_CLASSES, base_classes
from celery_analyzers.symbols import AppAttribute, External, ProjectClass

if TYPE_CHECKING:
    from celery_analyzers.call_contexts import CallContext, DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.findings import NeededImport
    from celery_analyzers.tasks import ProjectTask

ON_COMMIT = External("django.db.transaction.on_commit")
SENT_ON_COMMIT = frozenset({"apply_async_on_commit", "delay_on_commit"})
"""Methods of Django's tasks that send when the transaction has ended."""
_ON_COMMIT_METHODS = {"apply_async": "apply_async_on_commit", "delay": "delay_on_commit"}
_ATOMIC = External("django.db.transaction.atomic")
_METHOD_DECORATOR = External("django.utils.decorators.method_decorator")
_DJANGO_TASK = "celery.contrib.django.task.DjangoTask"
_ADMIN = ("django.contrib.admin.", "django.contrib.gis.admin.")
_IN_ADMIN_TRANSACTION = frozenset(
    {"delete_model", "response_add", "response_change", "save_formset", "save_model", "save_related"}
)
_BUILTINS = frozenset(dir(builtins))
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_CHANGING = frozenset({"add", "add_all", "delete", "flush", "merge"})
_READING = frozenset(
    {
        "all",
        "count",
        "debug",
        "error",
        "exception",
        "exclude",
        "exists",
        "filter",
        "first",
        "get",
        "info",
        "is_valid",
        "items",
        "last",
        "order_by",
        "prefetch_related",
        "select_for_update",
        "select_related",
        "values",
        "values_list",
        "warning",
        *(SENDING - {"apply"}),
        "s",
        "si",
        "signature",
    }
)
"""Methods, of whatever it may be, that write nothing to a database."""


def sending_call(context: CallContext) -> ast.Call | None:
    """The call that sends what is dispatched here: the dispatch itself, or `delay()` on the signature or the canvas
    that it makes; None where that does not stand around it."""
    call = context.call
    if call is None or (isinstance(call.func, ast.Attribute) and call.func.attr in (*SENDING, "send_task")):
        return call
    node: ast.AST = call
    chain = context.enclosing(call)
    while (outer := next(chain, None)) is not None:
        if isinstance(outer, ast.Call) and outer.func is node:
            # `chain(...)()`, but not `s(...)()`, which runs the task here.
            return outer
        if not isinstance(outer, ast.Attribute) or not isinstance(around := next(chain, None), ast.Call):
            return None
        if outer.attr in SENDING:
            return around if outer.attr != "apply" else None
        node = around
    return None


def waits_for_commit(node: ast.AST, context: CallContext) -> bool:
    """Whether a node stands in what `on_commit()` is given."""
    return any(
        isinstance(outer, ast.Call)
        and (dotted_path(outer.func) or "").rpartition(".")[2].endswith("on_commit")
        and outer is not node
        for outer in context.enclosing(node)
    )


def transaction_around(node: ast.AST, context: CallContext) -> str | None:
    """The transaction of Django's that a node runs in, in words; None where there is none that can be seen."""
    for outer in context.enclosing(node):
        if isinstance(outer, ast.Lambda):
            return None
        if isinstance(outer, ast.With) and any(is_atomic(item.context_expr, context) for item in outer.items):
            return "the transaction"
        if isinstance(outer, _FUNCTIONS):
            if any(is_atomic(decorator, context) for decorator in outer.decorator_list):
                return f"the transaction of `{outer.name}`"
            owner = context.owner if context.local_names.is_method(outer) else None
            is_admin = outer.name in _IN_ADMIN_TRANSACTION and owner is not None and derives_from(owner, *_ADMIN)
            return f"the transaction in which Django's admin calls `{outer.name}`" if is_admin else None
    return None


def may_be_written(node: ast.AST, context: CallContext) -> bool:
    """Whether anything may be written in the transactions around a node, of Django's.

    A view with `@atomic` that checks who asks and sends a task has written nothing that a worker might not find.
    """
    for outer in context.enclosing(node):
        is_function = isinstance(outer, _FUNCTIONS)
        if isinstance(outer, (ast.With, *_FUNCTIONS)) and any(is_atomic(each, context) for each in _contexts(outer)):
            if any(_may_write(inner) for inner in own_nodes(outer.body)):
                return True
        elif is_function:
            # What Django's admin does around its methods.
            return transaction_around(outer.body[0], context) is not None
        if is_function:
            return False
    return False


def _may_write(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name):
        name, known = node.func.id, _BUILTINS
    elif isinstance(node.func, ast.Attribute):
        name, known = node.func.attr, _READING
    else:
        return True
    # What is only made, as a response or an exception, is not written.
    return name not in known and not name[:1].isupper()


def is_atomic(node: ast.expr, context: CallContext) -> bool:
    """Whether this is `atomic`, `atomic()` or `method_decorator(atomic)`."""
    if isinstance(node, ast.Call):
        if node.args and context.symbol(node.func) == _METHOD_DECORATOR:
            return is_atomic(node.args[0], context)
        node = node.func
    return isinstance(node, (ast.Name, ast.Attribute)) and context.symbol(node) == _ATOMIC


def uses_other_database(node: ast.AST, context: CallContext) -> bool:
    """Whether the transaction around a node may be another one than the default database's."""
    return any(
        isinstance(call, ast.Call) and (call.args or call.keywords) and is_atomic(call, context)
        for outer in context.enclosing(node)
        for call in _contexts(outer)
    )


def _contexts(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.With):
        return [item.context_expr for item in node.items]
    return node.decorator_list if isinstance(node, _FUNCTIONS) else []


def session_committed_after(node: ast.AST, context: CallContext) -> str | None:
    """The call that commits, where a node stands between a change in a session of SQLAlchemy's and its commit: as in
    `session.add(order)`, the node, `session.commit()`."""
    inner = node
    for outer in context.enclosing(node):
        block = next((block for block in blocks(outer) if inner in block), None)
        if block is not None and isinstance(inner, ast.stmt):
            place = block.index(inner)
            changed = _last_call(block[:place])
            receiver, _, method = changed.rpartition(".")
            if receiver.endswith("session") and method in _CHANGING and not isinstance(inner, (ast.Return, ast.Raise)):
                commit = f"{receiver}.commit"
                following = [_called(statement) for statement in block[place + 1 :]]
                return f"{commit}()" if commit in following else None
            return None
        inner = outer
    return None


def _last_call(statements: list[ast.stmt]) -> str:
    """The last call of a session in statements that are nothing else."""
    paths = (_called(statement) for statement in reversed(statements))
    return next((path for path in paths if "session." in path), "")


def _called(statement: ast.stmt) -> str:
    value = statement.value if isinstance(statement, (ast.Expr, ast.Assign)) else None
    return (dotted_path(value.func) or "") if isinstance(value, ast.Call) else ""


def can_wait(task: ProjectTask, context: CallContext) -> bool | None:
    """Whether a task has `delay_on_commit()`, in a project that uses Django; None where that cannot be told."""
    if context.celery_at_least(5, 4) is False:
        return False
    if not task.options_known:
        return None
    if any("delay_on_commit" in app_attributes(app) for app in app_modules(task, task.scope, context.project)):
        return None
    base = base_of(task, task.scope, context.project)
    if base is None or isinstance(base, AppAttribute):
        return True
    classes = base_classes(base)
    if any(isinstance(one, External) and one.path == _DJANGO_TASK for one in classes):
        return True
    for one in classes:
        if isinstance(one, ProjectClass):
            if any(name in (*SENT_ON_COMMIT, "__getattr__") for name, _ in one.binding.body):
                return True
        elif not (isinstance(one, External) and one.path in TASK_CLASSES | {"builtins.object", "abc.ABC"}):
            return None
    return False


def sent_on_commit(dispatch: Dispatch, call: ast.Call, context: DispatchContext) -> Fix | None:
    """Send a task when the transaction around the call ends; None where the call's result is used."""
    method = _ON_COMMIT_METHODS.get(dispatch.method)
    is_statement = isinstance(next(context.enclosing(call), None), ast.Expr)
    if not is_statement or uses_other_database(call, context):
        return None
    if method is not None and dispatch.task is not None and can_wait(dispatch.task, context):
        return Fix(f"Call `{method}()`", (Edit(dispatch.method_span, method),), preferred=True)
    return deferred(call, context, "Send it by `transaction.on_commit()`")


def deferred(call: ast.Call, context: CallContext, title: str) -> Fix | None:
    """Give a call to `on_commit()`: write `transaction.on_commit(partial(f, x))` for `f(x)`."""
    transaction = written("django.db.transaction", context.scope)
    if transaction is None:
        return None
    name, needed = transaction
    edits, imports = as_partial(call, context, f"{name}.on_commit(", ")")
    needed_here = () if needed is None else (needed,)
    return Fix(title, edits, imports=(*needed_here, *imports), preferred=True) if edits else None


def as_partial(
    call: ast.Call, context: CallContext, before: str = "", after: str = ""
) -> tuple[tuple[Edit, ...], tuple[NeededImport, ...]]:
    """Write `partial(f, x)` for `f(x)`, and `f` for `f()`, between two texts; and the imports that this needs. No edits
    where that cannot be done."""
    text, start, end = context.text, context.span(call).start, context.span(call).end
    partial = written("functools.partial", context.scope)
    listing = call_listing(text, call, context.span)
    if partial is None or listing is None:
        return (), ()
    if not listing.items:
        return (Edit(Span(start, start), before), Edit(Span(listing.open, end), after)), ()
    name, needed = partial
    is_broken = text[listing.open + 1] in "\r\n"
    edits = (
        Edit(Span(start, start), f"{before}{name}("),
        Edit(Span(listing.open, listing.open + 1), "," if is_broken else ", "),
        Edit(Span(end, end), after),
    )
    return tuple(edit for edit in edits if edit.text), () if needed is None else (needed,)
