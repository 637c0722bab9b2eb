"""`invalid-retry-exceptions`: `autoretry_for` and the like with something else than a tuple of exceptions."""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from celery_analyzers.class_kinds import instance_of
from celery_analyzers.effective import Level
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External, Instance, ProjectClass, ProjectFunction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_OPTIONS = ("autoretry_for", "dont_autoretry_for", "throws")
_CLASS_NAME = re.compile(r"[A-Z]\w*(?:Error|Exception)\Z")
_CLOSED = re.compile(r"[ \t]*\)")
_NO_START = "Celery cannot set up the task (`TypeError`), so no worker starts"
_LOST = "the first failure raises `TypeError`, in the place of the error itself"


@dataclass(frozen=True, slots=True)
class _Problem:
    """What is wrong with the whole value, or with the item at a position."""

    message: str
    position: int | None = None
    mend: Literal["wrap", "unpack"] | None = None
    at_start: bool = False
    """Whether the task cannot be set up, be the option ever needed or not."""


class InvalidRetryExceptions(Rule):
    """What a task is to be retried for is no tuple of exceptions.

    ## What it does

    Finds values of `autoretry_for` and `dont_autoretry_for` that are no list or tuple, or that hold something else
    than exceptions, and values of `throws` that `isinstance()` does not take.

    ## Why is this bad

    With a class that stands alone no worker starts that knows the task: `(ConnectionError)` is not a tuple,
    `(ConnectionError,)` is. A name in quotes, an instance or a tuple inside the tuple is noticed only when the task
    fails for the first time. It is not retried then, and its result says `TypeError` instead of what went wrong.

    ## Example

        @app.task(autoretry_for=ConnectionError, retry_backoff=True)
        #                       ^^^^^^^^^^^^^^^ a class is no tuple of exceptions: Celery cannot set up the task
        #                                       (`TypeError`), so no worker starts
        def price(url):
            return "7.50"

    ## Use instead

        @app.task(autoretry_for=(ConnectionError,), retry_backoff=True)
        def price(url):
            return "7.50"

    ## Not flagged

    A list, and a single class in `throws`:

        @app.task(autoretry_for=[ConnectionError, TimeoutError], throws=ValueError)
        def rate(url):
            return "7.50"

    ## Fix safety

    The fixes are safe: the task has not worked as it stands.

    ## References

    - [Automatic retry for known exceptions][autoretry]
    - [`Task.throws`](https://docs.celeryq.dev/en/stable/userguide/tasks.html#Task.throws)

    [autoretry]: https://docs.celeryq.dev/en/stable/userguide/tasks.html#automatic-retry-for-known-exceptions
    """

    code = "CEL306"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="price.delay('https://shop.example/7').get(timeout=10)",
            fails="TypeError: 'type' object is not iterable",
            succeeds="'7.50'",
            where="worker-start",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if task.form == "call" and task.function is not None:
            # The call, which has the options, stands elsewhere and is reported there.
            return
        for name in _OPTIONS:
            option = task.option(name)
            if task.is_from_wrapper(name):
                continue
            effective = context.effective(task, name)
            if option is None and effective.level is not Level.BASE:
                continue
            value = option.value if option is not None else effective.value
            problem = _of_throws(value) if name == "throws" else _of_retried(value)
            if problem is None or _is_idle(name, problem, task, context):
                continue
            node = _node(name, context)
            item = _item(problem, node)
            where = context.span(item) if item else option.value_span if option else task.span
            fix = _fix(problem, node, context)
            yield self.finding(where or task.span, problem.message, fix)


def _is_idle(name: str, problem: _Problem, task: TaskDefinition, context: Context) -> bool:
    """Whether a bad item of `dont_autoretry_for` is never asked for, as nothing is retried."""
    return name == "dont_autoretry_for" and not problem.at_start and not context.effective_option(task, "autoretry_for")


