"""What a segment says about Celery: task definitions and crontabs, as frozen values with spans.

Spans count from the segment's start. Facts hold no syntax trees: comparing two tells whether anything changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from celery_analyzers.expressions import Expression
from celery_analyzers.findings import Span
from celery_analyzers.symbols import Symbol

ParameterKind = Literal["positional-only", "positional", "keyword-only", "*", "**"]


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a task: `max_retries=3`.

    `value` is what `values.evaluate` gives. The spans are those of `name=value`, of `name` and of `value`; None where
    the option is not written as a keyword in this segment, as when it comes from `**OPTIONS`.
    """

    name: str
    value: object
    span: Span | None = None
    name_span: Span | None = None
    value_span: Span | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a task. `span` is its name's; `annotation` is the annotation's source, None without one."""

    name: str
    kind: ParameterKind
    span: Span
    annotation: str | None = None
    default: Expression | None = None


@dataclass(frozen=True, slots=True)
class FunctionFacts:
    """The function that a task runs."""

    name: str
    name_span: Span
    parameters: tuple[Parameter, ...]
    is_async: bool
    is_generator: bool

    @property
    def positional(self) -> tuple[Parameter, ...]:
        """The parameters that a positional argument can reach, in order."""
        return tuple(p for p in self.parameters if p.kind in ("positional-only", "positional"))


@dataclass(frozen=True, slots=True)
class TaskDefinition:
    """A function or class that Celery registers as a task.

    `form` tells how it is declared: by a decorator, by a call such as `app.task(function)`, or as a class given to
    `register_task`. A call stands apart from its function: the call's segment has a definition without `function`,
    the function's segment one without `decorator_span`, and both have the options.

    `options_known` is False where `**` brings options that cannot be told. `base` is what `base=` or the class's
    bases mean. `outer` and `inner` are the decorators above and below the one that makes the task.
    """

    name: str
    form: Literal["decorator", "call", "class"]
    options: tuple[Option, ...]
    options_known: bool
    function: FunctionFacts | None
    decorator_span: Span | None = None
    base: Symbol | None = None
    outer: tuple[Symbol, ...] = ()
    inner: tuple[Symbol, ...] = ()
    in_class: bool = False

    def option(self, name: str) -> Option | None:
        """The option `name` as it is written on the task itself; of several the last, which counts."""
        return next((option for option in reversed(self.options) if option.name == name), None)

    @property
    def span(self) -> Span:
        """Where to point when the task as a whole is meant: its name, else the call that makes it."""
        if self.function is not None:
            return self.function.name_span
        assert self.decorator_span is not None
        return self.decorator_span


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a crontab: its value as `values.evaluate` gives it, and the span of the argument."""

    value: object
    span: Span


@dataclass(frozen=True, slots=True)
class CrontabCall:
    """A call of `celery.schedules.crontab`. `fields` are the given ones; `complete` is False where `*` or `**` may
    give more. `arguments_span` is what stands between the parentheses."""

    span: Span
    arguments_span: Span
    fields: tuple[tuple[str, Field], ...]
    complete: bool

    def field(self, name: str) -> Field | None:
        """The field `name` if it is given."""
        return dict(self.fields).get(name)

    def given(self) -> Iterator[str]:
        """The names of the fields that are given."""
        return (name for name, _ in self.fields)
