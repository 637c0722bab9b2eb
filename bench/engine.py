"""How long our engine takes for a key, in this process: no server, no protocol, no list sent.

What a key costs must depend on the statement it falls in and not on the file's length.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from figures import Timing
from typing_plan import Key, plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from celery_analyzers.analysis import FileAnalysis


@dataclass(frozen=True, slots=True)
class EngineTimes:
    """`edit` is the analysis; `findings` the making of the whole file's list after it."""

    edit: Timing
    findings: Timing

    def as_json(self) -> dict[str, Any]:
        return {"edit": self.edit.as_json(), "findings": self.findings.as_json()}


def measure_engine(texts: Mapping[str, str], spots: int, root: Path) -> dict[str, EngineTimes]:
    """Times for each text. The texts take turns, spot by spot."""
    from celery_analyzers.analysis import FileAnalysis
    from celery_analyzers.project import Project
    from celery_analyzers.registry import RuleSet
    from celery_analyzers.settings import Settings

    rules = RuleSet.from_settings(Settings(preset="all"))
    analyses: dict[str, FileAnalysis] = {}
    for name, text in texts.items():
        analyses[name] = FileAnalysis(text, rules=rules, project=Project(root))
        analyses[name].findings()
    plans = {name: plan(text, spots) for name, text in texts.items()}
    times = {name: _Times() for name in texts}
    for spot in range(spots):
        for name, analysis in analyses.items():
            keys = plans[name][spot]
            if spot == 0:
                # What the first key of all costs, such as imports, is no other's.
                _type(analysis, keys, _Times())
            _type(analysis, keys, times[name])
    return {name: EngineTimes(Timing(tuple(each.edits)), Timing(tuple(each.lists))) for name, each in times.items()}


@dataclass
class _Times:
    edits: list[float] = field(default_factory=list)
    lists: list[float] = field(default_factory=list)


def _type(analysis: FileAnalysis, keys: Sequence[Key], times: _Times) -> None:
    for key in keys:
        # The columns are UTF-16 in the plan and code points here. No line that is typed in has a character
        # outside the basic plane, where the two differ.
        start = time.perf_counter()
        analysis.edit(key.change.start, key.change.end, key.change.text)
        edited = time.perf_counter()
        analysis.findings()
        times.edits.append(edited - start)
        times.lists.append(time.perf_counter() - edited)
