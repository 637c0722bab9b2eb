"""`unused-ignore`: a comment that is to silence findings, where there are none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.layout import first_on_line, line_end, line_start
from celery_analyzers.rule import Rule
from celery_analyzers.source import NEWLINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.findings import Finding
    from celery_analyzers.ignores import Ignore, IgnoreContext

_CODE = re.compile(r"CEL\d+\Z", re.IGNORECASE)


class UnusedIgnore(Rule):
    """A comment silences nothing.

    ## What it does

    Finds `# celeryls: ignore` comments that silence no finding, and names in them that silence none or are no
    rule's. In `# noqa` comments, which other tools read as well, only codes that begin with `CEL` count.

    ## Why is this bad

    A comment that has no effect says of good code that something is wrong with it. It may have been right
    once; left in place, it would hide the next mistake in that line.

    ## Example

        @app.task
        def ping():
            return "pong"  # celeryls: ignore
            #              ^^^^^^^^^^^^^^^^^^ this comment silences nothing

    ## Use instead

        @app.task
        def ping():
            return "pong"

    ## Not flagged

        @app.task(bind=True)
        def pong():  # celeryls: ignore[bind-without-self]
            return "ping"

        def ping_all(hosts):  # noqa: E501
            return [ping.delay(host) for host in hosts]

    Names of rules that the settings turn off are left alone.

    ## Fix safety

    Safe: only the comment, or the name in it, goes. What else the comment says stays.

    ## References

    - [How to silence findings](https://github.com/celeryls/celeryls#configure)
    """

    code = "CEL001"
    severity = Severity.WARNING

    def check_ignore(self, context: IgnoreContext) -> Iterator[Finding]:
        ignore = context.ignore
        names = [name for name, _ in ignore.names if not ignore.foreign or _CODE.match(name)]
        idle = [name for name in names if name in context.unused or name in context.unknown]
        if ignore.foreign and not names:
            return
        if len(idle) == len(ignore.names):
            fix = Fix("Remove the comment", (_without_comment(context.text, ignore),), "safe", preferred=True)
            yield self.finding(ignore.span, _reason(idle, context), fix, unnecessary=True)
            return
        for index, (name, span) in enumerate(ignore.names):
            if name in idle:
                fix = Fix(f"Remove `{name}`", (_without_name(ignore, index),), "safe", preferred=True)
                yield self.finding(span, _reason([name], context), fix, unnecessary=True)


def _reason(idle: list[str], context: IgnoreContext) -> str:
    if not idle:
        return "this comment silences nothing"
    unknown = [name for name in idle if name in context.unknown]
    if unknown:
        return f"no rule is called `{unknown[0]}`, so this silences nothing"
    listed = " and ".join(f"`{name}`" for name in idle)
    return f"{listed} {'find' if len(idle) > 1 else 'finds'} nothing here, so this silences nothing"


def _without_comment(text: str, ignore: Ignore) -> Edit:
    """Take the directive away, and the comment with it if it says nothing else."""
    start, end = ignore.span.start, ignore.span.end
    rest = text[end : ignore.comment.end].strip()
    if rest and not rest.startswith("#"):
        # What follows is a comment still.
        return Edit(Span(start, end), "#")
    if rest:
        return Edit(Span(start, text.index("#", end)), "")
    end = ignore.comment.end
    if start == ignore.comment.start and first_on_line(text, start):
        newline = NEWLINE.match(text, line_end(text, end))
        return Edit(Span(line_start(text, start), newline.end() if newline else end), "")
    while start and text[start - 1] in " \t":
        start -= 1
    return Edit(Span(start, end), "")


def _without_name(ignore: Ignore, index: int) -> Edit:
    """Take a name away with what parts it from its neighbour."""
    span = ignore.names[index][1]
    if index + 1 < len(ignore.names):
        return Edit(Span(span.start, ignore.names[index + 1][1].start), "")
    return Edit(Span(ignore.names[index - 1][1].end, span.end), "")
