"""`invalid-option-type`: an option whose value is of a kind that Celery cannot use."""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING, Literal

from celery_analyzers.effective import Level
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.strings import inside_plain
from celery_analyzers.symbols import Instance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Dispatch
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import Option, TaskDefinition

_TIMEDELTA = Instance("datetime.timedelta")
_SERIALIZERS = frozenset({"json", "pickle", "yaml", "msgpack"})
_PRIMITIVE = (bool, int, float)

Kind = Literal["a string", "a `timedelta`", "`None`", "a number", "a list", "a tuple", "a dict"]


class InvalidOptionType(Rule):
    """An option of a task or of a call has a value of a kind that Celery cannot use.

    ## What it does

    Finds options with a `timedelta` or text where Celery wants a number of seconds, numbers where it wants a time,
    lists where it wants the name of one queue, and serializers in upper case.

    ## Why is this bad

    Celery does not look at options when a task is defined or sent, but where it first needs them. By the option, no
    worker starts, every call raises, or the first retry fails, in the place of the retry and long after the tests.

    ## Example

        from datetime import timedelta

        @app.task(bind=True, default_retry_delay=timedelta(seconds=1))
        #                                        ^^^^^^^^^^^^^^^^^^^^ a `timedelta` is no number of seconds: `retry()`
        #                                                             without a countdown fails (`TypeError`), and the
        #                                                             task with it
        def pull(self, url):
            if self.request.retries == 0:
                raise self.retry()
            return "pulled"

        def push_later(url):
            return pull.apply_async((url,), countdown="1")
            #                                         ^^^ a string is no number of seconds: this call raises
            #                                             `TypeError`

    ## Use instead

        from datetime import timedelta

        @app.task(bind=True, default_retry_delay=timedelta(seconds=1).total_seconds())
        def pull(self, url):
            if self.request.retries == 0:
                raise self.retry()
            return "pulled"

        def push_later(url):
            return pull.apply_async((url,), countdown=1)

    ## Not flagged

    Text that Celery reads as a number or a time:

        @app.task(retry_backoff="5", time_limit=60.5)
        def fetch(url):
            return "fetched"

        def fetch_later(url):
            return fetch.apply_async((url,), eta="2030-01-01T00:00:00")

    Nothing is said where the base class has an `apply_async()` or `retry()` of its own.

    ## Fix safety

    The fixes are safe: with the old value the option has never worked.

    ## References

    - [Task options](https://docs.celeryq.dev/en/stable/userguide/tasks.html#list-of-options)
    - [Options of a call](https://docs.celeryq.dev/en/stable/reference/celery.app.task.html#celery.app.task.Task.apply_async)
    """

    code = "CEL807"
    severity = Severity.ERROR
    proofs = (
        Proof(run="pull.delay(1).get(timeout=20)", fails="Reject: TypeError", succeeds="'pulled'"),
        Proof(run="push_later(1).get(timeout=20)", fails="TypeError", succeeds="'pulled'"),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if task.form == "call" and task.function is not None:
            # The call, which has the options, stands elsewhere and is reported there.
            return
        for option in task.options:
            check = _OF_TASK.get(option.name)
            if check is None or task.is_from_wrapper(option.name) or task.option(option.name) is not option:
                continue
            complaint = check(option.value)
            if complaint is None or context.effective(task, option.name).level is not Level.TASK:
                continue
            if context.base_may_define(task, "apply_async", "retry") or not _matters(option.name, task, context):
                continue
            keywords = context.decorator.keywords if isinstance(context.decorator, ast.Call) else []
            yield self.finding(option.value_span or task.span, complaint, _fix(option, keywords, context))

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        if dispatch.role != "send" or context.expects_failure or context.call is None:
            return
        for option in dispatch.options:
            check = _OF_CALL.get(option.name)
            complaint = check(option.value) if check is not None else None
            if complaint is None or (dispatch.task is not None and context.sending_is_changed(dispatch.task)):
                continue
            fix = _fix(option, context.call.keywords, context)
            yield self.finding(option.value_span or dispatch.method_span, complaint, fix)


def _matters(name: str, task: TaskDefinition, context: Context) -> bool:
    """Whether something asks for the option."""
    if name == "retry_kwargs":
        return bool(context.effective_option(task, "autoretry_for"))
    if name in ("time_limit", "soft_time_limit"):
        # Other serializers than JSON take a `timedelta`, and then so do workers.
        return context.effective_option(task, "serializer") in (None, "json")
    return True


def _kind(value: object) -> Kind | None:
    """What a value is, in words; None where it cannot be told."""
    if value is None:
        return "`None`"
    if value == _TIMEDELTA:
        return "a `timedelta`"
    if isinstance(value, (str, bytes)):
        return "a string"
    if isinstance(value, _PRIMITIVE):
        return "a number"
    if isinstance(value, list):
        return "a list"
    return "a tuple" if isinstance(value, tuple) else "a dict" if isinstance(value, dict) else None


def _never(wanted: str, consequence: str, *kinds: Kind) -> Callable[[object], str | None]:
    """A check that complains about some kinds of values."""

    def check(value: object) -> str | None:
        kind = _kind(value)
        return f"{kind} is no {wanted}: {consequence}" if kind in kinds else None

    return check


def _never_unless_number(wanted: str, consequence: str, *kinds: Kind) -> Callable[[object], str | None]:
    """A check that complains about some kinds of values, and about text that is no number."""
    of_others = _never(wanted, consequence, *kinds)

    def check(value: object) -> str | None:
        if isinstance(value, str):
            return None if _is_number(value) else f"`{value}` is no {wanted}: {consequence}"
        return of_others(value)

    return check


def _expires(consequence: str) -> Callable[[object], str | None]:
    """A check for `expires`, which may be a time in ISO's form."""
    of_others = _never("time or number of seconds", consequence, "a `timedelta`")

    def check(value: object) -> str | None:
        if isinstance(value, str) and value.isdecimal() and len(value) <= 3:
            return f"a string is no number of seconds: {consequence.replace('TypeError', 'ValueError')}"
        return of_others(value)

    return check


def _serializer(consequence: str) -> Callable[[object], str | None]:
    """A check for `serializer`; of other names one cannot tell that nobody registers them."""

    def check(value: object) -> str | None:
        if isinstance(value, str) and value not in _SERIALIZERS and value.lower() in _SERIALIZERS:
            return f"serializers have lower-case names: {consequence} `SerializerNotInstalled`"
        return None

    return check


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


_RETRY = "`retry()` without a countdown fails (`TypeError`), and the task with it"
_NO_START = "Celery cannot set up the task, so no worker starts"
_EVERY = "every call raises `TypeError`"
_THIS = "this call raises `TypeError`"
_SECONDS = "number of seconds"

_OF_TASK: dict[str, Callable[[object], str | None]] = {
    "max_retries": _never("number", "every retry raises `TypeError`", "a string", "a list", "a tuple", "a dict"),
    "default_retry_delay": _never(_SECONDS, _RETRY, "a string", "a `timedelta`", "a list", "a tuple", "a dict"),
    "retry_backoff": _never_unless_number(
        _SECONDS, _NO_START, "`None`", "a `timedelta`", "a list", "a tuple", "a dict"
    ),
    "retry_backoff_max": _never(_SECONDS, _NO_START, "`None`", "a `timedelta`", "a list", "a tuple", "a dict"),
    "retry_kwargs": _never(
        "dict",
        "the first failure raises `AttributeError`, and the task is not retried",
        "`None`",
        "a number",
        "a tuple",
    ),
    "time_limit": _never(_SECONDS, f"JSON cannot hold it, so {_EVERY}", "a `timedelta`"),
    "soft_time_limit": _never(_SECONDS, f"JSON cannot hold it, so {_EVERY}", "a `timedelta`"),
    "expires": _expires(_EVERY),
    "queue": _never("name of a queue", "every call raises", "a list", "a tuple", "a dict", "a number"),
    "serializer": _serializer("every call raises"),
}
"""What is wrong with an option of a task, by its name; each line was tried on Celery."""

_OF_CALL: dict[str, Callable[[object], str | None]] = {
    "countdown": _never(_SECONDS, _THIS, "a string", "a `timedelta`", "a list", "a tuple", "a dict"),
    "eta": _never("time", "this call raises `AttributeError`", "a number", "a `timedelta`"),
    "expires": _expires(_THIS),
    "queue": _never("name of a queue", "this call raises", "a list", "a tuple", "a dict", "a number"),
    "serializer": _serializer("this call raises"),
    "headers": _never("dict", "this call raises", "a number"),
}
"""What is wrong with an option of a call."""


def _fix(option: Option, keywords: list[ast.keyword], context: Context) -> Fix | None:
    node = next((keyword.value for keyword in keywords if keyword.arg == option.name), None)
    if node is None:
        return None
    span = context.span(node)
    if option.name == "eta":
        return None
    if option.value == _TIMEDELTA and isinstance(node, (ast.Call, ast.Name, ast.Attribute)):
        edit = Edit(Span(span.end, span.end), ".total_seconds()")
        return Fix("Give the number of seconds", (edit,), "safe", preferred=True)
    if isinstance(option.value, str) and isinstance(node, ast.Constant) and inside_plain(context.source(span)):
        if option.value.isdecimal() and option.value == str(int(option.value)):
            return Fix(f"Write `{option.value}`", (Edit(span, option.value),), "safe", preferred=True)
        if option.name == "serializer":
            right = option.value.lower()
            written = context.source(span).replace(option.value, right)
            return Fix(f"Write `{right}`", (Edit(span, written),), "safe", preferred=True)
    return None
