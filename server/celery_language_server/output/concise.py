"""One line for each finding: `path:line:column: error CEL103 [bind-without-self] message`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from celery_language_server.output.screen import Screen
    from celery_language_server.reports import Report

STYLES = {"error": "red", "warning": "yellow", "information": "blue", "hint": "cyan"}


def concise(report: Report, screen: Screen) -> str:
    """The line of one finding."""
    line, column = report["start"]["line"], report["start"]["column"]
    severity = screen.styled(report["severity"], STYLES[report["severity"]])
    name = f"[{report['rule']}] {screen.shown(report['message'])}"
    return f"{screen.shown(report['path'])}:{line}:{column}: {severity} {report['code']} {name}\n"
