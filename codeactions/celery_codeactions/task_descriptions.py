"""What Celery does with a task, in words: when it is retried, what limits it, how it is sent.

Knows options and their effective values. Must not know where the words go.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.assist.retry_plan import waits
from celery_analyzers.retries import (
    DEFAULT_RETRY_DELAY,
    autoretry_exceptions,
    instance_parameter,
    max_retries,
    retry_calls,
)
from celery_analyzers.symbols import External, ProjectClass
from celery_codeactions.retry_schedules import in_words

if TYPE_CHECKING:
    from celery_analyzers.task_facts import Parameter
    from celery_codeactions.place import TaskHere

_MOST_WAITS = 6


def description(here: TaskHere) -> list[str]:
    """Sentences about what holds for a task; what cannot be told is left out."""
    found = [_retries(here), _limits(here), _rate(here), f"Send it with `{_usage(here)}`."]
    return [sentence for sentence in found if sentence]


def parameters_of(here: TaskHere) -> list[Parameter]:
    """The parameters that a message gives, without the task instance."""
    assert here.task.function is not None
    return [p for p in here.task.function.parameters if p.name != instance_parameter(here.task)]


def summary_of(here: TaskHere) -> str:
    """The name of a task as a sentence."""
    words = here.task.name.strip("_").replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}."


def _retries(here: TaskHere) -> str:
    times = max_retries(here.task, here.context)
    exceptions = autoretry_exceptions(here.task, here.context)
    by_hand = any(True for _ in retry_calls(here.task, here.context))
    often = "without end" if times is None else f"up to {times} times" if times != 1 else "once"
    if (times is not None and not isinstance(times, int)) or times == 0:
        return "It is never retried." if times == 0 else ""
    if not exceptions:
        return f"It retries itself {often}." if by_hand else ""
    names = [_name(exception) for exception in exceptions]
    if not all(names):
        return ""
    return f"It is retried {often} after {_listed(names)}{_delays(here, times)}."


def _name(exception: object) -> str:
    if isinstance(exception, External):
        return exception.path.rpartition(".")[2]
    return exception.binding.name if isinstance(exception, ProjectClass) else ""


def _delays(here: TaskHere, times: int | None) -> str:
    """How long each retry waits, as a part of the sentence; empty where it cannot be told."""
    backoff, most, jitter, delay = (
        here.context.effective_option(here.task, name)
        for name in ("retry_backoff", "retry_backoff_max", "retry_jitter", "default_retry_delay")
    )
    if here.context.effective_option(here.task, "retry_kwargs") is not None:
        return ""
    if not backoff:
        seconds = DEFAULT_RETRY_DELAY if delay is None else delay
        return f", waiting {in_words(round(seconds))}" if isinstance(seconds, (int, float)) else ""
    cap = 600 if most is None else most
    if not isinstance(backoff, (int, float)) or not isinstance(cap, (int, float)) or times is None:
        return ""
    listed = [str(one) for one in waits(int(max(1, backoff)), times, int(cap))]
    if len(listed) > _MOST_WAITS:
        listed = [*listed[: _MOST_WAITS - 1], "...", listed[-1]]
    upto = "" if jitter is False else "up to "
    return f", waiting {upto}{_listed(listed)} s"


def _limits(here: TaskHere) -> str:
    soft, hard = (here.context.effective_option(here.task, name) for name in ("soft_time_limit", "time_limit"))
    said: list[str] = []
    if isinstance(soft, (int, float)):
        said.append(f"`SoftTimeLimitExceeded` is raised after {in_words(round(soft))}")
    if isinstance(hard, (int, float)):
        said.append(f"{'it' if said else 'It'} is ended after {in_words(round(hard))}")
    return f"{' and '.join(said)}." if said else ""


def _rate(here: TaskHere) -> str:
    units = {"s": "second", "m": "minute", "h": "hour"}
    rate = here.context.effective_option(here.task, "rate_limit")
    number, _, unit = rate.partition("/") if isinstance(rate, str) else ("", "", "")
    return f"Each worker runs it up to {number} times a {units[unit]}." if unit in units else ""


def _usage(here: TaskHere) -> str:
    required = [
        p.name for p in parameters_of(here) if p.default is None and p.kind in ("positional", "positional-only")
    ]
    named = [f"{p.name}=..." for p in parameters_of(here) if p.default is None and p.kind == "keyword-only"]
    return f"{here.task.name}.delay({', '.join([*required, *named])})"


def described(parameter: Parameter, default: ast.expr | None) -> str:
    """What a parameter's type and default say of it."""
    kind = f"`{parameter.annotation}`" if parameter.annotation else ""
    if default is None:
        return f"{kind}, required." if kind else "Required."
    written = ast.unparse(default)
    value = "optional." if "\\" in written or '"""' in written else f"`{written}` by default."
    return f"{kind}, {value}" if kind else f"{value[0].upper()}{value[1:]}"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
