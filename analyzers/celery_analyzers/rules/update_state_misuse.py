"""`update-state-misuse`: a call of `update_state` that does not set the state that it seems to set."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.flow import blocks
from celery_analyzers.proof import Proof
from celery_analyzers.retries import instance_names
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body, CallSite
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_METHOD = "update_state"
_CURRENT = frozenset({"celery.current_task.update_state", "celery.Task.update_state"})
_STATES = "celery.states."
_IN_CAPITALS = re.compile(r"[A-Z]+(?:_[A-Z0-9]+)*")


class UpdateStateMisuse(Rule):
    """A task calls `update_state` in a way that does not set the state.

    ## What it does

    Finds calls of `update_state` in the body of a task that give the state as the first positional argument or give no
    state, that set `FAILURE` without saying which exception, or right before the task returns, and those of a task
    that ignores its result.

    ## Why is this bad

    The first parameter of `update_state` is `task_id`: a state in its place is taken for the id of a task, and a dict
    behind it for the state, which raises `TypeError`. Without a state, the task's state becomes None. Whoever reads a
    `FAILURE` without `exc_type` gets `ValueError`; what is returned afterwards makes it a `SUCCESS` again. And a task
    that ignores its result never replaces the last state that it set.

    ## Example

        @app.task(bind=True)
        def export(self, pages):
            for page in range(pages):
                self.update_state("PROGRESS", {"page": page})
                #                 ^^^^^^^^^^ the first parameter of `update_state()` is `task_id`: this raises
                #                            `TypeError`
            return pages

    ## Use instead

        @app.task(bind=True)
        def export(self, pages):
            for page in range(pages):
                self.update_state(state="PROGRESS", meta={"page": page})
            return pages

    ## Not flagged

        @app.task(bind=True)
        def convert(self, parent_id, pages):
            self.update_state(parent_id, "PROGRESS", {"pages": pages})
            if not pages:
                self.update_state(state="FAILURE", meta={"exc_type": "ValueError", "exc_message": "no pages"})
                raise Ignore()
            self.update_state(state="PROGRESS", meta={"pages": pages})
            return pages

    ## Fix safety

    The fix that names the arguments is safe: the call has never set the state.

    ## References

    - [Custom states](https://docs.celeryq.dev/en/stable/userguide/tasks.html#custom-states)
    - [`Task.update_state`](https://docs.celeryq.dev/en/stable/reference/celery.app.task.html#celery.app.task.Task.update_state)
    """

    code = "CEL605"
    severity = Severity.ERROR
    proofs = (Proof(run="export.delay(2).get(timeout=10)", fails="TypeError: unhashable type: 'dict'", succeeds="2"),)

    PRELUDE = "from celery.exceptions import Ignore\n" + Rule.PRELUDE

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or not context.mentions(_METHOD) or context.base_may_define(task, _METHOD):
            return
        names = {f"{name}.{_METHOD}" for name in instance_names(task, body)}
        calls = [
            call
            for call in body.calls
            if call.method == _METHOD and (call.source in names or call.path in _CURRENT) and not call.has_splat
        ]
        for call in calls:
            yield from self._check(call, body, context)
        if calls and context.effective_option(task, "ignore_result") is True:
            yield from self._ignored(calls[0], task, body, context)

    def _check(self, call: CallSite, body: Body, context: Context) -> Iterator[Finding]:
        given = call.node.args
        state = given[1] if len(given) > 1 else call.keyword("state")
        if given and _is_misplaced(call, body):
            says = "the first parameter of `update_state()` is `task_id`: "
            raises = len(given) > 1 and isinstance(given[1], ast.Dict)
            says += "this raises `TypeError`" if raises else "the state of this task stays as it is"
            severity = Severity.ERROR if raises else Severity.WARNING
            yield self.finding(context.span(given[0]), says, _name_them(call, body, context), severity=severity)
        elif state is None:
            message = "`update_state()` without `state` makes the task's state None"
            yield self.finding(context.span(call.node), message, severity=Severity.WARNING)
        elif _state(state, body) == "FAILURE":
            yield from self._failure(call, state, body, context)

    def _failure(self, call: CallSite, state: ast.expr, body: Body, context: Context) -> Iterator[Finding]:
        meta = call.node.args[2] if len(call.node.args) > 2 else call.keyword("meta")
        if meta is None or _tells_no_exception(meta):
            message = "a `FAILURE` without `exc_type` in its `meta` cannot be read: `get()` raises something else"
            yield self.finding(context.span(state), message, severity=Severity.WARNING)
        elif _returns_next(call.node, body):
            message = "what the task returns after this makes it a `SUCCESS` again: raise the exception, or `Ignore`"
            yield self.finding(context.span(state), message, severity=Severity.WARNING)

    def _ignored(self, call: CallSite, task: TaskDefinition, body: Body, context: Context) -> Iterator[Finding]:
        state = call.node.args[1] if len(call.node.args) > 1 else call.keyword("state")
        if state is None or call.keyword("task_id") is not None or call.node.args:
            return
        shown = _state(state, body)
        words = "what is set here" if shown is None else f"`{shown}`"
        message = f"`{task.name}` ignores its result: its state stays {words} for ever, whatever becomes of it"
        yield self.finding(context.span(state), message, severity=Severity.WARNING)


def _is_misplaced(call: CallSite, body: Body) -> bool:
    """Whether the first positional argument is surely a state."""
    given = call.node.args
    if len(given) > 2 or call.keyword("state") is not None:
        return False
    if len(given) == 2 and (isinstance(given[1], ast.Dict) or _state(given[1], body) is not None):
        return isinstance(given[1], ast.Dict)
    return _state(given[0], body) is not None


def _state(node: ast.expr, body: Body) -> str | None:
    """The state that an expression is: a text in capitals, or a constant of `celery.states`."""
    symbol = body.symbol(node)
    if isinstance(symbol, External) and symbol.path.startswith(_STATES):
        return symbol.path.removeprefix(_STATES)
    value = body.value(node)
    return value if isinstance(value, str) and _IN_CAPITALS.fullmatch(value) else None


def _tells_no_exception(meta: ast.expr) -> bool:
    """Whether what is stored with a failure surely tells no exception."""
    if isinstance(meta, ast.Dict):
        keys = [key.value if isinstance(key, ast.Constant) else None for key in meta.keys]
        return None not in keys and "exc_type" not in keys
    return isinstance(meta, ast.JoinedStr) or (isinstance(meta, ast.Constant) and bool(meta.value))


def _returns_next(call: ast.Call, body: Body) -> bool:
    """Whether a task returns right behind a statement."""
    statement = next(body.parents(call), None)
    if not isinstance(statement, ast.Expr):
        return False
    outer = next(body.parents(statement))
    for block in blocks(outer):
        if statement in block:
            following = block[block.index(statement) + 1 :]
            return isinstance(following[0], ast.Return) if following else outer is body.function
    return False


def _name_them(call: CallSite, body: Body, context: Context) -> Fix | None:
    """Give the arguments their names, if the first is a state."""
    if _state(call.node.args[0], body) is None:
        return None
    named = ("state", "meta")[: len(call.node.args)]
    if any(call.keyword(name) is not None for name in named):
        return None
    starts = [context.span(argument).start for argument in call.node.args]
    edits = tuple(Edit(Span(at, at), f"{name}=") for at, name in zip(starts, named, strict=True))
    return Fix("Name the arguments", edits, "safe", preferred=True)
