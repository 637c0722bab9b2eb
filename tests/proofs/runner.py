"""The experiment's process: a job on stdin, its outcome on stdout.

Each experiment has a process to itself, as Celery keeps its current app and its shared tasks in global state.
"""

from __future__ import annotations

import ast
import importlib
import linecache
import os
import sys
import traceback
from typing import TYPE_CHECKING

from .outcome import MODULE, Job, Outcome, Stage
from .workers import worker_for

if TYPE_CHECKING:
    from types import ModuleType

RUN_FILE = "<run>"


def main() -> None:
    """Answer one job."""
    # What the module prints, and what a worker inherits, must not get into the answer.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    outcome = perform(Job.loads(sys.stdin.read()))
    answer.write(outcome.dumps())
    answer.flush()
    sys.stderr.flush()
    # Not `sys.exit`: a worker's thread may still be running.
    os._exit(0)


def perform(job: Job) -> Outcome:
    """Import the module, start a worker, run."""
    stage: Stage = "import"
    try:
        module = importlib.import_module(MODULE)
        stage = "worker-start"
        with worker_for(job.worker, module):
            stage = "run"
            return Outcome(stage, returned=repr(evaluate(job.run, module)))
    except BaseException as error:
        # Whatever it is, it is the outcome.
        shown = "".join(traceback.format_exception(error))
        return Outcome(stage, raised=describe(error), traceback=shown)


def evaluate(source: str, module: ModuleType) -> object:
    """Run `source` in the module's namespace. The value of its last statement, if that is an expression."""
    linecache.cache[RUN_FILE] = (len(source), None, source.splitlines(keepends=True), RUN_FILE)
    tree = ast.parse(source, RUN_FILE)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, RUN_FILE, "exec"), vars(module))
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), RUN_FILE, "eval"), vars(module))


def describe(error: BaseException) -> str:
    """An exception as the last line of a traceback shows it, but without its module."""
    return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main()
