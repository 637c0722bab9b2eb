"""`retry-on-non-idempotent`: a task that may do twice what must be done once."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from celery_analyzers.edits import set_keyword
from celery_analyzers.errors import EVERYTHING, NOTHING_DONE, bases_of, may_come_late
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.flow import may_follow
from celery_analyzers.function_edits import insert_before
from celery_analyzers.handlers import catchers, named, stops
from celery_analyzers.idempotency import is_guarded
from celery_analyzers.libraries import canonical
from celery_analyzers.operations import Performed, operation_of
from celery_analyzers.proof import Proof
from celery_analyzers.retries import autoretry_exceptions, instance_parameter, max_retries, retry_calls
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body, CallSite
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_IDEMPOTENT = "idempotent"
_LOGGING = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log"})


class RetryOnNonIdempotent(Rule):
    """A task that is retried does what must not be done twice.

    ## What it does

    Finds payments, e-mails, messages and HTTP POSTs, by what the names in the task's body mean, in tasks that
    may run again: by `autoretry_for`, by `self.retry()`, or by `acks_late`, whose messages are delivered
    again when a worker dies (an information, unless `reject_on_worker_lost` is set too).

    ## Why is this bad

    An error does not say that nothing was done. When the answer to a request is lost, the request was not:
    the customer was charged, and the retry charges again.

    ## Example

        import stripe

        @app.task(autoretry_for=(stripe.APIConnectionError,), max_retries=5)
        def charge(order_id, amount):
            stripe.Charge.create(amount=amount, currency="eur")
        #   ^^^^^^^^^^^^^^^^^^^^ `stripe.Charge.create` is not idempotent: when `autoretry_for` runs `charge`
        #                        again, it may take effect twice

    ## Use instead

        import stripe

        @app.task(autoretry_for=(stripe.APIConnectionError,), max_retries=5)
        def charge(order_id, amount):
            stripe.Charge.create(amount=amount, currency="eur", idempotency_key=charge.request.id)

    ## Not flagged

    A key that the other side knows the request by, a question whether it was done already, a lock, a retry
    that comes before the call, or after an error that says that nothing was done:

        import requests
        from django.core.mail import send_mail

        @app.task(bind=True, autoretry_for=(requests.ConnectTimeout,))
        def announce(self, url, order_id):
            requests.post(url, json={"order": order_id}, timeout=10)

        @app.task(bind=True)
        def remind(self, order):
            if order.reminded_at:
                return
            try:
                send_mail("Reminder", "...", None, [order.email])
            except OSError as error:
                raise self.retry(exc=error)

    Where the task is idempotent in a way that cannot be read from it, say so:

        # celeryls: idempotent
        @app.task(autoretry_for=(requests.Timeout,))
        def replace_stock(url, count):
            requests.post(url, json={"count": count}, timeout=10)

    ## Fix safety

    The fixes are unsafe. A task's id stays the same through its retries, so it makes a good key, but no two
    calls may share it. To declare the task idempotent changes nothing: it must be true.

    ## References

    - [Tasks and idempotency](https://docs.celeryq.dev/en/stable/userguide/tasks.html)
    - [Should I use retry or acks_late?][faq]

    [faq]: https://docs.celeryq.dev/en/stable/faq.html#should-i-use-retry-or-acks-late
    """

    code = "CEL401"
    severity = Severity.WARNING
    proofs = (
        Proof(
            run="charge.apply((7, 100))\nlen(charged)",
            fails="returns: 2",
            succeeds="1",
            worker="none",
            setup=(
                "import sys, types\n"
                "charged, requested = {}, []\n"
                "stripe = types.ModuleType('stripe')\n"
                "stripe.APIConnectionError = ConnectionError\n"
                "class Charge:\n"
                "    @staticmethod\n"
                "    def create(idempotency_key=None, **details):\n"
                "        requested.append(details)\n"
                "        charged[idempotency_key or len(charged)] = details\n"
                "        if len(requested) == 1:\n"
                "            raise ConnectionError('the answer was lost')\n"
                "stripe.Charge = Charge\n"
                "sys.modules['stripe'] = stripe\n"
            ),
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        repeaters = list(_repeaters(task, context)) if body is not None else []
        if body is None or not repeaters or context.is_marked(_IDEMPOTENT):
            return
        operations = [
            Performed(call, operation)
            for call in body.calls
            if (operation := operation_of(call)) is not None and operation.repeatable is False
        ]
        for performed in operations:
            repeater = next((one for one in repeaters if one.repeats(performed, body)), None)
            if repeater is None or is_guarded(performed, body, context.function_source):
                continue
            yield self.finding(
                context.span(performed.call.node.func),
                f"`{_name(performed.call)}` is not idempotent: "
                f"when `{repeater.name}` runs `{task.name}` again, it may take effect twice",
                *_fixes(performed, operations, task, context),
                severity=repeater.severity,
            )
            return


@dataclass(frozen=True, slots=True)
class _Repeater:
    """What runs the task again: its name in the message; the call of `retry`, or the exceptions, that do."""

    name: str
    retry: CallSite | None = None
    exceptions: tuple[object, ...] = ()
    severity: Severity | None = None

    def repeats(self, performed: Performed, body: Body) -> bool:
        """Whether the task may run again once the operation is done."""
        if self.retry is not None:
            return _may_retry(performed, self.retry, body)
        return not self.exceptions or any(_may_escape(e, performed, body) for e in self.exceptions)


def _repeaters(task: TaskDefinition, context: Context) -> Iterator[_Repeater]:
    if max_retries(task, context) != 0:
        if exceptions := autoretry_exceptions(task, context):
            yield _Repeater("autoretry_for", exceptions=exceptions)
        for call in retry_calls(task, context):
            yield _Repeater(f"{call.source}()", call)
    if context.effective_option(task, "acks_late") is True:
        lost = context.effective_option(task, "reject_on_worker_lost") is True
        yield _Repeater("acks_late", severity=Severity.WARNING if lost else Severity.INFORMATION)


def _may_escape(exception: object, performed: Performed, body: Body) -> bool:
    """Whether an exception may leave the task when the operation took effect."""
    operation = performed.call.node
    path = canonical(exception.path) if isinstance(exception, External) else None
    if path in NOTHING_DONE:
        return False
    bases = EVERYTHING if path is None else bases_of(path)
    if any(stops(catcher) for catcher in catchers(operation, body, bases)):
        return False
    if path is not None and may_come_late(path, _libraries(performed)):
        return True
    # Another library's exception, or the project's: something behind the operation must raise it.
    return any(
        isinstance(node, (ast.Call, ast.Raise)) and not _logs(node) and may_follow(operation, node, body)
        for node in body.nodes
        if node is not operation
    )


def _logs(node: ast.Call | ast.Raise) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _LOGGING


def _libraries(performed: Performed) -> set[str]:
    """The packages whose exceptions an operation may raise."""
    return {name.split(".", 1)[0] for name in (performed.call.path or "", performed.operation.library)}


def _may_retry(performed: Performed, retry: CallSite, body: Body) -> bool:
    """Whether `retry` may be reached when the operation took effect."""
    operation = performed.call.node
    if not may_follow(operation, retry.node, body) or _is_answer_asked(operation, retry.node, body):
        return False
    for parent in body.parents(retry.node):
        if isinstance(parent, ast.ExceptHandler):
            guarded = next(body.parents(parent))
            if isinstance(guarded, ast.Try) and any(_holds(part, operation) for part in guarded.body):
                return _tells_nothing(parent, performed, body)
    return True


def _tells_nothing(handler: ast.ExceptHandler, performed: Performed, body: Body) -> bool:
    """Whether what a handler catches may come of the operation, and leaves open if it was done."""
    if handler.type is None:
        return True
    libraries = _libraries(performed)
    return any(may_come_late(path, libraries) for path in map(canonical, named(handler.type, body)))


def _is_answer_asked(operation: ast.Call, retry: ast.Call, body: Body) -> bool:
    """Whether the retry depends on the operation's answer: `if response.status_code == 429`."""
    statement = next(parent for parent in (operation, *body.parents(operation)) if isinstance(parent, ast.stmt))
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, (ast.AnnAssign, ast.NamedExpr)):
        targets = [statement.target]
    names = {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    return any(
        isinstance(parent, ast.If)
        and any(node is operation or getattr(node, "id", None) in names for node in ast.walk(parent.test))
        for parent in body.parents(retry)
    )


def _holds(tree: ast.AST, node: ast.AST) -> bool:
    return any(inner is node for inner in ast.walk(tree))


def _name(call: CallSite) -> str:
    return call.source if "." in call.source.lstrip(".") else str(call.path)


def _fixes(performed: Performed, operations: list[Performed], task: TaskDefinition, context: Context) -> Iterator[Fix]:
    assert context.function is not None
    call = performed.call
    keyed = _takes_key(performed) and len(operations) == 1 and not _in_loop(call.node, context)
    if keyed:
        instance = instance_parameter(task) or task.name
        key = f"{instance}.request.id"
        edits = set_keyword(context.text, call.node, context.span, "idempotency_key", key)
        if edits:
            yield Fix("Use the task's id as the idempotency key", edits, preferred=True)
    edits = insert_before(context.text, context.function, context.span, f"# celeryls: {_IDEMPOTENT}")
    if edits:
        yield Fix(f"Declare `{task.name}` idempotent", edits, preferred=not keyed)


def _takes_key(performed: Performed) -> bool:
    """Whether it is one of Stripe's own functions: those of a `StripeClient` take the key in another way."""
    path = performed.call.path or ""
    return path.startswith("stripe.") and not path.startswith("stripe.StripeClient.")


def _in_loop(node: ast.AST, context: Context) -> bool:
    assert context.body is not None
    loops = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    return any(isinstance(parent, loops) for parent in context.body.parents(node))
