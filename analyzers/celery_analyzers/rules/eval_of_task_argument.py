"""`eval-of-task-argument`: a task that runs its arguments as code."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import CallSite
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_BUILTINS = frozenset({"eval", "exec"})
_LOADERS = frozenset({"pickle.loads", "cloudpickle.loads", "dill.loads", "marshal.loads"})


class EvalOfTaskArgument(Rule):
    """A task runs what it is given as Python code.

    ## What it does

    Finds tasks that hand one of their arguments to `eval`, `exec` or `pickle.loads` and its like.

    ## Why is this bad

    A task's arguments come out of a message. Whoever can put a message in the queue, or have the application put a text
    of theirs in one, runs any code in the worker, with all rights and passwords that it has.

    ## Example

        @app.task
        def price(formula):
            return eval(formula)
        #          ^^^^ `eval` runs `formula` as code: who can send `price` runs anything there

    ## Use instead

        @app.task
        def price(formula):
            return literal_eval(formula)

    ## Not flagged

    What is no argument of the task, and what reads data alone:

        import json

        RATES = "{'eur': 1.1}"

        @app.task
        def convert(amount, rates):
            return amount * eval(RATES)["eur"] + json.loads(rates)["fee"]

    ## Fix safety

    The fix is unsafe: `literal_eval` takes numbers, texts, lists and dicts, and raises `ValueError` for all else.

    ## References

    - [Security](https://docs.celeryq.dev/en/stable/userguide/security.html)
    """

    PRELUDE = 'from ast import literal_eval\n\nfrom celery import Celery\n\napp = Celery("shop")\n\n'
    code = "CEL011"
    severity = Severity.WARNING
    proofs = (
        Proof(
            run="""
                try:
                    answer = price.delay('__import__("os").sep').get(timeout=10)
                except ValueError:
                    answer = 'refused'
                answer
            """,
            fails="returns: '/'",
            succeeds="'refused'",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if task.function is None or body is None or context.in_tests or not context.mentions("eval", "exec", "loads"):
            return
        parameters = {parameter.name for parameter in task.function.parameters}
        own = {node.id for node in body.nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        for call in body.calls:
            given = _code_of(call)
            if given is None:
                continue
            names = {node.id for node in ast.walk(given) if isinstance(node, ast.Name)} & parameters - own
            if names:
                name = call.source
                message = f"`{name}` runs `{min(names)}` as code: who can send `{task.name}` runs anything there"
                yield self.finding(context.span(call.node.func), message, _literal(call, given, context))


def _code_of(call: CallSite) -> ast.expr | None:
    """What a call runs as code, if it does."""
    if not call.node.args:
        return None
    runs = (isinstance(call.node.func, ast.Name) and call.node.func.id in _BUILTINS) or call.path in _LOADERS
    return call.node.args[0] if runs else None


def _literal(call: CallSite, given: ast.expr, context: Context) -> Fix | None:
    only = call.node.args == [given] and not call.node.keywords
    if call.source != "eval" or not only or not isinstance(given, ast.Name):
        return None
    name, needed = context.imported("ast", "literal_eval")
    imports = () if needed is None else (needed,)
    return Fix("Take literals only", (Edit(context.span(call.node.func), name),), preferred=True, imports=imports)
