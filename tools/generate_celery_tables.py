"""Writes `analyzers/celery_analyzers/data/celery-*.json`: what each release of Celery knows, read from Celery itself.

    python tools/generate_celery_tables.py              write the tables of all releases
    python tools/generate_celery_tables.py 5.7          write those of one
    python tools/generate_celery_tables.py --check      say whether those of the installed Celery are up to date

Each release is installed, at its newest patch, into a throw-away environment, and looked at by this file run
there. So this file needs nothing but the standard library and the Celery that it looks at.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import venv
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "analyzers" / "celery_analyzers" / "data"
RELEASES = ("5.3", "5.4", "5.5", "5.6", "5.7")


def table() -> dict[str, Any]:
    """What the Celery that runs here knows of tasks, calls, beat entries and the app."""
    import celery
    from celery.app.defaults import DEFAULTS
    from celery.app.task import Context, Task

    settings = {setting: option for option, setting in Task.from_config}
    methods, properties = _members(Task)
    consumed = _consumed_options()
    retrying = _retry_options()
    # `bind` is both: as an option it is taken before it could become an attribute.
    methods -= consumed.keys()
    options = set(consumed) | _attributes(Task) | _execution_options() | set(retrying) | set(settings.values())
    options -= methods | properties
    calling = _calling_options()
    return {
        "celery": celery.__version__,
        "options": dict(sorted(_option_defaults(options, consumed | retrying).items())),
        "deprecated_options": sorted(_deprecated_options()),
        "methods": sorted(methods),
        "properties": sorted(properties),
        "exceptions": sorted(name for name in _public(vars(Task)) if _is_exception(getattr(Task, name))),
        "settings": dict(sorted(settings.items())),
        "call_options": sorted(calling - options - {"args", "kwargs"}),
        "execution_options": sorted(calling),
        "retry_policy": sorted(set(DEFAULTS["task_publish_retry_policy"]) - options),
        "request": sorted(name for name in _public(dir(Context)) if not callable(getattr(Context, name))),
        "signatures": {name: _signature(function) for name, function in _functions().items()},
    }


def settings_table() -> dict[str, Any]:
    """The settings that the Celery that runs here knows, and what they were called before Celery 4."""
    import celery
    from celery.app.defaults import _TO_NEW_KEY, NAMESPACES, flatten

    settings: dict[str, Any] = {}
    for name, option in sorted(flatten(NAMESPACES)):
        # One setting of Celery has the class where the others have its name.
        settings[name] = {"type": option.type if isinstance(option.type, str) else option.type.__name__}
        default = option.default
        if isinstance(default, timedelta):
            default = default.total_seconds()
        if _is_plain(default):
            settings[name]["default"] = default
        for attribute in ("deprecate_by", "remove_by", "alt"):
            if getattr(option, attribute):
                settings[name][attribute] = getattr(option, attribute)
    return {"celery": celery.__version__, "settings": settings, "old_names": dict(sorted(_TO_NEW_KEY.items()))}


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


def _consumed_options() -> dict[str, Any]:
    """What `app.task` and the function behind it take for themselves, with defaults."""
    from celery import Celery

    made = inspect.signature(Celery._task_from_fun).parameters
    decorator = ast.parse(textwrap.dedent(inspect.getsource(Celery.task)))
    functions = (node for node in ast.walk(decorator) if isinstance(node, ast.FunctionDef))
    inner = next(node for node in functions if node.args.kwarg and node.args.defaults).args
    defaults = (ast.literal_eval(default) for default in inner.defaults)
    return {name: made[name].default for name in made if name not in {"self", "fun", "options"}} | dict(
        zip((argument.arg for argument in inner.args), defaults, strict=True)
    )


def _execution_options() -> set[str]:
    """The options of a call that are read from the task where the call does not give them."""
    from celery.app import task as module

    class Recorder:
        """An object that has every attribute."""

        def __getattr__(self, name: str) -> str:
            return name

    return set(module.extract_exec_options(Recorder())) | _deprecated_options()


def _deprecated_options() -> set[str]:
    """The options that `Task.bind` warns of."""
    from celery.app.task import Task

    tree = ast.parse(textwrap.dedent(inspect.getsource(Task.bind)))
    listings = [node.iter for node in ast.walk(tree) if isinstance(node, ast.For)]
    return {name for listing in listings if isinstance(listing, ast.Tuple) for name in ast.literal_eval(listing)}


def _retry_options() -> dict[str, Any]:
    """The options that automatic retries are made of, with defaults."""
    from celery.app import autoretry

    # options.get("retry_jitter", getattr(task, "retry_jitter", True))
    tree = ast.parse(inspect.getsource(autoretry.add_autoretry_behaviour))
    return {
        ast.literal_eval(call.args[0]): ast.literal_eval(call.args[1].args[2])
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "options.get" and isinstance(call.args[1], ast.Call)
    }


def _option_defaults(options: Iterable[str], known: dict[str, Any]) -> dict[str, list[Any]]:
    """For each option what a task has that does not set it, in a list; an empty list if it cannot be written."""
    from celery import Celery

    task = Celery("tables", set_as_current=False).task(_public, name="tables.task", lazy=False)
    defaults = {name: known[name] if name in known else getattr(task, name, None) for name in options}
    return {name: [default] if _is_plain(default) else [] for name, default in defaults.items()}


def _calling_options() -> set[str]:
    """What a call of a task takes beside the task's own arguments."""
    from celery import Celery
    from celery.app.amqp import AMQP
    from celery.app.task import Task
    from kombu import Producer

    send = Celery("tables", set_as_current=False).amqp.send_task_message
    functions = (Task.apply_async, Celery.send_task, AMQP.as_task_v2, Producer.publish, send)
    names = {name for function in functions for name in inspect.signature(function).parameters}
    internal = {"self", "name", "options", "properties", "body", "producer", "message", "event_dispatcher"}
    return names - internal | {"producer", "ignore_result"}


