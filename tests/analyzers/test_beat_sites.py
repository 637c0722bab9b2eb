"""Where beat entries are found: all the forms in which beat is told what to send, and what only looks like one."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.analyzers.engine import write

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.indexing import index_of
from celery_analyzers.project import Project
from celery_analyzers.registry import RuleSet
from celery_analyzers.schedule_facts import BeatEntry

APP = "from celery import Celery\napp = Celery('shop')\n@app.task\ndef send(): pass\n"
ENTRY = "{'task': 'shop.send', 'schedule': 60}"


def entries(text: str, root: Path | None = None, path: Path | None = None) -> list[BeatEntry]:
    project = Project(root, root and index_of(root))
    analysis = FileAnalysis(text, rules=RuleSet(()), project=project, path=path)
    return [fact for segment in analysis.segments for fact in segment.facts if isinstance(fact, BeatEntry)]


@pytest.mark.parametrize(
    "text",
    [
        APP + "app.conf.beat_schedule = {'a': %s}\n",
        APP + "app.conf.update(beat_schedule={'a': %s})\n",
        APP + "app.conf.update({'beat_schedule': {'a': %s}})\n",
        APP + "app.conf['beat_schedule'] = {'a': %s}\n",
        APP + "app.conf.beat_schedule['a'] = %s\n",
        APP + "app.conf.beat_schedule.update({'a': %s})\n",
        APP + "app.conf.beat_schedule.update(a=%s)\n",
        APP + "app.conf.beat_schedule = dict(a=%s)\n",
        APP + "app.conf.beat_schedule = {**{'a': %s}}\n",
        APP + "app.conf.beat_schedule = {'a': %s} if PRODUCTION else {}\n",
        APP + "app.conf.beat_schedule = {} | {'a': %s}\n",
        APP + "if X:\n    app.conf.beat_schedule['a'] = %s\n",
        APP + "def set_up(sender):\n    sender.conf.beat_schedule = {'a': %s}\n",
        "CELERY_BEAT_SCHEDULE = {'a': %s}\n",
        "CELERYBEAT_SCHEDULE = {'a': %s}\n",
        "BEAT_SCHEDULE: dict = {'a': %s}\n",
        "CELERYBEAT_SCHEDULE = {}\nCELERYBEAT_SCHEDULE['a'] = %s\n",
        "CELERYBEAT_SCHEDULE = {}\nCELERYBEAT_SCHEDULE.update({'a': %s})\n",
        "class Config:\n    beat_schedule = {'a': %s}\n",
        "class Config:\n    CELERY_BEAT_SCHEDULE = {'a': %s}\n",
        "class Config:\n    CELERY = {'beat_schedule': {'a': %s}}\n",
        "CELERY = dict(broker_url=URL, beat_schedule={'a': %s})\n",
        "app.config['CELERYBEAT_SCHEDULE'] = {'a': %s}\n",
        "def add(beat_schedule):\n    beat_schedule['a'] = %s\n",
    ],
)
def test_an_entry_is_found(text: str) -> None:
    (entry,) = entries(text.replace("%s", ENTRY))
    assert (entry.form, entry.key) == ("entry", "a")
    assert [(name, argument.value) for name, argument in entry.fields] == [("task", "shop.send"), ("schedule", 60)]
    assert entry.complete


@pytest.mark.parametrize(
    "text",
    [
        "OTHER = {'a': %s}\n",
        "beat_schedule = {'a': {'task': 'x'}}\n",
        "CELERY_BEAT_SCHEDULE = load()\n",
        "schedule['a'] = %s\n",
        "CELERY_BEAT_SCHEDULE_FILENAME = 'a'\n",
        "offbeat_schedule_of = {'a': %s}\n",
    ],
)
def test_this_is_no_entry(text: str) -> None:
    assert entries(text.replace("%s", ENTRY)) == []


@pytest.mark.parametrize(
    ("settings", "configuration"),
    [
        ("CELERY_BEAT_SCHEDULE = {'a': {'task': 'x'}}\n", "'django.conf:settings', namespace='CELERY'"),
        ("beat_schedule = {'a': {'task': 'x'}}\n", "'shop.settings'"),
        ("beat_schedule = {}\nbeat_schedule['a'] = {'task': 'x'}\n", "'shop.settings'"),
    ],
)
def test_an_entry_without_a_schedule_is_one_where_an_app_is_configured_from_it(
    tmp_path: Path, settings: str, configuration: str
) -> None:
    write(
        tmp_path,
        {
            "manage.py": "os.environ['DJANGO_SETTINGS_MODULE'] = 'shop.settings'\n",
            "shop/__init__.py": "",
            "shop/settings.py": settings,
            "shop/celery.py": f"from celery import Celery\napp = Celery()\napp.config_from_object({configuration})\n",
        },
    )
    (entry,) = entries(settings, tmp_path, tmp_path / "shop/settings.py")
    assert [name for name, _ in entry.fields] == ["task"]


def test_an_entry_may_hold_more_than_can_be_told() -> None:
    (one, other) = entries(APP + "app.conf.beat_schedule = {'a': {'task': 'x', **more}, NAME: {'task': send.name}}\n")
    assert not one.complete
    assert (other.key, other.complete, other.task and other.task.name) == (None, True, "send")


@pytest.mark.parametrize(("signature", "task"), [("send", "send"), ("send.s(1)", None), ("other", None)])
def test_add_periodic_task_has_the_task_that_it_is_given(signature: str, task: str | None) -> None:
    text = APP + f"def set_up(sender, **_):\n    sender.add_periodic_task(60, {signature}, name='a', expires=5)\n"
    (entry,) = entries(text)
    assert (entry.form, entry.key, entry.task and entry.task.name) == ("call", "a", task)
    assert [name for name, _ in entry.fields] == ["schedule", "sig", "name", "expires"]


@pytest.mark.parametrize(
    "call",
    [
        "PeriodicTask(name='a', task='x', kwargs='{}')",
        "PeriodicTask.objects.create(name='a', task='x', kwargs='{}')",
        "PeriodicTask.objects.get_or_create(name='a', defaults={'task': 'x', 'kwargs': '{}'})",
        "PeriodicTask.objects.update_or_create(defaults={'task': 'x', 'kwargs': '{}'}, name='a')",
    ],
)
def test_a_periodic_task_of_the_database_is_an_entry(call: str) -> None:
    (entry,) = entries(f"from django_celery_beat.models import PeriodicTask\n{call}\n")
    assert (entry.form, entry.key, entry.complete) == ("model", "a", True)
    assert {name: argument.value for name, argument in entry.fields} == {"name": "a", "task": "x", "kwargs": "{}"}


@pytest.mark.parametrize(
    "text",
    [
        "from shop.models import PeriodicTask\nPeriodicTask(name='a', task='x')\n",
        "from django_celery_beat.models import PeriodicTask\nPeriodicTask.objects.filter(task='x')\n",
        "from django_celery_beat.models import PeriodicTasks\nPeriodicTasks.objects.create(task='x')\n",
    ],
)
def test_this_makes_no_periodic_task(text: str) -> None:
    assert entries(text) == []
