"""`missing-retry-policy`: a request over the network of which the first failure is the last."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from celery_analyzers.configuration import NOT_SET
from celery_analyzers.edits import set_keywords
from celery_analyzers.errors import bases_of
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.handlers import catchers
from celery_analyzers.libraries import Category
from celery_analyzers.operations import Performed, operation_of, transient_exceptions, written_exceptions
from celery_analyzers.proof import Proof
from celery_analyzers.retries import may_retry_elsewhere
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_REMOTE = frozenset({Category.HTTP, Category.NETWORK})
"""What has no retries of its own: the clients of services, such as boto3, mostly have."""
_OPTIONS = ("autoretry_for", "max_retries", "retry_kwargs")
"""Options that say something of retries, and be it that there are to be none."""
_OWN_WAYS = re.compile(
    r"retry|retries|attempt|tenacity|backoff|stamina|\.mount\(|HTTPAdapter|celery_?once", re.IGNORECASE
)
_POLICY = {"retry_backoff": "True", "max_retries": "5"}


class MissingRetryPolicy(Rule):
    """A task asks another machine for something, and is not tried again when that fails.

    ## What it does

    Finds tasks that make a request over the network which can be made twice without harm, such as a GET, and
    that are not retried, neither by `autoretry_for` nor by `retry()`, nor in another way that the code shows.
    It is an information.

    ## Why is this bad

    Networks fail now and then, and services are deployed. What would have worked a minute later is lost: to
    Celery a failure is final unless it is told otherwise.

    ## Example

        import requests

        @shared_task
        def pull(url):
        #   ^^^^ `requests.get` may fail for a moment, and nothing tries `pull` again
            return requests.get(url, timeout=10).json()

    ## Use instead

        import requests

        @shared_task(autoretry_for=(requests.ConnectionError, requests.Timeout), retry_backoff=True, max_retries=5)
        def pull(url):
            return requests.get(url, timeout=10).json()

    ## Not flagged

    A task that says how it is retried, or that it is not to be; one that handles the error; and a request that
    may do harm when it is made twice:

        import requests

        @shared_task(max_retries=0)
        def once(url):
            return requests.get(url, timeout=10).json()

        @shared_task
        def check(url):
            try:
                return requests.get(url, timeout=10).ok
            except requests.RequestException:
                return False

        @shared_task
        def order(url, item):
            requests.post(url, json={"item": item}, timeout=10)

    ## Fix safety

    The fix is unsafe: the task runs again, so all that it does must bear that.

    ## References

    - [Automatic retry for known exceptions][autoretry]

    [autoretry]: https://docs.celeryq.dev/en/stable/userguide/tasks.html#automatic-retry-for-known-exceptions
    """

    code = "CEL308"
    severity = Severity.INFORMATION
    preset = "strict"
    proofs = (
        Proof(
            setup="""
                import sys
                from types import ModuleType

                requests = ModuleType('requests')
                requests.asked = []
                requests.ConnectionError = requests.Timeout = ConnectionError

                class Answer:
                    def json(self):
                        return 'in stock'

                def get(url, timeout):
                    requests.asked.append(url)
                    if len(requests.asked) < 3:
                        raise ConnectionError
                    return Answer()

                requests.get = get
                sys.modules['requests'] = requests
            """,
            run="pull.apply(('https://shop.example',)).state",
            fails="returns: 'FAILURE'",
            succeeds="'SUCCESS'",
            worker="none",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        body = context.body
        if body is None or context.in_tests or context.decorator is None:
            return
        performed = [Performed(call, operation) for call in body.calls if (operation := operation_of(call)) is not None]
        failing = [one for one in performed if _may_pass(one, body)]
        if not failing or any(one.operation.repeatable is False for one in performed):
            return
        if any(context.effective_option(task, name) is not NOT_SET for name in _OPTIONS):
            return
        if _OWN_WAYS.search(context.function_source) or may_retry_elsewhere(task, context):
            return
        message = f"`{failing[0].name}` may fail for a moment, and nothing tries `{task.name}` again"
        yield self.finding(task.span, message, _fix(failing, context))


def _may_pass(performed: Performed, body: Body) -> bool:
    """Whether an operation may be done again, may fail in a way that passes, and is not left to a handler."""
    operation = performed.operation
    if operation.category not in _REMOTE or (operation.category is Category.HTTP and not operation.repeatable):
        return False
    exceptions = transient_exceptions([performed])
    return bool(exceptions) and not any(
        isinstance(catcher, (ast.ExceptHandler, ast.Call))
        for path in exceptions
        for catcher in catchers(performed.call.node, body, bases_of(path))
    )


def _fix(failing: list[Performed], context: Context) -> Fix | None:
    assert context.decorator is not None
    names, imports = written_exceptions(transient_exceptions(failing), context.scope)
    if not names:
        return None
    value = f"({names[0]},)" if len(names) == 1 else f"({', '.join(names)})"
    edits = set_keywords(context.text, context.decorator, context.span, {"autoretry_for": value, **_POLICY})
    title = f"Retry on {', '.join(f'`{name}`' for name in names)}"
    return Fix(title, edits, preferred=True, imports=imports) if edits else None