def _functions() -> dict[str, Callable[..., Any]]:
    """What user code calls or overrides."""
    from celery import Celery, canvas, schedules
    from celery.app.task import Task
    from celery.beat import ScheduleEntry

    of_tasks = (
        *("apply", "apply_async", "delay", "retry", "replace", "s", "si", "signature", "update_state"),
        *("before_start", "on_success", "on_failure", "on_retry", "after_return", "on_replace", "on_bound"),
        "shadow_name",
    )
    of_apps = (
        *("__init__", "add_periodic_task", "autodiscover_tasks", "config_from_object", "register_task"),
        *("send_task", "signature"),
    )
    classes = (ScheduleEntry, schedules.BaseSchedule, schedules.crontab, schedules.schedule, schedules.solar)
    return {
        **{f"Task.{name}": getattr(Task, name) for name in of_tasks},
        **{f"Celery.{name}": getattr(Celery, name) for name in of_apps},
        **{f"{owner.__name__}.__init__": owner.__init__ for owner in classes},
        "Signature.set": canvas.Signature.set,
        "signature": canvas.signature,
    }


def _signature(function: Callable[..., Any]) -> list[Any]:
    """The parameters but `self`, as a call writes them.

    `"name"` has no default, `["name", 3]` has one, and `["name"]` one that cannot be written. Stars and the
    bare `*` and `/` mean what they mean in Python.
    """
    written: list[Any] = []
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in {"self", "cls"}:
            continue
        if kind is parameter.POSITIONAL_ONLY and parameter.kind is not kind:
            written.append("/")
        if parameter.kind is parameter.KEYWORD_ONLY and kind not in {parameter.KEYWORD_ONLY, parameter.VAR_POSITIONAL}:
            written.append("*")
        kind = parameter.kind
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(kind, "")
        name = stars + parameter.name
        if parameter.default is parameter.empty:
            written.append(name)
        else:
            written.append([name, parameter.default] if _is_plain(parameter.default) else [name])
    return written


def _is_plain(value: object) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _public(names: Iterable[str]) -> list[str]:
    return [name for name in names if not name.startswith("_")]


def texts() -> dict[str, str]:
    """The files about the Celery that runs here: name -> content."""
    contents = {"": table(), "-settings": settings_table()}
    release = ".".join(contents[""]["celery"].split(".")[:2])
    return {f"celery-{release}{suffix}.json": _dumped(content) for suffix, content in contents.items()}


def _dumped(content: dict[str, Any]) -> str:
    """JSON with a line for each entry of the mappings, so that the tables are small and their changes show."""
    parts: list[str] = []
    for name, value in content.items():
        if isinstance(value, dict):
            lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(entry)}" for key, entry in value.items())
            parts.append(f"{json.dumps(name)}: {{\n{lines}\n}}")
        else:
            parts.append(f"{json.dumps(name)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def texts_of(release: str) -> dict[str, str]:
    """The files about the newest patch of a release."""
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "environment"
        python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        uv = shutil.which("uv", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))))
        venv.create(environment, with_pip=uv is None)
        install = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
        subprocess.run([*install, "--quiet", f"celery=={release}.*"], check=True)
        command = [python, Path(__file__).resolve(), "--introspect"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, cwd=folder).stdout)


def main() -> int:
    """Write the tables, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("releases", nargs="*", default=RELEASES, help="the releases to look at (default: all)")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a table is old")
    parser.add_argument("--introspect", action="store_true", help="print the tables of the installed Celery")
    arguments = parser.parse_args()
    if arguments.introspect:
        print(json.dumps(texts()))
        return 0
    if arguments.check:
        old = [
            name
            for name, text in texts().items()
            if not (DATA / name).exists() or (DATA / name).read_text(encoding="utf-8") != text
        ]
        for name in old:
            print(f"{name} is not what this Celery says: run tools/generate_celery_tables.py", file=sys.stderr)
        return int(bool(old))
    DATA.mkdir(exist_ok=True)
    for release in arguments.releases:
        for name, text in texts_of(release).items():
            (DATA / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
