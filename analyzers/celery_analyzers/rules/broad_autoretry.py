"""`broad-autoretry`: `autoretry_for` that names an exception which bugs raise too."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from celery_analyzers.edits import set_keyword
from celery_analyzers.errors import EVERYTHING, ROOTS, TRANSIENT
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.libraries import canonical
from celery_analyzers.operations import operations, transient_exceptions, written_exceptions
from celery_analyzers.proof import Proof
from celery_analyzers.retries import autoretry_exceptions, max_retries
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import UNKNOWN, External

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from celery_analyzers.body import Body
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding, Span
    from celery_analyzers.task_facts import Option, TaskDefinition


class BroadAutoretry(Rule):
    """`autoretry_for` names an exception that bugs and lasting errors raise too.

    ## What it does

    Finds `Exception` and `BaseException` in `autoretry_for`. The base of all of a library's exceptions, such
    as `requests.RequestException` or `OSError`, is an information, and so is `Exception` beside
    `dont_autoretry_for`.

    ## Why is this bad

    To try again helps against what passes: a lost connection, a timeout, a deadlock. After any other error
    the task fails the same way once more, later, with its side effects repeated. `Exception` stands for
    typing errors in the code, for arguments that do not validate, for `Reject` and for
    `SoftTimeLimitExceeded` too.

    ## Example

        import requests

        @app.task(autoretry_for=(Exception,), retry_backoff=True)
        #                        ^^^^^^^^^ `price` is retried after every error, bugs and
        #                                  `SoftTimeLimitExceeded` among them, up to 3 times
        def price(url):
            return requests.get(url, timeout=10).json()["price"]

    ## Use instead

        import requests

        @app.task(autoretry_for=(requests.ConnectionError, requests.Timeout), retry_backoff=True)
        def price(url):
            return requests.get(url, timeout=10).json()["price"]

    ## Not flagged

    Exceptions that say what passes, and your own:

        class StillLocked(Exception):
            pass

        @app.task(autoretry_for=(ConnectionError, TimeoutError, StillLocked))
        def unlock():
            return "done"

    ## Fix safety

    The fixes are unsafe: errors that were retried no longer are. The exceptions are those that the operations
    in the task's own body raise for what passes; what functions that it calls may raise is not known.

    ## References

    - [Automatic retry for known exceptions][autoretry]
    - [`Task.dont_autoretry_for`][dont]

    [dont]: https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.dont_autoretry_for
    [autoretry]: https://docs.celeryq.dev/en/stable/userguide/tasks.html#automatic-retry-for-known-exceptions
    """

    code = "CEL301"
    severity = Severity.WARNING
    preset = "strict"
    proofs = (
        Proof(
            run='price.apply(("https://shop.example/7",))\nlen(requests.asked)',
            fails="returns: 4",
            succeeds="1",
            worker="none",
            setup=(
                "import sys, types\n"
                "requests = types.ModuleType('requests')\n"
                "requests.asked = []\n"
                "requests.ConnectionError = requests.Timeout = ConnectionError\n"
                "class Response:\n"
                "    def json(self):\n"
                "        return {}\n"
                "def get(url, timeout):\n"
                "    requests.asked.append(url)\n"
                "    return Response()\n"
                "requests.get = get\n"
                "sys.modules['requests'] = requests\n"
            ),
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        option = task.option("autoretry_for")
        if option is None or (task.form == "call" and task.function is not None):
            return
        if task.is_from_wrapper("autoretry_for"):
            return
        named = [canonical(value.path) for value in autoretry_exceptions(task, context) if isinstance(value, External)]
        broad = next((path for path in named if path in EVERYTHING), None)
        root = next((path for path in named if path in ROOTS), None)
        times = max_retries(task, context)
        if (broad or root) is None or times == 0:
            return
        exceptions = context.effective_option(task, "dont_autoretry_for")
        # Of a base class that cannot be read it is hardly to be expected.
        has_exceptions = bool(exceptions) and exceptions != UNKNOWN
        if broad is not None:
            severity = Severity.INFORMATION if has_exceptions else None
            message = _message(task.name, times, has_exceptions)
            fixes = [_narrow(named, context)]
            if not exceptions:
                fixes.append(_spare(context))
            yield self.finding(_span(broad, option, task, context), message, *_ranked(fixes), severity=severity)
        elif root is not None and not has_exceptions:
            name, example = root.rpartition(".")[2], ROOTS[root][1]
            message = f"`{name}` also covers errors that no retry mends, such as `{example}`"
            fix = _narrow(named, context)
            where = _span(root, option, task, context)
            yield self.finding(where, message, *_ranked([fix]), severity=Severity.INFORMATION)


def _message(task: str, times: object, has_exceptions: bool) -> str:
    if has_exceptions:
        return f"`{task}` is retried after every error that `dont_autoretry_for` does not name, bugs among them"
    message = f"`{task}` is retried after every error, bugs and `SoftTimeLimitExceeded` among them"
    if times is None:
        return f"{message}, without end"
    return f"{message}, up to {times} times" if isinstance(times, int) and times > 1 else message


def _ranked(fixes: Iterable[Fix | None]) -> Iterator[Fix]:
    for position, fix in enumerate(fix for fix in fixes if fix is not None):
        yield replace(fix, preferred=not position)


def _span(path: str, option: Option, task: TaskDefinition, context: Context) -> Span:
    """Where an exception is named: its place in the tuple, else the whole value, else the task."""
    for item in _items(context):
        symbol = context.symbol(item)
        if isinstance(symbol, External) and canonical(symbol.path) == path:
            return context.span(item)
    return option.value_span or task.span


def _items(context: Context) -> list[ast.expr]:
    """The exceptions that `autoretry_for` lists, where it is a list or tuple in place."""
    keywords = context.decorator.keywords if isinstance(context.decorator, ast.Call) else []
    value = next((keyword.value for keyword in keywords if keyword.arg == "autoretry_for"), None)
    return value.elts if isinstance(value, (ast.Tuple, ast.List)) else []


def _narrow(named: list[str], context: Context) -> Fix | None:
    """Name what passes instead, as far as the operations in the body and the library in question tell it."""
    items = _items(context)
    body = context.body
    if context.decorator is None or not items or body is None or _raises_itself(body, named):
        return None
    wanted = list(transient_exceptions(operations(body)))
    for path in named:
        wanted += TRANSIENT.get(ROOTS.get(path, ("", ""))[0], ())
    if not wanted:
        return None
    names: list[str] = []
    for item in items:
        symbol = context.symbol(item)
        path = canonical(symbol.path) if isinstance(symbol, External) else ""
        if path not in EVERYTHING and path not in ROOTS:
            names.append(context.source(context.span(item)))
    transient, imports = written_exceptions(wanted, context.scope)
    names = list(dict.fromkeys((*names, *transient)))
    if not names:
        return None
    value = f"({names[0]},)" if len(names) == 1 else f"({', '.join(names)})"
    edits = set_keyword(context.text, context.decorator, context.span, "autoretry_for", value)
    title = f"Retry only on {', '.join(f'`{name}`' for name in names)}"
    return Fix(title, edits, imports=imports) if edits else None


def _raises_itself(body: Body, named: list[str]) -> bool:
    """Whether the body raises one of the exceptions named, or one of its own, in order to be retried, perhaps."""
    raised = (node.exc for node in body.nodes if isinstance(node, ast.Raise) and node.exc is not None)
    symbols = (body.symbol(exc.func if isinstance(exc, ast.Call) else exc) for exc in raised)
    return any(not isinstance(s, External) or canonical(s.path) in named for s in symbols)


def _spare(context: Context) -> Fix | None:
    """Leave out at least what is never worth a retry: a run that took too long takes too long again."""
    if context.decorator is None:
        return None
    name, needed = context.imported("celery.exceptions", "SoftTimeLimitExceeded")
    edits = set_keyword(context.text, context.decorator, context.span, "dont_autoretry_for", f"({name},)")
    imports = () if needed is None else (needed,)
    return Fix("Do not retry after `SoftTimeLimitExceeded`", edits, imports=imports) if edits else None