def _of_retried(value: object) -> _Problem | None:
    if _is_class(value):
        return _Problem(f"a class is no tuple of exceptions: {_NO_START}", mend="wrap", at_start=True)
    if value is None or isinstance(value, (bool, int, float)):
        return _Problem(f"`{value}` is no tuple of exceptions: {_NO_START}", at_start=True)
    if isinstance(value, (str, bytes)):
        return _Problem(f"text is no exception: {_LOST}") if value else None
    if not isinstance(value, (list, tuple)):
        return None
    for position, item in enumerate(cast("list[object]", value)):
        if isinstance(item, (list, tuple)):
            what = "list" if isinstance(item, list) else "tuple"
            return _Problem(f"a {what} inside is no exception: {_LOST}", position, "unpack")
        if what := _no_class(item):
            return _Problem(f"{what} is no exception: {_LOST}", position)
    return None


def _of_throws(value: object) -> _Problem | None:
    if isinstance(value, (str, bytes)):
        return _Problem(f"text is no exception: {_LOST}") if value else None
    if isinstance(value, list):
        return _Problem(f"`throws` may be a tuple, but no list: {_LOST}", mend="wrap") if value else None
    if not isinstance(value, tuple):
        return None
    for position, item in enumerate(cast("tuple[object, ...]", value)):
        if what := _no_class(item):
            return _Problem(f"{what} is no exception: {_LOST}", position)
    return None


def _is_class(value: object) -> bool:
    """Whether a value is surely an exception's class: other names of libraries may well be tuples."""
    if isinstance(value, External):
        known = instance_of(value)
        return (known is not None and known.sort == "exception") or _CLASS_NAME.search(value.path) is not None
    if isinstance(value, ProjectClass):
        known = instance_of(value)
        is_exception = known is not None and known.sort == "exception"
        return is_exception or _CLASS_NAME.match(value.binding.name) is not None
    return False


def _no_class(item: object) -> str | None:
    """What an item is, in words, if it is surely no exception's class."""
    if isinstance(item, (str, bytes)):
        return "text"
    if item is None or isinstance(item, (bool, int, float)):
        return f"`{item}`"
    if isinstance(item, Instance) and _CLASS_NAME.search(item.path):
        return "an instance"
    if isinstance(item, ProjectFunction):
        return "a function"
    if isinstance(item, External) and item.path.startswith("builtins."):
        name = item.path.removeprefix("builtins.")
        found = getattr(builtins, name, None)
        if found is not None and not (isinstance(found, type) and issubclass(found, BaseException)):
            return f"`{name}`"
    return None


def _node(name: str, context: Context) -> ast.expr | None:
    """The value as it is written at the task."""
    keywords = context.decorator.keywords if isinstance(context.decorator, ast.Call) else []
    return next((keyword.value for keyword in keywords if keyword.arg == name), None)


def _item(problem: _Problem, node: ast.expr | None) -> ast.expr | None:
    """The item that is wrong, where it is written in place."""
    if problem.position is None or not isinstance(node, (ast.Tuple, ast.List)):
        return None
    before = node.elts[: problem.position + 1]
    return None if any(isinstance(item, ast.Starred) for item in before) else before[-1]


def _fix(problem: _Problem, node: ast.expr | None, context: Context) -> Fix | None:
    if node is None or problem.mend is None:
        return None
    if problem.mend == "unpack":
        item = _item(problem, node)
        if item is None:
            return None
        start = context.span(item).start
        return Fix("Unpack it", (Edit(Span(start, start), "*"),), "safe", preferred=True)
    span = context.span(node)
    start, end = Span(span.start, span.start), Span(span.end, span.end)
    if isinstance(node, ast.List):
        comma = "," if len(node.elts) == 1 and "," not in _behind(node, context) else ""
        start, end = Span(span.start, span.start + 1), Span(span.end - 1, span.end)
        return _to_tuple(Edit(start, "("), Edit(end, f"{comma})"))
    if not isinstance(node, (ast.Name, ast.Attribute)):
        return None
    if _CLOSED.match(context.text, span.end) and context.text[: span.start].rstrip(" \t").endswith("("):
        return _to_tuple(Edit(end, ","))
    return _to_tuple(Edit(start, "("), Edit(end, ",)"))


def _behind(node: ast.List, context: Context) -> str:
    """What stands between the last item of a list and its end."""
    return context.source(Span(context.span(node.elts[-1]).end, context.span(node).end))


def _to_tuple(*edits: Edit) -> Fix:
    return Fix("Make it a tuple", edits, "safe", preferred=True)
