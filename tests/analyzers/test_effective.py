"""The effective value of an option is the one that real Celery gives the task, whatever levels say something."""

from __future__ import annotations

import itertools
import textwrap
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from engine import tasks, write

from celery_analyzers.analysis import FileAnalysis
from celery_analyzers.effective import Effective, Level, effective_option
from celery_analyzers.indexing import NO_RULES, index_of
from celery_analyzers.project import Project
from celery_analyzers.symbols import UNKNOWN
from celery_analyzers.task_facts import TaskDefinition

if TYPE_CHECKING:
    from pathlib import Path

LEVELS = {
    "setting": "app.conf.task_time_limit = 10",
    "everybody": "app.conf.task_annotations = {'*': {'time_limit': 20}}",
    "annotation": "app.conf.task_annotations = {'shop.send': {'time_limit': 30}}",
    "both": "app.conf.task_annotations = {'shop.send': {'time_limit': 40}, '*': {'time_limit': 50}}",
    "task_cls": "app.Task = Base",
}
DECORATORS = ("", "time_limit=60", "time_limit=None", "base=Base", "base=Base, time_limit=70", "base=Plain")


def source(given: tuple[str, ...], decorator: str) -> str:
    """A module with one task and settings on the levels that are `given`."""
    made = "app = Celery('shop', task_cls=Base)" if "task_cls" in given else "app = Celery('shop')"
    settings = [LEVELS[level] for level in given if level != "task_cls"]
    return textwrap.dedent(
        """
        from celery import Celery, Task


        class Plain(Task):
            pass


        class Base(Task):
            time_limit = 80


        {made}
        {settings}


        @app.task(name='shop.send', shared=False{decorator})
        def send():
            pass
        """
    ).format(made=made, settings="\n".join(settings), decorator=f", {decorator}" if decorator else "")


def effective(text: str, name: str, *, root: Path | None = None, path: Path | None = None) -> Effective:
    """The effective value of an option of the only task of a module."""
    project = Project(root, root and index_of(root))
    analysis = FileAnalysis(text, rules=NO_RULES, project=project, path=path)
    (task,) = [f for s in analysis.segments for f in s.facts if isinstance(f, TaskDefinition) and f.function]
    return effective_option(task, name, analysis.scope, project)


def on_celery(text: str) -> Any:
    """The value that Celery gives the task of a module."""
    namespace: dict[str, Any] = {"__name__": "shop"}
    exec(text, namespace)
    app = namespace["app"]
    app.finalize()
    return app.tasks["shop.send"].time_limit


@pytest.mark.parametrize("decorator", DECORATORS)
@pytest.mark.parametrize(
    "given",
    [
        *itertools.chain.from_iterable(itertools.combinations(("setting", "task_cls"), size) for size in range(3)),
        *itertools.product(("setting",), ("everybody", "annotation", "both")),
        *itertools.product(("everybody", "annotation", "both"), ("task_cls",)),
    ],
    ids=lambda given: "+".join(given) or "nothing",
)
def test_values_are_celerys(given: tuple[str, ...], decorator: str) -> None:
    text = source(given, decorator)
    assert effective(text, "time_limit").value == on_celery(text)


def test_levels_are_told() -> None:
    assert effective(source((), ""), "time_limit").level is Level.DEFAULT
    assert effective(source(("setting",), ""), "time_limit").level is Level.SETTING
    assert effective(source(("setting",), "time_limit=5"), "time_limit").level is Level.TASK
    assert effective(source(("setting",), "base=Base"), "time_limit").level is Level.BASE
    assert effective(source(("annotation",), "time_limit=5"), "time_limit").level is Level.ANNOTATION


class TestPlaces:
    """An effective value says where it comes from."""

    FILES: ClassVar[dict[str, str]] = {
        "shop/__init__.py": "",
        "shop/celery.py": "from celery import Celery\n\napp = Celery('shop')\n"
        "app.config_from_object('shop.config', namespace='SHOP')\n",
        "shop/config.py": "BROKER = 1\n\nSHOP_TASK_TIME_LIMIT = 30\n",
        "shop/tasks.py": "from shop.celery import app\n\n\n@app.task\ndef send():\n    pass\n",
    }

    def test_of_a_setting(self, tmp_path: Path) -> None:
        write(tmp_path, self.FILES)
        found = effective(self.FILES["shop/tasks.py"], "time_limit", root=tmp_path, path=tmp_path / "shop/tasks.py")
        assert (found.value, found.level) == (30, Level.SETTING)
        assert found.place is not None
        assert found.place.path == tmp_path / "shop/config.py"
        assert Project(tmp_path).line_of(found.place) == 2

    def test_of_a_base_class(self, tmp_path: Path) -> None:
        base = "from celery import Task\n\n\nclass Base(Task):\n    abstract = True\n    time_limit = 5\n"
        text = (
            "from celery import shared_task\nfrom shop.base import Base\n\n\n@shared_task(base=Base)\ndef send(): ...\n"
        )
        write(tmp_path, {"shop/__init__.py": "", "shop/base.py": base, "shop/tasks.py": text})
        found = effective(text, "time_limit", root=tmp_path, path=tmp_path / "shop/tasks.py")
        assert (found.value, found.level) == (5, Level.BASE)
        assert found.place is not None
        assert (found.place.path, Project(tmp_path).line_of(found.place)) == (tmp_path / "shop/base.py", 5)


