"""`mixed-setting-names`: old and new names of settings in one configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.configuration_sources import names_of_module
from celery_analyzers.findings import Edit, Fix, Severity
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.setting_names import renames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import SettingContext
    from celery_analyzers.app_facts import SettingGiven
    from celery_analyzers.findings import Finding


class MixedSettingNames(Rule):
    """A configuration has old and new names of settings side by side.

    ## What it does

    Finds settings that a configuration without a namespace gives by their old, upper-case name while most others have
    the new, lower-case one, or the other way round.

    ## Why is this bad

    Celery takes the names of Celery 3 or those of Celery 4 and later, but not both: it raises
    `ImproperlyConfigured` when it first looks at the configuration, in the worker and in whatever sends a task.

    ## Example

        class Config:
            task_time_limit = 60
            task_default_queue = "shop"
            CELERY_ACKS_LATE = True
        #   ^^^^^^^^^^^^^^^^ `CELERY_ACKS_LATE` is an old name among new ones, so Celery refuses the whole
        #                    configuration: it is `task_acks_late` now

        app.config_from_object(Config)

    ## Use instead

        class Config:
            task_time_limit = 60
            task_default_queue = "shop"
            task_acks_late = True

        app.config_from_object(Config)

    ## Not flagged

    Old names alone, both names of one setting, and names that have a namespace:

        class Config:
            CELERY_ACKS_LATE = True
            CELERYD_TASK_TIME_LIMIT = 60

        app.config_from_object(Config)

        class Namespaced:
            CELERY_ACKS_LATE = True
            CELERY_TASK_TIME_LIMIT = 60

        other = Celery("other")
        other.config_from_object(Namespaced, namespace="CELERY")

    ## Fix safety

    The fix is unsafe: other code may read the setting by the name that it has.

    ## References

    - [New lowercase settings](https://docs.celeryq.dev/en/stable/userguide/configuration.html#new-lowercase-settings)
    """

    code = "CEL805"
    severity = Severity.ERROR
    proofs = (
        Proof(
            run="app.conf.task_acks_late",
            fails="ImproperlyConfigured: Cannot mix new and old setting keys",
            succeeds="True",
            worker="none",
        ),
    )

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        if setting.form != "variable" or setting.namespace is not None:
            return
        names = _names(context)
        right = renames(names).get(setting.key) if names is not None else None
        if right is None:
            return
        kind, others = ("an old", "new") if right.islower() else ("a new", "old")
        message = (
            f"`{setting.key}` is {kind} name among {others} ones, so Celery refuses the whole configuration: "
            f"it is `{right}` {'now' if right.islower() else 'among those'}"
        )
        fix = Fix(f"Rename to `{right}`", (Edit(setting.key_span, right),), preferred=True)
        yield self.finding(setting.key_span, message, fix)


def _names(context: SettingContext) -> frozenset[str] | None:
    """The names beside the setting, None where they cannot be told: of the class that it stands in, else of the module
    with those that it takes over."""
    if context.owner is not None:
        return frozenset(name for name, _ in context.owner.binding.body)
    names, complete = names_of_module(context.scope.module_scope)
    return names if complete else None
