"""`unpicklable-exception`: an exception that does not come back as what it was."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.bindings import FunctionBinding
from celery_analyzers.expressions import Splat
from celery_analyzers.findings import Severity
from celery_analyzers.proof import Proof
from celery_analyzers.resolution import base_classes
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External, ProjectClass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.bindings import ParameterBinding
    from celery_analyzers.body import Body
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_PLAIN = frozenset(
    f"builtins.{name}"
    for name in (
        *("ArithmeticError", "AssertionError", "AttributeError", "Exception", "IndexError", "KeyError", "LookupError"),
        *("NotImplementedError", "RuntimeError", "TypeError", "ValueError"),
    )
)
"""Exceptions that keep the arguments that they are given, and do nothing else with them."""
_OWN_WAYS = frozenset({"__reduce__", "__reduce_ex__", "__getnewargs__", "__new__", "__setstate__", "args"})
"""Attributes by which a class may be made again in a way of its own."""


class UnpicklableException(Rule):
    """A task raises an exception that cannot be made again from its arguments.

    ## What it does

    Finds exceptions of the project that a task raises, and whose `__init__` gives `super().__init__()` more or
    fewer arguments than it takes itself.

    ## Why is this bad

    An exception leaves the worker as the name of its class and its `args`, which are what `super().__init__()`
    was given. To make it again, the class is called with these. Where that does not fit, Celery puts something
    else in its place: `except OutOfStock` around `get()` catches nothing, and what the exception knew is gone.

    ## Example

        class OutOfStock(Exception):
            def __init__(self, item, count):
                super().__init__(f"only {count} of {item}")
                self.count = count

        @app.task
        def order(item):
            raise OutOfStock(item, 3)
            #     ^^^^^^^^^^ `OutOfStock` takes 2 arguments and hands 1 to `super()`: who asks for the result of `order`
            #                gets `UnpickleableExceptionWrapper` instead

    ## Use instead

        class OutOfStock(Exception):
            def __init__(self, item, count):
                super().__init__(item, count)
                self.count = count

        @app.task
        def order(item):
            raise OutOfStock(item, 3)

    ## Not flagged

    Arguments with defaults, which need not come back, and an exception that the task catches:

        class TooSlow(Exception):
            def __init__(self, shop, seconds=None):
                super().__init__(shop)
                self.seconds = seconds

        @app.task
        def pull(shop):
            raise TooSlow(shop, 3)

    ## Fix safety

    There is no fix: how the exception is to be made again is for you to say.

    ## References

    - [Results](https://docs.celeryq.dev/en/stable/userguide/tasks.html#result-backends)
    - [Pickling](https://docs.python.org/3/library/pickle.html#object.__reduce__)
    """

    code = "CEL512"
    severity = Severity.INFORMATION
    preset = "strict"
    proofs = (
        Proof(
            run="""
                try:
                    order.delay('tea').get(timeout=10)
                except Exception as error:
                    kind = type(error).__name__
                kind
            """,
            fails="returns: 'UnpickleableExceptionWrapper'",
            succeeds="'OutOfStock'",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or context.in_tests or not context.mentions("raise "):
            return
        for node in body.nodes:
            if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call):
                continue
            owner = body.symbol(node.exc.func)
            if not isinstance(owner, ProjectClass) or (misfit := _misfit(owner)) is None:
                continue
            name = owner.binding.name
            if _may_be_caught(node, body) or context.effective_option(task, "ignore_result"):
                continue
            message = f"`{name}` {misfit[0]}: who asks for the result of `{task.name}` gets `{misfit[1]}` instead"
            yield self.finding(context.span(node.exc.func), message)


def _may_be_caught(node: ast.Raise, body: Body) -> bool:
    child: ast.AST = node
    for outer in body.parents(node):
        if isinstance(outer, ast.Try) and outer.handlers and child in outer.body:
            return True
        child = outer
    return False


def _misfit(owner: ProjectClass) -> tuple[str, str] | None:
    """In what way a class cannot be made again from its arguments, and what Celery makes in its place; None if it can
    be, or may be."""
    classes = base_classes(owner)
    own = [one for one in classes if isinstance(one, ProjectClass)]
    roots = [one.path for one in classes if isinstance(one, External)]
    if len(own) + len(roots) != len(classes) or not roots or not _PLAIN.issuperset(roots):
        return None
    inits = [binding for one in own for name, binding in one.binding.body if name == "__init__"]
    if any(one.binding.decorators or any(name in _OWN_WAYS for name, _ in one.binding.body) for one in own):
        return None
    init = inits[0] if len(inits) == 1 else None
    if not isinstance(init, FunctionBinding) or init.parameters is None or init.handed_up is None:
        return None
    given = init.handed_up.arguments
    if init.handed_up.keywords or any(isinstance(argument, Splat) for argument in given):
        return None
    how = _how(init.parameters[1:], len(given))
    root = roots[0].rpartition(".")[2]
    return None if how is None else (how, "UnpickleableExceptionWrapper" if root == "Exception" else root)


def _how(parameters: tuple[ParameterBinding, ...], given: int) -> str | None:
    """How a number of arguments does not fit parameters; None if it does."""
    positional = [one for one in parameters if one.kind in ("positional-only", "positional")]
    needed = [one for one in positional if one.default is None]
    keywords = [one.name for one in parameters if one.kind == "keyword-only" and one.default is None]
    if keywords:
        return f"needs the keyword `{keywords[0]}`, which it does not hand to `super()`"
    has_rest = any(one.kind == "*" for one in parameters)
    if len(needed) <= given and (given <= len(positional) or has_rest):
        return None
    takes = len(needed) if given < len(needed) else len(positional)
    return f"takes {takes} argument{'' if takes == 1 else 's'} and hands {given} to `super()`"
