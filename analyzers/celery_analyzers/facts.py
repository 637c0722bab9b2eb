"""What a segment says about Celery: task definitions and crontabs, as frozen values with spans.

Spans count from the segment's start. Facts hold no syntax trees: comparing two tells whether anything changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from celery_analyzers.bindings import ParameterKind
from celery_analyzers.expressions import Expression
from celery_analyzers.findings import Span
from celery_analyzers.makers import CELERYS, Maker
from celery_analyzers.symbols import ProjectClass, Symbol
from celery_analyzers.tasks import NOT_GIVEN, Form, ProjectTask


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


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a call: its value as `values.evaluate` gives it, and its span; for a keyword the span is that of
    `name=value`, or of the key where it comes from a dict."""

    value: object
    span: Span
    value_span: Span


Role = Literal["send", "sent", "alone", "first", "following", "body", "callback", "errback", "member"]


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A call that sends a task, or that makes a signature of it.

    `method` is what is called: `delay`, `apply_async`, `s`, `send_task`, ... `task` is the task where it is known, and
    `target` its name where that is all that is given. `positional` and `keywords` are the arguments for the task,
    which are `complete` unless something in the call cannot be told. `options` are those of the execution.

    `role` tells what becomes of a signature: it is the `first` or a `following` member of a chain, which gets the
    result of the one before, the `body` of a chord, a `callback` or `errback`, a `member` of a group or of a chord's
    header, or `alone` where nothing is known. A signature that is `sent` where it is made, alone or as the first of a
    canvas, gets nothing else. What is a call of the task itself has the role `send`. `immutable` signatures take no
    result.
    """

    method: str
    role: Role
    span: Span
    method_span: Span
    task: ProjectTask | None
    target: object = None
    target_span: Span | None = None
    positional: tuple[Argument, ...] = ()
    keywords: tuple[tuple[str, Argument], ...] = ()
    complete: bool = True
    options: tuple[Option, ...] = ()
    options_complete: bool = True
    immutable: bool = False

    def option(self, name: str) -> Option | None:
        """An option of the execution, as it is written in the call."""
        return next((option for option in self.options if option.name == name), None)


@dataclass(frozen=True, slots=True)
class TaskCalled:
    """A call of a task as a plain function: `send(1)`, which runs it here and now."""

    span: Span
    task: ProjectTask


CanvasKind = Literal["chain", "group", "chord"]


@dataclass(frozen=True, slots=True)
class CanvasMade:
    """A call that makes a chain, a group or a chord."""

    kind: CanvasKind
    span: Span


@dataclass(frozen=True, slots=True)
class ResultMade:
    """A call that makes a result object of an id: `AsyncResult(task_id)`."""

    span: Span


@dataclass(frozen=True, slots=True)
class SettingGiven:
    """A setting of an app as it is written: in the app's constructor, on its `conf`, or in a module, class or dict that
    it is configured from.

    `key` is the name as it is written and `name` the new name of the setting that Celery takes it for, None where it
    takes it for none. `namespace` holds for keys of modules, classes and dicts. `key_span` is where the key stands.
    """

    key: str
    name: str | None
    namespace: str | None
    value: object
    span: Span
    key_span: Span
    value_span: Span
    form: Literal["argument", "attribute", "item", "key", "variable"]


@dataclass(frozen=True, slots=True)
class ConfiguredFrom:
    """A call of `config_from_object`: what it names, as in `configuration.Source`, and its namespace."""

    span: Span
    kind: str
    namespace: str | None
    complete: bool
    """Whether all its arguments can be told."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """A call of `autodiscover_tasks`. `packages` is its first argument, and `related_name` the value of that one, both
    None where they are not given."""

    span: Span
    packages: Argument | None
    related_name: object
    complete: bool
    """Whether all its arguments can be told."""


@dataclass(frozen=True, slots=True)
class AppMade:
    """A call that makes an app, and the name or dotted path that this is bound to, None where it is to none."""

    span: Span
    name: str | None


@dataclass(frozen=True, slots=True)
class BeatEntry:
    """An entry of a beat schedule, a call of `add_periodic_task`, or one that makes a `PeriodicTask` of
    django-celery-beat, by `form`.

    `fields` are the keys with their values, which are `complete` unless there may be others. `task` is the task where
    it is known by more than its name.
    """

    key: str | None
    span: Span
    fields: tuple[tuple[str, Argument], ...]
    complete: bool
    task: ProjectTask | None = None
    form: Literal["entry", "call", "model"] = "entry"

    def field(self, name: str) -> Argument | None:
        """The field `name` if it is given."""
        return dict(self.fields).get(name)


@dataclass(frozen=True, slots=True)
class ImportedName:
    """One name of an import: its whole path, `celery.schedules.crontab`, the name that it gets, if another, and where
    it stands, `as` included."""

    path: str
    alias: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class CeleryImport:
    """A statement that imports from Celery. `module` is what it imports from, None for `import celery`."""

    module: str | None
    names: tuple[ImportedName, ...]
    span: Span


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


Fact = (
    TaskDefinition
    | CrontabCall
    | Dispatch
    | TaskCalled
    | CanvasMade
    | ResultMade
    | AppMade
    | SettingGiven
    | ConfiguredFrom
    | Discovery
    | BeatEntry
    | CeleryImport
    | TaskClass
    | TaskMethod
    | SignalHandler
)
