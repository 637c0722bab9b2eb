"""`settings-namespace-missing`: an app that passes over its settings, as nobody told it their prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.celery_tables import setting_tables
from celery_analyzers.configuration_sources import names_in, source_of, sources_of
from celery_analyzers.edits import set_keyword
from celery_analyzers.expressions import expression
from celery_analyzers.findings import Fix, Severity
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.scopes import ModuleScope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_facts import ConfiguredFrom
    from celery_analyzers.context import Context
    from celery_analyzers.findings import Finding

_PREFIX = "CELERY_"


class SettingsNamespaceMissing(Rule):
    """An app is configured from settings with a prefix, and is not told so.

    ## What it does

    Finds `config_from_object` without a `namespace` where the settings that it names have names that count only with
    one: `CELERY_TASK_TIME_LIMIT`, `CELERY_BROKER_URL`. They may stand in a class, in a module, or be Django's.

    ## Why is this bad

    Without a namespace Celery looks for `task_time_limit`, or for `CELERYD_TASK_TIME_LIMIT` as Celery 3 called
    it. It passes over all else without a word: the app sends its tasks to `amqp://localhost`, and they run without the
    limits that stand in the settings.

    ## Example

        class Settings:
            CELERY_TASK_TIME_LIMIT = 60
            SECRET_KEY = "your_secret_key_here"

        app.config_from_object(Settings)
        #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ without a namespace Celery passes over `CELERY_TASK_TIME_LIMIT`

    ## Use instead

        class Settings:
            CELERY_TASK_TIME_LIMIT = 60
            SECRET_KEY = "your_secret_key_here"

        app.config_from_object(Settings, namespace="CELERY")

    ## Not flagged

    Settings that have the names of Celery 3, or new ones in lower case:

        class Settings:
            CELERYD_TASK_TIME_LIMIT = 60
            CELERY_ACKS_LATE = True

        app.config_from_object(Settings)

    Settings that the app is given besides, by hand:

        class Settings:
            CELERY_TASK_TIME_LIMIT = 60

        app.config_from_object(Settings)
        app.conf.task_time_limit = Settings.CELERY_TASK_TIME_LIMIT

    Nothing is said where Django's settings cannot be found in the project.

    ## Fix safety

    The fix is unsafe: all at once the settings count.

    ## References

    - [Using Celery with Django](https://docs.celeryq.dev/en/stable/django/first-steps-with-django.html)
    """

    code = "CEL806"
    severity = Severity.ERROR
    proofs = (Proof(run="app.conf.task_time_limit", fails="returns: None", succeeds="60", worker="none"),)

    def check_configuration(self, configured: ConfiguredFrom, context: Context) -> Iterator[Finding]:
        if configured.namespace is not None or configured.kind == "unknown" or not configured.complete:
            return
        assert context.call is not None
        if any(source.namespace for source in sources_of(context.scope)):
            # The module configures an app in another way as well: this may be a first attempt that is overridden.
            return
        passed_over = sorted(
            name for name in _names(context) if _counts_with_prefix_only(name) and not context.given(_bare(name))
        )
        if not passed_over:
            return
        shown = ", ".join(f"`{name}`" for name in passed_over[:3]) + (" and more" if len(passed_over) > 3 else "")
        edits = set_keyword(context.text, context.call, context.span, "namespace", f'"{_PREFIX[:-1]}"')
        fix = Fix(f'Add `namespace="{_PREFIX[:-1]}"`', edits, preferred=True) if edits else None
        message = f"without a namespace Celery passes over {shown}"
        yield self.finding(configured.span, message, fix)


def _names(context: Context) -> frozenset[str]:
    """The names of the settings that the call takes over, as far as they can be told."""
    call, module = context.call, context.scope.module_scope
    assert call is not None
    argument = call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "obj"), None)
    if argument is None or not isinstance(module, ModuleScope):
        return frozenset()
    source = source_of(expression(argument), None, context.scope)
    django = context.project.django_settings(str(module.path)) if source.kind == "django" else None
    return names_in(source, django)


def _counts_with_prefix_only(name: str) -> bool:
    tables = setting_tables()
    return name.startswith(_PREFIX) and name not in tables.old_names and _bare(name) in tables.settings


def _bare(name: str) -> str:
    return name.removeprefix(_PREFIX).lower()
