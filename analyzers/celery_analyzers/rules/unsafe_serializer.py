"""`unsafe-serializer`: messages in pickle, which run code when they are read."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.layout import newline_of
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.serializers import PICKLE, accepted, content_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import SettingContext
    from celery_analyzers.app_facts import SettingGiven
    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import Option, TaskDefinition

_ACCEPTING = frozenset({"accept_content", "result_accept_content"})
_WRITING = {"task_serializer": "tasks", "result_serializer": "results", "event_serializer": "events"}
_SIGNED = "auth"


class UnsafeSerializer(Rule):
    """Messages in pickle are taken or sent, and a pickle runs code when it is read.

    ## What it does

    Finds pickle in `accept_content` and `result_accept_content`, and where it is what tasks or results are written in:
    in settings, as an option of a task, or in a call.

    ## Why is this bad

    To read a pickle is to run what it says. Whoever can put a message in the queue or a value in the result
    backend can run any code in the workers, with all their rights. A broker that is open to the network by mistake, or
    another service that shares it, is enough.

    ## Example

        app.conf.accept_content = ["json", "pickle"]
        #                                  ^^^^^^^^ who can write to the broker or the result backend can run any code
        #                                           where a pickle is read

        @app.task
        def add(x, y):
            return x + y

    ## Use instead

        app.conf.accept_content = ["json"]

        @app.task
        def add(x, y):
            return x + y

    ## Not flagged

    Other serializers, also `yaml`, which Kombu reads safely. And messages that are signed:

        app.conf.update(accept_content=["json", "yaml", "msgpack"], task_serializer="yaml")

        secured = Celery("secured")
        secured.conf.result_accept_content = ["auth", "pickle"]

    A pickle that no worker takes is [`serializer-not-accepted`](serializer-not-accepted.md).

    ## Fix safety

    The fix is unsafe: arguments and results that JSON cannot hold no longer arrive. Where pickle is both sent and
    taken, stop to send it first: what is still in the queues can then be read until workers no longer take it.

    ## References

    - [Serializers](https://docs.celeryq.dev/en/stable/userguide/security.html#serializers)
    - [`accept_content`](https://docs.celeryq.dev/en/stable/userguide/configuration.html#accept-content)
    """

    code = "CEL006"
    severity = Severity.WARNING
    proofs = (
        Proof(
            setup="""
                executed = []

                class Order:
                    def __reduce__(self):
                        return exec, ("import shop; shop.executed.append('code of a stranger')",)
            """,
            run="""
                import time

                app.send_task('shop.add', (Order(), 1), serializer='pickle')
                time.sleep(1.5)
                executed[:1]
            """,
            fails="returns: ['code of a stranger']",
            succeeds="[]",
        ),
    )

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        if setting.name in _ACCEPTING and not context.in_tests:
            yield from self._accepting(context)
        elif setting.name in _WRITING and content_type(setting.value) == PICKLE and not context.in_tests:
            what = _WRITING[setting.name]
            if _is_taken(context, results=what == "results"):
                span = setting.value_span
                yield self.finding(span, _message(f"{what} are sent in"), _json(span, context))

    def _accepting(self, context: SettingContext) -> Iterator[Finding]:
        node = context.node
        if not isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return
        names = [item.value if isinstance(item, ast.Constant) else None for item in node.elts]
        if _SIGNED in names:
            return
        for item, name in zip(node.elts, names, strict=True):
            if content_type(name) == PICKLE:
                message = "who can write to the broker or the result backend can run any code where a pickle is read"
                yield self.finding(context.span(item), message, _removal(node, item, context))
                return

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        option = task.option("serializer")
        if option is not None and not context.in_tests and not task.is_from_wrapper("serializer"):
            yield from self._option(option, _is_taken(context), context)

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        option = dispatch.option("serializer")
        if option is not None and not context.in_tests:
            yield from self._option(option, dispatch.task is None or _is_taken(context), context)

    def _option(self, option: Option, taken: bool, context: Context) -> Iterator[Finding]:
        if content_type(option.value) == PICKLE and option.value_span is not None and taken:
            yield self.finding(option.value_span, _message("this is sent in"), _json(option.value_span, context))


def _message(what: str) -> str:
    return f"{what} pickle: workers that read it run any code that somebody else sends in it, too"


def _is_taken(context: Context, *, results: bool = False) -> bool:
    """Whether a pickle may be read: that it is not is said by another rule."""
    taken = accepted(context, context.task, results=results)
    return taken is None or PICKLE in taken


def _json(span: Span, context: Context) -> Fix | None:
    written = context.source(span)
    if not written.isascii() or written[:1] not in "\"'":
        return None
    return Fix("Send JSON", (Edit(span, f"{written[0]}json{written[0]}"),), preferred=True)


def _removal(node: ast.List | ast.Tuple | ast.Set, item: ast.expr, context: SettingContext) -> Fix | None:
    """Take pickle out, if nothing of the app is known to write it."""
    if any(content_type(context.setting(name)) == PICKLE for name in _WRITING):
        return None
    text, span = context.text, context.span(item)
    title = "Do not take pickle"
    if len(node.elts) == 1:
        quote = text[span.start]
        return Fix(title, (Edit(span, f"{quote}json{quote}"),), preferred=True) if quote in "\"'" else None
    index = node.elts.index(item)
    whole = context.span(node)
    if newline_of(text) in context.source(whole) or (isinstance(node, ast.Tuple) and len(node.elts) == 2):
        return None
    if index:
        edit = Edit(Span(context.span(node.elts[index - 1]).end, span.end), "")
    else:
        edit = Edit(Span(span.start, context.span(node.elts[1]).start), "")
    return Fix(title, (edit,), preferred=True)
