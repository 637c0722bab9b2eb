"""What is said of a name that no task has, beside what the cases of `unknown-task-name` show."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.analyzers.engine import write

from celery_analyzers.indexing import index_of
from celery_analyzers.project import Project
from celery_analyzers.task_lookup import unknown_name

TASKS = "from celery import Celery\napp = Celery()\n@app.task\ndef send_mail(): pass\n"


@pytest.mark.parametrize(
    ("name", "external"),
    [
        ("shop.tasks.send_mial", False),
        ("shop.tasks.send_mial", True),
        ("shop.tasks.send_mail", False),
        ("shop.tasks.remote_mial", True),
    ],
)
def test_a_task_may_be_run_by_somebody_else(tmp_path: Path, name: str, external: bool) -> None:
    write(tmp_path, {"shop/tasks.py": TASKS})
    patterns = ("billing.*", "shop.tasks.*_mial") if external else ("billing.*",)
    project = Project(tmp_path, index_of(tmp_path), external_task_names=patterns)
    assert (unknown_name(name, project) is None) is (external or name == "shop.tasks.send_mail")


def test_nothing_is_said_before_the_workspace_is_known(tmp_path: Path) -> None:
    write(tmp_path, {"shop/tasks.py": TASKS})
    assert unknown_name("shop.tasks.send_mial", Project(tmp_path)) is None


def test_what_is_found_out_depends_on_the_module_that_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"shop/tasks.py": TASKS})
    project = Project(tmp_path, index_of(tmp_path))
    project.begin()
    unknown = unknown_name("shop.tasks.send_mial", project)
    assert unknown is not None
    assert (unknown.meant, unknown.in_module, unknown.is_certain) == ("shop.tasks.send_mail", True, True)
    assert tmp_path / "shop/tasks.py" in project.consulted
    assert ("about_name", ("shop.tasks.send_mial",)) in project.asked
