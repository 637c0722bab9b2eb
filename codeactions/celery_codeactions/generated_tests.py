"""Writes a module of tests for one task: its result on a real worker, its retries, its limits, and what it refuses.

What cannot be known, such as arguments that make sense, is marked as made up, and the test that needs it is skipped.
Knows pytest and Celery's testing tools. Must not know where the module goes.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from celery_analyzers.assist.retry_plan import waits
from celery_analyzers.call_facts import Dispatch
from celery_analyzers.retries import DEFAULT_RETRY_DELAY, autoretry_exceptions, instance_parameter, max_retries
from celery_analyzers.symbols import External
from celery_codeactions.task_descriptions import parameters_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.task_facts import Parameter
    from celery_codeactions.place import Place, TaskHere
    from celery_codeactions.project_apps import ProjectApp

_SAMPLES = {"int": "1", "float": "1.0", "str": '"text"', "bool": "True", "list": "[]", "dict": "{}", "bytes": 'b"data"'}
_PURE = ("builtins.", "math.", "json.", "re.", "decimal.", "datetime.", "string.", "statistics.", "textwrap.")
_IMPURE = frozenset({"builtins.open", "builtins.print", "builtins.input", "builtins.exec", "builtins.eval"})
_WORKER = """\
@pytest.fixture(scope="module")
def worker():
    {app}.conf.update(broker_url="memory://", result_backend="cache+memory://")
    with start_worker({app}, perform_ping_check=False):
        yield
"""
_RESULT = """\
{mark}def test_result(worker):
    result = {task}.{send}
    assert result.get(timeout=10) == {task}(*ARGUMENTS)
"""
_RETRIES = """\
@pytest.mark.parametrize("error", [{errors}])
def test_retries(error, monkeypatch):
    waits = []

    def fail(*args, **kwargs):
        raise error.__new__(error)

    def retry(**options):
        waits.append(options.get("countdown", {task}.default_retry_delay))
        return Retry()

    monkeypatch.setattr({task}, "_orig_run", fail)
    monkeypatch.setattr({task}, "retry", retry)
    for retries in range({times}):
        {task}.push_request(retries=retries)
        with pytest.raises(Retry):
            {task}.run(*ARGUMENTS)
        {task}.pop_request()
    assert {task}.max_retries == {times}
    assert {compared}
"""
_LIMITS = """\
def test_time_limits():
    assert {task}.soft_time_limit == {soft}
    assert {task}.time_limit == {hard}
"""
_REFUSED = """\
def test_wrong_arguments_are_refused():
    with pytest.raises(TypeError):
        {task}.delay()
