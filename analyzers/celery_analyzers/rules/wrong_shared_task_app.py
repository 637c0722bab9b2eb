"""`wrong-shared-task-app`: shared tasks that belong to another app than the project's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from celery_analyzers.bindings import ValueBinding
from celery_analyzers.configuration_sources import sources_of
from celery_analyzers.edits import set_keyword
from celery_analyzers.expressions import Invocation
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.proof import Proof
from celery_analyzers.resolution import resolve
from celery_analyzers.rule import Rule
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.symbols import App

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import AppContext
    from celery_analyzers.app_facts import AppMade
    from celery_analyzers.findings import Finding


class WrongSharedTaskApp(Rule):
    """Shared tasks belong to another app than the project's where they are sent.

    ## What it does

    Finds second apps of a module beside which there are tasks made by `shared_task`, and apps of Django projects that
    no other module imports.

    ## Why is this bad

    A shared task belongs to the app that is current where it is used: the one that was made last. With a second app
    that is the second, with its broker and its settings. Where no app was made, as in Django's web server if nothing
    imports the module that makes it, it is an app of Celery's own, which sends to `amqp://localhost`.

    ## Example

        audit = Celery("audit", broker="memory://audit")
        #       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `audit` is made after `app`, so shared tasks belong to `audit`:
        #                                                `set_as_current=False` leaves them to `app`

        @shared_task
        def ping():
            return "pong"

    ## Use instead

        audit = Celery("audit", broker="memory://audit", set_as_current=False)

        @shared_task
        def ping():
            return "pong"

    ## Not flagged

    A second app that does not become the current one, and one beside which there are no shared tasks:

        audit = Celery("audit", set_as_current=False)

        @shared_task
        def ping():
            return "pong"

    ## Fix safety

    The fix is unsafe: shared tasks then go to another broker.

    ## References

    - [`shared_task`](https://docs.celeryq.dev/en/stable/django/first-steps-with-django.html#using-the-shared-task-decorator)
    - [Current app](https://docs.celeryq.dev/en/stable/reference/celery.html#celery.Celery.set_current)
    """

    code = "CEL818"
    severity = Severity.INFORMATION
    proofs = (
        Proof(
            run="ping.app.main",
            fails="returns: 'audit'",
            succeeds="'shop'",
            worker="none",
        ),
    )

    def check_app(self, app: AppMade, context: AppContext) -> Iterator[Finding]:
        module = context.scope.module_scope
        if app.name is None or context.in_tests or module is not context.scope or not isinstance(module, ModuleScope):
            return
        if not context.project.ask("shared_tasks", context.path):
            return
        first = _first_app(module)
        if first is not None and first != app.name and not _says_so(context.call):
            message = f"`{app.name}` is made after `{first}`, so shared tasks belong to `{app.name}`: "
            yield self.finding(app.span, f"{message}`set_as_current=False` leaves them to `{first}`", _fix(context))
        elif first == app.name and _is_unloaded(module, context):
            message = (
                "no module imports this app, so outside of the worker shared tasks belong to an app of Celery's own"
            )
            init = f"{Path(context.path).parent.name}/__init__.py"
            yield self.finding(
                app.span,
                f"{message}, which sends to `amqp://localhost`: import it in `{init}`",
                severity=Severity.WARNING,
            )


def _first_app(module: ModuleScope) -> str | None:
    """The name of the first app that the module makes."""
    for name in module.bound():
        bound = module.lookup(name)[0]
        made = bound and isinstance(bound[0], ValueBinding) and isinstance(bound[0].value, Invocation)
        if made and isinstance(resolve(name, module), App):
            return name
    return None


def _says_so(call: ast.Call | None) -> bool:
    """Whether the call says, or may say, whether the app is to be the current one."""
    return call is None or any(keyword.arg in (None, "set_as_current") for keyword in call.keywords)


def _is_unloaded(module: ModuleScope, context: AppContext) -> bool:
    """Whether the app is that of a Django project, and stands in a package whose modules do not import it."""
    path = Path(context.path)
    if "celery" not in path.stem or not any(source.kind == "django" for source in sources_of(module)):
        return False
    package = context.project.module(module, "", 1)
    if not isinstance(package, ModuleScope) or package.path is None or package.path.name != "__init__.py":
        return False
    return context.project.ask("loads_module", context.path) is False


def _fix(context: AppContext) -> Fix | None:
    if context.call is None:
        return None
    edits = set_keyword(context.text, context.call, context.span, "set_as_current", "False")
    return Fix("Leave the current app as it is", edits, preferred=True) if edits else None
