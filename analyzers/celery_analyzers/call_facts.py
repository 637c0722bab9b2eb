"""What a segment says about uses of tasks: calls that send them, signatures, canvases and results.

Spans count from the segment's start. Holds no syntax trees. Must not know how tasks are defined, nor rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from celery_analyzers.findings import Span
from celery_analyzers.task_facts import Option
from celery_analyzers.tasks import ProjectTask


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
