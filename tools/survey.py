"""What the rules say of real projects: a table of findings by rule and project, and some findings to read by eye.

python tools/survey.py FOLDER...                                 the counts, with all rules
python tools/survey.py FOLDER... --preset recommended            the counts that users see, and how many for a task
python tools/survey.py FOLDER... --rules CEL5 --sample 50        also 50 findings of these rules with their lines

A project's own settings do not count. The same seed chooses the same findings.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

# As tests and installed copies do, but without either.
sys.path[:0] = [str(ROOT / "analyzers")]

from celery_analyzers.analysis import FileAnalysis  # noqa: E402
from celery_analyzers.findings import Severity  # noqa: E402
from celery_analyzers.indexing import index_of  # noqa: E402
from celery_analyzers.project import Project  # noqa: E402
from celery_analyzers.registry import all_rules, is_selector, matches  # noqa: E402
from celery_analyzers.relevance import concerns_celery  # noqa: E402
from celery_analyzers.rule_choice import RuleChoice  # noqa: E402
from celery_analyzers.settings import PRESETS, Settings  # noqa: E402


@dataclass(frozen=True)
class Found:
    """One finding, with the line that it begins in."""

    project: str
    path: str
    line: int
    severity: Severity
    rule: str
    message: str
    source: str

    def __str__(self) -> str:
        head = f"{self.project}/{self.path}:{self.line}: {self.severity.label} {self.rule}: {self.message}"
        return f"{head}\n    {self.source.strip()}"


@dataclass(frozen=True)
class Surveyed:
    """What there is in one project; `tasks` are those outside of tests."""

    name: str
    tasks: int
    found: tuple[Found, ...]


def survey(root: Path, settings: Settings, least: Severity) -> Surveyed:
    """Read a project, and keep the findings that are no less severe than `least`."""
    index = index_of(root)
    project = Project(root, index)
    choice = RuleChoice(settings, root)
    found: list[Found] = []
    for path in map(Path, sorted(index.files)):
        data = path.read_bytes()
        if concerns_celery(data) or str(path) in index.configuration_modules():
            text = data.decode("utf-8", "replace")
            analysis = FileAnalysis(text, rules=choice.of(path), project=project, path=path)
            found += _found(analysis, root.name, path.relative_to(root).as_posix(), least)
    tasks = sum(len(record.tasks) for path, record in index.records.items() if not project.is_test(Path(path)))
    return Surveyed(root.name, tasks, tuple(found))


def _found(analysis: FileAnalysis, project: str, path: str, least: Severity) -> Iterator[Found]:
    lines = analysis.line_index()
    for finding in analysis.findings():
        if finding.severity >= least:
            line, _ = lines.position(finding.span.start)
            source = lines.line_text(line)
            yield Found(project, path, line + 1, finding.severity, finding.rule, finding.message, source)


def table(surveyed: Sequence[Surveyed]) -> str:
    """Rules down, projects across; below, the tasks and the warnings and errors for each of them."""
    counts = {one.name: Counter(found.rule for found in one.found) for one in surveyed}
    rules = [rule.name() for rule in all_rules() if any(rule.name() in of for of in counts.values())]
    rows = [["rule", *counts, "all"]]
    rows += [_row(rule, [of[rule] for of in counts.values()]) for rule in rules]
    rows.append(_row("all rules", [of.total() for of in counts.values()]))
    grave = [sum(found.severity >= Severity.WARNING for found in one.found) for one in surveyed]
    tasks = [one.tasks for one in surveyed]
    rows += [_row("warnings and errors", grave), _row("tasks", tasks)]
    pairs = zip([*grave, sum(grave)], [*tasks, sum(tasks)], strict=True)
    rows.append(["for a task", *(f"{count / of:.2f}" if of else "" for count, of in pairs)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() + "\n" for row in rows
    )


def _row(name: str, counts: Sequence[int]) -> list[str]:
    return [name, *(str(count or "") for count in counts), str(sum(counts))]


def sample(surveyed: Iterable[Surveyed], size: int, seed: int) -> list[Found]:
    """Some findings, the same for the same seed, in the order in which they stand."""
    found = [each for one in surveyed for each in one.found]
    chosen = random.Random(seed).sample(range(len(found)), min(size, len(found)))
    return [found[place] for place in sorted(chosen)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    levels = [severity.label for severity in Severity]
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="a project that is checked out")
    parser.add_argument("--preset", choices=PRESETS, default="all", help="the rules that run (default: all)")
    parser.add_argument("--rules", default="ALL", help="of these, the ones that are counted, as `select` names them")
    parser.add_argument("--min-severity", choices=levels, default="hint", help="the least that counts (default: hint)")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="print so many findings")
    parser.add_argument("--seed", type=int, default=0, help="chooses these (default: 0)")
    given = parser.parse_args()
    given.rules = [selector for selector in given.rules.split(",") if selector]
    for selector in given.rules:
        if not is_selector(selector):
            parser.error(f"unknown rule or group `{selector}`")
    for folder in given.folders:
        if not folder.is_dir():
            parser.error(f"`{folder}`: no such folder")
    return given


def main() -> int:
    """Survey the projects, and print."""
    given = _arguments()
    counted = {rule.name() for rule in all_rules() if any(matches(selector, rule) for selector in given.rules)}
    surveyed: list[Surveyed] = []
    for folder in given.folders:
        one = survey(folder.resolve(), Settings(preset=given.preset), Severity.named(given.min_severity))
        surveyed.append(Surveyed(one.name, one.tasks, tuple(found for found in one.found if found.rule in counted)))
    sys.stdout.write(table(surveyed))
    for found in sample(surveyed, given.sample, given.seed):
        sys.stdout.write(f"\n{found}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
