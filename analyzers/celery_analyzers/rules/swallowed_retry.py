"""`swallowed-retry`: a handler that catches the exception by which a task asks to be retried."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from celery_analyzers.errors import EVERYTHING
from celery_analyzers.findings import Fix, NeededImport, Severity
from celery_analyzers.function_edits import let_through
from celery_analyzers.handlers import Catcher, catchers, named, own_nodes, span_of_catcher, stops
from celery_analyzers.proof import Proof
from celery_analyzers.retries import replace_calls, retry_calls
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External, Instance
from celery_analyzers.trees import children

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body, CallSite
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_MODULE = "celery.exceptions"
_SIGNALS = ("Retry", "Ignore", "Reject")
_NOT_RUN_AT_ONCE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While)
_BASES = EVERYTHING | {f"{_MODULE}.CeleryError", f"{_MODULE}.TaskPredicate"}


class SwallowedRetry(Rule):
    """A handler catches the exception by which a task asks to be retried.

    ## What it does

    Finds `self.retry()`, `self.replace()`, and `raise` of `Retry`, `Ignore` or `Reject`, inside a `try` or a
    `contextlib.suppress` that catches every exception, and inside a `try` whose `finally` returns.

    ## Why is this bad

    `retry()` sends the task again and then raises `Retry`, to end the run at hand. Where that is caught, the
    run goes on and ends as succeeded, with a result that callers take for the real one, and the task runs
    again all the same. A handler that calls `retry()` once more sends the task twice, at each of its runs:
    with three retries, 15 runs come of one call.

    ## Example

        @app.task(bind=True)
        def export(self, report):
            try:
                if not is_ready(report):
                    raise self.retry(countdown=1)
                return upload(report)
            except Exception:
            #      ^^^^^^^^^ this catches the `Retry` that `self.retry()` raises: `export` ends as succeeded
            #                and yet runs again
                return "failed"

    ## Use instead

        @app.task(bind=True)
        def export(self, report):
            try:
                if not is_ready(report):
                    raise self.retry(countdown=1)
                return upload(report)
            except Retry:
                raise
            except Exception:
                return "failed"

    ## Not flagged

    A retry in the handler or in `else`, and a handler that raises again:

        @app.task(bind=True)
        def convert(self, path):
            try:
                document = read(path)
            except OSError as error:
                raise self.retry(exc=error)
            else:
                if not document:
                    raise self.retry()

        @app.task(bind=True)
        def archive(self, path):
            try:
                if not is_ready(path):
                    raise self.retry()
            except Exception:
                print("not yet")
                raise

    ## Fix safety

    The fix is safe: it lets through what Celery must see, and nothing else.

    ## References

    - [Retrying](https://docs.celeryq.dev/en/stable/userguide/tasks.html#retrying)
    - [`celery.exceptions.Retry`](https://docs.celeryq.dev/en/stable/reference/celery.exceptions.html)
    """

    code = "CEL302"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="export.delay(7).get(timeout=20)",
            fails="returns: 'failed'",
            succeeds="'uploaded'",
            setup=(
                "from celery.exceptions import Retry\n"
                "asked = []\n"
                "def is_ready(report):\n"
                "    asked.append(report)\n"
                "    return len(asked) > 1\n"
                "def upload(report):\n"
                "    return 'uploaded'\n"
            ),
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or not context.mentions("retry", ".replace(", *_SIGNALS):
            return
        if not context.mentions("except", "suppress", "finally"):
            return
        retries = [] if context.base_may_define(task, "retry") else list(retry_calls(task, context))
        replaces = [_Raising(call.node, "Ignore", by=call.source) for call in replace_calls(task, context)]
        found: dict[Catcher, tuple[str, list[str]]] = {}
        for raising in (*_raising(retries, body), *replaces):
            catcher = _swallower(raising, retries, body)
            if catcher is not None:
                message = _message(catcher, raising, task.name)
                found.setdefault(catcher, (message, []))[1].append(raising.signal)
        for catcher, (message, signals) in found.items():
            yield self.finding(span_of_catcher(catcher, context.span), message, _fix(catcher, signals, context))


@dataclass(frozen=True, slots=True)
class _Raising:
    """Where a task raises what Celery must see: the exception's name, the `retry()` that raises it, and what else
    does so `by` being called."""

    node: ast.AST
    signal: str
    retry: CallSite | None = None
    by: str = ""


def _raising(retries: list[CallSite], body: Body) -> Iterator[_Raising]:
    for call in retries:
        throw = call.keyword("throw")
        raises = throw is None or (isinstance(throw, ast.Constant) and throw.value is True)
        if raises and not call.has_splat:
            yield _Raising(call.node, "Retry", call)
    for node in body.nodes:
        if isinstance(node, ast.Raise) and node.exc is not None:
            symbol = body.symbol(node.exc.func if isinstance(node.exc, ast.Call) else node.exc)
            for signal in _SIGNALS:
                if symbol in (External(f"{_MODULE}.{signal}"), Instance(f"{_MODULE}.{signal}")):
                    yield _Raising(node, signal)


def _swallower(raising: _Raising, retries: list[CallSite], body: Body) -> Catcher | None:
    """What catches the exception for good; None where nothing does, or where it is caught by its name."""
    # By their bare names too, should it not be known where these come from.
    own = {name for signal in (raising.signal, "TaskPredicate") for name in (signal, f"{_MODULE}.{signal}")}
    for catcher in catchers(raising.node, body, _BASES | own):
        if _names_any(catcher, own, body):
            if _only_raises(catcher):
                continue
            return None
        return catcher if stops(catcher) or _retries_again(catcher, retries) else None
    return None


def _names_any(catcher: Catcher, names: set[str], body: Body) -> bool:
    if not isinstance(catcher, ast.ExceptHandler) or catcher.type is None:
        return False
    return not names.isdisjoint(named(catcher.type, body))


def _only_raises(catcher: Catcher) -> bool:
    first = catcher.body[0] if isinstance(catcher, ast.ExceptHandler) else None
    return isinstance(first, ast.Raise) and first.exc is None


def _retries_again(catcher: Catcher, retries: list[CallSite]) -> bool:
    """Whether a handler calls `retry` once more, whatever the exception is.

    A question about `self.request.retries` does not matter: `Retry` is raised only while retries are left.
    """
    if not isinstance(catcher, ast.ExceptHandler):
        return False
    calls = {call.node for call in retries}
    pending: list[ast.AST] = list(catcher.body)
    found = False
    while pending:
        node = pending.pop()
        found = found or node in calls
        if isinstance(node, (ast.If, ast.Match)) and not _asks_retries(node):
            if any(isinstance(inner, (ast.Raise, ast.Return)) for inner in own_nodes([node])):
                return False
        elif not isinstance(node, (ast.ExceptHandler, *_NOT_RUN_AT_ONCE)):
            pending.extend(children(node))
    return found


def _asks_retries(node: ast.If | ast.Match) -> bool:
    return isinstance(node, ast.If) and "retries" in ast.unparse(node.test)


def _message(catcher: Catcher, raising: _Raising, task: str) -> str:
    what = f"the `{raising.signal}`"
    if raising.retry is not None:
        what += f" that `{raising.retry.source}()` raises"
    elif raising.by:
        what += f" that `{raising.by}()` raises"
    start = f"`return` drops {what}" if isinstance(catcher, ast.Return) else f"this catches {what}"
    if not stops(catcher):
        return f"{start} and retries once more: each run of `{task}` sends the task twice"
    if raising.retry is not None:
        return f"{start}: `{task}` ends as succeeded and yet runs again"
    if raising.by:
        return f"{start}: `{task}` ends as succeeded, and what takes its place runs as well"
    if raising.signal == "Reject":
        return f"{start}: `{task}` ends as succeeded and its message is acknowledged"
    return f"{start}: `{task}` ends as succeeded"


def _fix(catcher: Catcher, signals: list[str], context: Context) -> Fix | None:
    """Let the exceptions through, by a handler of their own in front of the one that catches them."""
    if not isinstance(catcher, ast.ExceptHandler):
        return None
    names: list[str] = []
    imports: list[NeededImport] = []
    for signal in sorted(set(signals), key=_SIGNALS.index):
        name, needed = context.imported(_MODULE, signal)
        names.append(name)
        if needed is not None:
            imports.append(needed)
    types = names[0] if len(names) == 1 else f"({', '.join(names)})"
    edits = let_through(context.text, catcher, context.span, types)
    title = "Let " + " and ".join(f"`{signal}`" for signal in names) + " through"
    return Fix(title, edits, "safe", preferred=True, imports=tuple(imports))
