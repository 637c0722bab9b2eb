"""`ineffective-option`: an option of a task that counts only together with another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from celery_analyzers.edits import remove_keyword, set_keyword
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import Option, TaskDefinition


@dataclass(frozen=True, slots=True)
class _Partner:
    """The option without which another one does nothing, and why. `when` is the value that is meant to do something,
    None for any."""

    name: str
    why: str
    when: bool | None = None


_ACKNOWLEDGED = "the message is acknowledged before the task runs"
_PARTNERS = {
    "reject_on_worker_lost": _Partner("acks_late", _ACKNOWLEDGED, when=True),
    "acks_on_failure_or_timeout": _Partner("acks_late", _ACKNOWLEDGED, when=False),
    "acks_on_failure": _Partner("acks_late", _ACKNOWLEDGED, when=False),
    "acks_on_timeout": _Partner("acks_late", _ACKNOWLEDGED, when=False),
    "store_errors_even_if_ignored": _Partner("ignore_result", "the result is stored anyway", when=True),
    "pydantic_strict": _Partner("pydantic", "arguments are not validated"),
    "pydantic_context": _Partner("pydantic", "arguments are not validated"),
    "pydantic_dump_kwargs": _Partner("pydantic", "arguments are not validated"),
}


class IneffectiveOption(Rule):
    """An option of a task counts only together with another one, which is not set.

    ## What it does

    Finds `reject_on_worker_lost=True`, `acks_on_failure=False`, `acks_on_timeout=False` and
    `acks_on_failure_or_timeout=False` on tasks without `acks_late`, `store_errors_even_if_ignored=True` without
    `ignore_result`, and `pydantic_strict` and the like without `pydantic`. Base classes, settings and annotations are
    read for the other option.

    ## Why is this bad

    The option does nothing. Whoever wrote it counts on it: that a message comes back when a worker is killed, for one.

    ## Example

        @app.task(reject_on_worker_lost=True)
        #         ^^^^^^^^^^^^^^^^^^^^^ `reject_on_worker_lost` has no effect on `load` without `acks_late`: the
        #                               message is acknowledged before the task runs
        def load(url):
            return url

    ## Use instead

        @app.task(reject_on_worker_lost=True, acks_late=True)
        def load(url):
            return url

    ## Not flagged

    The values that Celery would take anyway, and what the settings or the base class complete:

        from celery import Task

        class Late(Task):
            acks_late = True

        @app.task(reject_on_worker_lost=False, acks_on_failure=True)
        def load(url):
            return url

        @app.task(base=Late, reject_on_worker_lost=True)
        def fetch(url):
            return url

    ## Fix safety

    Both fixes are unsafe: the other option changes what the task does, and without this one it no longer says what was
    meant.

    ## References

    - [`acks_late`](https://docs.celeryq.dev/en/stable/reference/celery.app.task.html#celery.app.task.Task.acks_late)
    - [Pydantic](https://docs.celeryq.dev/en/stable/userguide/tasks.html#argument-validation-with-pydantic)
    """

    code = "CEL816"
    severity = Severity.WARNING

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        for option in task.options:
            partner = _PARTNERS.get(option.name)
            if partner is None or option.name_span is None or task.option(option.name) is not option:
                continue
            if _is_meant(option, partner) and _is_off(partner.name, task, context):
                message = f"`{option.name}` has no effect on `{task.name}` without `{partner.name}`: {partner.why}"
                yield self.finding(option.name_span, message, *_fixes(option, partner, context))


def _is_meant(option: Option, partner: _Partner) -> bool:
    """Whether the option has a value that is to do something."""
    if partner.when is None:
        return option.value not in (None, False)
    return option.value is partner.when


def _is_off(name: str, task: TaskDefinition, context: Context) -> bool:
    """Whether it is sure that an option is not set."""
    if context.project.ask("apps") is None or not task.options_known:
        return False
    return context.effective_option(task, name) in (None, False)


def _fixes(option: Option, partner: _Partner, context: Context) -> list[Fix]:
    if context.decorator is None:
        return []
    added = set_keyword(context.text, context.decorator, context.span, partner.name, "True")
    removed = remove_keyword(context.text, context.decorator, context.span, option.name, bare=True)
    fixes: list[Fix] = []
    if added:
        fixes.append(Fix(f"Add `{partner.name}=True`", added, preferred=True))
    if removed:
        fixes.append(Fix(f"Remove `{option.name}`", removed, preferred=not added))
    return fixes
