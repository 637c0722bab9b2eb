"""The settings files: which one holds, what they mean, and what is said of mistakes in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from celery_analyzers.findings import Severity
from celery_analyzers.registry import RuleSet
from celery_analyzers.settings import Settings
from celery_language_server.configuration import KEYS, Configuration, ConfigurationError, from_client, load

NOTHING = Configuration(Settings(), Path())


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
        preset = "strict"
        select = ["CEL1", "invalid-rate-limit"]
        extend-select = ["CEL801"]
        ignore = ["CEL101"]
        test-files = ["checks/**"]
        test-severity = "off"
        exclude = ["migrations/"]
        respect-gitignore = false
        external-task-names = ["billing.*"]

        [per-file-ignores]
        "migrations/*.py" = ["ALL"]
        "!shop/*" = ["CEL2", "beat"]

        [severity]
        bind-without-self = "warning"
        CEL801 = "off"
        """,
    )

    assert load(tmp_path) == Configuration(
        Settings(
            preset="strict",
            select=("CEL1", "invalid-rate-limit"),
            extend_select=("CEL801",),
            ignore=("CEL101",),
            per_file_ignores=(("migrations/*.py", ("ALL",)), ("!shop/*", ("CEL2", "beat"))),
            severity={"bind-without-self": Severity.WARNING, "unknown-task-option": None},
            test_files=("checks/**",),
            test_severity="off",
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
        ('preset = "strict "', 'preset: expected one of "recommended", "strict", "all", not "strict "'),
        ('preset = ["all"]', 'preset: expected one of "recommended", "strict", "all", not a list'),
        ('ignore = ["beet"]', "ignore: unknown rule or group `beet`; did you mean `beat`?"),
        ('test-files = "tests"', 'test-files: expected a list of strings, not "tests"'),
        ('test-files = ["tests/[ab"]', "test-files: `tests/[ab` is no pattern: a `[` is never closed"),
        ('test-files = ["{a,b"]', "test-files: `{a,b` is no pattern: a `{` is never closed"),
        ('test-severity = "none"', 'test-severity: expected one of "lower", "same", "off", not "none"'),
        (
            'per-file-ignores = ["ALL"]',
            "per-file-ignores: expected a table from patterns to lists of rules, not a list",
        ),
        ('per-file-ignores."a.py" = "ALL"', 'per-file-ignores.a.py: expected a list of strings, not "ALL"'),
        ('per-file-ignores."a.py" = [1]', "per-file-ignores.a.py: expected a list of strings, not 1"),
        (
            'per-file-ignores."a.py" = ["canvass"]',
            "per-file-ignores.a.py: unknown rule or group `canvass`; did you mean `canvas`?",
        ),
        ('per-file-ignores."a}" = ["ALL"]', "per-file-ignores: `a}` is no pattern: a `}` closes nothing"),
        ('per-file-ignores."!" = ["ALL"]', "per-file-ignores: `` is no pattern: it is empty"),
        ('severity.beet = "off"', "severity: unknown rule or group `beet`; did you mean `beat`?"),
        (
            'severity.beat = "loud"',
            'severity.beat: expected one of "off", "hint", "information", "warning", "error", not "loud"',
        ),
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
            "severity: unknown rule or group `bind-without-elf`; did you mean `bind-without-self`?",
        ),
        (
            'select = ["bind-without"]',
            "select: unknown rule or group `bind-without`; did you mean `bind-without-self`?",
        ),
        ('ignore = ["-"]', "ignore: unknown rule or group `-`"),
        ('extend-select = ["ruff"]', "extend-select: unknown rule or group `ruff`"),
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

    assert from_client(sent, NOTHING) == Settings(
        select=("CEL1",),
        extend_select=("CEL801",),
        severity={"bind-without-self": Severity.HINT},
        respect_gitignore=False,
    )


def test_the_project_has_the_last_word() -> None:
    settings = Settings(ignore=("CEL2",), severity={"bind-without-self": Severity.ERROR, "unbound-self": Severity.HINT})
    project = Configuration(settings, Path(), given=frozenset({"ignore", "severity"}))
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
    project = Configuration(Settings(ignore=("CEL2",)), Path(), given=frozenset({"ignore"}))

    assert from_client({}, project) is project.settings
    assert from_client({"select": None, "trace": "off"}, project) is project.settings


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ('preset = "recommended"', {"preset": "all"}),
        ('preset = "recommended"', {"select": ["ALL"]}),
        ("select = []", {"preset": "all"}),
        ('test-severity = "lower"', {"testSeverity": "same"}),
        ("per-file-ignores = {}", {"perFileIgnores": {"a.py": ["ALL"]}}),
        ('severity.retries = "hint"', {"severity": {"swallowed-retry": "off"}}),
    ],
)
def test_what_the_project_says_holds_though_it_is_the_default(
    tmp_path: Path, written: str, sent: dict[str, object]
) -> None:
    write(tmp_path, "celeryls.toml", written)
    project = load(tmp_path)

    assert from_client(sent, project) == project.settings


def test_what_an_editor_adds_to_the_projects_choice(tmp_path: Path) -> None:
    write(tmp_path, "celeryls.toml", 'preset = "strict"\n')

    settings = from_client({"extendSelect": ["beat"], "select": ["retries"]}, load(tmp_path))

    assert settings == Settings(preset="strict", extend_select=("beat",))


def test_the_more_exact_selector_decides_on_a_severity(tmp_path: Path) -> None:
    write(
        tmp_path,
        "celeryls.toml",
        """
        [severity]
        CEL103 = "error"
        signatures = "hint"
        ALL = "warning"
        """,
    )

    severity = load(tmp_path).settings.severity

    assert severity["bind-without-self"] == Severity.ERROR
    assert severity["unbound-self"] == Severity.HINT
    assert severity["swallowed-retry"] == Severity.WARNING


def test_an_editor_sends_nonsense() -> None:
    with pytest.raises(ConfigurationError) as caught:
        from_client({"select": "ALL"}, NOTHING)

    assert str(caught.value) == 'the editor\'s settings: celeryls.select: expected a list of strings, not "ALL"'
