"""`hook-signature`: a hook of a task that does not take what Celery calls it with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.function_edits import add_parameter
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.symbols import External

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.task_facts import FunctionFacts, Parameter, TaskMethod


@dataclass(frozen=True, slots=True)
class _Hook:
    """What Celery calls a hook with, when, and what comes of a hook that raises."""

    arguments: tuple[str, ...]
    when: str
    outcome: str = "does nothing but log `TypeError`"


_LOST = "raises `TypeError`, which is the task's result instead of its own exception"
_HOOKS = {
    "before_start": _Hook(("task_id", "args", "kwargs"), "before each run", "raises `TypeError`, and the task fails"),
    "on_success": _Hook(("retval", "task_id", "args", "kwargs"), "when the task succeeds"),
    "on_retry": _Hook(("exc", "task_id", "args", "kwargs", "einfo"), "when the task is retried"),
    "on_failure": _Hook(("exc", "task_id", "args", "kwargs", "einfo"), "when the task fails", _LOST),
    "after_return": _Hook(("status", "retval", "task_id", "args", "kwargs", "einfo"), "after each run"),
    "on_replace": _Hook(("sig",), "when the task is replaced", "raises `TypeError`, and the task fails"),
    "shadow_name": _Hook(("args", "kwargs", "options"), "when the task is sent", "raises `TypeError` in the caller"),
}
_STATICMETHOD, _CLASSMETHOD = External("builtins.staticmethod"), External("builtins.classmethod")


class HookSignature(Rule):
    """A hook of a task does not take what Celery calls it with.

    ## What it does

    Compares the parameters of `on_failure`, `on_success`, `on_retry`, `after_return`, `before_start`, `on_replace` and
    `shadow_name` of task classes with the arguments that Celery gives them, by position.

    ## Why is this bad

    Python raises `TypeError` when Celery calls the hook. Where that happens before the task runs, or when it fails, the
    task has the hook's error for a result; elsewhere the error is logged, and what the hook was to do is not done.

    ## Example

        from celery import Task

        class Reporting(Task):
            def on_failure(self, exc, task_id):
            #   ^^^^^^^^^^ Celery calls `on_failure(exc, task_id, args, kwargs, einfo)` when the task fails, which
            #              this does not take: it raises `TypeError`, which is the task's result instead of its own
            #              exception
                print(f"{task_id} failed")

        @app.task(base=Reporting)
        def divide(x, y):
            return x / y

    ## Use instead

        from celery import Task

        class Reporting(Task):
            def on_failure(self, exc, task_id, args, kwargs, einfo):
                print(f"{task_id} failed")

        @app.task(base=Reporting)
        def divide(x, y):
            return x / y

    ## Not flagged

    Hooks that take the arguments under other names, or any:

        from celery import Task

        class Reporting(Task):
            def on_failure(self, error, *args, **kwargs):
                print(error)

            def on_success(self, result, id, args, kwargs, extra=None):
                print(result)

    ## Fix safety

    To add the missing parameters is safe: the hook has never run.

    ## References

    - [Handlers](https://docs.celeryq.dev/en/stable/userguide/tasks.html#handlers)
    """

    code = "CEL106"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run=(
                "try:\n"
                "    outcome = divide.delay(1, 0).get(timeout=10)\n"
                "except ZeroDivisionError:\n"
                '    outcome = "its own exception"\n'
                "outcome"
            ),
            fails="TypeError: on_failure() takes 3 positional arguments but 6 were given",
            succeeds="'its own exception'",
        ),
    )

    def check_task_method(self, method: TaskMethod, context: Context) -> Iterator[Finding]:
        function = method.function
        hook = _HOOKS.get(function.name)
        if hook is None or any(d not in (_STATICMETHOD, _CLASSMETHOD) for d in method.decorators):
            return
        taken = function.parameters if _STATICMETHOD in method.decorators else _without_instance(function.parameters)
        if taken is None or _fits(taken, hook):
            return
        fix = _fix(function, taken, hook, context)
        yield self.finding(function.name_span, _message(function.name, hook), fix)


def _message(name: str, hook: _Hook) -> str:
    call = f"{name}({', '.join(hook.arguments)})"
    return f"Celery calls `{call}` {hook.when}, which this does not take: it {hook.outcome}"


def _without_instance(
    parameters: Sequence[Parameter],
) -> Sequence[Parameter] | None:
    """The parameters behind `self`; None where there is no such, which says more than that the rest is wrong."""
    if parameters and parameters[0].kind == "*":
        return parameters
    return parameters[1:] if parameters and parameters[0].kind in ("positional", "positional-only") else None


def _fits(parameters: Sequence[Parameter] | None, hook: _Hook) -> bool:
    """Whether a call with the hook's arguments by position is one that the parameters take."""
    if parameters is None:
        return False
    if any(p.kind == "keyword-only" and p.default is None for p in parameters):
        return False
    positional = [p for p in parameters if p.kind in ("positional", "positional-only")]
    required = sum(p.default is None for p in positional)
    takes_any = any(p.kind == "*" for p in parameters)
    return required <= len(hook.arguments) and (takes_any or len(hook.arguments) <= len(positional))


def _fix(function: FunctionFacts, taken: Sequence[Parameter], hook: _Hook, context: Context) -> Fix | None:
    """Take the arguments that are not taken yet."""
    assert context.function is not None
    names = [p.name for p in taken if p.kind in ("positional", "positional-only")]
    if any(p.kind in ("*", "keyword-only") for p in taken) or len(names) >= len(hook.arguments):
        return None
    if len(names) > 1 and set(names) <= set(hook.arguments) and tuple(names) != hook.arguments[: len(names)]:
        return _renewed(function, names, hook)
    missing = hook.arguments[len(names) :]
    all_names = {p.name for p in function.parameters}
    if not all_names.isdisjoint(missing):
        missing = ("*args",)
        if "args" in all_names:
            return None
    edits = add_parameter(context.text, context.function, context.span, ", ".join(missing))
    return Fix("Take what Celery gives", edits, "safe", preferred=True) if edits else None


def _renewed(function: FunctionFacts, names: list[str], hook: _Hook) -> Fix | None:
    """Write the parameters anew where they have the right names, but not in the right order."""
    parameters = [p for p in function.parameters if p.name in names]
    if len(parameters) != len(function.parameters) - 1 or any(p.annotation or p.default for p in parameters):
        return None
    span = Span(parameters[0].span.start, parameters[-1].span.end)
    edit = Edit(span, ", ".join(hook.arguments))
    return Fix("Take what Celery gives", (edit,), "safe", preferred=True)
