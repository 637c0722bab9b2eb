"""What is a task, told by what its decorator means; and what is not one, however it is called."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.analyzers.engine import tasks, write

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.indexing import index_of
from celery_analyzers.project import Project
from celery_analyzers.registry import RuleSet
from celery_analyzers.relevance import concerns_celery
from celery_analyzers.task_facts import TaskDefinition

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
        ("name=f'{PREFIX}b'", {"name": "shop.b"}),
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
    text = APP + "N = 1\nN = 2\n@app.task(max_retries=N, time_limit=f(), name=f'{N}{N!r}', **options)\ndef f(): pass\n"
    (task,) = tasks(text)
    assert not task.options_known
    from celery_analyzers.symbols import UNKNOWN

    assert [option.value for option in task.options] == [UNKNOWN, UNKNOWN, UNKNOWN]


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


TOOLS = APP + "import functools\nfrom celery import shared_task\n"
NOTHING: dict[str, object] = {}


@pytest.mark.parametrize(
    ("wrapper", "decorator", "options", "keeps_function"),
    [
        ("def job(**o):\n    return app.task(bind=True, **o)\n", "job(max_retries=2)", {"bind": True, "max_retries": 2}, True),
        ("def job(*a, **o):\n    return shared_task(*a, **o)\n", "job", NOTHING, True),
        ("def job(*a, **o):\n    return shared_task(*a, **o)\n", "job(expires=3)", {"expires": 3}, True),
        ("def job(queue, retries=3):\n    return app.task(queue=queue, max_retries=retries)\n", "job('mail')", {"queue": "mail", "max_retries": 3}, True),
        ("def job(**o):\n    o['acks_late'] = True\n    return app.task(**o)\n", "job(acks_late=False)", {"acks_late": True}, True),
        ("def job(**o):\n    o.setdefault('max_retries', 5)\n    return app.task(**o)\n", "job()", {"max_retries": 5}, True),
        ("def job(**o):\n    o.setdefault('max_retries', 5)\n    return app.task(**o)\n", "job(max_retries=1)", {"max_retries": 1}, True),
        ("def job(**o):\n    once = o.pop('once', False)\n    return app.task(**o)\n", "job(once=True, expires=3)", {"expires": 3}, True),
        ("def job(**o):\n    log(o.pop('name', ''))\n    return app.task(**o)\n", "job(name='x')", NOTHING, True),
        ("def job(**o):\n    del o['once']\n    return app.task(**o)\n", "job(once=True)", NOTHING, True),
        ("def job(*, once, **o):\n    return app.task(**o)\n", "job(once=True, expires=3)", {"expires": 3}, True),
        ("def job(**o):\n    def decorate(f):\n        return app.task(acks_late=True, **o)(f)\n    return decorate\n", "job(expires=3)", {"acks_late": True, "expires": 3}, True),
        ("def job(signal, **o):\n    def decorate(f):\n        t = app.task(f, **o)\n        signal.connect(t.delay)\n        return t\n    return decorate\n", "job(SIGNAL, expires=3)", {"expires": 3}, True),
        ("def job(f):\n    @app.task(bind=True)\n    @functools.wraps(f)\n    def inner(self, *a):\n        return f(*a)\n    return inner\n", "job", {"bind": True}, False),
        ("def job(**o):\n    def decorate(f):\n        @app.task(**o)\n        @functools.wraps(f)\n        def inner(*a):\n            return f(*a)\n        return inner\n    return decorate\n", "job(expires=3)", {"expires": 3}, False),
        ("def job(f):\n    def inner(*a):\n        return f(*a)\n    return app.task(inner)\n", "job", NOTHING, False),
        ("class Jobs:\n    def __call__(self, **o):\n        return app.task(acks_late=True, **o)\njob = Jobs()\n", "job(expires=3)", {"acks_late": True, "expires": 3}, True),
        ("class Jobs:\n    def job(self, **o):\n        return app.task(acks_late=True, **o)\njobs = Jobs()\n", "jobs.job(expires=3)", {"acks_late": True, "expires": 3}, True),
        ("class Jobs:\n    @staticmethod\n    def job(**o):\n        return app.task(acks_late=True, **o)\n", "Jobs.job(expires=3)", {"acks_late": True, "expires": 3}, True),
        ("job = functools.partial(shared_task, bind=True, max_retries=2)\n", "job(max_retries=1)", {"bind": True, "max_retries": 1}, True),
        ("job = shared_task(bind=True)\n", "job", {"bind": True}, True),
        ("def job(**o):\n    return app.task(acks_late=True, **o)\ndef mail(**o):\n    return job(queue='mail', **o)\n", "mail(expires=3)", {"acks_late": True, "queue": "mail", "expires": 3}, True),
        ("def job(name, **o):\n    return app.task(name=name, **o)\ndef mail(name, **o):\n    return job(name, queue='mail', **o)\n", "mail('x', expires=3)", {"name": "x", "queue": "mail", "expires": 3}, True),
        ("def job(**o):\n    def decorate(f):\n        task = app.task(**o)(f)\n        return limited(task) if LIMITED else task\n    return decorate\n", "job(expires=3)", {"expires": 3}, True),
        ("def job(name):\n    return app.task(name=name)\n", "job('a')\n@job('b')", {"name": "a"}, True),
    ],
)  # fmt: skip
def test_a_wrapper_is_read_for_the_options_that_it_sets_and_passes_on(
    wrapper: str, decorator: str, options: dict[str, object], keeps_function: bool
) -> None:
    (task,) = (t for t in tasks(f"{TOOLS}{wrapper}@{decorator}\ndef f(self): pass\n") if t.name == "f" and t.function)
    assert {option.name: option.value for option in task.options} == options
    assert task.options_known
    assert task.maker.is_wrapper
    assert task.maker.keeps_function is keeps_function


@pytest.mark.parametrize(
    "wrapper",
    [
        "def job(**o):\n    o.update(more())\n    return app.task(**o)\n",
        "def job(**o):\n    o[key()] = 1\n    return app.task(**o)\n",
        "def job(**o):\n    return app.task(**o, **more())\n",
        "def job(**o):\n    o = prepared(o)\n    return app.task(**o)\n",
        "def job(eager=False, **o):\n    if eager:\n        return app.task(**o)\n    return shared_task(ignore_result=True, **o)\n",
        "class job:\n    def __init__(self, **o):\n        self.o = o\n    def __call__(self, f):\n        return app.task(**self.o)(f)\n",
    ],
)
def test_a_wrapper_that_does_more_than_can_be_told_makes_tasks_with_unknown_options(wrapper: str) -> None:
    (task,) = (t for t in tasks(f"{TOOLS}{wrapper}@job(expires=3)\ndef f(): pass\n") if t.name == "f" and t.function)
    assert not task.options_known


@pytest.mark.parametrize(
    "wrapper",
    [
        "def job(f):\n    return f\n",
        "def job(f):\n    app.send_task('x')\n    return f\n",
        "def job(f):\n    @app.task\n    def other(): pass\n    return f\n",
        "def job(f):\n    return registry.task(f)\n",
        "def job(f):\n    from somewhere import app\n    return app.task(f)\n",
        "def job(f):\n    from somewhere import shared_task\n    return shared_task(f)\n",
        "from somewhere import job\n",
        "class job:\n    def __call__(self, f):\n        return other.task(f)\n",
        "job = functools.partial(print, bind=True)\n",
    ],
)
def test_what_only_looks_like_a_wrapper_makes_no_task(wrapper: str) -> None:
    assert [t for t in tasks(f"{TOOLS}{wrapper}@job\ndef f(): pass\n") if t.name == "f" and t.function] == []


@pytest.mark.parametrize(
    ("imports", "decorator", "declared"),
    [
        ("from mylib.jobs import job", "job", True),
        ("from mylib.jobs import job as j", "j(queue='x')", True),
        ("import mylib.jobs", "mylib.jobs.job()", True),
        ("from shop.jobs import job", "job", True),
        ("from .jobs import job", "job", True),
        ("from other.jobs import job", "job", False),
        ("from mylib.jobs import other", "other", False),
    ],
)
def test_a_decorator_may_be_declared_to_make_tasks(
    tmp_path: Path, imports: str, decorator: str, declared: bool
) -> None:
    write(tmp_path, {"shop/__init__.py": "", "shop/jobs.py": "def job(*a, **k):\n    return make(*a, **k)\n"})
    project = Project(tmp_path, extra_task_decorators=("mylib.jobs.job", "shop.jobs.job"))
    text = f"{imports}\n@{decorator}\ndef f(): pass\n"
    analysis = FileAnalysis(text, rules=RuleSet(()), project=project, path=tmp_path / "shop/tasks.py")
    found = [fact for segment in analysis.segments for fact in segment.facts if isinstance(fact, TaskDefinition)]
    assert bool(found) is declared
    assert not any(task.options_known or task.maker.keeps_function for task in found)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@app.task\ndef f(): pass\n", ("shop.tasks.f",)),
        ("@app.task(name='x')\ndef f(): pass\n", ("x",)),
        ("@app.task(name=unknown())\ndef f(): pass\n", None),
        ("def job(f):\n    @app.task\n    @functools.wraps(f)\n    def g(): pass\n    return g\n@job\ndef f(): pass\n", ("shop.tasks.f",)),
        ("def job(f):\n    @app.task\n    def g(): pass\n    return g\n@job\ndef f(): pass\n", None),
        ("def job(name):\n    return app.task(name=name)\n@job('a')\n@job('b')\ndef f(): pass\n", ("a", "b")),
        ("def job(name):\n    return app.task(name=name)\n@job('a')\n@job(N())\ndef f(): pass\n", None),
    ],
)  # fmt: skip
def test_the_index_knows_tasks_by_all_their_names(tmp_path: Path, text: str, names: tuple[str, ...] | None) -> None:
    write(tmp_path, {"shop/__init__.py": "", "shop/tasks.py": TOOLS + text})
    (record,) = index_of(tmp_path).records.values()
    (task,) = (task for task in record.tasks if task.function == "f")
    assert (task.names and tuple(n for n in task.names if not n.startswith(("__main__.", "shop.f")))) == names


@pytest.mark.parametrize(
    "text",
    [
        "from jobs import job\n\n\n@job\ndef f(): pass\n",
        "from jobs import mail_job\n\n\n@mail_job(queue='x')\ndef f(): pass\n",
        "from shop.tasks import connect\n\n\n@connect(SIGNAL)\ndef f(): pass\n",
    ],
)
def test_a_file_that_does_not_mention_celery_may_hold_tasks(text: str) -> None:
    assert concerns_celery(text.encode())


def test_a_package_that_python_is_started_in_is_where_names_begin(tmp_path: Path) -> None:
    files = {
        "workers/__init__.py": "",
        "workers/pyproject.toml": "",
        "workers/jobs.py": "from celery import shared_task\ndef job(**o):\n    return shared_task(**o)\n",
        "workers/mail/__init__.py": "",
        "workers/mail/tasks.py": "from jobs import job\n@job(name='x')\ndef f(): pass\n",
    }
    write(tmp_path, files)
    assert index_of(tmp_path).names() == {"x"}
