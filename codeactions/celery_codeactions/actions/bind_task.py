"""`bind-task`: gives a task its own instance as `self`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.edits import set_keyword
from celery_analyzers.findings import Edit
from celery_analyzers.function_edits import add_parameter
from celery_analyzers.retries import instance_parameter
from celery_analyzers.symbols import External
from celery_codeactions.action import Action, Changes, Offer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_codeactions.place import Place, TaskHere

_CURRENT_TASK = External("celery.current_task")
_OF_THE_INSTANCE = frozenset(
    {"request", "retry", "replace", "update_state", "add_to_chord", "send_event", "max_retries"}
)
"""What is asked of the task instance while it runs."""


class BindTask(Action):
    """Bind a task, so that it gets its own instance as `self`.

    ## What it does

    Sets `bind=True`, adds the parameter `self`, and uses it where the body reaches the task by `current_task` or by its
    own name. Who calls the task passes what was passed before.

    ## Examples

        from celery import shared_task


        @shared_task
        def repo$0rt(day):
            return day

    **Bind `report` to get its instance as `self`**:

        from celery import shared_task


        @shared_task(bind=True)
        def report(self, day):
            return day

    What the body does with its own instance goes by the new name:

        from celery import current_task, shared_task


        @shared_task(max_retries=5)  # the API is down on Sundays
        def sync():
            attempt = current_task.request.retries
            if attempt < sync.max_retries:
                raise sync.re$0try(countdown=attempt)

    **Bind `sync` to get its instance as `self`**:

        from celery import shared_task


        @shared_task(max_retries=5, bind=True)  # the API is down on Sundays
        def sync(self):
            attempt = self.request.retries
            if attempt < self.max_retries:
                raise self.retry(countdown=attempt)

    ## Not offered

    A task that is bound already, or that has a `self` of its own:

        from celery import shared_task


        @shared_task(bind=True)
        def report$0(self, day):
            return day

    ## What it leaves to you

    Nothing.

    ## References

    - [Bound tasks](https://docs.celeryq.dev/en/stable/userguide/tasks.html#bound-tasks)
    """

    def offers(self, place: Place) -> Iterator[Offer]:
        here = place.task
        if here is None or here.decorator is None or not here.task.options_known or here.task.in_class:
            return
        if here.task.value("bind") is True or instance_parameter(here.task) is not None:
            return
        function = here.task.function
        if function is None or here.body.uses("self") or any(p.name == "self" for p in function.parameters):
            return
        yield Offer(f"Bind `{here.task.name}` to get its instance as `self`", lambda: _changes(place, here))


def _changes(place: Place, here: TaskHere) -> Changes:
    assert here.decorator is not None
    edits = [
        *set_keyword(place.text, here.decorator, place.span, "bind", "True"),
        *add_parameter(place.text, here.function, place.span, "self", first=True),
    ]
    edits += [
        Edit(place.span(node.value), "self")
        for node in here.body.nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and _is_instance(node, here)
    ]
    return Changes(tuple(edits), drops=("current_task",))


def _is_instance(node: ast.Attribute, here: TaskHere) -> bool:
    """Whether what stands before the dot is the running task."""
    assert isinstance(node.value, ast.Name)
    if here.body.symbol(node.value) == _CURRENT_TASK:
        return True
    is_own_name = node.value.id == here.task.name and here.body.scope.lookup(here.task.name)[1] is not here.body.scope
    return is_own_name and node.attr in _OF_THE_INSTANCE
