"""`unknown-task-option`: an option of a task that Celery does not know, or that breaks the task."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from celery_analyzers.celery_tables import since, tables
from celery_analyzers.edits import remove_keywords, rename_keyword
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.spelling import correction
from celery_analyzers.values import is_known

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import Option, TaskDefinition

_OTHER_NAMES = {
    "autoretry": "autoretry_for",
    "hard_time_limit": "time_limit",
    "max_retry": "max_retries",
    "queue_name": "queue",
    "retries": "max_retries",
    "retry_delay": "default_retry_delay",
    "retry_for": "autoretry_for",
}
"""What options are called by mistake, where it is more than a slip."""
_MISPLACED = ("countdown", "eta", "link", "link_error", "retry_policy", "shadow", "task_id")
"""Options of a call that are met on tasks. Others, such as `headers`, may well be someone's own attribute."""
_SELDOM_MEANT = frozenset(
    {
        "Request",
        "Strategy",
        "abstract",
        "backend",
        "filter",
        "immediate",
        "lazy",
        "mandatory",
        "request_stack",
    }
    | {"shared", "throws", "trail", "typing"}
)
"""Options too rare, or words too common, for a name to be taken for a slip of them."""

_ALWAYS_CALLED = frozenset(
    {"AsyncResult", "annotate", "apply_async", "before_start", "delay", "on_bound", "run", "shadow_name"}
    | {"start_strategy"}
)
"""Methods without which no task can be sent and run."""
_NO_FUNCTIONS = (bool, int, float, str, bytes, tuple, list, dict)


