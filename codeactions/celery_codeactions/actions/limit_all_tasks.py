"""`limit-all-tasks`: limits the time of all tasks of an app where its settings stand."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from celery_analyzers.app_settings import SettingsHome, settings_home
from celery_analyzers.effective import Level, app_modules
from celery_analyzers.expressions import dotted_path
from celery_analyzers.findings import Edit, Span
from celery_analyzers.index_records import TIME_LIMIT
from celery_analyzers.layout import indentation, line_end, newline_of
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.segmented_text import SegmentedText
from celery_analyzers.syntax import Syntax, parse
from celery_codeactions.action import Action, Changes, FileChanges, Offer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_codeactions.place import Place

_SETTINGS = ("task_soft_time_limit", "task_time_limit")
_VALUES = {"task_soft_time_limit": 300, "task_time_limit": 360}


class LimitAllTasks(Action):
    """Limit the time of all tasks of an app.

    ## What it does

    Sets `task_soft_time_limit` and `task_time_limit` beside the app's other settings, spelt as these are: in Django's
    settings, in the module that the app is configured from, or on `app.conf`. Tasks with limits of their own keep them.

    ## Examples

    In Django's settings:

    `shop/celery.py`:

        import os

        from celery import Celery

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
        app = Celery("shop")
        app.config_from_object("django.conf:settings", namespace="CELERY")

    `shop/settings.py`:

        CELERY_BROKER_URL = "redis://"  # on this machine

    `shop/tasks.py`:

        from celery import shared_task


        @shared_task
        def report$0(day):
            print(day)

    **Limit all tasks of the app: a warning after 5 min, the end after 6 min**:

    `shop/settings.py`:

        CELERY_BROKER_URL = "redis://"  # on this machine
        CELERY_TASK_SOFT_TIME_LIMIT = 300
        CELERY_TASK_TIME_LIMIT = 360

    On the app's `conf`:

    `shop/celery.py`:

        from celery import Celery

        app = Celery("shop")
        app.conf.task_acks_late = True

    `shop/tasks.py`:

        from shop.celery import app


        @app.task
        def report$0(day):
            print(day)

    **Limit all tasks of the app: a warning after 5 min, the end after 6 min**:

    `shop/celery.py`:

        from celery import Celery

        app = Celery("shop")
        app.conf.task_acks_late = True
        app.conf.task_soft_time_limit = 300
        app.conf.task_time_limit = 360

    ## Not offered

    Where a limit holds already, or the settings are not found:

        from celery import shared_task


        @shared_task
        def report$0(day):
            print(day)

    ## What it leaves to you

    The tasks that need longer: give them limits of their own first.

    ## References

    - [`task_time_limit`](https://docs.celeryq.dev/en/stable/userguide/configuration.html#task-time-limit)
    """

    def offers(self, place: Place) -> Iterator[Offer]:
        here = place.task
        if here is None or any(here.context.given(name) for name in (*_SETTINGS, "task_annotations")):
            return
        limits = (here.context.effective(here.task, name).level for name in ("time_limit", "soft_time_limit"))
        if Level.COMMAND_LINE in limits or place.project.ask("mentions", TIME_LIMIT):
            return
        modules = app_modules(here.task, here.context.scope, place.project)
        module = modules[0] if len(modules) == 1 else None
        if not isinstance(module, ModuleScope):
            return
        home = settings_home(module, place.project)
        if home is not None and home.path is not None and home.owner is None:
            title = "Limit all tasks of the app: a warning after 5 min, the end after 6 min"
            yield Offer(title, lambda: _changes(place, home))


def _changes(place: Place, home: SettingsHome) -> Changes:
    assert home.path is not None
    is_here = home.path == place.path
    text = place.analysis.text if is_here else place.text_of(home.path)
    edit = None if text is None else _edit(text, home)
    if edit is None:
        return Changes()
    if is_here:
        return Changes((edit.shifted(-place.segment_start),))
    return Changes(files=(FileChanges(home.path, (edit,)),))


def _edit(text: str, home: SettingsHome) -> Edit | None:
    """The edit that puts the settings behind the one that the home names."""
    offset = 0
    for segment in SegmentedText(text).segments:
        syntax = parse(segment) if home.key in segment.text else None
        if isinstance(syntax, Syntax):
            for statement in syntax.statements:
                head = _head(statement, home)
                if head is not None:
                    span = syntax.span(statement).shifted(offset)
                    end = line_end(text, span.end)
                    between = newline_of(text) + indentation(text, span.start)
                    lines = (f"{head}{_spelt(name, home)} = {_VALUES[name]}" for name in _SETTINGS)
                    return Edit(Span(end, end), "".join(between + line for line in lines))
        offset += len(segment.text)
    return None


def _head(statement: ast.stmt, home: SettingsHome) -> str | None:
    """What stands in front of the setting's name in the statement that sets it; None in any other."""
    targets = statement.targets if isinstance(statement, ast.Assign) else ()
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    path = dotted_path(targets[0]) if len(targets) == 1 else None
    if path is None or path.rpartition(".")[2] != home.key:
        return None
    receiver = path[: -len(home.key)]
    return receiver if receiver.endswith("conf.") is home.is_conf and bool(receiver) is home.is_conf else None


def _spelt(name: str, home: SettingsHome) -> str:
    if home.namespace:
        return f"{home.namespace}_{name.upper()}"
    return name if home.key.islower() else f"CELERYD_{name.upper()}"