"""


@dataclass(frozen=True, slots=True)
class TestModule:
    """What a test module is made of: the task with its place, the module that it stands in, and its app."""

    here: TaskHere
    place: Place
    module: str
    app: ProjectApp | None

    def text(self) -> str:
        """The module."""
        values = [self._sample(parameter) for parameter in self._required()]
        mark = self._doubt(values)
        arguments = ", ".join(value or "None" for value in values) + ("," if len(values) == 1 else "")
        note = "  # Made up: replace it." if None in values else ""
        lines = [f"ARGUMENTS = ({arguments}){note}\n"]
        if self.app is None:
            lines.insert(0, 'app = Celery("tests", set_as_current=True)\n')
        send = "delay(*ARGUMENTS)"
        if self.here.context.effective_option(self.here.task, "ignore_result"):
            send = "apply_async(ARGUMENTS, ignore_result=False)"
        names = {"task": self.here.task.name, "app": self.app.name if self.app else "app"}
        retries = self._retries()
        limits = self._limits()
        tests = [
            _WORKER.format(**names),
            _RESULT.format(**names, mark=mark, send=send),
            *([_RETRIES.format(**names, **retries)] if retries else []),
            *([_LIMITS.format(**names, **limits)] if limits else []),
            *([_REFUSED.format(**names)] if values and self._checks_arguments() else []),
        ]
        head = f'"""Tests of the task `{self.here.task.name}`."""\n\n{self._imports(bool(retries))}\n'
        return head + "".join(lines) + "\n\n" + "\n\n".join(tests)

    def _required(self) -> list[Parameter]:
        required = [p for p in parameters_of(self.here) if p.default is None]
        return [p for p in required if p.kind in ("positional", "positional-only")]

    def _sample(self, parameter: Parameter) -> str | None:
        """A value for a parameter: of its type, or one that a call in the file passes. None where neither is known."""
        annotation = (parameter.annotation or "").split("[", 1)[0]
        if annotation in _SAMPLES:
            return _SAMPLES[annotation]
        names = [p.name for p in parameters_of(self.here)]
        for part in self.place.analysis.segments:
            for fact in part.facts:
                if isinstance(fact, Dispatch) and fact.task is not None and fact.task.name == self.here.task.name:
                    given = dict([*zip(names, fact.positional, strict=False), *fact.keywords])
                    value = given[parameter.name].value if parameter.name in given else None
                    if isinstance(value, (int, float, str)):
                        return repr(value).replace("'", '"') if "'" not in repr(value)[1:-1] else repr(value)
        return None

    def _doubt(self, values: list[str | None]) -> str:
        """A mark that skips the run of a task that may do something, or whose arguments are made up."""
        reason = ""
        if any(p.kind == "keyword-only" and p.default is None for p in parameters_of(self.here)):
            reason = "Replace ARGUMENTS and pass the keywords"
        elif None in values:
            reason = "Replace ARGUMENTS by what the task is given"
        elif not self._is_pure():
            reason = "Stand in for what the task reaches outside of itself"
        return f'@pytest.mark.skip(reason="{reason}")\n' if reason else ""

    def _is_pure(self) -> bool:
        """Whether the body does nothing but compute."""
        body = self.here.body
        returns_tuple = any(isinstance(n, ast.Return) and isinstance(n.value, ast.Tuple) for n in body.nodes)
        stores = any(isinstance(n, (ast.Global, ast.Nonlocal, ast.Delete, ast.Raise)) for n in body.nodes)
        takes_instance = instance_parameter(self.here.task) is not None and body.uses(
            instance_parameter(self.here.task) or ""
        )
        if returns_tuple or stores or takes_instance:
            return False
        return all((c.path or "").startswith(_PURE) and c.path not in _IMPURE for c in body.calls)

    def _retries(self) -> dict[str, object]:
        """The parts of the test of retries; empty where they cannot be told."""
        exceptions = autoretry_exceptions(self.here.task, self.here.context)
        times = max_retries(self.here.task, self.here.context)
        context, task = self.here.context, self.here.task
        backoff, most, jitter, delay = (
            context.effective_option(task, name)
            for name in ("retry_backoff", "retry_backoff_max", "retry_jitter", "default_retry_delay")
        )
        if not exceptions or not all(isinstance(e, External) for e in exceptions) or not isinstance(times, int):
            return {}
        if context.effective_option(task, "retry_kwargs") is not None or times < 1:
            return {}
        cap = 600 if most is None else most
        if backoff and isinstance(backoff, (int, float)) and isinstance(cap, (int, float)):
            listed = list(waits(int(max(1, backoff)), times, int(cap)))
            exact = jitter is False
        elif not backoff and (delay is None or isinstance(delay, (int, float))):
            listed, exact = [DEFAULT_RETRY_DELAY if delay is None else delay] * times, True
        else:
            return {}
        most_waits = f"{listed}" if len(set(listed)) > 1 else f"[{listed[0]}] * {times}"
        at_most = f"all(wait <= most for wait, most in zip(waits, {most_waits}))"
        errors = ", ".join(e.path.rpartition(".")[2] for e in exceptions if isinstance(e, External))
        return {"errors": errors, "times": times, "compared": f"waits == {most_waits}" if exact else at_most}

    def _limits(self) -> dict[str, object]:
        names = ("soft_time_limit", "time_limit")
        soft, hard = (self.here.task.value(name) for name in names)
        values = [value if isinstance(value, (int, float)) else None for value in (soft, hard)]
        return {"soft": values[0], "hard": values[1]} if None not in values else {}

    def _checks_arguments(self) -> bool:
        given = self.here.context.effective_option(self.here.task, "typing")
        return given is None and not self.here.context.may_be_wrapped(self.here.task)

    def _imports(self, retries: bool) -> str:
        others = {"celery.contrib.testing.worker": {"start_worker"}}
        if retries:
            others["celery.exceptions"] = {"Retry"}
            for error in autoretry_exceptions(self.here.task, self.here.context):
                if isinstance(error, External) and not error.path.startswith("builtins."):
                    module, _, name = error.path.rpartition(".")
                    others.setdefault(module, set()).add(name)
        own: dict[str, set[str]] = {self.module: {self.here.task.name}}
        if self.app is None:
            others["celery"] = {"Celery"}
        else:
            own.setdefault(self.app.module, set()).add(self.app.name)
        return "\n".join(["import pytest", *_written(others), "", *_written(own), ""])


def _written(modules: dict[str, set[str]]) -> Iterator[str]:
    for module, names in sorted(modules.items()):
        yield f"from {module} import {', '.join(sorted(names))}"
