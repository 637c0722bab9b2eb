"""`max-retries-without-retry`: options for retries on a task that nothing retries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.edits import remove_keywords, set_keyword
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.operations import operations, transient_exceptions, written_exceptions
from celery_analyzers.proof import Proof
from celery_analyzers.retries import may_retry_elsewhere, retry_calls
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import Option, TaskDefinition

_OF_AUTORETRY = ("retry_backoff", "retry_backoff_max", "retry_jitter", "retry_kwargs", "dont_autoretry_for")
"""Options that only `autoretry_for` makes count."""
_OF_ANY_RETRY = ("max_retries", "default_retry_delay")
_PUBLIC_READS = frozenset(_OF_AUTORETRY) - {"dont_autoretry_for"}
"""Options that code of a project may well read by itself, from tasks that it is given."""


class MaxRetriesWithoutRetry(Rule):
    """A task has options for its retries, and nothing retries it.

    ## What it does

    Finds `max_retries`, `default_retry_delay`, `retry_backoff` and the like on tasks that neither call `retry()` nor
    have `autoretry_for`; and options that only `autoretry_for` makes count, such as `retry_backoff`, on tasks that
    call `retry()` themselves.

    ## Why is this bad

    Celery does not retry a task because it failed. `max_retries=5` says how often `retry()` may be called; where
    nobody calls it, the task runs once and its failure is final, though the code reads as if five more tries would
    follow. `retry_backoff` is used by `autoretry_for` alone: a `retry()` of your own waits `default_retry_delay`,
    180 seconds by default.

    ## Example

        import requests

        @app.task(max_retries=5, default_retry_delay=30)
        #         ^^^^^^^^^^^^^ `max_retries` and `default_retry_delay` have no effect: nothing retries `pull`, so
        #                       its first failure is its last
        def pull(url):
            return requests.get(url, timeout=10).json()

    ## Use instead

        import requests

        @app.task(max_retries=5, default_retry_delay=30, autoretry_for=(requests.ConnectionError, requests.Timeout))
        def pull(url):
            return requests.get(url, timeout=10).json()

    ## Not flagged

    A task that is retried, in whatever way, and `max_retries=0`, which says that it is not to be:

        @app.task(bind=True, max_retries=5)
        def push(self, order):
            try:
                send(order)
            except OSError as error:
                raise self.retry(exc=error)

        @app.task(bind=True, max_retries=5)
        def sync(self, order):
            send_or_retry(self, order)

        @app.task(max_retries=0)
        def charge(order):
            send(order)

    Nothing is said where a base class, a decorator or a wrapper may retry the task, where the project's code reads
    the option by itself, nor of `max_retries` beside `retry_on_worker_lost`.

    ## Fix safety

    To remove the options is safe: they do nothing. To retry is unsafe, as the task then runs again.

    ## References

    - [Retrying](https://docs.celeryq.dev/en/stable/userguide/tasks.html#retrying)
    - [Automatic retry for known exceptions][autoretry]

    [autoretry]: https://docs.celeryq.dev/en/stable/userguide/tasks.html#automatic-retry-for-known-exceptions
    """

    code = "CEL305"
    severity = Severity.WARNING
    proofs = (
        Proof(
            run="pull.apply(('https://shop.example/7',))\nlen(requests.asked)",
            fails="returns: 1",
            succeeds="6",
            worker="none",
            setup=(
                "import sys, types\n"
                "requests = types.ModuleType('requests')\n"
                "requests.asked = []\n"
                "requests.ConnectionError = requests.Timeout = ConnectionError\n"
                "def get(url, timeout):\n"
                "    requests.asked.append(url)\n"
                "    raise ConnectionError\n"
                "requests.get = get\n"
                "sys.modules['requests'] = requests\n"
            ),
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if context.body is None or context.decorator is None:
            return
        given = [o for o in task.options if o.name in (*_OF_ANY_RETRY, *_OF_AUTORETRY) and o.span is not None]
        if not given or context.effective_option(task, "autoretry_for") not in (None, (), []):
            return
        if not context.mentions(".retry") and not may_retry_elsewhere(task, context):
            idle = [option for option in given if not _counts(option, task, context)]
            if idle:
                yield self._never_retried(idle, task, context)
        elif any(retry_calls(task, context)) and not context.base_may_define(task, "retry", "__init_subclass__"):
            idle = [o for o in given if o.name in _OF_AUTORETRY and not _counts(o, task, context)]
            if idle:
                yield self._without_autoretry(idle, task, context)

    def _never_retried(self, idle: Sequence[Option], task: TaskDefinition, context: Context) -> Finding:
        have = "have" if len(idle) > 1 else "has"
        message = f"{_listed(idle)} {have} no effect: nothing retries `{task.name}`, so its first failure is its last"
        retrying = _retrying(context)
        fixes = (retrying, _removal(idle, context, preferred=retrying is None))
        assert idle[0].span is not None
        return self.finding(idle[0].span, message, *fixes)

    def _without_autoretry(self, idle: Sequence[Option], task: TaskDefinition, context: Context) -> Finding:
        have = "have" if len(idle) > 1 else "has"
        message = f"{_listed(idle)} {have} no effect without `autoretry_for`: `retry()` does not ask for it"
        if idle[0].name == "retry_backoff" and context.effective_option(task, "default_retry_delay") is None:
            message += ", and waits 180 s where it is given no `countdown`"
        assert idle[0].span is not None
        return self.finding(idle[0].span, message, _removal(idle, context, preferred=True))


def _counts(option: Option, task: TaskDefinition, context: Context) -> bool:
    """Whether an option means something although nothing retries the task, or may to code of the project."""
    if option.name == "max_retries" and option.value == 0:
        return True
    if option.name in _OF_ANY_RETRY:
        # A retry after a lost worker goes by these.
        return context.effective_option(task, "retry_on_worker_lost") not in (None, False)
    return option.name in _PUBLIC_READS and context.project.ask("reads", option.name) is True


def _listed(options: Sequence[Option]) -> str:
    names = [f"`{option.name}`" for option in options]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _retrying(context: Context) -> Fix | None:
    """Retry after what may pass, as far as what the body does tells it, and does no harm when done again."""
    assert context.body is not None
    assert context.decorator is not None
    performed = list(operations(context.body))
    if any(one.operation.repeatable is False for one in performed):
        return None
    names, imports = written_exceptions(transient_exceptions(performed), context.scope)
    if not names:
        return None
    value = f"({names[0]},)" if len(names) == 1 else f"({', '.join(names)})"
    edits = set_keyword(context.text, context.decorator, context.span, "autoretry_for", value)
    title = f"Retry on {', '.join(f'`{name}`' for name in names)}"
    return Fix(title, edits, preferred=True, imports=imports) if edits else None


def _removal(idle: Sequence[Option], context: Context, *, preferred: bool) -> Fix | None:
    assert context.decorator is not None
    names = {option.name for option in idle}
    edits = remove_keywords(context.text, context.decorator, context.span, names, bare=True)
    return Fix(f"Remove {_listed(idle)}", edits, "safe", preferred=preferred) if edits else None
