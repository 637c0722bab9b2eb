"""What is a task, told by what its decorator means; and what is not one, however it is called."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.analyzers.engine import tasks, write

APP = 'from celery import Celery\napp = Celery("shop")\n'


@pytest.mark.parametrize(
    "text",
    [
        APP + "@app.task\ndef f(): pass\n",
        APP + "@app.task()\ndef f(): pass\n",
        APP + "@app.task(bind=True)\nasync def f(self): pass\n",
        "from celery import shared_task\n@shared_task\ndef f(): pass\n",
        "from celery import shared_task as job\n@job(name='x')\ndef f(): pass\n",
        "import celery\n@celery.shared_task\ndef f(): pass\n",
        "import celery as c\napp = c.Celery()\n@app.task\ndef f(): pass\n",
        "import celery.app.base\napp = celery.app.base.Celery()\n@app.task\ndef f(): pass\n",
        "from celery import app\n@app.shared_task(bind=True)\ndef f(self): pass\n",
        "from celery import current_app\n@current_app.task\ndef f(): pass\n",
        "from celery import *\n@shared_task\ndef f(): pass\n",
        APP + "task = app.task\n@task\ndef f(): pass\n",
        "from celery import Celery\nclass Mine(Celery): pass\napp = Mine()\n@app.task\ndef f(): pass\n",
        (
            "from celery import Celery\ndef make():\n    app = Celery()\n    app.conf.x = 1\n    return app\n"
            "app = make()\n@app.task\ndef f(): pass\n"
        ),
        (
            "from celery import Celery\ndef make(flask) -> Celery:\n    return registry(flask)\n"
            "app = make(1)\n@app.task\ndef f(): pass\n"
        ),
        "from celery import Celery\napp: Celery = get()\n@app.task\ndef f(): pass\n",
        "from celery import Celery\napp: Celery\n@app.task\ndef f(): pass\n",
        "from celery import Celery\nif X:\n    app = Celery('a')\nelse:\n    app = Celery('b')\n@app.task\ndef f(): pass\n",
        "try:\n    from celery import shared_task\nexcept ImportError:\n    shared_task = None\n@shared_task\ndef f(): pass\n",
        "celery_app = flask.extensions['celery']\n@celery_app.task\ndef f(): pass\n",
        APP + "def f(): pass\ng = app.task(f)\n",
        APP + "def f(): pass\ng = app.task(f, bind=True)\n",
        APP + "g = app.task(bind=True)(f)\ndef f(): pass\n",
        "from celery import shared_task as job\ndef f(): pass\ng = job(f)\n",
        APP + "if X:\n    @app.task\n    def f(): pass\n",
        APP + "try:\n    import y\nexcept ImportError:\n    pass\nelse:\n    @app.task\n    def f(): pass\n",
        APP + "class K:\n    @staticmethod\n    @app.task\n    def f(): pass\n",
        APP + "def outer():\n    @app.task\n    def f(): pass\n",
        "from celery import Celery\ndef create_app():\n    app = Celery()\n    @app.task\n    def f(): pass\n    return app\n",
        "def create_app():\n    from celery import shared_task as job\n    @job\n    def f(): pass\n",
        APP + "@app.task\n@functools.wraps(x)\ndef f(): pass\n",
        APP + "@login_required\n@app.task\n@retry(3)\ndef f(): pass\n",
        APP + "@app.task(\n    bind=True,  # why\n    name='x',\n)\ndef f(self): pass\n",
        "\ufeff" + APP + "@app.task\ndef f(): pass\n",
        (APP + "@app.task\ndef f(): pass\n").replace("\n", "\r\n"),
        (APP + "@app.task\ndef f(): pass\n").replace("\n", "\r"),
        APP + "@app.task\ndef f():\n    try:\n        pass\n    except A, B:\n        pass\n",
        APP + "@app.task\ndef f[T](x: T): pass\n",
        APP + "@app.task\ndef f():\n    try:\n        pass\n    except* A:\n        pass\n",
        APP + "@app.task\ndef f(x):\n    return f\"{x[\"a\"]}\"\n",
        APP + "@app.task\ndef f(x):\n    return t'{x}'\n",
        APP + "@app.task\ndef f(x):\n    match x:\n        case 1: pass\n",
    ],
)  # fmt: skip
def test_this_is_a_task(text: str) -> None:
    assert [task.name for task in tasks(text) if task.function] == ["f"]


@pytest.mark.parametrize(
    "text",
    [
        "@app.task\ndef f(): pass\n",
        "@shared_task\ndef f(): pass\n",
        "def task(f): return f\n@task\ndef f(): pass\n",
        "from invoke import task\n@task\ndef f(): pass\n",
        "from prefect import task, flow\n@task(bind=True)\ndef f(): pass\n",
        "from airflow.decorators import task\n@task.python\ndef f(): pass\n",
        "from locust import HttpUser, task\nclass U(HttpUser):\n    @task(3)\n    def f(self): pass\n",
        "from django.tasks import task\n@task()\ndef f(): pass\n",
        "class Celery:\n    def task(self, **k): ...\napp = Celery()\n@app.task(name='x')\ndef f(): pass\n",
        "from mylib import Celery\napp = Celery()\n@app.task\ndef f(): pass\n",
        "from celery import Celery\nfrom somewhere import app\n@app.task\ndef f(): pass\n",
        APP + "app = Other()\n@app.task\ndef f(): pass\n",
        APP + "@app.on_after_configure.connect\ndef f(sender, **k): pass\n",
        APP + "def outer(app):\n    @app.task\n    def f(): pass\n",
        "from multiprocessing import Pool\npool = Pool()\npool.apply_async(f)\ndef f(): pass\n",
        "from celery.signals import task_prerun\n@task_prerun.connect\ndef f(**k): pass\n",
        "from celery import Task\nclass X(Task):\n    def run(self): pass\n",
        "TaskManager.register_task(X())\nclass X:\n    def run(self): pass\n",
    ],
)
def test_this_is_no_task(text: str) -> None:
    assert [task for task in tasks(text) if task.function] == []


def test_a_class_given_to_register_task_is_a_task() -> None:
    text = (
        APP
        + "from celery import Task\nclass X(Task):\n    max_retries = 5\n    def run(self, a): pass\nx = app.register_task(X())\n"
    )
    (task,) = tasks(text)
    assert (task.name, task.form) == ("X", "class")
    assert task.function is not None
    assert [p.name for p in task.function.parameters] == ["self", "a"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("time_limit=5 * 60", {"time_limit": 300}),
        ("time_limit=LIMIT", {"time_limit": 30}),
        ("time_limit=-LIMIT + 31", {"time_limit": 1}),
        ("time_limit=Limits.HARD", {"time_limit": 90}),
        ("time_limit=Limits.TWICE", {"time_limit": 180}),
        ("**OPTIONS", {"bind": True, "max_retries": 3}),
        ("**dict(bind=True)", {"bind": True}),
        ("**{**OPTIONS, 'max_retries': 4}", {"bind": True, "max_retries": 4}),
        ("name='a' 'b'", {"name": "ab"}),
        ("name=PREFIX + 'b'", {"name": "shop.b"}),
        ("queue='x' if DEBUG else 'x'", {"queue": "x"}),
    ],
)
def test_options_are_told_through_constants_arithmetic_and_splats(options: str, expected: dict[str, object]) -> None:
    text = (
        APP + "LIMIT = 30\nPREFIX = 'shop.'\nOPTIONS = {'bind': True, 'max_retries': 3}\n"
        f"class Limits:\n    HARD = 90\n    TWICE = HARD * 2\n@app.task({options})\ndef f(self): pass\n"
    )
    (task,) = tasks(text)
    assert task.options_known
    assert {option.name: option.value for option in task.options} == expected


def test_options_that_cannot_be_told_are_unknown() -> None:
    text = APP + "N = 1\nN = 2\n@app.task(max_retries=N, time_limit=f(), **options)\ndef f(): pass\n"
    (task,) = tasks(text)
    assert not task.options_known
    from celery_analyzers.symbols import UNKNOWN

    assert [option.value for option in task.options] == [UNKNOWN, UNKNOWN]


FILES = {
    "shop/__init__.py": "from .celery import app as celery_app\n",
    "shop/celery.py": APP + "app.conf.task_time_limit = 9\n",
    "shop/base.py": "from shop.celery import *\n",
    "shop/sub/__init__.py": "",
    "other.py": "class App:\n    def task(self, f): return f\napp = App()\n",
    "loop_a.py": "from loop_b import app\n",
    "loop_b.py": "from loop_a import app\n",
}


@pytest.mark.parametrize(
    ("where", "imports", "decorator", "found"),
    [
        ("shop/tasks.py", "from shop.celery import app", "app.task", True),
        ("shop/tasks.py", "from .celery import app as a", "a.task", True),
        ("shop/tasks.py", "from . import celery_app", "celery_app.task", True),
        ("shop/tasks.py", "from shop import celery_app", "celery_app.task", True),
        ("shop/tasks.py", "import shop.celery", "shop.celery.app.task", True),
        ("shop/tasks.py", "import shop.celery as c", "c.app.task", True),
        ("shop/tasks.py", "from shop import celery", "celery.app.task", True),
        ("shop/tasks.py", "from shop.base import app", "app.task", True),
        ("shop/sub/tasks.py", "from ..celery import app", "app.task", True),
        ("shop/sub/tasks.py", "from ... import nothing\nfrom shop import celery_app as app", "app.task", True),
        ("shop/tasks.py", "from other import app", "app.task", False),
        ("shop/tasks.py", "from loop_a import app", "app.task", False),
        ("shop/tasks.py", "from shop.missing import app", "app.task", False),
        ("shop/celery.py", "from celery import shared_task", "shared_task", True),
    ],
)
def test_an_app_may_come_from_another_module(
    tmp_path: Path, where: str, imports: str, decorator: str, found: bool
) -> None:
    for root in (tmp_path, tmp_path / "src"):
        write(root, FILES)
        made = tasks(f"{imports}\n@{decorator}\ndef f(): pass\n", root=tmp_path, path=root / where)
        assert bool(made) is found
