"""`time-limits`: gives a task limits that follow from what is known of it."""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING, cast

from celery_analyzers.edits import set_keywords
from celery_analyzers.function_edits import let_through
from celery_analyzers.operations import waits_without_end
from celery_analyzers.rules.swallowed_soft_time_limit import swallowers
from celery_codeactions.action import Action, Changes, Offer
from celery_codeactions.retry_schedules import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body
    from celery_analyzers.findings import Edit
    from celery_codeactions.place import Place, TaskHere
    from celery_codeactions.task_operations import Doing

_SOFT, _HARD = "soft_time_limit", "time_limit"
_DEFAULT_SOFT = 300
_STEPS = (30, 60, 120, 300, 600, 900, 1_800, 3_600)
_LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class TimeLimits(Action):
    """Limit the time that a task may take.

    ## What it does

    Sets `soft_time_limit`, after which `SoftTimeLimitExceeded` is raised in the task, `time_limit`, after which its
    process is ended, or both. The values follow from what is known: twice what the clients in the body may wait by
    their timeouts, else five minutes; the hard limit a fifth above the soft one; nothing above what holds already.

    ## Examples

    Two calls that wait ten seconds at most:

        import requests
        from celery import shared_task


        @shared_task
        def sync$0(url):
            stock = requests.get(url, timeout=10).json()
            requests.put(url, json=stock, timeout=10)

    **Limit `sync`: a warning after 60 s, the end after 72 s**:

        import requests
        from celery import shared_task


        @shared_task(soft_time_limit=60, time_limit=72)
        def sync(url):
            stock = requests.get(url, timeout=10).json()
            requests.put(url, json=stock, timeout=10)

    One limit of the two:

        from celery import shared_task


        @shared_task
        def build(path):
            ren$0der(path)

    **Limit `build`: the end after 6 min**:

        from celery import shared_task


        @shared_task(time_limit=360)
        def build(path):
            render(path)

    A warning in front of the end that there is:

        from celery import shared_task


        @shared_task(
            time_limit=60,  # as long as a deploy waits
        )
        def build$0(path):
            render(path)

    **Limit `build`: a warning after 50 s**:

        from celery import shared_task


        @shared_task(
            time_limit=60,  # as long as a deploy waits
            soft_time_limit=50,
        )
        def build(path):
            render(path)

    A handler that would catch the warning and go on lets it through:

        import requests
        from celery import shared_task


        @shared_task
        def check$0(urls):
            for url in urls:
                try:
                    requests.head(url, timeout=10)
                except Exception as error:
                    print(url, error)

    **Limit `check`: a warning after 5 min**:

        import requests
        from celery import shared_task
        from celery.exceptions import SoftTimeLimitExceeded


        @shared_task(soft_time_limit=300)
        def check(urls):
            for url in urls:
                try:
                    requests.head(url, timeout=10)
                except SoftTimeLimitExceeded:
                    raise
                except Exception as error:
                    print(url, error)

    ## Not offered

    A task that has both:

        from celery import shared_task


        @shared_task(soft_time_limit=60, time_limit=72)
        def build$0(path):
            render(path)

    ## What it leaves to you

    Whether the task can keep to it: only you know how long it may take. The pools `threads`, `solo`, `gevent` and
    `eventlet` do not enforce limits.

    ## References

    - [Time limits](https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits)
    """

    def offers(self, place: Place) -> Iterator[Offer]:
        here = place.task
        if here is None or not here.takes_options(_SOFT, _HARD):
            return
        soft, hard = (here.context.effective_option(here.task, name) for name in (_SOFT, _HARD))
        if not all(value is None or _is_number(value) for value in (soft, hard)):
            return
        missing = [name for name, value in ((_SOFT, soft), (_HARD, hard)) if value is None]
        values: dict[str, int] = dict(zip((_SOFT, _HARD), _limits(soft, hard, here, place), strict=True))
        if len(missing) == 2:
            yield _offer(("both", _SOFT, _HARD), values, here, place, preferred=True)
        for name in missing:
            yield _offer((name, name), values, here, place, preferred=len(missing) == 1)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and value is not True and value > 0


def _limits(soft: object, hard: object, here: TaskHere, place: Place) -> tuple[int, int]:
    """The limits that fit what there is and what the task does."""
    if isinstance(hard, (int, float)):
        return max(1, math.floor(hard * 5 / 6)), math.ceil(hard)
    if isinstance(soft, (int, float)):
        return math.floor(soft), math.ceil(soft * 6 / 5)
    waited = _waited(place.operations.all, here.body)
    wanted = _DEFAULT_SOFT if waited is None else next((step for step in _STEPS if step >= 2 * waited), _STEPS[-1])
    return wanted, wanted * 6 // 5


def _waited(doings: tuple[Doing, ...], body: Body) -> float | None:
    """How long the clients in a body wait at most; None where one of them waits longer than can be told."""
    total = 0.0
    for doing in doings:
        timeout = doing.performed.operation.timeout
        if timeout is None:
            continue
        in_loop = any(isinstance(parent, _LOOPS) for parent in body.parents(doing.call.node))
        given = next((v for k in timeout.keywords if (v := doing.performed.call.keyword(k)) is not None), None)
        seconds = None if given is None else _seconds(doing.body.value(given))
        if in_loop or seconds is None or waits_without_end(doing.performed, doing.body):
            return None
        total += seconds
    return total or None


def _seconds(value: object) -> float | None:
    """The seconds of a timeout: a number, or one to connect and one to read."""
    if isinstance(value, tuple):
        parts = [_seconds(part) for part in cast("tuple[object, ...]", value)]
        return None if None in parts else sum(part for part in parts if part is not None)
    return float(value) if isinstance(value, (int, float)) and value is not True else None


def _offer(variant: tuple[str, ...], values: dict[str, int], here: TaskHere, place: Place, *, preferred: bool) -> Offer:
    names = variant[1:]
    said = {_SOFT: f"a warning after {in_words(values[_SOFT])}", _HARD: f"the end after {in_words(values[_HARD])}"}
    title = f"Limit `{here.task.name}`: {', '.join(said[name] for name in names)}"
    assert here.decorator is not None
    edits = set_keywords(place.text, here.decorator, place.span, {name: str(values[name]) for name in names})
    return Offer(title, lambda: _changes(edits, here, place, warns=_SOFT in names), variant[0], preferred)


def _changes(edits: tuple[Edit, ...], here: TaskHere, place: Place, *, warns: bool) -> Changes:
    """The edits, with those that let the warning through where the body would catch and forget it."""
    handlers = (
        [one for one in dict.fromkeys(swallowers(here.body)) if isinstance(one, ast.ExceptHandler)] if warns else []
    )
    if not handlers:
        return Changes(edits)
    name, needed = here.context.imported("celery.exceptions", "SoftTimeLimitExceeded")
    passed = [edit for handler in handlers for edit in let_through(place.text, handler, place.span, name)]
    return Changes((*edits, *passed), (needed,) if needed else ())
