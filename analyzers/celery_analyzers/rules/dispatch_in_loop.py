"""`dispatch-in-loop`: many messages that are sent one by one, and could be a group."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, ClassVar, Literal

from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.layout import call_listing, comments_in
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.findings import Finding

_FEW = 10
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.GeneratorExp, ast.ListComp, ast.SetComp)
_LEAVING = (ast.Break, ast.Return, ast.Raise)


class DispatchInLoop(Rule):
    """A loop sends a task for each of many items.

    ## What it does

    Finds `delay()` and `apply_async()` without options in a `for` loop or a comprehension.

    ## Why is this bad

    Each call takes a connection to the broker for itself, and nothing tells when all are done. A `group` sends all of
    them over one connection, and has one result. For very many small items, `chunks()` makes fewer messages.

    ## Example

        @app.task
        def send_mail(user_id):
            print(user_id)

        def send_mails(user_ids):
            for user_id in user_ids:
                send_mail.delay(user_id)
        #       ^^^^^^^^^^^^^^^^^^^^^^^^ this sends `send_mail` once in each round: a `group` sends all at once

    ## Use instead

        @app.task
        def send_mail(user_id):
            print(user_id)

        def send_mails(user_ids):
            group(send_mail.s(user_id) for user_id in user_ids).delay()

    ## Not flagged

        def send_some(user_ids):
            for kind in ("first", "second"):
                send_mail.delay(kind)
            for position, user_id in enumerate(user_ids):
                send_mail.apply_async((user_id,), countdown=position)

    Nothing is said in tests, where the loop ends with the call, nor of calls with options, which may differ.

    ## Fix safety

    The fix is unsafe: all signatures are made before the first is sent, and an error in one round sends none.

    ## References

    - [Groups](https://docs.celeryq.dev/en/stable/userguide/canvas.html#groups)
    - [Chunks](https://docs.celeryq.dev/en/stable/userguide/canvas.html#chunks)
    """

    code = "CEL508"
    severity = Severity.HINT
    preset: ClassVar[Literal["recommended", "strict", "all"]] = "all"
    PRELUDE = Rule.PRELUDE.replace("shared_task", "group, shared_task")

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        call = context.call
        if dispatch.method not in ("delay", "apply_async") or dispatch.role != "send" or call is None:
            return
        if dispatch.options or not dispatch.options_complete or context.in_tests or dispatch.task is None:
            return
        inner: ast.AST = call
        for outer in context.enclosing(call):
            if isinstance(outer, (*_INNER, ast.While, ast.AsyncFor)):
                return
            if isinstance(outer, _COMPREHENSIONS) or (isinstance(outer, ast.For) and inner in outer.body):
                iterable = outer.iter if isinstance(outer, ast.For) else outer.generators[0].iter
                if not _is_short(iterable, context) and not _ends_early(outer, call):
                    name = dispatch.task.name
                    message = f"this sends `{name}` once in each round: a `group` sends all at once"
                    fix = _as_group(outer, call, context) if isinstance(outer, ast.For) else None
                    yield self.finding(dispatch.span, message, fix)
                return
            inner = outer


def _is_short(iterable: ast.expr, context: DispatchContext) -> bool:
    """Whether a loop is known to have few rounds."""
    if isinstance(iterable, (ast.List, ast.Tuple, ast.Set)):
        return len(iterable.elts) < _FEW and not any(isinstance(element, ast.Starred) for element in iterable.elts)
    value = None if context.local_names.is_local(iterable) else context.value(iterable)
    return isinstance(value, (list, tuple, dict, set, frozenset)) and len(value) < _FEW  # pyright: ignore[reportUnknownArgumentType]


def _ends_early(loop: ast.AST, call: ast.Call) -> bool:
    """Whether the loop is left somewhere behind the call."""
    return isinstance(loop, ast.For) and any(
        isinstance(node, _LEAVING) and node.lineno >= call.lineno for node in ast.walk(loop)
    )


def _as_group(loop: ast.For, call: ast.Call, context: DispatchContext) -> Fix | None:
    """Write `group(send.s(x) for x in xs).delay()` for a loop that does nothing else."""
    (statement, *others) = loop.body
    span, text = context.span(loop), context.text
    listing = call_listing(text, call, context.span)
    is_all = isinstance(statement, ast.Expr) and statement.value is call and not others and not loop.orelse
    if (
        not is_all
        or listing is None
        or comments_in(text, span.start, span.end)
        or not isinstance(call.func, ast.Attribute)
    ):
        return None
    if call.func.attr != "delay":
        return None
    name, needed = context.imported("celery", "group")
    receiver = context.source(context.span(call.func.value))
    arguments = context.source(Span(listing.open, listing.close + 1))
    target, iterable = (context.source(context.span(node)) for node in (loop.target, loop.iter))
    written = f"{name}({receiver}.s{arguments} for {target} in {iterable}).delay()"
    return Fix("Send a group", (Edit(span, written),), preferred=True, imports=(needed,) if needed else ())
