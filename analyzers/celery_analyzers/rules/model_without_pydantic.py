"""`model-without-pydantic`: a parameter annotated with a pydantic model, of a task that gets a dict."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.calling import SENDS
from celery_analyzers.edits import set_keyword
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.local_names import LocalNames, bindings_in
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External
from celery_analyzers.tasks import NOT_GIVEN
from celery_analyzers.value_kinds import ValueKinds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.body import Body
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import TaskDefinition

_OF_A_DICT = frozenset(dir(dict))


class ModelWithoutPydantic(Rule):
    """A task treats an argument as a pydantic model, but gets a dict.

    ## What it does

    Finds parameters that are annotated with a pydantic model and whose attributes the task reads, where the task is not
    declared with `pydantic=True`.

    ## Why is this bad

    Arguments travel as JSON, so that the worker hands a dict to the task, whatever the annotation says. Reading a field
    as an attribute raises `AttributeError`. With `pydantic=True` Celery first makes the model of the dict.

    ## Example

        class Order(BaseModel):
            number: int

        @app.task
        def ship(order: Order):
        #        ^^^^^ `order` is a dict here, not an `Order`, as the task lacks `pydantic=True`: `order.number` raises
        #              `AttributeError`
            return order.number

    ## Use instead

        class Order(BaseModel):
            number: int

        @app.task(pydantic=True)
        def ship(order: Order):
            return order.number

    ## Not flagged

        class Order(BaseModel):
            number: int

        @app.task
        def ship_all(orders: list[Order], order: Order):
            first = Order.model_validate(order)
            return len(orders), first.number

        @app.task(serializer="pickle")
        def ship_object(order: Order):
            return order.number

    Nothing is said where the parameter is bound anew or its type is looked at, where the base class may make the model,
    where another serializer is in use or may be, or the project teaches kombu to write more, and where the project runs
    on a Celery before 5.5, which has no such option.

    ## Fix safety

    The fix is unsafe: what does not fit the model makes the task fail with `ValidationError`.

    ## References

    - [Argument validation with Pydantic](https://docs.celeryq.dev/en/stable/userguide/tasks.html#argument-validation-with-pydantic)
    """

    code = "CEL105"
    severity = Severity.ERROR
    celery = ">=5.5"
    proofs = (
        Proof(
            run='ship.delay({"number": 7}).get(timeout=10)',
            fails="AttributeError: 'dict' object has no attribute 'number'",
            succeeds="7",
        ),
    )

    PRELUDE = Rule.PRELUDE.replace("\n\n", "\nfrom pydantic import BaseModel\n\n", 1)

    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:
        node, body = context.function, context.body
        if node is None or body is None or not task.options_known or _may_be_on(task.value("pydantic")):
            return
        kinds = ValueKinds(context.scope, LocalNames(lambda _: ()), None)
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            kind = None if argument.annotation is None else kinds.annotated(argument.annotation)
            if kind is None or kind.sort != "pydantic":
                continue
            read = _read(argument.arg, body)
            if read is None or _may_get_a_model(task, context):
                continue
            span = next(p.span for p in task.function.parameters if p.name == argument.arg) if task.function else None
            assert span is not None
            model = kind.words.partition("`")[2].rstrip("`")
            article = "an" if model[0] in "AEIOU" else "a"
            yield self.finding(
                span,
                f"`{argument.arg}` is a dict here, not {article} `{model}`, as the task lacks `pydantic=True`: "
                f"`{argument.arg}.{read}` raises `AttributeError`",
                _fix(task, context),
            )


def _may_be_on(option: object) -> bool:
    """Whether the value of `pydantic=` is True, which alone counts, or cannot be told."""
    return option is True or not (option is NOT_GIVEN or isinstance(option, (type(None), bool, int, str)))


def _read(name: str, body: Body) -> str | None:
    """The first field that the task reads of a parameter as an attribute; None where it may have made the model."""
    reads = [
        inner.attr
        for inner in body.nodes
        if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.value.id == name
    ]
    if not reads or reads[0] in _OF_A_DICT:
        return None
    bound = next(bindings_in(body.function, name), None) is not None
    looked_at = any(
        isinstance(inner, ast.Call)
        and isinstance(inner.func, ast.Name)
        and inner.func.id in ("isinstance", "hasattr", "type")
        and any(isinstance(argument, ast.Name) and argument.id == name for argument in inner.args)
        for inner in body.nodes
    )
    return None if looked_at or bound else reads[0]


def _may_get_a_model(task: TaskDefinition, context: Context) -> bool:
    """Whether something on the way may make the model, or where that cannot be told."""
    if context.celery_at_least(5, 5) is False or context.may_be_wrapped(task):
        return True
    if task.in_class and External("builtins.staticmethod") not in task.outer and task.form != "class":
        return True
    own_ways = context.project.ask("serializes_in_own_ways")
    if own_ways or (own_ways is None and task.maker.app is None):
        return True
    if context.base_may_define(task, "__call__", "before_start", *SENDS):
        return True
    return context.effective_option(task, "serializer") not in (None, "json")


def _fix(task: TaskDefinition, context: Context) -> Fix | None:
    if context.decorator is None or task.form == "class":
        return None
    edits = set_keyword(context.text, context.decorator, context.span, "pydantic", "True")
    given = task.value("pydantic")
    title = "Add `pydantic=True`" if given is NOT_GIVEN else "Set `pydantic=True`"
    return Fix(title, edits, preferred=True) if edits else None
