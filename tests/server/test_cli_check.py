"""`celeryls check`: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import BOUND, CLEAN, MISSPELT, Command, run

MESSAGE = "`ping` is bound but has no parameter for the task instance, so every call raises `TypeError`"


@pytest.fixture
def celeryls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.chdir(tmp_path)
    return Command(tmp_path, monkeypatch, capsys)


def test_a_clean_folder(celeryls: Command) -> None:
    celeryls.write("a.py", CLEAN)

    result = celeryls.check()

    assert (result.code, result.out, result.err) == (0, "All checks passed!\n", "")


def test_a_folder_without_python_files(celeryls: Command) -> None:
    result = celeryls.check()

    assert result.code == 0
    assert result.out == "All checks passed!\n"
    assert result.err == "warning: no Python files found\n"


def test_full_output(celeryls: Command) -> None:
    celeryls.write("pkg/tasks.py", BOUND)

    result = celeryls.check()

    assert result.code == 1
    assert result.out == (
        f"bind-without-self (CEL103): {MESSAGE}\n"
        " --> pkg/tasks.py:5:5\n"
        "  |\n"
        "4 | @shared_task(bind=True)\n"
        "5 | def ping():\n"
        "  |     ^^^^\n"
        "6 |     return 'pong'\n"
        "  |\n"
        "help: Add the parameter `self`\n"
        "help: Remove `bind=True` (unsafe fix)\n"
        "\n"
        "Found 1 finding (1 error).\n"
        "1 fix available with --fix.\n"
    )


def test_concise_output(celeryls: Command) -> None:
    celeryls.write("b.py", MISSPELT)
    celeryls.write("a.py", BOUND)

    lines = celeryls.check("--output-format", "concise").out.split("\n")

    assert lines[0] == f"a.py:5:5: error CEL103 [bind-without-self] {MESSAGE}"
    assert lines[1].startswith("b.py:4:14: warning CEL801 [unknown-task-option] ")
    assert lines[2] == "Found 2 findings (1 error, 1 warning)."


def test_json_output(celeryls: Command) -> None:
    celeryls.write("pkg/a.py", BOUND)

    result = celeryls.check("--output-format", "json")

    assert result.code == 1
    assert result.err == ""
    (report,) = json.loads(result.out)
    assert list(report) == ["rule", "code", "severity", "message", "path", "start", "end", "fixes", "url"]
    assert report["rule"] == "bind-without-self"
    assert report["code"] == "CEL103"
    assert report["severity"] == "error"
    assert report["message"] == MESSAGE
    assert Path(report["path"]) == Path("pkg/a.py")
    assert report["start"] == {"line": 5, "column": 5}
    assert report["end"] == {"line": 5, "column": 9}
    assert report["fixes"][0] == {
        "title": "Add the parameter `self`",
        "safety": "safe",
        "edits": [{"start": {"line": 5, "column": 10}, "end": {"line": 5, "column": 10}, "text": "self"}],
    }
    assert report["fixes"][1]["safety"] == "unsafe"
    assert report["url"].endswith("/docs/rules/bind-without-self.md")


def test_json_output_of_a_clean_folder(celeryls: Command) -> None:
    celeryls.write("a.py", CLEAN)

    assert json.loads(celeryls.check("--output-format", "json").out) == []


def test_json_columns_are_code_points(celeryls: Command) -> None:
    celeryls.write("a.py", BOUND.replace("ping", "größe🐇"[:5]).replace("bind=True", "name='🐇', bind=True"))

    (report,) = json.loads(celeryls.check("--output-format", "json").out)

    assert report["start"] == {"line": 5, "column": 5}
    assert report["end"] == {"line": 5, "column": 10}
    assert report["fixes"][1]["edits"][0]["start"] == {"line": 4, "column": 22}


def test_min_severity_filters_every_format(celeryls: Command) -> None:
    celeryls.write("a.py", BOUND)
    celeryls.write("b.py", MISSPELT)

    full = celeryls.check("--min-severity", "error")
    assert "unknown-task-option" not in full.out
    assert full.out.endswith("1 finding not shown (1 warning); show with --min-severity warning.\n")
    concise = celeryls.check("--min-severity", "error", "--output-format=concise")
    assert "unknown-task-option" not in concise.out
    assert "1 finding not shown" in concise.out
    as_json = celeryls.check("--min-severity", "error", "--output-format", "json")
    assert [report["rule"] for report in json.loads(as_json.out)] == ["bind-without-self"]
    assert as_json.err == "1 finding not shown (1 warning); show with --min-severity warning.\n"


def test_information_is_not_shown_unless_asked_for(celeryls: Command) -> None:
    celeryls.write("a.py", "from celery import shared_task\n\n\n@shared_task\ndef ping(x): ...\n")

    result = celeryls("check", "--select", "untyped-task-argument")
    assert (result.code, result.out.split("\n")[0]) == (0, "All checks passed!")
    assert "1 finding not shown (1 information); show with --min-severity information." in result.out

    result = celeryls("check", "--select", "untyped-task-argument", "--min-severity", "hint")
    assert result.code == 0
    assert "Found 1 finding (1 information)." in result.out


def test_select_and_ignore(celeryls: Command) -> None:
    celeryls.write("a.py", BOUND + MISSPELT)

    def rules(*arguments: str) -> list[str]:
        result = celeryls("check", "--output-format", "json", *arguments)
        return [report["rule"] for report in json.loads(result.out)]

    assert rules("--select", "CEL103") == ["bind-without-self"]
    assert rules("--select=unknown-task-option") == ["unknown-task-option"]
    assert rules("--select", "CEL1", "--select", "CEL801", "--ignore", "CEL101") == [
        "bind-without-self",
        "unknown-task-option",
    ]
    assert rules("--select", "CEL103,CEL801", "--ignore", "bind-without-self") == ["unknown-task-option"]


def test_statistics(celeryls: Command) -> None:
    celeryls.write("a.py", BOUND)
    celeryls.write("b.py", BOUND)
    celeryls.write("c.py", MISSPELT)

    result = celeryls.check("--statistics")

    assert result.code == 1
    assert result.out.startswith("2  CEL103  [*] bind-without-self\n1  CEL801  [ ] unknown-task-option\n")
    assert json.loads(celeryls.check("--statistics", "--output-format", "json").out) == [
        {"rule": "bind-without-self", "code": "CEL103", "count": 2, "fixable": 2},
        {"rule": "unknown-task-option", "code": "CEL801", "count": 1, "fixable": 0},
    ]


def test_exit_zero(celeryls: Command) -> None:
    celeryls.write("a.py", BOUND)

    assert celeryls.check("--exit-zero").code == 0


def test_paths(celeryls: Command) -> None:
    celeryls.write("a.py")
    celeryls.write("pkg/b.py")
    celeryls.write("pkg/c.py")

    def found(*paths: str) -> list[str]:
        return [line.split(":")[0] for line in celeryls.concise(*paths)]

    assert found() == ["a.py", "pkg/b.py", "pkg/c.py"]
    assert found("pkg") == ["pkg/b.py", "pkg/c.py"]
    assert found("pkg/c.py", "a.py") == ["a.py", "pkg/c.py"]
    assert found("pkg", "pkg/c.py", ".") == ["a.py", "pkg/b.py", "pkg/c.py"]
    assert found("./pkg/../a.py") == ["a.py"]
    assert found(str(celeryls.folder / "pkg")) == ["pkg/b.py", "pkg/c.py"]


def test_paths_outside_of_the_working_folder(celeryls: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    celeryls.write("a.py")
    (celeryls.folder / "other").mkdir()
    monkeypatch.chdir(celeryls.folder / "other")

    (line,) = celeryls.concise("..")

    assert line.startswith(f"{celeryls.folder / 'a.py'}:5:5: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.py"], "`missing.py`: no such file or folder"),
        (["--selct", "ALL"], "unknown option `--selct`; did you mean `--select`?"),
        (["--select"], "`--select` expects RULES"),
        (
            ["--select", "bind-without"],
            "`--select`: unknown rule or group `bind-without`; did you mean `bind-without-self`?",
        ),
        (["--ignore", "CEL9999"], "`--ignore`: unknown rule or group `CEL9999`"),
        (["--output-format", "xml"], "`--output-format` expects one of full, concise, json, not `xml`"),
        (
            ["--min-severity", "fatal"],
            "`--min-severity` expects one of hint, information, warning, error, not `fatal`",
        ),
        (["--fix=yes"], "`--fix` takes no value"),
        (["-", "a.py"], "stdin and paths cannot be checked in one run"),
    ],
)
def test_usage_errors(celeryls: Command, arguments: list[str], message: str) -> None:
    celeryls.write("a.py")

    result = celeryls("check", *arguments)

    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith(f"celeryls check: {message}")
    assert result.err.endswith("Try `celeryls check --help`.\n")
    assert "Traceback" not in result.err


def test_broken_configuration(celeryls: Command) -> None:
    celeryls.write("a.py")
    celeryls.write("pyproject.toml", "[tool.celeryls]\nselct = []\n")

    result = celeryls("check")

    assert result.code == 2
    assert result.out == ""
    assert result.err == (
        f"celeryls: {celeryls.folder / 'pyproject.toml'}: tool.celeryls.selct: unknown key; did you mean `select`?\n"
    )


def test_configuration_is_used(celeryls: Command) -> None:
    celeryls.write("pkg/a.py", BOUND + MISSPELT)
    celeryls.write("celeryls.toml", 'select = ["CEL103", "CEL801"]\n[severity]\nbind-without-self = "warning"\n')
    (line, _) = [line for line in celeryls("check", "--output-format=concise").out.split("\n") if "CEL" in line]
    assert ": warning CEL103 " in line

    celeryls.write("celeryls.toml", 'select = ["CEL103"]\n[severity]\nbind-without-self = "off"\n')
    assert celeryls("check").code == 0

    celeryls.write("celeryls.toml", 'select = ["CEL103"]\nexclude = ["pkg/"]\n')
    assert celeryls("check").code == 0

    celeryls.write("celeryls.toml", 'ignore = ["ALL"]\n')
    assert celeryls("check").code == 0


def test_each_path_has_its_own_configuration(celeryls: Command) -> None:
    celeryls.write("one/a.py", BOUND)
    celeryls.write("one/celeryls.toml", 'select = ["CEL103"]\n')
    celeryls.write("two/a.py", BOUND)
    celeryls.write("two/celeryls.toml", 'select = ["CEL801"]\n')

    result = celeryls("check", "one", "two", "--output-format", "json")

    assert [Path(report["path"]) for report in json.loads(result.out)] == [Path("one/a.py")]


def test_syntax_errors_are_told_and_the_rest_is_checked(celeryls: Command) -> None:
    celeryls.write("a.py", BOUND + "\n\n@shared_task\ndef broken(:\n    pass\n")

    result = celeryls.check()

    assert result.code == 1
    assert "bind-without-self" in result.out
    assert result.err == "warning: 1 file had syntax errors, checked in part\n"


def test_ignore_comments(celeryls: Command) -> None:
    celeryls.write("a.py", BOUND.replace("def ping():", "def ping():  # celeryls: ignore[bind-without-self]"))

    assert celeryls.check().code == 0


def test_help(celeryls: Command) -> None:
    result = celeryls("check", "--help")

    assert result.code == 0
    for option in (
        "--output-format full|concise|json",
        "--min-severity hint|information|warning|error",
        "--select",
    ):
        assert option in result.out
    assert celeryls("help", "check").out == result.out


def test_the_command_itself(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BOUND)

    assert run("check", "--select=CEL103", cwd=tmp_path).code == 1
    assert run("check", "--select=CEL801", cwd=tmp_path).code == 0
    assert run("check", "nowhere", cwd=tmp_path).code == 2
