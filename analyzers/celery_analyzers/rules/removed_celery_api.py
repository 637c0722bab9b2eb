"""`removed-celery-api`: an import of what Celery has no more."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.layout import comments_in, indentation, newline_of
from celery_analyzers.proof import Proof
from celery_analyzers.removed_names import Removed, removed, removed_module
from celery_analyzers.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding
    from celery_analyzers.import_facts import CeleryImport, ImportedName

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class RemovedCeleryApi(Rule):
    """Something is imported that Celery has no more.

    ## What it does

    Finds imports of modules and names that were removed from Celery: `celery.task`, `celery.decorators`,
    `celery.five`, `celery.utils.timeutils`, ..., and of `djcelery`, which works with Celery 3 only.

    ## Why is this bad

    The import raises `ModuleNotFoundError` or `ImportError`: the worker does not start, and whatever imports the
    module does not either.

    ## Example

        from celery.task import task
        #    ^^^^^^^^^^^ `celery.task` is gone since Celery 5.0, so this raises `ModuleNotFoundError`: `task` is
        #                `celery.shared_task` now

        @task
        def ping():
            return "pong"

    ## Use instead

        from celery import shared_task as task

        @task
        def ping():
            return "pong"

    ## Not flagged

    An import that the code can do without, what is old but works, and what is in the version that the project pins:

        try:
            from celery.utils.timeutils import timezone
        except ImportError:
            from celery.utils.time import timezone

        from celery.registry import tasks

    On a version that still has it, it is reported as an information: the next upgrade will break it.

    ## Fix safety

    To import the same thing from where it is now is safe. It is unsafe for `celery.task.Task`, as its subclasses
    registered themselves, which those of `celery.Task` do not, and where the project pins a version that still has
    the old name.

    ## References

    - [What's new in Celery 5.0](https://docs.celeryq.dev/en/stable/history/whatsnew-5.0.html)
    - [What's new in Celery 4.0](https://docs.celeryq.dev/en/stable/history/whatsnew-4.0.html)
    """

    code = "CEL002"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="ping.delay().get(timeout=10)",
            fails="ModuleNotFoundError: No module named 'celery.task'",
            succeeds="'pong'",
        ),
    )

    def check_import(self, imported: CeleryImport, context: Context) -> Iterator[Finding]:
        gone = [(name, found) for name in imported.names if (found := _removed(name.path)) is not None]
        if not gone or _is_optional(context):
            return
        name, found = gone[0]
        older = context.celery_at_least(*found.since) is False
        module = _gone_module(imported, name)
        what = module or name.path
        since = "Celery 4.0" if module == "djcelery" else f"Celery {'.'.join(map(str, found.since))}"
        error = "ModuleNotFoundError" if module else "ImportError"
        outcome = f"is gone in {since}" if older else f"is gone since {since}, so this raises `{error}`"
        fixes = [] if imported.module is None else [_fix(imported, dict(gone), context, older=older)]
        yield self.finding(
            _span(imported, name, module, context),
            f"`{what}` {outcome}{_advice(gone)}",
            *fixes,
            severity=Severity.INFORMATION if older else None,
        )


def _removed(path: str) -> Removed | None:
    if path.split(".", 1)[0] == "djcelery":
        return Removed((4, 0), advice="`django-celery-beat` and `django-celery-results`")
    return removed(path)


def _gone_module(imported: CeleryImport, name: ImportedName) -> str | None:
    """The module that is gone with the name, None where only the name is."""
    path = name.path if imported.module is None else imported.module
    return "djcelery" if path.split(".", 1)[0] == "djcelery" else removed_module(path) or removed_module(name.path)


def _is_optional(context: Context) -> bool:
    """Whether the code may do without the import: it is tried, or stands under a condition."""
    assert context.statement is not None
    return any(
        not isinstance(node, (*_FUNCTIONS, ast.With, ast.AsyncWith)) for node in context.enclosing(context.statement)
    )


def _span(imported: CeleryImport, name: ImportedName, module: str | None, context: Context) -> Span:
    """Where the path stands that is gone: that of the module, else the name."""
    if imported.module is not None and module is not None and imported.module.startswith(module):
        return _module_span(imported, context) or name.span
    return name.span


def _module_span(imported: CeleryImport, context: Context) -> Span | None:
    assert imported.module is not None
    match = re.compile(r"from\s+(" + re.escape(imported.module) + r")\b").match(context.text, imported.span.start)
    return Span(*match.span(1)) if match else None


def _advice(gone: list[tuple[ImportedName, Removed]]) -> str:
    parts: list[str] = []
    for name, found in gone:
        short = name.path.rpartition(".")[2]
        if found.now is not None:
            parts.append(f"`{short}` is `{'.'.join(found.now)}` now")
        elif found.advice:
            parts.append(f"use {found.advice}")
    return f": {', '.join(dict.fromkeys(parts))}" if parts else ""


def _fix(imported: CeleryImport, gone: dict[ImportedName, Removed], context: Context, *, older: bool) -> Fix | None:
    """Import what has moved from where it is now, and leave the rest."""
    moved = {name: found.now for name, found in gone.items() if found.now is not None}
    edits = _edits(imported, moved, context) if moved else ()
    if not edits:
        return None
    modules = list(dict.fromkeys(module for module, _ in moved.values()))
    title = f"Import from `{modules[0]}`" if len(modules) == 1 else "Import from where it is now"
    safe = not older and all(found.alike for found in gone.values() if found.now is not None)
    return Fix(title, edits, "safe" if safe else "unsafe", preferred=True)


def _edits(imported: CeleryImport, moved: dict[ImportedName, tuple[str, str]], context: Context) -> tuple[Edit, ...]:
    modules = list(dict.fromkeys(module for module, _ in moved.values()))
    where = _module_span(imported, context)
    if where is not None and len(moved) == len(imported.names) and len(modules) == 1:
        # All go to one place: the layout and the comments stay.
        names = (Edit(name.span, written) for name in imported.names if (written := _written(name, moved)) is not None)
        return (Edit(where, modules[0]), *names) if where else ()
    if comments_in(context.text, imported.span.start, imported.span.end):
        return ()
    lines = [
        f"from {module} import {', '.join(_new(name, new) for name, (home, new) in moved.items() if home == module)}"
        for module in modules
    ]
    left = [context.source(name.span) for name in imported.names if name not in moved]
    if left:
        lines.append(f"from {imported.module} import {', '.join(left)}")
    between = newline_of(context.text) + indentation(context.text, imported.span.start)
    return (Edit(imported.span, between.join(lines)),)


def _written(name: ImportedName, moved: dict[ImportedName, tuple[str, str]]) -> str | None:
    new = _new(name, moved[name][1])
    old = name.path.rpartition(".")[2]
    return None if new == (f"{old} as {name.alias}" if name.alias else old) else new


def _new(name: ImportedName, new: str) -> str:
    bound = name.alias or name.path.rpartition(".")[2]
    return new if new == bound else f"{new} as {bound}"
