"""Files that show a project's environment variables, and the line that a fix adds to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import write
from rule_examples import analyse, findings_of

from celery_analyzers.environment_files import Placeholder, is_example
from celery_analyzers.findings import Fix
from celery_analyzers.indexing import index_of
from celery_analyzers.project import Project
from celery_codeactions.fixes import apply_edits, others

if TYPE_CHECKING:
    from pathlib import Path

APP = """from celery import Celery

app = Celery("shop", broker="amqps://shop:tr0ub4dor@mq.example.org/")
"""


def added(text: str) -> str:
    return apply_edits(text, Placeholder(None, "CELERY_BROKER_URL").edits(text))


def test_names_of_such_files() -> None:
    assert all(map(is_example, (".env.example", "deploy/.env.sample", "env.template", ".env.dist")))
    assert not any(map(is_example, (".env", ".env.local", "example.env.py", "environment.example")))


def test_the_line_comes_last_with_the_line_ends_of_the_file() -> None:
    assert added("") == "CELERY_BROKER_URL=your_broker_url_here\n"
    assert added("A=1") == "A=1\nCELERY_BROKER_URL=your_broker_url_here\n"
    assert added("A=1\r\n") == "A=1\r\nCELERY_BROKER_URL=your_broker_url_here\r\n"
    assert added("export CELERY_BROKER_URL=x\n") == "export CELERY_BROKER_URL=x\n"


def fix_in(root: Path) -> dict[Path, str]:
    """What the fix for a password makes of other files of a project."""
    path = root / "shop/celery.py"
    project = Project(root, index_of(root))
    (finding,) = findings_of(analyse(path.read_text(encoding="utf-8"), project, path), "credentials-in-config")

    def text_of(path: Path, creates: bool = True) -> str:
        return path.read_text(encoding="utf-8") if path.exists() or not creates else ""

    made = others(finding.fixes[0], text_of)
    assert made is not None
    return {path: apply_edits(text_of(path), edits) for path, edits in made.items()}


def test_a_password_leaves_a_placeholder_in_the_nearest_file(tmp_path: Path) -> None:
    write(tmp_path, {"shop/celery.py": APP, ".env.example": "DEBUG=1\n", "other/.env.example": "A=1\n"})
    assert fix_in(tmp_path) == {tmp_path / ".env.example": "DEBUG=1\nCELERY_BROKER_URL=your_broker_url_here\n"}


def test_what_is_shown_already_is_not_shown_twice(tmp_path: Path) -> None:
    write(tmp_path, {"shop/celery.py": APP, ".env.example": "CELERY_BROKER_URL=your_broker_url_here\n"})
    assert fix_in(tmp_path) == {}


def test_a_project_without_such_a_file_gets_one(tmp_path: Path) -> None:
    write(tmp_path, {"shop/celery.py": APP})
    assert fix_in(tmp_path) == {tmp_path / ".env.example": "CELERY_BROKER_URL=your_broker_url_here\n"}


def test_the_code_is_fixed_where_no_file_can_be_created(tmp_path: Path) -> None:
    fix = Fix("Fix", (), elsewhere=(Placeholder(tmp_path / ".env.example", "CELERY_BROKER_URL"),))
    assert others(fix, lambda path, creates: None) == {}
