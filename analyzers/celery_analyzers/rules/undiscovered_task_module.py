"""`undiscovered-task-module`: modules of tasks that a worker is told of in a way in which it does not find them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, cast

from celery_analyzers.bindings import InstanceBinding, ValueBinding
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.trees import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import SettingContext
    from celery_analyzers.app_facts import Discovery, SettingGiven
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding

_MODULES = frozenset({"imports", "include"})


class UndiscoveredTaskModule(Rule):
    """A worker is told of modules in a way in which it does not find their tasks.

    ## What it does

    Looks at what `autodiscover_tasks()` is given and at the settings `include` and `imports`: a name where a list is
    wanted, modules that the package has not, and packages in which there is nothing to discover.

    ## Why is this bad

    Celery goes through the packages one by one, and of a text that is one letter after the other: it cannot import
    `b`, and the worker does not start. A module of `include` that is not there has the same end. A package without a
    module `tasks` is passed over without a word: its tasks are unknown to the worker.

    ## Example

        app.autodiscover_tasks("billing")
        #                      ^^^^^^^^^ Celery wants a list of packages: of this it imports `b`, and the worker does
        #                                not start

    ## Use instead

        app.autodiscover_tasks(["billing"])

    ## Not flagged

    Names that are found when it runs, packages outside the workspace, and a single module to include:

        from billing import PACKAGES

        app.autodiscover_tasks(lambda: PACKAGES)
        app.autodiscover_tasks(["django_mailer"], related_name="jobs")
        app.conf.include = "billing.tasks"

    ## Fix safety

    To make a list of the name is safe.

    ## References

    - [`autodiscover_tasks`](https://docs.celeryq.dev/en/stable/reference/celery.html#celery.Celery.autodiscover_tasks)
    - [`include`](https://docs.celeryq.dev/en/stable/userguide/configuration.html#include)
    """

    code = "CEL814"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="app.loader.import_default_modules()",
            fails="ModuleNotFoundError: No module named 'b'",
            worker="none",
            setup=(
                "import sys\nimport types\n\n"
                'for name in ("billing", "billing.tasks"):\n    sys.modules[name] = types.ModuleType(name)\n'
            ),
        ),
    )

    def check_discovery(self, discovery: Discovery, context: Context) -> Iterator[Finding]:
        packages = discovery.packages
        if packages is None or not discovery.complete:
            return
        if isinstance(packages.value, str):
            if packages.value:
                message = f"Celery wants a list of packages: of this it imports `{packages.value[0]}`, and the worker"
                source = context.source(packages.value_span)
                fix = Fix("Make it a list", (Edit(packages.value_span, f"[{source}]"),), "safe", preferred=True)
                yield self.finding(packages.value_span, f"{message} does not start", fix)
            return
        if isinstance(discovery.related_name, str):
            for name in _names(packages.value):
                if isinstance(name, str) and _is_empty(name, discovery.related_name, context):
                    message = f"`{name}` has no module `{discovery.related_name}`, so nothing is discovered in it"
                    span = _span(name, context.call, packages.value_span, context)
                    yield self.finding(span, message, severity=Severity.WARNING)

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        if setting.name not in _MODULES or context.in_tests:
            return
        for name in _names(setting.value) or [setting.value]:
            package, _, module = name.rpartition(".") if isinstance(name, str) else ("", "", "")
            ask = context.project.ask
            is_ours = bool(package and module) and ask("has_package", package) and ask("has_module", package)
            if is_ours and ask("has_module", str(name)) is False and not ask("has_package", str(name)):
                message = f"there is no module `{name}`, so the worker does not start"
                yield self.finding(_span(name, context.node, setting.value_span, context), message)


def _names(value: object) -> list[object]:
    """The items of a list or a tuple."""
    return list(cast("list[object]", value)) if isinstance(value, (list, tuple)) else []


def _span(name: object, within: ast.AST | None, whole: Span, context: Context) -> Span:
    """Where a name stands among others, if it is written there."""
    written = (node for node in walk(within) if isinstance(node, ast.Constant)) if within is not None else ()
    return next((context.span(node) for node in written if node.value == name), whole)


def _is_empty(package: str, related: str, context: Context) -> bool:
    """Whether a package of the workspace has no module of this name, and imports nothing by itself."""
    module = context.scope.module_scope
    found = context.project.module(module, package, 0)
    if not isinstance(found, ModuleScope) or found.path is None or found.path.name != "__init__.py":
        return False
    if context.project.module(module, f"{package}.{related}", 0) is not None:
        return False
    bindings = [binding for _, every in found.names.items() for binding in every]
    return all(isinstance(binding, (ValueBinding, InstanceBinding)) for binding in bindings)
