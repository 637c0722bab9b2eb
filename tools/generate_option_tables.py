"""Writes `analyzers/celery_analyzers/data/task_options.json`: what the installed Celery knows of tasks'
options.

    python tools/generate_option_tables.py            write the table
    python tools/generate_option_tables.py --check    say whether it is up to date

Run it with the newest Celery that celeryls knows of: Celery has only ever added options since 5.0.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import sys
import textwrap
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parents[1] / "analyzers" / "celery_analyzers" / "data" / "task_options.json"


def table() -> dict[str, Any]:
    """What is known, read from Celery itself."""
    import celery
    from celery.app.defaults import DEFAULTS
    from celery.app.task import Task

    settings = {setting: option for option, setting in Task.from_config}
    methods, properties = _members(Task)
    # `bind` is both: as an option it is taken before it could become an attribute.
    methods -= _consumed_options()
    options = _consumed_options() | _attributes(Task) | _execution_options() | _retry_options()
    options = (options | set(settings.values())) - methods - properties
    return {
        "celery": celery.__version__,
        "options": sorted(options),
        "methods": sorted(methods),
        "properties": sorted(properties),
        "exceptions": sorted(name for name in _public(vars(Task)) if _is_exception(getattr(Task, name))),
        "settings": dict(sorted(settings.items())),
        "call_options": sorted(_call_options() - options),
        "retry_policy": sorted(set(DEFAULTS["task_publish_retry_policy"]) - options),
    }


def _members(task: type) -> tuple[set[str], set[str]]:
    """The public methods of `Task`, and what reads like an attribute but is computed."""
    methods: set[str] = set()
    properties: set[str] = set()
    for name in _public(dir(task)):
        member = inspect.getattr_static(task, name)
        if inspect.isfunction(member) or isinstance(member, (classmethod, staticmethod)):
            methods.add(name)
        elif hasattr(type(member), "__get__"):
            properties.add(name)
    # `backend` is computed, yet made to be set.
    return methods, {name for name in properties if name != "backend"}


def _attributes(task: type) -> set[str]:
    """What a task may have as an attribute: the data of `Task` that is no exception class for convenience."""
    return {name for name in _public(vars(task)) if not _is_exception(getattr(task, name))} - {"from_config"}


def _is_exception(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, Exception)


def _consumed_options() -> set[str]:
    """What `app.task` and the function behind it take for themselves."""
    from celery import Celery

    made = inspect.signature(Celery._task_from_fun).parameters
    decorator = ast.parse(textwrap.dedent(inspect.getsource(Celery.task)))
    functions = (node for node in ast.walk(decorator) if isinstance(node, ast.FunctionDef))
    inner = next(node for node in functions if node.args.kwarg and node.args.defaults)
    return (set(made) - {"self", "fun", "options"}) | {argument.arg for argument in inner.args.args}


def _execution_options() -> set[str]:
    """The options of a call that are read from the task where the call does not give them."""
    from celery.app import task as module

    class Recorder:
        """An object that has every attribute."""

        def __getattr__(self, name: str) -> str:
            return name

    read = set(module.extract_exec_options(Recorder()))
    # Some of them are about to go; `bind` lists those to warn of them.
    tree = ast.parse(textwrap.dedent(inspect.getsource(module.Task.bind)))
    listings = [node.iter for node in ast.walk(tree) if isinstance(node, ast.For)]
    deprecated = [ast.literal_eval(listing) for listing in listings if isinstance(listing, ast.Tuple)]
    return read.union(*deprecated)


def _retry_options() -> set[str]:
    """The options that automatic retries are made of."""
    from celery.app import autoretry

    tree = ast.parse(inspect.getsource(autoretry.add_autoretry_behaviour))
    return {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) == "options.get"
        and isinstance(call.args[0], ast.Constant)
    }


def _call_options() -> set[str]:
    """What a call of a task takes beside the task's own arguments."""
    from celery import Celery
    from celery.app.amqp import AMQP
    from celery.app.task import Task
    from kombu import Producer

    functions = (Task.apply_async, Celery.send_task, AMQP.as_task_v2, Producer.publish)
    names = {name for function in functions for name in inspect.signature(function).parameters}
    return names - {"self", "name", "options", "properties", "body", "args", "kwargs"} | {
        "retry",
        "retry_policy",
    }


def _public(names: Any) -> list[str]:
    return [name for name in names if not name.startswith("_")]


def main() -> int:
    """Write the table, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the table is old")
    arguments = parser.parse_args()
    text = json.dumps(table(), indent=2) + "\n"
    if arguments.check:
        current = TABLE.read_text(encoding="utf-8") if TABLE.exists() else ""
        if current != text:
            print(f"{TABLE} is not what this Celery says: run tools/generate_option_tables.py", file=sys.stderr)
        return int(current != text)
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
