"""`serializer-not-accepted`: messages that are written in a way that no worker of the app takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.findings import Severity
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.serializers import accepted, content_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import SettingContext
    from celery_analyzers.app_facts import SettingGiven
    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding, Span
    from celery_analyzers.task_facts import TaskDefinition


class SerializerNotAccepted(Rule):
    """Messages are written by a serializer that the app does not accept.

    ## What it does

    Finds `task_serializer`, `result_serializer`, and a task's or a call's `serializer`, whose content type is not in
    `accept_content` (for results: `result_accept_content`). Without that setting, an app accepts JSON alone.

    ## Why is this bad

    The worker throws the message away with an error in its log: the task never runs, and who waits for its result
    waits for good. A result that is not accepted raises `ContentDisallowed` where it is read.

    ## Example

        app.conf.task_serializer = "yaml"
        #                          ^^^^^^ `accept_content` has no `yaml`: workers throw these messages away, and no task
        #                                 runs

        @app.task
        def add(x, y):
            return x + y

    ## Use instead

        app.conf.task_serializer = "yaml"
        app.conf.accept_content = ["json", "yaml"]

        @app.task
        def add(x, y):
            return x + y

    ## Not flagged

    Serializers that are not Kombu's own, and settings that cannot be told:

        from shop import settings

        app.conf.task_serializer = "signed"
        app.conf.result_accept_content = settings.ACCEPTED
        app.conf.result_serializer = "yaml"

    ## Fix safety

    There is no fix: either the setting is meant, or the serializer is.

    ## References

    - [`accept_content`](https://docs.celeryq.dev/en/stable/userguide/configuration.html#accept-content)
    - [Serializers](https://docs.celeryq.dev/en/stable/userguide/calling.html#serializers)
    """

    code = "CEL833"
    severity = Severity.ERROR
    proofs = (Proof(run="add.delay(1, 2).get(timeout=3)", fails="TimeoutError: The operation timed out", succeeds="3"),)

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        if setting.name == "task_serializer":
            refused = "workers throw these messages away, and no task runs"
            yield from self._check(setting.value, setting.value_span, refused, context)
        elif setting.name == "result_serializer":
            refused = "who asks for a result gets `ContentDisallowed`"
            yield from self._check(setting.value, setting.value_span, refused, context, results=True)

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        option = task.option("serializer")
        if option is not None and option.value_span is not None:
            refused = f"workers throw its messages away, and `{task.name}` never runs"
            yield from self._check(option.value, option.value_span, refused, context)

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        option = dispatch.option("serializer")
        if option is not None and option.value_span is not None and dispatch.task is not None:
            refused = "workers throw this message away, and the task never runs"
            yield from self._check(option.value, option.value_span, refused, context)

    def _check(
        self, name: object, span: Span, refused: str, context: Context, *, results: bool = False
    ) -> Iterator[Finding]:
        written = content_type(name)
        if written is None or context.in_tests:
            return
        taken = accepted(context, context.task, results=results)
        if taken is not None and written not in taken:
            yield self.finding(span, f"`accept_content` has no `{name}`: {refused}")
