"""An action's documentation as Markdown, made from its docstring.

Knows how docstrings are written. Must not know any single action, nor where a page is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.documentation import with_fences
from celery_codeactions.registry import all_actions

if TYPE_CHECKING:
    from celery_codeactions.action import Action

CURSOR = "$0"
INDEX_HEAD = """\
# Code actions

What celeryls can do where nothing is wrong: put the cursor on a task's decorator, its name or its body, or on a call
that sends one, and ask your editor for code actions. Each has a kind of its own, by which an editor can bind it to a
key or run it alone. Fixes of what is wrong are on the pages of the [rules](../rules/README.md).

| Name | What it does | Kind |
| --- | --- | --- |
"""


def page(action: type[Action]) -> str:
    """The action's page."""
    sections = (f"## {title}\n\n{with_fences(body.replace(CURSOR, ''))}\n" for title, body in action.sections().items())
    return f"# {action.name()}\n\n{action.summary()}\n\nKind: `{action.leaf_kind()}`\n\n" + "\n".join(sections)


def index() -> str:
    """The page that lists all actions."""
    rows = (
        f"| [{action.name()}]({action.name()}.md) | {action.summary()} | `{action.leaf_kind()}` |\n"
        for action in all_actions()
    )
    return INDEX_HEAD + "".join(rows)
