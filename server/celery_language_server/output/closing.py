"""The lines behind the findings: how many there are, how many could be fixed, how many were not shown.

Must not know where they are printed.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from celery_language_server.reports import Report

SEVERITIES = ("hint", "information", "warning", "error")


def summary(reports: Sequence[Report], fixed: int) -> str:
    """How many findings there are, and were before some were `fixed`."""
    if fixed:
        return f"Found {number(fixed + len(reports), 'finding')} ({fixed} fixed, {len(reports)} remaining).\n"
    if not reports:
        return "All checks passed!\n"
    counts = [sum(report["severity"] == severity for report in reports) for severity in SEVERITIES]
    return f"Found {number(len(reports), 'finding')} ({_by_severity(counts)}).\n"


def fixes_note(reports: Sequence[Report], unsafe: bool) -> str:
    """How many findings could be fixed, and by which option."""
    safe = sum(any(fix["safety"] == "safe" for fix in report["fixes"]) for report in reports)
    more = sum(bool(report["fixes"]) for report in reports) - safe
    if unsafe:
        return f"{number(safe + more, 'fix', 'fixes')} available with --fix.\n" if safe + more else ""
    note = f"{number(safe, 'fix', 'fixes')} available with --fix.\n" if safe else ""
    return note + unsafe_fixes_note(more)


def unsafe_fixes_note(count: int) -> str:
    """How many findings only an unsafe fix could mend."""
    return f"{number(count, 'fix', 'fixes')} available with --unsafe-fixes.\n" if count else ""


def hidden_note(hidden: Sequence[int]) -> str:
    """How many findings were not shown, given from hint upwards."""
    if not any(hidden):
        return ""
    least = next(severity for severity, count in zip(SEVERITIES, hidden, strict=False) if count)
    counted = number(sum(hidden), "finding")
    return f"{counted} not shown ({_by_severity(hidden)}); show with --min-severity {least}.\n"


def number(count: int, one: str, many: str | None = None) -> str:
    """A number of things, as in `2 findings`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def _by_severity(counts: Sequence[int]) -> str:
    """Numbers of findings, the gravest first."""
    named = [
        number(count, severity, severity if severity == "information" else None)
        for severity, count in zip(SEVERITIES, counts, strict=False)
        if count
    ]
    return ", ".join(reversed(named))
