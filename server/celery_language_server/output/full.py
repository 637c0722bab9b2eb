"""A finding with the code that it speaks of, in the manner of ruff and rustc.

Knows how an excerpt is drawn. Must not know where texts come from.
"""

from __future__ import annotations

from celery_language_server.output.concise import STYLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.source import LineIndex
    from celery_language_server.output.screen import Screen
    from celery_language_server.reports import Report

_CONTEXT = 2
_LONGEST = 8
"""Lines of one finding that are all shown; of more, only those at both ends."""
_ENDS = 3


def full(report: Report, lines: LineIndex | None, screen: Screen) -> str:
    """One finding; without an excerpt where the text is not at hand."""
    style = STYLES[report["severity"]]
    head = screen.styled(report["rule"], style) + screen.styled(f" ({report['code']})", "bold")
    place = f"{screen.shown(report['path'])}:{report['start']['line']}:{report['start']['column']}"
    parts = [f"{head}: {screen.shown(report['message'])}"]
    excerpt = list(_excerpt(report, lines, screen, style)) if lines else []
    gutter = len(excerpt[0]) if excerpt else 1
    parts.append(f"{'':{gutter}}{screen.styled('-->', 'blue')} {place}")
    parts += excerpt[1:]
    for fix in report["fixes"]:
        note = "" if fix["safety"] == "safe" else " (unsafe fix)"
        parts.append(f"{screen.styled('help', 'cyan')}: {screen.shown(fix['title'])}{note}")
    return "\n".join(part.rstrip() for part in parts) + "\n\n"


def _excerpt(report: Report, lines: LineIndex, screen: Screen, style: str) -> Iterator[str]:
    """First the gutter's width as so many spaces, then the lines of the excerpt."""
    first, last = report["start"]["line"] - 1, report["end"]["line"] - 1
    if last > first and report["end"]["column"] == 1:
        last -= 1
    if last >= len(lines.starts):
        return
    top, bottom = _with_context(first, last, lines)
    gutter = len(str(bottom + 1))
    bar = screen.styled("|", "blue")
    yield " " * gutter
    yield f"{'':{gutter}} {bar}"
    marks = _marks(report, first, last, lines, screen)
    for number in range(top, bottom + 1):
        if last - first >= _LONGEST and first + _ENDS <= number <= last - _ENDS:
            if number == first + _ENDS:
                yield f"{'':{gutter}} {screen.styled('...', 'blue')}"
            continue
        code, _ = screen.laid_out(lines.line_text(number))
        edge, below = marks.get(number, ("  " if last > first else "", ""))
        label = screen.styled(f"{number + 1:>{gutter}}", "blue")
        yield f"{label} {bar} {screen.styled(edge, style)}{code}"
        if below:
            yield f"{'':{gutter}} {bar} {screen.styled(below, style)}"
    yield f"{'':{gutter}} {bar}"


def _with_context(first: int, last: int, lines: LineIndex) -> tuple[int, int]:
    """The lines that are shown: a few around the finding, but no empty ones at the ends."""
    top, bottom = max(0, first - _CONTEXT), min(len(lines.starts) - 1, last + _CONTEXT)
    while top < first and not lines.line_text(top).strip():
        top += 1
    while bottom > last and not lines.line_text(bottom).strip():
        bottom -= 1
    return top, bottom


def _marks(report: Report, first: int, last: int, lines: LineIndex, screen: Screen) -> dict[int, tuple[str, str]]:
    """For each line of the finding what stands in front of it, and the line of marks below it."""
    _, cells = screen.laid_out(lines.line_text(first))
    start = cells[min(report["start"]["column"] - 1, len(cells) - 1)]
    _, end_cells = screen.laid_out(lines.line_text(last))
    inside = last == report["end"]["line"] - 1
    end = end_cells[min(report["end"]["column"] - 1, len(end_cells) - 1)] if inside else end_cells[-1]
    if first == last:
        return {first: ("", " " * start + "^" * max(1, end - start))}
    marks: dict[int, tuple[str, str]] = dict.fromkeys(range(first, last + 1), ("| ", ""))
    code = lines.line_text(first)
    if code[: report["start"]["column"] - 1].strip():
        marks[first] = ("  ", " _" + "_" * start + "^")
    else:
        marks[first] = ("/ ", "")
    marks[last] = ("| ", "|_" + "_" * max(0, end - 1) + "^")
    return marks
