"""How many findings each rule has, the most frequent first."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from celery_language_server.output.screen import Screen
    from celery_language_server.reports import Report, RuleCount


def statistics(reports: Iterable[Report]) -> list[RuleCount]:
    """The counts of all rules that have findings."""
    counts: dict[str, RuleCount] = {}
    for report in reports:
        name = report["rule"]
        count = counts.setdefault(name, {"rule": name, "code": report["code"], "count": 0, "fixable": 0})
        count["count"] += 1
        count["fixable"] += any(fix["safety"] == "safe" for fix in report["fixes"])
    return sorted(counts.values(), key=lambda count: (-count["count"], count["code"]))


def statistics_table(counts: Sequence[RuleCount], screen: Screen) -> str:
    """The counts as a table; `[*]` marks rules whose findings can all be fixed, `[-]` some of them."""
    width = max((len(str(count["count"])) for count in counts), default=0)
    lines: list[str] = []
    for count in counts:
        fixable = "[*]" if count["fixable"] == count["count"] else "[-]" if count["fixable"] else "[ ]"
        number = screen.styled(f"{count['count']:>{width}}", "bold")
        lines.append(f"{number}  {screen.styled(count['code'], 'red')}  {fixable} {count['rule']}\n")
    return "".join(lines)
