"""`describe-task`: writes down what holds for a task, in its docstring."""

from __future__ import annotations

import ast
import re
import textwrap
from typing import TYPE_CHECKING

from celery_analyzers.bindings import listed_parameters
from celery_analyzers.findings import Edit, Span
from celery_analyzers.layout import indentation, newline_of
from celery_codeactions.action import Action, Changes, Offer
from celery_codeactions.blocks import has_docstring, lines_of, statements_of, with_comments
from celery_codeactions.line_length import line_length
from celery_codeactions.task_descriptions import described, description, parameters_of, summary_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_codeactions.place import Place, TaskHere

_HEAD = "Celery:"
_STEP = "    "
_PLAIN = re.compile(r"[rR]?(?P<quotes>\"\"\"|''')")


class DescribeTask(Action):
    '''Describe a task in its docstring: its parameters, its retries, its limits, and how to send it.

    ## What it does

    Writes a docstring, or adds a section `Celery:` to the one that is there. The section says in words what the options
    come to, those of base classes and settings included. The same action brings it up to date.

    ## Examples

        import requests
        from celery import shared_task


        @shared_task(autoretry_for=(requests.Timeout,), retry_backoff=True, max_retries=3)
        def fetch$0_stock(url: str, depth=1):
            return requests.get(url, timeout=5).json()

    **Describe `fetch_stock` in a docstring**:

        import requests
        from celery import shared_task


        @shared_task(autoretry_for=(requests.Timeout,), retry_backoff=True, max_retries=3)
        def fetch_stock(url: str, depth=1):
            """Fetch stock.

            Args:
                url: `str`, required.
                depth: `1` by default.

            Celery:
                It is retried up to 3 times after Timeout, waiting up to 1, 2 and 4 s.
                Send it with `fetch_stock.delay(url)`.
            """
            return requests.get(url, timeout=5).json()

    A docstring that is there:

        from celery import shared_task


        @shared_task(soft_time_limit=60, time_limit=72, rate_limit="10/m")
        def build$0(path):
            """Build everything."""
            render(path)

    **Describe what Celery does with `build`**:

        from celery import shared_task


        @shared_task(soft_time_limit=60, time_limit=72, rate_limit="10/m")
        def build(path):
            """Build everything.

            Celery:
                `SoftTimeLimitExceeded` is raised after 60 s and it is ended after 72 s.
                Each worker runs it up to 10 times a minute.
                Send it with `build.delay(path)`.
            """
            render(path)

    A description that is out of date:

        from celery import shared_task


        @shared_task(time_limit=600)
        def build$0(path):
            """Build everything.

            Celery:
                It is ended after 72 s.
                Send it with `build.delay(path)`.

            Returns:
                Nothing.
            """
            render(path)

    **Describe what Celery does with `build`**:

        from celery import shared_task


        @shared_task(time_limit=600)
        def build(path):
            """Build everything.

            Celery:
                It is ended after 10 min.
                Send it with `build.delay(path)`.

            Returns:
                Nothing.
            """
            render(path)

    ## Not offered

    A description that holds:

        from celery import shared_task


        @shared_task(time_limit=600)
        def build$0(path):
            """Build everything.

            Celery:
                It is ended after 10 min.
                Send it with `build.delay(path)`.
            """
            render(path)

    ## What it leaves to you

    What the task does, and what its parameters mean.

    ## References

    - [Tasks](https://docs.celeryq.dev/en/stable/userguide/tasks.html)
    '''

    def offers(self, place: Place) -> Iterator[Offer]:
        here = place.task
        if here is None or here.task.function is None or here.task.form == "class" or not here.task.options_known:
            return
        first = here.function.body[0]
        if not has_docstring(here.function):
            if lines_of(place.text, statements_of(here.function), place.span) is not None:
                yield Offer(f"Describe `{here.task.name}` in a docstring", lambda: _new(place, here))
            return
        assert isinstance(first, ast.Expr)
        edit = _updated(place, here, first)
        if edit is not None:
            yield Offer(f"Describe what Celery does with `{here.task.name}`", lambda: Changes((edit,)))


def _section(place: Place, here: TaskHere, indent: str) -> list[str]:
    width = line_length(place.path, place.project.root) - len(indent) - len(_STEP)
    lines = [
        line
        for sentence in description(here)
        for line in textwrap.wrap(sentence, max(width, 40), break_long_words=False, break_on_hyphens=False)
    ]
    return [_HEAD, *(f"{_STEP}{line}" for line in lines)]


def _new(place: Place, here: TaskHere) -> Changes:
    text = place.text
    statements = statements_of(here.function)
    lines = lines_of(text, statements, place.span)
    assert lines is not None
    indent = indentation(text, place.span(statements[0]).start)
    defaults = {argument.arg: default for argument, _, default in listed_parameters(here.function.args)}
    parameters = [p for p in parameters_of(here) if p.kind not in ("*", "**")]
    body = [f'"""{summary_of(here)}', ""]
    if parameters:
        body += ["Args:", *(f"{_STEP}{p.name}: {described(p, defaults[p.name])}" for p in parameters), ""]
    body += [*_section(place, here, indent), '"""']
    newline = newline_of(text)
    written = "".join(f"{indent}{line}{newline}" if line else newline for line in body)
    start = with_comments(text, lines.start, indent)
    return Changes((Edit(Span(start, start), written),))


def _updated(place: Place, here: TaskHere, docstring: ast.Expr) -> Edit | None:
    """The edit that adds the section to a docstring, or makes it anew; None where it is as it should be."""
    text, span = place.text, place.span(docstring)
    source = text[span.start : span.end]
    opening = _PLAIN.match(source)
    if opening is None or not source.endswith(opening["quotes"]) or len(source) < 2 * len(opening["quotes"]) + 1:
        return None
    newline, indent = newline_of(text), indentation(text, span.start)
    section = [f"{indent}{line}" for line in _section(place, here, indent)]
    end = len(source) - len(opening["quotes"])
    lines = source[:end].split(newline)
    heads = [number for number, line in enumerate(lines) if number and line.strip() == _HEAD]
    if heads:
        first = last = heads[0]
        while last + 1 < len(lines) and lines[last + 1].startswith(f"{indent}{_STEP}"):
            last += 1
        if lines[first : last + 1] == section:
            return None
        lines[first : last + 1] = section
        return Edit(span, newline.join(lines) + opening["quotes"])
    while len(lines) > 1 and not lines[-1].strip():
        lines.pop()
    lines[-1] = lines[-1].rstrip()
    return Edit(span, newline.join([*lines, "", *section, indent + opening["quotes"]]))
