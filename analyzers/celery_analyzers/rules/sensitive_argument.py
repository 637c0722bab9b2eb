"""`sensitive-argument`: a password or the like that is an argument of a task."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Literal

from celery_analyzers.edits import set_keyword
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.call_contexts import DispatchContext
    from celery_analyzers.call_facts import Argument, Dispatch
    from celery_analyzers.findings import Finding

_SECRET = re.compile(
    r"(?:\w*_)?(?:passwords?|passwd|passphrase|pwd|secret|secret_key|private_key|api_?key|(?:access|auth|refresh|bearer)"
    r"_token|credentials?|card_number|cvv|cvc|ssn|pin_code)",
    re.IGNORECASE,
)
_REPR = {True: "argsrepr", False: "kwargsrepr"}


class SensitiveArgument(Rule):
    """A password or another secret is an argument of a task.

    ## What it does

    Finds arguments for parameters that are called after secrets, such as `password`, `api_key` or `access_token`, in
    calls that do not hide them by `argsrepr` or `kwargsrepr`.

    ## Why is this bad

    The arguments of a task stand in the worker's log, in its events and in what shows these, such as Flower, and with
    `result_extended` in the result backend; and the message lies in the broker as it is.

    ## Example

        @app.task
        def log_in(user_id, password):
            print(user_id)

        def start(user_id, password):
            log_in.apply_async((user_id, password))
            #                            ^^^^^^^^ the `password` shows in logs and events of workers: hide it by
            #                                     `argsrepr`, or pass where to find it

    ## Use instead

        @app.task
        def log_in(user_id, password):
            print(user_id)

        def start(user_id, password):
            log_in.apply_async((user_id, password), argsrepr="<hidden>")

    ## Not flagged

        @app.task
        def renew(token_id, password_age, new_password=None):
            print(token_id)

        def renew_all(token_id):
            renew.delay(token_id, 30)
            renew.delay(token_id, 30, new_password=None)

    ## Fix safety

    The fix is unsafe: nobody sees the other arguments either. It hides the secret from logs and events, not from the
    broker; to pass an identifier, and to have the task look the secret up, is better. For `delay()` there is no fix: it
    takes no options.

    ## References

    - [Hiding sensitive information in arguments](https://docs.celeryq.dev/en/stable/userguide/tasks.html#hiding-sensitive-information-in-arguments)
    """

    code = "CEL007"
    severity = Severity.INFORMATION
    preset: ClassVar[Literal["recommended", "strict", "all"]] = "strict"

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:
        if dispatch.method == "apply" or not (dispatch.positional or dispatch.keywords) or context.in_tests:
            return
        for name, argument, is_positional in _arguments(dispatch, context):
            hiding = _REPR[is_positional]
            if not _SECRET.fullmatch(name) or argument.value in (None, "") or dispatch.option(hiding) is not None:
                continue
            message = (
                f"the `{name}` shows in logs and events of workers: hide it by `{hiding}`, or pass where to find it"
            )
            yield self.finding(argument.span, message, _hidden(hiding, dispatch, context))


def _arguments(dispatch: Dispatch, context: DispatchContext) -> Iterator[tuple[str, Argument, bool]]:
    """The arguments of a call by the names of the task's parameters."""
    task = context.dispatched
    parameters = () if task is None else task.parameters or ()
    names = [p.name for p in parameters if p.kind in ("positional", "positional-only")]
    if dispatch.complete:
        yield from ((name, argument, True) for name, argument in zip(names, dispatch.positional, strict=False))
    yield from ((name, argument, False) for name, argument in dispatch.keywords)


def _hidden(hiding: str, dispatch: Dispatch, context: DispatchContext) -> Fix | None:
    if context.call is None or dispatch.method not in ("apply_async", "send_task", "apply_async_on_commit"):
        return None
    edits = set_keyword(context.text, context.call, context.span, hiding, '"<hidden>"')
    return Fix(f"Hide the arguments by `{hiding}`", edits, preferred=True) if edits else None
