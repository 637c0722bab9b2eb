"""The settings files: which one holds, what they mean, and what is said of mistakes in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from celery_analyzers.findings import Severity
from celery_analyzers.registry import RuleSet
from celery_analyzers.settings import Settings
from celery_language_server.configuration import KEYS, Configuration, ConfigurationError, from_client, load

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, name: str, content: str | bytes) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def test_no_file(tmp_path: Path) -> None:
    assert load(tmp_path) == Configuration(Settings(), tmp_path)


def test_every_key(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "celeryls.toml",
        """
        select = ["CEL1", "invalid-rate-limit"]
        extend-select = ["CEL801"]
        ignore = ["CEL101"]
        exclude = ["migrations/"]
        respect-gitignore = false
        external-task-names = ["billing.*"]

        [severity]
        bind-without-self = "warning"
        CEL801 = "off"
        """,
    )

    assert load(tmp_path) == Configuration(
        Settings(
            select=("CEL1", "invalid-rate-limit", "CEL801"),
            ignore=("CEL101",),
            severity={"bind-without-self": Severity.WARNING, "unknown-task-option": None},
            exclude=("migrations/",),
            respect_gitignore=False,
            external_task_names=("billing.*",),
        ),
        tmp_path,
        file,
    )


def test_extend_select_adds_to_what_is_selected_by_default(tmp_path: Path) -> None:
    write(tmp_path, "celeryls.toml", 'extend-select = ["CEL103"]\nignore = ["CEL1"]\n')

    rules = RuleSet.from_settings(load(tmp_path).settings)

    assert "bind-without-self" in rules
    assert "unbound-self" not in rules
    assert "invalid-rate-limit" in rules


@pytest.mark.parametrize("table", ["[tool.celeryls]\n", "[tool]\nother = 1\n[tool . 'celeryls']\n"])
def test_pyproject(tmp_path: Path, table: str) -> None:
    file = write(tmp_path, "pyproject.toml", f'[project]\nname = "shop"\n{table}ignore = ["CEL1"]\n')

    assert load(tmp_path) == Configuration(Settings(ignore=("CEL1",)), tmp_path, file)


def test_a_file_of_our_own_wins(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", '[tool.celeryls]\nignore = ["CEL1"]\n')
    hidden = write(tmp_path, ".celeryls.toml", 'ignore = ["CEL2"]\n')
    assert load(tmp_path).file == hidden

    own = write(tmp_path, "celeryls.toml", "")
    assert load(tmp_path) == Configuration(Settings(), tmp_path, own)


def test_the_nearest_file_wins(tmp_path: Path) -> None:
    write(tmp_path, "celeryls.toml", 'ignore = ["CEL1"]\n')
    write(tmp_path, "a/pyproject.toml", '[project]\nname = "celeryls-user"\n')
    inner = write(tmp_path, "a/b/pyproject.toml", '[tool.celeryls]\nignore = ["CEL2"]\n')
    (tmp_path / "a/b/c").mkdir()

    assert load(tmp_path / "a").root == tmp_path
    assert load(tmp_path / "a/b/c") == Configuration(Settings(ignore=("CEL2",)), tmp_path / "a/b", inner)


def test_a_broken_pyproject_that_does_not_speak_of_us(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", "[tool.other\n")

    assert load(tmp_path).file is None


def test_a_folder_named_like_a_file(tmp_path: Path) -> None:
    (tmp_path / "celeryls.toml").mkdir()

    assert load(tmp_path).file is None


def test_a_byte_order_mark(tmp_path: Path) -> None:
    write(tmp_path, "celeryls.toml", b'\xef\xbb\xbfignore = ["CEL1"]\n')

    assert load(tmp_path).settings.ignore == ("CEL1",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("selct = []", "selct: unknown key; did you mean `select`?"),
        (
            "colour = 1",
            "colour: unknown key; expected one of " + ", ".join(KEYS),
        ),
        ("extend_select = []", "extend_select: unknown key; did you mean `extend-select`?"),
        ('select = "ALL"', 'select: expected a list of strings, not "ALL"'),
        ("ignore = [1]", "ignore: expected a list of strings, not 1"),
        ("exclude = true", "exclude: expected a list of strings, not true"),
        ('respect-gitignore = "no"', 'respect-gitignore: expected true or false, not "no"'),
        ("respect-gitignore = 1", "respect-gitignore: expected true or false, not 1"),
        ('diagnostic-mode = "all"', 'diagnostic-mode: expected one of "open-files", "workspace", not "all"'),
        ("diagnostic-mode = true", 'diagnostic-mode: expected one of "open-files", "workspace", not true'),
        (
            'extra-task-decorators = "shop.task"',
            'extra-task-decorators: expected a list of dotted paths, as in ["shop.celery.task"], not "shop.task"',
        ),
        (
            'extra-task-decorators = ["@task"]',
            'extra-task-decorators: expected a list of dotted paths, as in ["shop.celery.task"], not "@task"',
        ),
        ("severity = []", "severity: expected a table from rules to severities, not a list"),
        (
            'severity.bind-without-self = "loud"',
            'severity.bind-without-self: expected one of "off", "hint", "information", "warning", "error", not "loud"',
        ),
        (
            "severity.bind-without-self = false",
            'severity.bind-without-self: expected one of "off", "hint", "information", "warning", "error", not false',
        ),
        (
            'severity.bind-without-elf = "error"',
            "severity: unknown rule `bind-without-elf`; did you mean `bind-without-self`?",
        ),
        ('select = ["bind-without"]', "select: unknown rule `bind-without`; did you mean `bind-without-self`?"),
        ('ignore = ["-"]', "ignore: unknown rule `-`"),
        ('extend-select = ["ruff"]', "extend-select: unknown rule `ruff`"),
    ],
)
def test_mistakes(tmp_path: Path, content: str, message: str) -> None:
    file = write(tmp_path, "celeryls.toml", content)
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)
    assert str(caught.value) == f"{file}: {message}"
    file.unlink()

    pyproject = write(tmp_path, "pyproject.toml", f"[tool.celeryls]\n{content}")
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)
    assert str(caught.value) == f"{pyproject}: tool.celeryls.{message}"


def test_a_table_that_is_none(tmp_path: Path) -> None:
    file = write(tmp_path, "pyproject.toml", "[tool]\nceleryls = 3\n")

    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)

    assert str(caught.value) == f"{file}: tool.celeryls: expected a table, not 3"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a = 1\nselect = [\n", 2),
        (b"a = 1\n\nselect [\n", 3),
        (b"select = []\nselect = []\n", 2),
        (b"a = 1\nb = '\xff'\n", 2),
    ],
)
def test_broken_toml(tmp_path: Path, content: bytes, line: int) -> None:
    file = write(tmp_path, "celeryls.toml", content)

    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)

    assert str(caught.value).startswith(f"{file}:{line}: not valid TOML: ")
    assert "\n" not in str(caught.value)


def test_a_broken_pyproject_that_speaks_of_us(tmp_path: Path) -> None:
    file = write(tmp_path, "pyproject.toml", "[tool.celeryls]\nselect = [\n")

    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)

    assert str(caught.value).startswith(f"{file}:2: not valid TOML: ")


def test_an_editor_sends_settings() -> None:
    sent = {
        "select": ["CEL1"],
        "extendSelect": ["CEL801"],
        "severity": {"bind-without-self": "hint"},
        "respectGitignore": False,
        "exclude": None,
        "trace": {"server": "verbose"},
        "interpreter": ["python"],
    }

    assert from_client(sent, Settings()) == Settings(
        select=("CEL1", "CEL801"),
        severity={"bind-without-self": Severity.HINT},
        respect_gitignore=False,
    )


def test_the_project_has_the_last_word() -> None:
    project = Settings(ignore=("CEL2",), severity={"bind-without-self": Severity.ERROR, "unbound-self": Severity.HINT})
    sent = {
        "select": ["CEL1"],
        "ignore": ["CEL1"],
        "severity": {"bind-without-self": "off", "invalid-rate-limit": "hint"},
    }

    assert from_client(sent, project) == Settings(
        select=("CEL1",),
        ignore=("CEL2",),
        severity={
            "bind-without-self": Severity.ERROR,
            "unbound-self": Severity.HINT,
            "invalid-rate-limit": Severity.HINT,
        },
    )


def test_an_editor_sends_nothing_of_ours() -> None:
    project = Settings(ignore=("CEL2",))

    assert from_client({}, project) is project
    assert from_client({"select": None, "trace": "off"}, project) is project


def test_an_editor_sends_nonsense() -> None:
    with pytest.raises(ConfigurationError) as caught:
        from_client({"select": "ALL"}, Settings())

    assert str(caught.value) == 'the editor\'s settings: celeryls.select: expected a list of strings, not "ALL"'
