"""Numbers and how they are shown: medians, targets, Markdown tables and their places in the documents."""

from __future__ import annotations

import math
import os
import platform
import statistics
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Timing:
    """Some measurements of one thing, in seconds."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        """The smallest measurement that 95 % of them do not exceed."""
        return sorted(self.seconds)[math.ceil(0.95 * len(self.seconds)) - 1]

    def as_json(self) -> dict[str, float]:
        return {"median": self.median, "p95": self.p95, "count": len(self.seconds)}

    def __str__(self) -> str:
        return f"{duration(self.median)} ({duration(self.p95)})"


@dataclass(frozen=True, slots=True)
class Target:
    """A ratio that must not exceed a limit."""

    what: str
    ratio: float
    limit: float

    @property
    def met(self) -> bool:
        return self.ratio <= self.limit

    def row(self) -> tuple[str, str, str, str]:
        return self.what, f"{self.ratio:.3g} x", f"{self.limit:g} x", "yes" if self.met else "**no**"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}


def target_table(targets: Sequence[Target]) -> str:
    return table(("target", "measured", "at most", "met"), [target.row() for target in targets])


def duration(seconds: float) -> str:
    """Three digits with the unit that suits."""
    if seconds >= 10:
        return f"{seconds:.1f} s"
    if seconds >= 1:
        return f"{seconds:.2f} s"
    milliseconds = seconds * 1000
    return f"{milliseconds:.0f} ms" if milliseconds >= 100 else f"{milliseconds:.3g} ms"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table. All columns but the first are flush right."""
    rules = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, rules, *rows))


def machine() -> str:
    """What the numbers were measured on."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{platform.system()}, {os.cpu_count()} cores, {python}"


def warn_if_busy() -> None:
    """Say so if others use the processors: then the ratios lean to whoever needs fewer of them."""
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > 0.5 * (os.cpu_count() or 1):
        print(f"The machine is busy: a load of {os.getloadavg()[0]:.1f}.", file=sys.stderr)


def replace_block(document: str, name: str, content: str) -> str:
    """`document` with `content` between `<!-- name -->` and `<!-- /name -->`; unchanged where these are
    not."""
    opening, closing = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = document.partition(opening)
    _, ended, after = rest.partition(closing)
    if not (found and ended):
        return document
    return f"{before}{opening}\n{content}\n{closing}{after}"


def update_documents(name: str, brief: str, whole: str) -> None:
    """Put what was measured where documents have a place for it: the project's `brief`, ours `whole`."""
    for path, content in ((ROOT / "README.md", brief), (ROOT / "bench" / "README.md", whole)):
        if path.exists():
            document = path.read_text(encoding="utf-8")
            path.write_text(replace_block(document, name, content), encoding="utf-8")
