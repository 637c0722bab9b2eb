"""`io-without-timeout`: a call that waits for another machine or process, and may wait for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.edits import set_keyword
from celery_analyzers.expressions import Reference
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.libraries import Category, known_operation
from celery_analyzers.operations import Performed, operation_of, waits_without_end
from celery_analyzers.proof import Proof
from celery_analyzers.resolution import evaluate_symbol
from celery_analyzers.rule import Rule
from celery_analyzers.scopes import InnerScope, ModuleScope
from celery_analyzers.symbols import External, ProjectFunction
from celery_analyzers.waiting_calls import OWN_WAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body, CallSite
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition
    from celery_analyzers.waiting_calls import WaitingCall

_SECONDS = {Category.HTTP: 30, Category.EMAIL: 30, Category.NETWORK: 30, Category.SUBPROCESS: 600}
"""What a fix proposes, by what is waited for."""
_REMOTE = frozenset({Category.HTTP, Category.EMAIL, Category.NETWORK})


class IoWithoutTimeout(Rule):
    """A call waits for another machine or process, and nothing says how long.

    ## What it does

    Finds calls in tasks that wait until they are answered, and are given no timeout: by `requests`,
    `urllib.request`, `smtplib`, `ftplib`, `imaplib`, `socket` and others, whose default is to wait for ever,
    and by libraries with a default where this is taken away, as in `httpx.get(url, timeout=None)`. It is a
    warning for what goes over the network, unless a time limit ends the task. It is an information for
    subprocesses and locks, which often are meant to take their time.

    It also looks into the functions of the project that the task calls by name, one level deep, for what goes over
    the network there. Decorated functions and methods are not looked into.

    ## Why is this bad

    A connection can be lost without a word: a firewall drops it, a machine is switched off. Whoever waits for
    the answer then waits for good. A task that does holds its worker process; when all processes have met
    such a call, the worker does nothing any more, and looks healthy.

    ## Example

        import requests

        @shared_task
        def sync(url):
            return requests.get(url).json()
            #      ^^^^^^^^^^^^ `requests.get` has no timeout: should it hang, `sync` waits for good and holds its
            #                   worker slot

    ## Use instead

        import requests

        @shared_task
        def sync(url):
            return requests.get(url, timeout=30).json()

    ## Not flagged

    A timeout of any kind, libraries that have one by default, and calls whose arguments cannot be told:

        import httpx
        import requests

        @shared_task
        def pull(url, options):
            requests.get(url, timeout=(3.05, 27))
            requests.get(url, **options)
            httpx.get(url)

    ## Fix safety

    The fix is unsafe: a call that takes longer raises from then on. Only you know how long an answer may take.

    ## References

    - [Tasks that block](https://docs.celeryq.dev/en/stable/userguide/tasks.html)
    - [Timeouts of Requests](https://requests.readthedocs.io/en/latest/user/advanced/#timeouts)
    """

    code = "CEL205"
    severity = Severity.WARNING
    proofs = (
        # A server that takes the connection and never answers; 30 seconds of the fix pass in one.
        Proof(
            setup="""
                import socket
                import sys
                from types import ModuleType

                silent = socket.create_server(('127.0.0.1', 0))

                def get(url, timeout=None):
                    with socket.create_connection(silent.getsockname()) as line:
                        line.settimeout(timeout and timeout / 30)
                        line.recv(1)

                sys.modules['requests'] = ModuleType('requests')
                sys.modules['requests'].get = get
            """,
            run="""
                from celery.exceptions import TimeoutError

                result = sync.delay('https://stuck.example.org')
                try:
                    result.get(timeout=15, propagate=False)
                except TimeoutError:
                    pass
                result.state
            """,
            fails="returns: 'PENDING'",
            succeeds="'FAILURE'",
            worker="prefork",
            broker="redis",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or context.in_tests:
            return
        waiting = [
            performed
            for call in body.calls
            if (operation := operation_of(call)) is not None
            and waits_without_end(performed := Performed(call, operation), body)
        ]
        helpers = [(call, helper) for call in body.calls if (helper := _helper(call, body)) is not None]
        if not (waiting or helpers) or context.mentions(*OWN_WAYS):
            return
        limited = any(context.effective_option(task, name) is not None for name in ("time_limit", "soft_time_limit"))
        if limited:
            then = f"only the time limit of `{task.name}` ends the wait"
        else:
            then = f"should it hang, `{task.name}` waits for good and holds its worker slot"
        for performed in waiting:
            is_grave = performed.operation.category in _REMOTE and not limited
            yield self.finding(
                context.span(performed.call.node.func),
                f"`{performed.name}` has no timeout: {then}",
                _fix(performed, context),
                severity=Severity.WARNING if is_grave else Severity.INFORMATION,
            )
        for call, helper in helpers:
            yield self.finding(
                context.span(call.node.func),
                f"`{call.source}` calls {_request(helper, context)} without a timeout: {then}",
                severity=Severity.INFORMATION if limited else Severity.WARNING,
            )


def _helper(call: CallSite, body: Body) -> ProjectFunction | None:
    """The function of the project that a call calls, if that waits for another machine without end."""
    if call.path is not None or call.source.startswith("."):
        return None
    function = body.symbol(call.node.func)
    if isinstance(function, ProjectFunction) and next(_waits(function), None) is not None:
        return function
    return None


def _waits(function: ProjectFunction) -> Iterator[WaitingCall]:
    inside = InnerScope.of(function.binding.inner, function.scope)
    for call in function.binding.waits:
        symbol = evaluate_symbol(Reference(call.callee), inside)
        operation = known_operation(symbol.path) if isinstance(symbol, External) else None
        timeout = None if operation is None or operation.category not in _REMOTE else operation.timeout
        if timeout is None or (timeout.bounded and not call.unbounded):
            continue
        if timeout.position is None or call.positional <= timeout.position:
            yield call


def _request(helper: ProjectFunction, context: Context) -> str:
    """What a helper waits for, and where, if that is in another file: lines of this one change as it is typed in."""
    call = next(_waits(helper))
    module = helper.scope.module_scope
    path = module.path if isinstance(module, ModuleScope) else None
    if path is None or str(path) == context.path:
        return f"`{call.callee}`"
    line = context.project.line_in(path, helper.binding.name, call.line)
    root = context.project.root
    shown = path.relative_to(root).as_posix() if root is not None and path.is_relative_to(root) else path.name
    return f"`{call.callee}` ({shown}:{line + 1})" if line is not None else f"`{call.callee}` ({shown})"


def _fix(performed: Performed, context: Context) -> Fix | None:
    operation = performed.operation
    seconds = _SECONDS.get(operation.category)
    if seconds is None or operation.timeout is None or not operation.timeout.keywords:
        return None
    keyword = operation.timeout.keywords[0]
    edits = set_keyword(context.text, performed.call.node, context.span, keyword, str(seconds))
    return Fix(f"Add `{keyword}={seconds}`", edits, preferred=True) if edits else None
