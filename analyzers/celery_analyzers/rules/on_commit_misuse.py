"""`on-commit-misuse`: a task that is to be sent on commit, and is sent at once, not at all, or for the wrong row."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.flow import blocks
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.transactions import (
    ON_COMMIT,
    SENT_ON_COMMIT,
    as_partial,
    can_wait,
    is_atomic,
    sending_call,
    transaction_around,
)
from celery_analyzers.trees import children, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.findings import Finding

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_INNER = (*_FUNCTIONS, ast.ClassDef, ast.Lambda)
_LEAVING = (ast.Break, ast.Raise, ast.Return)


class OnCommitMisuse(Rule):
    """A task is sent on commit in a way that does not work.

    ## What it does

    Finds calls of `transaction.on_commit()` that are given what `delay()` returns, or a signature; lambdas given to it
    in a loop that use the loop's variables; uses of what `delay_on_commit()` returns; and `delay_on_commit()` on tasks
    that do not have it, as their base class is not Django's or Celery is older than 5.4.

    ## Why is this bad

    `on_commit(charge.delay(1))` sends the task at once, and then raises `TypeError`, as what it is given cannot be
    called. A lambda looks its variables up when it runs: after the loop each of them sends the last one.
    `delay_on_commit()` returns None.

    ## Example

        @app.task
        def charge(order_id):
            return order_id

        def buy(order_id):
            transaction.on_commit(charge.delay(order_id))
            #                     ^^^^^^^^^^^^^^^^^^^^^^ `charge` is sent here and now, and `on_commit()`, which gets
            #                                            no function, raises `TypeError`

        def buy_all(order_ids):
            with transaction.atomic():
                for order_id in order_ids:
                    transaction.on_commit(lambda: charge.delay(order_id))
                    #                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `order_id` is looked up when this runs, after
                    #                                                    the loop: each sends `charge` with the last
                    #                                                    one

    ## Use instead

        @app.task
        def charge(order_id):
            return order_id

        def buy(order_id):
            transaction.on_commit(partial(charge.delay, order_id))

        def buy_all(order_ids):
            with transaction.atomic():
                for order_id in order_ids:
                    transaction.on_commit(partial(charge.delay, order_id))

    ## Not flagged

        def sell(order_id):
            transaction.on_commit(lambda: charge.delay(order_id))
            charge.delay_on_commit(order_id)

        def sell_all(order_ids):
            for order_id in order_ids:
                with transaction.atomic():
                    transaction.on_commit(lambda: charge.delay(order_id))
                transaction.on_commit(lambda order_id=order_id: charge.delay(order_id))

    A lambda in a loop that has a transaction of its own runs before the next round. Where no transaction can be seen
    around the loop, the finding is a warning: outside of any, `on_commit()` calls the lambda at once.

    ## Fix safety

    The fix is safe where the call fails as it stands. In a loop it is unsafe: other rows are sent.

    ## References

    - [Trigger a task at the end of the database transaction](https://docs.celeryq.dev/en/stable/django/first-steps-with-django.html#trigger-tasks-at-the-end-of-the-database-transaction)
    - [Django: performing actions after commit](https://docs.djangoproject.com/en/stable/topics/db/transactions/#performing-actions-after-commit)
    """

    code = "CEL902"
    severity = Severity.ERROR
    PRELUDE = "from functools import partial\n\nfrom django.db import transaction\n\n" + Rule.PRELUDE
    _SETUP = """
        import os
        from django.conf import settings

        os.environ["DJANGO_SETTINGS_MODULE"] = "shop"
        settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
    """
    proofs = (
        Proof(
            run="buy(7)",
            fails="TypeError: on_commit()'s callback must be a callable.",
            worker="none",
            setup=_SETUP,
        ),
        Proof(
            run="""
                sent = []
                charge.apply_async = lambda args, kwargs: sent.extend(args)
                buy_all([1, 2, 3])
                sent
            """,
            fails="returns: [3, 3, 3]",
            succeeds="[1, 2, 3]",
            worker="none",
            setup=_SETUP,
        ),
    )

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        if dispatch.method in SENT_ON_COMMIT:
            yield from self._sent_on_commit(dispatch, context)
        if "on_commit" not in context.text or context.expects_failure:
            return
        call = sending_call(context)
        name = dispatch.task.name if dispatch.task is not None else dispatch.target
        what = f"`{name}`" if isinstance(name, str) else "the task"
        if call is None and context.call is not None and _is_given(context.call, context):
            yield self.finding(
                context.span(context.call),
                f"`on_commit()` calls this signature, which runs {what} here, instead of sending it",
                _with_delay(context.call, context),
                severity=Severity.WARNING,
            )
        elif call is not None and _is_given(call, context):
            message = f"{what} is sent here and now, and `on_commit()`, which gets no function, raises `TypeError`"
            edits, imports = as_partial(call, context)
            fix = Fix("Give it to `on_commit()` as a partial", edits, "safe", True, imports) if edits else None
            yield self.finding(context.span(call), message, fix)
        elif call is not None:
            yield from self._in_loop(call, what, context)

    def _sent_on_commit(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        task, call = dispatch.task, context.call
        if task is not None and can_wait(task, context) is False and not context.expects_failure:
            reason = "its base class is not Django's `DjangoTask`"
            if context.celery_at_least(5, 4) is False:
                reason = "that came with Celery 5.4"
            message = f"`{task.name}` has no `{dispatch.method}()`, as {reason}: this raises `AttributeError`"
            yield self.finding(dispatch.method_span, message)
        parent = None if call is None else next(context.enclosing(call), None)
        if isinstance(parent, ast.Attribute):
            message = f"`{dispatch.method}()` returns None: this raises `AttributeError`"
            yield self.finding(context.span(parent), message)

    def _in_loop(self, call: ast.Call, what: str, context: DispatchContext) -> Iterator[Finding]:
        """A lambda that is called after the loop that it stands in."""
        given = next((outer for outer in context.enclosing(call) if isinstance(outer, ast.Lambda)), None)
        if given is None or not _is_given(given, context):
            return
        inner: ast.AST = given
        for loop in context.enclosing(given):
            if isinstance(loop, _INNER) or _has_atomic(loop, context) or _leaves_after(inner, loop):
                return
            names = sorted(_bound_by(loop) & _looked_up(given)) if isinstance(loop, _LOOPS) else []
            if names and inner is not getattr(loop, "iter", None):
                is_sure = transaction_around(loop, context) is not None
                listed = " and ".join(f"`{name}`" for name in names)
                one = "one" if len(names) == 1 else "ones"
                are = "is" if len(names) == 1 else "are"
                message = (
                    f"{listed} {are} looked up when this runs, after the loop: each sends {what} with the last {one}"
                )
                edits, imports = as_partial(call, context) if given.body is call and not given.args.args else ((), ())
                start = Edit(Span(context.span(given).start, context.span(call).start), "")
                fix = Fix("Give it to `on_commit()` as a partial", _merged(start, edits), "unsafe", True, imports)
                yield self.finding(
                    context.span(given),
                    message,
                    fix if edits else None,
                    severity=Severity.ERROR if is_sure else Severity.WARNING,
                )
                return
            inner = loop


def _merged(start: Edit, edits: tuple[Edit, ...]) -> tuple[Edit, ...]:
    """Take the head of the lambda away together with what is put in its place."""
    if edits and edits[0].span.start == start.span.end:
        return (Edit(start.span, edits[0].text), *edits[1:])
    return (start, *edits)


def _is_given(node: ast.AST, context: DispatchContext) -> bool:
    """Whether a node is what `on_commit()` is given to call."""
    outer = next(context.enclosing(node), None)
    if isinstance(outer, ast.keyword) and outer.arg == "func":
        outer = next(context.enclosing(outer), None)
    elif not (isinstance(outer, ast.Call) and outer.args[:1] == [node]):
        return False
    return isinstance(outer, ast.Call) and context.symbol(outer.func) == ON_COMMIT


def _with_delay(call: ast.Call, context: DispatchContext) -> Fix:
    end = context.span(call).end
    return Fix("Give it the signature's `delay`", (Edit(Span(end, end), ".delay"),), preferred=True)


def _has_atomic(node: ast.AST, context: DispatchContext) -> bool:
    return isinstance(node, ast.With) and any(is_atomic(item.context_expr, context) for item in node.items)


def _leaves_after(inner: ast.AST, outer: ast.AST) -> bool:
    """Whether the loop is left behind a statement, in the same block."""
    return any(
        isinstance(statement, _LEAVING)
        for block in blocks(outer)
        if inner in block
        for statement in block[block.index(inner) :]  # pyright: ignore[reportArgumentType]
    )


def _bound_by(loop: ast.AST) -> set[str]:
    """The names that a loop binds anew in each round."""
    found: set[str] = set()
    pending: list[ast.AST] = [loop]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        if not isinstance(node, _INNER):
            pending.extend(children(node))
    return found


def _looked_up(given: ast.Lambda) -> set[str]:
    """The names that a lambda looks up when it is called."""
    own = {argument.arg for argument in (*given.args.posonlyargs, *given.args.args, *given.args.kwonlyargs)}
    return {node.id for node in walk(given.body) if isinstance(node, ast.Name)} - own
