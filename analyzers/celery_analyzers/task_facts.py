"""What a segment says about tasks: their definitions with options and parameters, task classes, handlers of signals.

Spans count from the segment's start. Holds no syntax trees. Must not know how tasks are called, nor rules.
"""

from __future__ import annotations

from dataclasses import dataclass

from celery_analyzers.bindings import ParameterKind
from celery_analyzers.expressions import Expression
from celery_analyzers.findings import Span
from celery_analyzers.makers import CELERYS, Maker
from celery_analyzers.symbols import ProjectClass, Symbol
from celery_analyzers.tasks import NOT_GIVEN, Form


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

    `options` are those that a wrapper of Celery's decorator sets, then those that are written. `options_known` is False
    where others may be given that cannot be told. `base` is what `base=` or the class's bases mean, `maker` what makes
    the task. `outer` and `inner` are the decorators above and below the one that does.
    """

    name: str
    form: Form
    options: tuple[Option, ...]
    options_known: bool
    function: FunctionFacts | None
    decorator_span: Span | None = None
    base: Symbol | None = None
    outer: tuple[Symbol, ...] = ()
    inner: tuple[Symbol, ...] = ()
    in_class: bool = False
    nested: bool = False
    """Whether it stands in a function, so that only a process that calls this has the task."""
    maker: Maker = CELERYS
    conditional: bool = False
    """Whether it stands in an `if`, a `try` or the like, so that another of its name may stand in for it."""
    also_named: tuple[object, ...] = ()
    """The values of `name` in the further decorators that make tasks of it, below the one that makes this."""

    def value(self, name: str) -> object:
        """The value of an option that is set at the task itself; NOT_GIVEN where it is not."""
        option = self.option(name)
        return NOT_GIVEN if option is None else option.value

    def option(self, name: str) -> Option | None:
        """The option `name` as it is written on the task itself; of several the last, which counts."""
        return next((option for option in reversed(self.options) if option.name == name), None)

    def is_from_wrapper(self, name: str) -> bool:
        """Whether an option is set by the wrapper that makes the task: there it is to be mended, once."""
        option = self.option(name)
        return option is not None and option.span is None and name in dict(self.maker.options)

    @property
    def span(self) -> Span:
        """Where to point when the task as a whole is meant: its name, else the call that makes it."""
        if self.function is not None:
            return self.function.name_span
        assert self.decorator_span is not None
        return self.decorator_span


@dataclass(frozen=True, slots=True)
class TaskClass:
    """A class that derives from `celery.Task`."""

    name: str
    name_span: Span
    owner: ProjectClass


@dataclass(frozen=True, slots=True)
class TaskMethod:
    """A method of a class that derives from `celery.Task`. `decorators` are what stands above it."""

    function: FunctionFacts
    owner: ProjectClass
    decorators: tuple[Symbol, ...] = ()


@dataclass(frozen=True, slots=True)
class SignalHandler:
    """A function that a decorator connects to a signal of Celery's. `signal` is its name, `worker_ready`."""

    signal: str
    function: FunctionFacts
