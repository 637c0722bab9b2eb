"""`celeryls check`: finds the files, asks the cache and then the engine, and hands on what there is to show.

Knows the options and the order of events. Imports what reads code or prints findings only when there is code
to read or a finding to print.
"""

from __future__ import annotations

import os
import sys

from celery_language_server import arguments, configuration_file
from celery_language_server.arguments import Arguments, Option, UsageError
from celery_language_server.cache_keys import settings_key
from celery_language_server.output.closing import SEVERITIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from celery_analyzers.settings import Settings
    from celery_language_server.configuration_file import ConfigurationFile
    from celery_language_server.inspection import Inspector

FAILED = 2
FORMATS = ("full", "concise", "json")
PRESETS = ("recommended", "strict", "all")
OPTIONS = (
    Option("--output-format", "How findings are printed (default: full)", choices=FORMATS),
    Option("--min-severity", "The least severity that is shown (default: warning)", choices=SEVERITIES),
    Option("--preset", "The rules to check, from few to all (default: recommended)", choices=PRESETS),
    Option("--select", "Rules to check in place of a preset's, by name, code or group", metavar="RULES", many=True),
    Option("--extend-select", "Rules to check as well", metavar="RULES", many=True),
    Option("--ignore", "Rules to leave out", metavar="RULES", many=True),
    Option("--per-file-ignores", "Rules to leave out in some files", metavar="PATTERN:RULE", many=True),
    Option("--fix", "Apply safe fixes"),
    Option("--unsafe-fixes", "Take unsafe fixes into account as well"),
    Option("--diff", "Show what fixes would do, and change nothing"),
    Option("--statistics", "Count the findings of each rule"),
    Option("--exit-zero", "Exit with 0 also if there are findings"),
    Option("--stdin-filename", "The name of the file that comes through stdin", metavar="PATH"),
)


def help_page() -> str:
    """What `celeryls check --help` prints."""
    about = "Say what is wrong with Celery code, and fix it."
    exits = "Exit code: 0 without findings, 1 with findings of warning or error, 2 if called wrongly."
    return arguments.help_text("celeryls check [OPTIONS] [PATHS]...", about, OPTIONS) + f"\n{exits}\n"


class CheckedFile:
    """What was found in one file. `shown_as` is its path as the user sees it from where they stand.

    `counts` are the numbers of findings by severity and of syntax problems, `reports` the findings as JSON.
    """

    __slots__ = ("counts", "path", "project", "reports", "shown_as")

    def __init__(self, project: Project, path: str, shown_as: str, counts: list[int], reports: str) -> None:
        self.project = project
        self.path = path
        self.shown_as = shown_as
        self.counts = counts
        self.reports = reports


class Project:
    """Files and folders to check that share a configuration. Paths are as in `discovery`."""

    __slots__ = ("_settings", "configuration", "failed", "files", "folders", "given", "root")

    def __init__(self, root: str, configuration: ConfigurationFile | None, given: Arguments) -> None:
        self.root = root
        self.configuration = configuration
        self.given = given
        self.folders: list[str] = []
        self.files: list[str] = []
        self.failed = False
        """Whether a file could not be checked by our own fault."""
        self._settings: Settings | None = None

    @property
    def settings(self) -> Settings:
        """The settings. Raises ConfigurationError or UsageError where they cannot be understood."""
        if self._settings is None:
            from celery_language_server.chosen_settings import chosen_settings

            self._settings = chosen_settings(self.configuration, self.given)
        return self._settings

    def key(self) -> str:
        """Tells this project's settings from others."""
        content = self.configuration.content if self.configuration else b""
        preset = self.given.values.get("--preset")
        chosen: list[tuple[str, object]] = [("--preset", preset)] if preset else []
        return settings_key(content, [*chosen, *sorted(self.given.lists.items())])

    def shown_as(self, path: str) -> str:
        """The path as the user sees it from where they stand."""
        absolute = os.path.join(self.root, path).replace("/", os.sep)
        here = os.getcwd().rstrip(os.sep) + os.sep
        return absolute.removeprefix(here) if absolute != here else "."


def run(argv: Sequence[str]) -> int:
    """Check, and return the exit code. Raises UsageError, ConfigurationError or Help."""
    given = arguments.parse(argv, OPTIONS)
    if "-" in given.paths or "--stdin-filename" in given.values:
        if given.paths not in ([], ["-"]):
            raise UsageError("stdin and paths cannot be checked in one run")
        from celery_language_server.stdin_check import run as run_stdin

        return run_stdin(given)
    projects = _projects(given)
    checked = [file for project in projects for file in inspect(project)]
    if "--fix" in given.flags or "--diff" in given.flags:
        from celery_language_server.mending import run as mend

        code = mend(given, projects, checked)
    else:
        from celery_language_server.output.presentation import present

        code = present(given, checked)
    return FAILED if any(project.failed for project in projects) else code


def _projects(given: Arguments) -> list[Project]:
    projects: dict[str, Project] = {}
    for path in given.paths or ["."]:
        absolute = os.path.abspath(path)
        is_folder = os.path.isdir(absolute)
        if not is_folder and not os.path.exists(absolute):
            raise UsageError(f"`{path}`: no such file or folder")
        project = project_of(absolute if is_folder else os.path.dirname(absolute), given)
        project = projects.setdefault(project.root, project)
        relative = absolute[len(project.root.rstrip(os.sep)) + 1 :].replace(os.sep, "/")
        if is_folder:
            project.folders.append(relative + "/" if relative else "")
        else:
            project.files.append(relative)
    return list(projects.values())


def project_of(folder: str, given: Arguments) -> Project:
    """The project that a folder belongs to."""
    configuration = configuration_file.find(folder)
    root = configuration.root if configuration else configuration_file.root_of(folder)
    return Project(root, configuration, given)


def inspect(project: Project) -> list[CheckedFile]:
    """The files of a project in which something was found, by their paths."""
    from celery_language_server.checking import Checking

    checking = Checking(project.root, project.key(), lambda: project.settings)
    files, problems = checking.files(project.folders, project.files)
    for path, reason in problems:
        warn(f"{project.shown_as(path)} could not be read: {reason}")
    if not files:
        warn("no Python files found")
    checked: list[CheckedFile] = []
    for path, found in sorted(checking.outcomes(files).items()):
        if found.reason:
            warn(f"{project.shown_as(path)} {found.reason}")
        project.failed = project.failed or found.is_fault
        if found.counts:
            counts = [int(count) for count in found.counts.split()]
            checked.append(CheckedFile(project, path, project.shown_as(path), counts, found.reports))
    return checked


def inspector_of(project: Project) -> Inspector:
    """Somebody who analyses texts of a project, with the index of its files."""
    from celery_language_server.checking import Checking

    checking = Checking(project.root, project.key(), lambda: project.settings)
    checking.files(project.folders, project.files or [""])
    return checking.inspector()


def warn(message: str) -> None:
    """Say what did not go well, beside the findings."""
    sys.stderr.write(f"warning: {printable(message)}\n")


def printable(text: str) -> str:
    """Text that a file or its name holds, so that it cannot steer a terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