class TestConfigurations:
    """The forms in which a project gives its app settings."""

    TASK = "from celery import shared_task\n\n\n@shared_task\ndef send(): ...\n"

    def limit(self, root: Path, files: dict[str, str]) -> object:
        write(root, {"shop/__init__.py": "", "shop/tasks.py": self.TASK, **files})
        return effective(self.TASK, "time_limit", root=root, path=root / "shop/tasks.py").value

    @pytest.mark.parametrize(
        "made",
        [
            "app.conf.task_time_limit = 9",
            "app.conf['task_time_limit'] = 9",
            "app.conf.update(task_time_limit=9)",
            "app.conf.update({'task_time_limit': 9})",
            "app.conf.update(**{'task_time_limit': 9})",
            "app.config_from_object({'task_time_limit': 9})",
            "LIMITS = dict(task_time_limit=9)\napp.conf.update(LIMITS)",
            "class Config:\n    task_time_limit = 9\n\napp.config_from_object(Config)",
            "class Config:\n    task_time_limit = 9\n\napp.config_from_object(Config())",
            "app.add_defaults({'task_time_limit': 9})",
            "import shop.config\napp.config_from_object(shop.config)",
            "app.config_from_object('shop.config')",
            "app.config_from_object('shop.config:Config')",
            "app.config_from_object('shop.config.Config')",
        ],
    )
    def test_by_code(self, made: str, tmp_path: Path) -> None:
        config = "task_time_limit = 9\n\n\nclass Config:\n    task_time_limit = 9\n"
        files = {
            "shop/celery.py": f"from celery import Celery\n\napp = Celery('shop')\n{made}\n",
            "shop/config.py": config,
        }
        assert self.limit(tmp_path, files) == 9

    @pytest.mark.parametrize(
        "made", ["Celery('shop', task_time_limit=9)", "Celery('shop', changes={'task_time_limit': 9})"]
    )
    def test_by_the_constructor(self, made: str, tmp_path: Path) -> None:
        assert self.limit(tmp_path, {"shop/celery.py": f"from celery import Celery\n\napp = {made}\n"}) == 9

    def test_by_another_module(self, tmp_path: Path) -> None:
        files = {
            "shop/celery.py": "from celery import Celery\n\napp = Celery('shop')\n",
            "shop/limits.py": "from shop.celery import app\n\napp.conf.task_time_limit = 9\n",
        }
        assert self.limit(tmp_path, files) == 9

    DJANGO = (
        "import os\nfrom celery import Celery\n\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"
        "app = Celery('shop')\napp.config_from_object('django.conf:settings', namespace='CELERY')\n"
    )

    @pytest.mark.parametrize("key", ["CELERY_TASK_TIME_LIMIT", "CELERYD_TASK_TIME_LIMIT", "task_time_limit"])
    def test_by_django(self, key: str, tmp_path: Path) -> None:
        assert self.limit(tmp_path, {"shop/celery.py": self.DJANGO, "shop/settings.py": f"{key} = 9\n"}) == 9

    @pytest.mark.parametrize("key", ["TASK_TIME_LIMIT", "CELERY_task_time_limit", "SHOP_TASK_TIME_LIMIT"])
    def test_what_django_passes_over(self, key: str, tmp_path: Path) -> None:
        assert self.limit(tmp_path, {"shop/celery.py": self.DJANGO, "shop/settings.py": f"{key} = 9\n"}) is None

    def test_by_split_settings(self, tmp_path: Path) -> None:
        files = {
            "shop/celery.py": self.DJANGO.replace("shop.settings", "shop.settings.dev"),
            "shop/settings/__init__.py": "",
            "shop/settings/base.py": "CELERY_TASK_TIME_LIMIT = 9\n",
            "shop/settings/dev.py": "from .base import *\n\nDEBUG = True\n",
        }
        assert self.limit(tmp_path, files) == 9

    def test_by_the_environment(self, tmp_path: Path) -> None:
        files = {
            "shop/celery.py": self.DJANGO.replace("shop.settings", "shop.settings.dev"),
            "shop/settings/__init__.py": "",
            "shop/settings/base.py": "CELERY_TASK_TIME_LIMIT = 9\n",
            "shop/settings/dev.py": "from .base import *\n",
            "shop/settings/prod.py": "from .base import *\n\nCELERY_TASK_TIME_LIMIT = 60\n",
        }
        assert self.limit(tmp_path, files) == UNKNOWN

    def test_what_may_not_happen(self, tmp_path: Path) -> None:
        code = "import os\nfrom celery import Celery\n\napp = Celery('shop')\nif os.environ.get('SLOW'):\n"
        assert self.limit(tmp_path, {"shop/celery.py": f"{code}    app.conf.task_time_limit = 9\n"}) == UNKNOWN

    def test_the_nearest_app_counts(self, tmp_path: Path) -> None:
        app = "from celery import Celery\n\napp = Celery('it')\napp.conf.task_time_limit = {}\n"
        files = {"shop/celery.py": app.format(9), "mail/celery.py": app.format(5)}
        assert self.limit(tmp_path, files) == 9


def test_unknown_options_are_unknown() -> None:
    text = "from celery import shared_task\nimport shop\n\n\n@shared_task(**shop.OPTIONS)\ndef send(): ...\n"
    assert effective(text, "time_limit").value == UNKNOWN
    assert tasks(text)[0].options_known is False
