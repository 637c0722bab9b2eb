"""How long our engine takes for a key, in this process: no server, no protocol, no list sent.

What a key costs must depend on the statement it falls in and not on the file's length.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from figures import Timing
from typing_plan import plan

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


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

    rules = RuleSet.from_settings(Settings())
    analyses: dict[str, Any] = {}
    for name, text in texts.items():
        analyses[name] = FileAnalysis(text, rules=rules, project=Project(root))
        analyses[name].findings()
    plans = {name: plan(text, spots) for name, text in texts.items()}
    edits: dict[str, list[float]] = {name: [] for name in texts}
    lists: dict[str, list[float]] = {name: [] for name in texts}
    for spot in range(spots):
        for name, analysis in analyses.items():
            for key in plans[name][spot]:
                # The columns are UTF-16 in the plan and code points here. No line that is typed in has a
                # character outside the basic plane, where the two differ.
                start = time.perf_counter()
                analysis.edit(tuple(key.change.start), tuple(key.change.end), key.change.text)
                edited = time.perf_counter()
                analysis.findings()
                listed = time.perf_counter()
                edits[name].append(edited - start)
                lists[name].append(listed - edited)
    return {name: EngineTimes(Timing(tuple(edits[name])), Timing(tuple(lists[name]))) for name in texts}
