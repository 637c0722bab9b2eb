"""`large-argument`: the content of a file that is sent in a message."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, ClassVar, Literal

from celery_analyzers.class_kinds import instance_of
from celery_analyzers.findings import Severity
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.findings import Finding

_ENCODERS = frozenset(
    {"base64.b64encode", "base64.encodebytes", "base64.standard_b64encode", "base64.urlsafe_b64encode"}
)
_DUMPS = frozenset({"django.core.serializers.serialize"})
_PATH_READS = frozenset({"read_bytes", "read_text"})
_KEEPS = frozenset({"decode", "encode", "getvalue", "strip"})
_OPEN_FILE = instance_of(External("builtins.open"))
_DEEPEST = 6


class LargeArgument(Rule):
    """The whole content of a file is an argument of a task.

    ## What it does

    Finds arguments of a task that are what a file holds, as read from it, from an upload or from the body of a request,
    be it encoded, and models that are serialized into one text.

    ## Why is this bad

    The broker keeps every message whole until a worker has done with it, Redis in its memory, and each retry sends it
    anew. Large messages slow down all others, and some brokers refuse them. A path or a key is enough for the task to
    find the content.

    ## Example

        @app.task
        def scan(content):
            print(len(content))

        def receive(path):
            with open(path) as file:
                scan.delay(file.read())
                #          ^^^^^^^^^^^ this puts the whole content of a file into the message: pass where to find it

    ## Use instead

        @app.task
        def scan(path):
            with open(path) as file:
                print(len(file.read()))

        def receive(path):
            scan.delay(path)

    ## Not flagged

        def receive_line(path, response):
            with open(path) as file:
                scan.delay(file.readline())
                scan.delay(file.read(100))
            scan.delay(response.read())

    ## Fix safety

    There is no fix.

    ## References

    - [State](https://docs.celeryq.dev/en/stable/userguide/tasks.html#state)
    """

    code = "CEL509"
    severity = Severity.INFORMATION
    preset: ClassVar[Literal["recommended", "strict", "all"]] = "strict"

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        if dispatch.method == "apply" or context.in_tests:
            return
        for node in (*context.arguments, *context.keywords.values()):
            what = None if isinstance(node, ast.Constant) else _content(node, context)
            if what is not None:
                message = f"this puts {what} into the message: pass where to find it"
                yield self.finding(context.span(node), message)


def _content(node: ast.expr, context: DispatchContext, depth: int = _DEEPEST) -> str | None:
    """What an expression is the content of, in words; None where it is none that can be told."""
    if depth <= 0:
        return None
    if isinstance(node, ast.Name):
        bound = context.local_names.bindings(node) or []
        found = {_content(one.node, context, depth - 1) if one.by == "value" and one.node else None for one in bound}
        return found.pop() if len(found) == 1 else None
    if isinstance(node, ast.Attribute):
        is_body = (
            node.attr == "body" and (kind := context.kinds.kind(node.value)) is not None and kind.sort == "request"
        )
        return "the whole body of a request" if is_body else None
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Attribute):
        method, receiver = node.func.attr, node.func.value
        if method == "read" and not node.args and not node.keywords:
            return _read(receiver, context)
        if method in _PATH_READS and (kind := context.kinds.kind(receiver)) is not None and kind.sort == "path":
            return "the whole content of a file"
        if method in _KEEPS and (found := _content(receiver, context, depth - 1)):
            return found
    symbol = None if context.local_names.is_local(node.func) else context.symbol(node.func)
    if isinstance(symbol, External) and symbol.path in _ENCODERS and node.args:
        return _content(node.args[0], context, depth - 1)
    return "a text with all rows of a queryset" if isinstance(symbol, External) and symbol.path in _DUMPS else None


def _read(receiver: ast.expr, context: DispatchContext) -> str | None:
    """What `receiver.read()` gives."""
    if context.kinds.kind(receiver) == _OPEN_FILE:
        return "the whole content of a file"
    if isinstance(receiver, ast.Name):
        bound = context.local_names.bindings(receiver) or []
        nodes = [one.node for one in bound if one.by == "value" and one.node is not None]
        is_upload = bool(nodes) and len(nodes) == len(bound) and all(map(_is_upload, nodes))
    else:
        is_upload = _is_upload(receiver)
    return "the whole content of an upload" if is_upload else None


def _is_upload(node: ast.expr) -> bool:
    """Whether this is `request.FILES["name"]`, or `request.files.get("name")` of Flask."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        node = node.func.value
    elif isinstance(node, ast.Subscript):
        node = node.value
    return isinstance(node, ast.Attribute) and node.attr in ("FILES", "files") and "request" in ast.unparse(node.value)
