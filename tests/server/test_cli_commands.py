"""The command `celeryls` as a whole: its subcommands, broken pipes and interrupts."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from command import BOUND, MISSPELT, Command, Result, run

from celery_analyzers.registry import all_rules
from celery_language_server import __version__, cli, progress, serve

if TYPE_CHECKING:
    from pathlib import Path

    from celery_analyzers.analysis import FileAnalysis


@pytest.fixture
def celeryls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.chdir(tmp_path)
    return Command(tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize("arguments", [["version"], ["--version"], ["-V"]])
def test_version(celeryls: Command, arguments: list[str]) -> None:
    result = celeryls(*arguments)

    assert (result.code, result.out) == (0, f"celeryls {__version__}\n")


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["help"]])
def test_help(celeryls: Command, arguments: list[str]) -> None:
    result = celeryls(*arguments)

    assert result.code == 0
    assert all(f"\n  {command} " in result.out for command in cli.COMMANDS)


def test_no_command(celeryls: Command) -> None:
    result = celeryls()

    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("A linter and language server for Celery.")


def test_an_unknown_command(celeryls: Command) -> None:
    result = celeryls("chek")

    assert result.code == 2
    assert result.err == "celeryls: unknown command `chek`; did you mean `check`?\nTry `celeryls --help`.\n"
    assert "unknown option `--wat`" in celeryls("--wat").err


@pytest.mark.parametrize("name", ["bind-without-self", "CEL103", "cel103"])
def test_a_rule(celeryls: Command, name: str) -> None:
    result = celeryls("rule", name)

    assert result.code == 0
    assert result.out.startswith("# bind-without-self (CEL103)\n")
    assert "\n## What it does\n" in result.out
    assert "\n## References\n" in result.out


def test_all_rules(celeryls: Command) -> None:
    result = celeryls("rule", "--all")

    assert result.code == 0
    lines = result.out.split("\n")
    assert lines[0] == "| Code | Name | Group | Preset | Severity | Fix | Summary |"
    assert [line.split(" | ")[1] for line in lines[2:-1]] == [rule.name() for rule in all_rules()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected the name of one rule, or `--all`"),
        (["bind-without-elf"], "unknown rule `bind-without-elf`; did you mean `bind-without-self`?"),
        (["a", "b"], "expected the name of one rule, or `--all`"),
        (["--all", "a"], "`--all` takes no name"),
        (["--every"], "unknown option `--every`"),
    ],
)
def test_usage_errors_of_rule(celeryls: Command, arguments: list[str], message: str) -> None:
    result = celeryls("rule", *arguments)

    assert result.code == 2
    assert result.err.startswith(f"celeryls rule: {message}")


def test_help_of_rule(celeryls: Command) -> None:
    assert "--all" in celeryls("rule", "--help").out


def test_a_rule_on_a_terminal(celeryls: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celery_language_server.rule_command.is_terminal", lambda: True)

    out = celeryls("rule", "bind-without-self").out

    assert "bind-without-self" in out
    assert "## What it does" not in out


def test_serve_passes_its_arguments_on(celeryls: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[list[str]] = []

    def fake(arguments: list[str]) -> int:
        passed.append(list(arguments))
        return 7

    monkeypatch.setattr(serve, "main", fake)

    assert celeryls("serve", "--tcp", "127.0.0.1:0").code == 7
    assert passed == [["--tcp", "127.0.0.1:0"]]


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes as Unix has them")
def test_a_broken_pipe_is_no_news(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"m{number}.py").write_text(BOUND)
    process = subprocess.Popen(
        [sys.executable, "-m", "celery_language_server.cli", "check", "--select=CEL103"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()

    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == cli.BROKEN_PIPE


def test_an_interrupt_is_no_news(celeryls: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(given: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("celery_language_server.stdin_check.run", interrupted)

    assert celeryls("check", "-") == Result(cli.INTERRUPTED, "", "")


def test_a_file_that_breaks_a_rule_of_ours_does_not_stop_the_run(
    celeryls: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from celery_language_server import inspection

    celeryls.write("a.py")
    celeryls.write("b.py")
    reports_of = inspection.reports_of

    def failing(analysis: FileAnalysis) -> object:
        if analysis.scope.path == celeryls.folder / "a.py":
            raise KeyError("boom")
        return reports_of(analysis)

    monkeypatch.setattr(inspection, "reports_of", failing)
    result = celeryls.check("--output-format", "concise")

    assert result.code == 2
    assert result.out.startswith("b.py:5:5")
    assert result.err == "warning: a.py could not be checked, please report this: KeyError: 'boom'\n"


def test_what_a_failing_rule_leaves_is_not_kept(
    celeryls: Command, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    celeryls.write("a.py", BOUND + MISSPELT)
    with monkeypatch.context() as patch:

        def failing(*arguments: object) -> object:
            raise KeyError("boom")

        patch.setattr("celery_analyzers.rules.bind_without_self.BindWithoutSelf.check_task", failing)
        result = celeryls.check("--output-format", "concise")
    caplog.clear()

    assert result.code == 2
    assert "CEL801" in result.out
    assert result.err.startswith("warning: a.py was checked in part: The rule bind-without-self failed in ")
    assert result.err.endswith(" (KeyError: 'boom')\n")
    assert celeryls.check().code == 1


class Terminal:
    """A terminal that remembers what it was shown."""

    def __init__(self) -> None:
        self.written = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> None:
        self.written += text

    def flush(self) -> None: ...


def test_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(100))
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock) * 0.5)
    monkeypatch.setattr(progress.sys, "stderr", terminal)

    assert list(progress.tracked("abcd", "Checking", 4)) == list("abcd")
    assert "] 1/4" not in terminal.written, "not before a second has passed"
    assert "] 2/4" in terminal.written
    assert "] 4/4" in terminal.written
    assert terminal.written.endswith("\r\x1b[K")


def test_no_progress_where_there_is_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress.tracked([1, 2], "Checking", 2)) == [1, 2]
    assert capsys.readouterr().err == ""


def test_the_module_can_be_run(tmp_path: Path) -> None:
    assert run("--version", cwd=tmp_path).out == f"celeryls {__version__}\n"