class UnknownTaskOption(Rule):
    """A task has an option that Celery does not know.

    ## What it does

    Finds options of tasks that have no effect, because they are misspelt, belong to a call of the task, are the name
    of a setting, or because the project's release of Celery does not have them yet. And options that replace a
    method, such as `retry=True`: an error where the method is called.

    ## Why is this bad

    Celery takes any option: what it does not know becomes an attribute of the task that nothing reads. A
    task that is to be tried again five times is then tried again three times, as by default, and nobody is
    told. An option that is called like a method replaces the method.

    ## Example

        @app.task(max_retires=5)
        #         ^^^^^^^^^^^ Celery knows no task option `max_retires`, so it has no effect: did you mean
        #                     `max_retries`?
        def pull():
            return "done"

        @app.task(bind=True, retry=True)
        #                    ^^^^^^^^^^ this replaces the method `retry()`, so a call of it raises `TypeError`
        def push(self):
            if self.request.retries == 0:
                raise self.retry(countdown=0)
            return "done"

    ## Use instead

        @app.task(max_retries=5)
        def pull():
            return "done"

        @app.task(bind=True)
        def push(self):
            if self.request.retries == 0:
                raise self.retry(countdown=0)
            return "done"

    ## Not flagged

    Options that are nothing like Celery's are taken for your own, as are those that the base class or the
    task's body reads:

        from celery import Task

        class Reported(Task):
            retry_delay = 5

        @app.task(verbose_name="Pull", once={"graceful": True})
        def pull_all():
            return "done"

        @app.task(base=Reported, retry_delay=10)
        def push_all():
            return "done"

        @app.task(bind=True, countdown=10)
        def push_later(self):
            push.apply_async(countdown=self.countdown)

    Nothing is said of such options where the base class cannot be read.

    ## Fix safety

    All fixes are unsafe: an option that had no effect so far gets one, or code elsewhere may read it.

    ## References

    - [Task options](https://docs.celeryq.dev/en/stable/userguide/tasks.html#list-of-options)
    - [Options of a call](https://docs.celeryq.dev/en/stable/userguide/calling.html)
    """

    code = "CEL801"
    severity = Severity.WARNING
    proofs = (
        Proof(run="pull.max_retries", fails="returns: 3", succeeds="5", worker="none"),
        Proof(
            run="push.delay().get(timeout=10)",
            fails="TypeError: 'bool' object is not callable",
            succeeds="'done'",
        ),
    )

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        if task.form == "call" and task.function is not None:
            # The call, which has the options, stands elsewhere and is reported there.
            return
        known = tables()
        policy: list[Option] = []
        for option in task.options:
            if task.is_from_wrapper(option.name):
                continue
            if option.name in known.options:
                yield from self._too_new(option, task, context)
            elif context.base_may_define(task, option.name):
                continue
            elif option.name in known.methods:
                yield from self._shadowing(option, task, context)
            elif not _is_read(option.name, context):
                if option.name in known.retry_policy:
                    policy.append(option)
                else:
                    yield from self._idle(option, task, context)
        if policy:
            yield self._retry_policy(policy, task, context)

    def _too_new(self, option: Option, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        """An option that the project's Celery does not have yet."""
        first = since(option.name)
        if first is None or context.celery_at_least(*first) is not False:
            return
        if context.base_may_define(task, option.name) or _is_read(option.name, context):
            return
        release = f"{first[0]}.{first[1]}"
        message = f"Celery knows `{option.name}` since {release}: in this project's release it has no effect"
        yield self.finding(option.span or task.span, message, _removal([option.name], context))

    def _shadowing(self, option: Option, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        """An option in the place of a method: right for a function, as in `on_failure=report`."""
        if type(option.value) in _NO_FUNCTIONS and is_known(option.value):
            message = f"this replaces the method `{option.name}()`, so a call of it raises `TypeError`"
            is_called = option.name in _ALWAYS_CALLED or f".{option.name}(" in context.text
            if option.name == "retry" and task.option("autoretry_for") is not None:
                is_called = True
            severity = Severity.ERROR if is_called else Severity.WARNING
            fix = _removal([option.name], context)
            yield self.finding(option.span or task.span, message, fix, severity=severity)

    def _idle(self, option: Option, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        """An option without effect."""
        known, name = tables(), option.name
        if name in known.settings:
            right = known.settings[name]
            message = f"`{name}` is a setting: on a task it has no effect, where the option is called `{right}`"
            yield self.finding(option.name_span or task.span, message, _renaming(name, right, task, context))
        elif name in _MISPLACED:
            message = f"`{name}` is an option of `apply_async()`: on a task it has no effect"
            yield self.finding(option.span or task.span, message, _removal([name], context))
        elif right := _OTHER_NAMES.get(name) or correction(name, known.options - _SELDOM_MEANT):
            message = f"Celery knows no task option `{name}`, so it has no effect: did you mean `{right}`?"
            yield self.finding(option.name_span or task.span, message, _renaming(name, right, task, context))

    def _retry_policy(self, options: Sequence[Option], task: TaskDefinition, context: Context) -> Finding:
        """What sending a message goes by, given where no message is sent: one mistake, however many parts it has."""
        names = [option.name for option in options]
        listed = " and ".join(f"`{name}`" for name in names)
        are, have = ("is a part", "it has") if len(names) == 1 else ("are parts", "they have")
        message = f"{listed} {are} of the `retry_policy` of `apply_async()`: on a task {have} no effect"
        return self.finding(options[0].span or task.span, message, _removal(names, context))


def _is_read(name: str, context: Context) -> bool:
    """Whether the code around the task reads an attribute of this name."""
    word = re.escape(name)
    return re.search(rf"\.{word}\b|['\"]{word}['\"]", context.text) is not None


def _renaming(name: str, right: str, task: TaskDefinition, context: Context) -> Fix | None:
    if context.decorator is None:
        return None
    if task.option(right) is not None:
        return _removal([name], context)
    edits = rename_keyword(context.text, context.decorator, context.span, name, right)
    return Fix(f"Rename to `{right}`", edits, preferred=True) if edits else None


def _removal(names: Sequence[str], context: Context) -> Fix | None:
    if context.decorator is None:
        return None
    edits = remove_keywords(context.text, context.decorator, context.span, names, bare=True)
    listed = " and ".join(f"`{name}`" for name in names)
    return Fix(f"Remove {listed}", edits, preferred=True) if edits else None
