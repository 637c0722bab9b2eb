"""`invalid-args-container`: `args` that are no list or tuple, or `kwargs` that are no mapping."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from celery_analyzers.edits import rename_keyword
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.layout import call_listing
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.findings import Finding

_SENDING = frozenset({"apply_async", "apply_async_on_commit", "send_task"})
"""What wants a list or a tuple. The others take apart whatever can be iterated over."""
_TAKEN_APART = {"str": "into its characters", "bytes": "into its bytes", "dict": "into its keys"}
_SCALARS = frozenset({"bool", "bytes", "float", "int", "str"})
_COLLECTIONS: dict[type[ast.expr], str] = {
    ast.Set: "a set",
    ast.SetComp: "a set",
    ast.GeneratorExp: "a generator",
    ast.Dict: "a dict",
    ast.DictComp: "a dict",
}
_SEQUENCES: dict[type[ast.expr], str] = {ast.List: "a list", ast.Tuple: "a tuple"}
_NAME = re.compile(r"\w+\s*=\s*")
_ONE_KEY = frozenset({"id", "pk"})
"""Attributes that hold one key, by custom."""


class InvalidArgsContainer(Rule):
    """The arguments of a task are given as something else than a list or a tuple, mostly for want of a comma.

    ## What it does

    Looks at the `args` and `kwargs` of `apply_async()`, `signature()`, `send_task()` and the like: `args` must be a
    list or a tuple, and `kwargs` a mapping. `(order_id)` is no tuple: it takes a comma to make one, `(order_id,)`.

    ## Why is this bad

    The call raises `TypeError`, and nothing is sent. `signature()` and `apply()` take apart what can be taken apart,
    such as a string into its characters, and the task gets something else than was meant.

    ## Example

        @app.task
        def ship(order_id):
            return order_id

        def ship_first():
            return ship.apply_async((1), countdown=1)
            #                        ^ the parentheses make no tuple, so `args` is an integer: this call
            #                          raises `TypeError`

    ## Use instead

        @app.task
        def ship(order_id):
            return order_id

        def ship_first():
            return ship.apply_async((1,), countdown=1)

    ## Not flagged

        @app.task
        def ship_all(*order_ids, speed=1):
            return order_ids

        def ship_some(order_ids, options):
            ship_all.apply_async(order_ids, options)
            ship_all.apply_async([1, 2], {"speed": 2})
            ship_all.apply_async(None, None)
            return ship_all.apply_async((order_ids))

    A name may stand for a list or a tuple. It is reported only where it is annotated as a number or text, or is an
    attribute `id` or `pk` in parentheses; this is a warning. What is empty or zero counts as no arguments for Celery.
    Entries of a beat schedule belong to `invalid-beat-entry`.

    ## Fix safety

    Adding the comma, and passing a dict as `kwargs`, are safe where the call fails as it stands. Otherwise the fix is
    unsafe, as the task then gets other arguments.

    ## References

    - [Calling tasks](https://docs.celeryq.dev/en/stable/userguide/calling.html)
    """

    code = "CEL504"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="ship_first().get(timeout=10)",
            fails="TypeError: argument after * must be an iterable, not int",
            succeeds="1",
        ),
    )

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        for name, check in (("args", _wrong_args), ("kwargs", _wrong_kwargs)):
            node = context.containers.get(name)
            wrong = None if node is None else check(node, dispatch, context)
            if node is None or wrong is None:
                continue
            if _sends_otherwise(context) or context.expects_failure:
                return
            message = _message(name, node, wrong, dispatch, context)
            yield self.finding(
                context.span(node),
                message,
                _fix(node, wrong, context) if name == "args" else None,
                severity=Severity.ERROR if wrong.certain and wrong.fails else Severity.WARNING,
            )
            return


@dataclass(frozen=True, slots=True)
class _Wrong:
    """What an argument is instead. It `fails`, or else is taken apart; `certain` as in `class_kinds.Kind`."""

    words: str
    fails: bool
    certain: bool = True
    is_dict: bool = False
    is_one: bool = False
    """Whether it is one value, which was probably meant as the only argument."""
    parts: str = ""


def _wrong_args(node: ast.expr, dispatch: Dispatch, context: DispatchContext) -> _Wrong | None:
    sends = dispatch.method in _SENDING
    if (scalar := _scalar(node, context)) is not None:
        parts = _TAKEN_APART.get(scalar, "")
        fails = sends or not parts
        return _Wrong(_words(scalar), fails, certain=_is_written(node), is_one=True, parts=parts)
    words = _COLLECTIONS.get(type(node))
    if isinstance(node, (ast.Dict, ast.DictComp)):
        if isinstance(node, ast.Dict) and not node.keys:
            return None
        return _Wrong("a dict", sends, is_dict=True, parts=_TAKEN_APART["dict"])
    if not sends:
        return None
    if words is None and (kind := context.kinds.kind(node)) is not None and kind.certain:
        one = kind.sort in ("model", "path", "bytes")
        words = kind.words if one or kind.sort in ("set", "iterable", "queryset") else None
        return None if words is None else _Wrong(words, fails=True, is_one=one)
    return None if words is None else _Wrong(words, fails=True)


def _wrong_kwargs(node: ast.expr, _dispatch: Dispatch, context: DispatchContext) -> _Wrong | None:
    if (scalar := _scalar(node, context)) is not None:
        return _Wrong(_words(scalar), fails=True, certain=_is_written(node))
    if isinstance(node, (ast.List, ast.Tuple)) and not node.elts:
        return None
    words = _SEQUENCES.get(type(node)) or _COLLECTIONS.get(type(node))
    return None if words is None or words == "a dict" else _Wrong(words, fails=True)


def _scalar(node: ast.expr, context: DispatchContext) -> str | None:
    """The type of one value that is no container, as far as it is sure; empty for a key of some type."""
    if isinstance(node, ast.JoinedStr):
        return "str"
    if isinstance(node, ast.Constant):
        kind = type(node.value).__name__
        return kind if node.value and kind in _SCALARS else None
    if isinstance(node, ast.Attribute):
        return "" if node.attr in _ONE_KEY and _is_parenthesised(node, context) else None
    if isinstance(node, ast.Name):
        bound = context.local_names.bindings(node) or []
        kinds = {
            symbol.path.removeprefix("builtins.")
            for binding in bound
            if binding.by == "annotation" and binding.node is not None
            if isinstance(symbol := context.symbol(binding.node), External)
        }
        (kind,) = kinds if len(kinds) == 1 and len(bound) == 1 else ("",)
        return kind if kind in _SCALARS and kind != "bool" else None
    return None


def _words(scalar: str) -> str:
    named = {"": "one key", "bool": "a boolean", "bytes": "bytes", "float": "a number", "int": "an integer"}
    return named.get(scalar, "a string")


def _is_written(node: ast.expr) -> bool:
    return isinstance(node, (ast.Constant, ast.JoinedStr))


def _sends_otherwise(context: DispatchContext) -> bool:
    """Whether the task's base class or app has a way of its own to send."""
    task = context.dispatched
    return task is not None and context.sending_is_changed(task)


def _message(name: str, node: ast.expr, wrong: _Wrong, dispatch: Dispatch, context: DispatchContext) -> str:
    wanted = "a list or a tuple" if name == "args" else "a mapping"
    if wrong.is_one and _is_parenthesised(node, context):
        start = f"the parentheses make no tuple, so `{name}` is {wrong.words}"
    else:
        start = f"`{name}` must be {wanted}, and this is {wrong.words}"
    if not wrong.fails:
        return f"{start}: it is taken apart {wrong.parts}"
    if name == "kwargs" and dispatch.method == "apply":
        return f"{start}: this call raises `InvalidTaskError`"
    at_once = dispatch.role == "send" and not dispatch.method.endswith("_on_commit")
    return f"{start}: {'this call' if at_once or name == 'args' else 'sending it'} raises `TypeError`"


def _written(node: ast.expr, context: DispatchContext) -> Span | None:
    """Where the value stands, with its own parentheses."""
    call, span = context.call, context.span(node)
    listing = None if call is None else call_listing(context.text, call, context.span)
    for item in () if listing is None else listing.items:
        if item.start <= span.start and span.end <= item.end:
            name = _NAME.match(context.text, item.start, span.start)
            return Span(item.start if name is None else name.end(), item.end)
    return None


def _is_parenthesised(node: ast.expr, context: DispatchContext) -> bool:
    written = _written(node, context)
    return written is not None and context.source(written).startswith("(") and written.start < context.span(node).start


def _fix(node: ast.expr, wrong: _Wrong, context: DispatchContext) -> Fix | None:
    span = context.span(node)
    safety = "safe" if wrong.fails and wrong.certain else "unsafe"
    if wrong.is_one:
        edits = (Edit(Span(span.end, span.end), ","),)
        if not _is_parenthesised(node, context):
            edits = (Edit(Span(span.start, span.start), "("), Edit(Span(span.end, span.end), ",)"))
        return Fix("Make it a tuple", edits, safety, preferred=True)
    if wrong.is_dict:
        if "kwargs" in context.containers or context.call is None:
            return None
        edits = rename_keyword(context.text, context.call, context.span, "args", "kwargs")
        written = _written(node, context)
        if not edits and written is not None and context.call.args[-1] is node:
            edits = (Edit(Span(written.start, written.start), "kwargs="),)
        return Fix("Pass it as `kwargs`", edits, safety, preferred=True) if edits else None
    before, behind = "list(", ")"
    if isinstance(node, ast.GeneratorExp):
        # It has parentheses of its own, or those of the call.
        shares = context.call is not None and span.end == context.span(context.call).end
        before, behind = ("(list", ")") if shares else ("list", "")
    edits = (Edit(Span(span.start, span.start), before), Edit(Span(span.end, span.end), behind))
    return Fix("Pass a list", edits, preferred=True)
