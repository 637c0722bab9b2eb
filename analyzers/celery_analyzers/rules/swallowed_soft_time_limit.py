"""`swallowed-soft-time-limit`: a loop that goes on after its task's time is up."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.errors import EVERYTHING
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.function_edits import let_through
from celery_analyzers.handlers import Catcher, catchers, named, own_nodes, span_of_catcher, stops
from celery_analyzers.operations import takes_time
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External, Instance
from celery_analyzers.worker_pools import unlimited_pool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_NAME = "SoftTimeLimitExceeded"
_OWN = frozenset({_NAME, f"celery.exceptions.{_NAME}", f"billiard.exceptions.{_NAME}", f"billiard.{_NAME}"})
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_LEAVES = (ast.Return, ast.Break)


class SwallowedSoftTimeLimit(Rule):
    """A loop catches the exception that says that the task's time is up, and goes on.

    ## What it does

    Finds handlers for `Exception`, `BaseException` or everything, and `contextlib.suppress` for them, around the
    work of a loop in a task that has a soft time limit, be it of its own or from the settings.

    ## Why is this bad

    At its soft limit `SoftTimeLimitExceeded` is raised in the task, once, so that it can clean up and end. It is
    an `Exception` like any other. Caught as one round's failure it ends nothing: the loop goes on until the hard
    limit kills the process, without a chance to clean up, or for ever.

    ## Example

        @app.task(soft_time_limit=60, time_limit=90)
        def sync(urls):
            for url in urls:
                try:
                    fetch(url)
                except Exception:
                #      ^^^^^^^^^ this catches `SoftTimeLimitExceeded` too: at its soft limit of 60 s `sync` goes
                #                on with the loop, until the hard limit kills it
                    continue

    ## Use instead

        @app.task(soft_time_limit=60, time_limit=90)
        def sync(urls):
            for url in urls:
                try:
                    fetch(url)
                except SoftTimeLimitExceeded:
                    raise
                except Exception:
                    continue

    ## Not flagged

    A handler that leaves the loop or raises, one that asks for the exception, and a task without a soft limit:

        @app.task(soft_time_limit=60)
        def pull(urls):
            for url in urls:
                try:
                    fetch(url)
                except Exception:
                    break

        @app.task
        def push(urls):
            for url in urls:
                try:
                    fetch(url)
                except Exception:
                    continue

    Nothing is said where the workers have a pool without soft limits.

    ## Fix safety

    The fix is safe: it lets through what ends the task at its limit, and nothing else.

    ## References

    - [Time limits](https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits)
    """

    code = "CEL203"
    severity = Severity.WARNING
    proofs = (
        Proof(
            # What the worker's signal does in the middle of `fetch`, without the wait.
            setup="""
                from celery.exceptions import SoftTimeLimitExceeded

                def fetch(url):
                    if url == 'slow':
                        raise SoftTimeLimitExceeded
            """,
            run="sync.apply((['slow', 'quick'],)).state",
            fails="returns: 'SUCCESS'",
            succeeds="'FAILURE'",
            worker="none",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        # In the order of what it costs to ask.
        if body is None or context.in_tests or not context.mentions("except", "suppress"):
            return
        found = list(dict.fromkeys(swallowers(body)))
        limit = _soft_limit(task, context) if found else None
        if limit is None or unlimited_pool("soft_time_limit", context) is not None:
            return
        ends = "until the hard limit kills it" if _has_hard_limit(task, context) else "and nothing ends it"
        for catcher in found:
            message = (
                f"this catches `{_NAME}` too: at its soft limit{limit} `{task.name}` goes on with the loop, {ends}"
            )
            yield self.finding(span_of_catcher(catcher, context.span), message, _fix(catcher, context))


def _soft_limit(task: TaskDefinition, context: Context) -> str | None:
    """The task's soft limit as a part of the message; None where it has none that is sure."""
    value = context.effective_option(task, "soft_time_limit")
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
        return f" of {value:g} s"
    # That it is set is sure where the number is not: the environment gives it, say.
    return "" if isinstance(value, (External, Instance)) else None


def _has_hard_limit(task: TaskDefinition, context: Context) -> bool:
    return context.effective_option(task, "time_limit") is not None


def swallowers(body: Body) -> Iterator[Catcher]:
    """What catches the exception while a loop does its work, and lets this go on."""
    for call in body.calls:
        if not takes_time(call):
            continue
        for catcher in catchers(call.node, body, EVERYTHING | _OWN):
            if _is_for_it(catcher, body):
                # It is thought of, whatever is done then.
                break
            if stops(catcher):
                if _goes_on(catcher, body):
                    yield catcher
                break


def _is_for_it(catcher: Catcher, body: Body) -> bool:
    if not isinstance(catcher, ast.ExceptHandler):
        return False
    if catcher.type is not None and not _OWN.isdisjoint(named(catcher.type, body)):
        return True
    nodes = own_nodes(catcher.body)
    return any(_NAME in (getattr(node, "id", ""), getattr(node, "attr", "")) for node in nodes)


def _goes_on(catcher: Catcher, body: Body) -> bool:
    """Whether a loop around it goes on: nothing in the handler leaves it."""
    if isinstance(catcher, ast.Return):
        return False
    if isinstance(catcher, ast.ExceptHandler) and any(isinstance(n, _LEAVES) for n in own_nodes(catcher.body)):
        return False
    child: ast.AST = catcher
    for parent in body.parents(catcher):
        if isinstance(parent, _LOOPS) and child in parent.body:
            return not _leaves_behind(catcher, parent, body)
        child = parent
    return False


def _leaves_behind(catcher: Catcher, loop: ast.AST, body: Body) -> bool:
    """Whether the loop is left behind the `try`, whatever happens: it runs once."""
    child: ast.AST = catcher
    for parent in body.parents(catcher):
        block = getattr(parent, "body", [])
        if child in block and any(isinstance(s, (*_LEAVES, ast.Raise)) for s in block[block.index(child) + 1 :]):
            return True
        if parent is loop:
            return False
        child = parent
    return False


def _fix(catcher: Catcher, context: Context) -> Fix | None:
    if not isinstance(catcher, ast.ExceptHandler):
        return None
    name, needed = context.imported("celery.exceptions", _NAME)
    edits = let_through(context.text, catcher, context.span, name)
    return Fix(f"Let `{_NAME}` through", edits, "safe", preferred=True, imports=(needed,) if needed else ())
