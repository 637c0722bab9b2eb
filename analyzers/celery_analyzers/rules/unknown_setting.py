"""`unknown-setting`: a setting that Celery passes over, as it knows it by another name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery_analyzers.celery_tables import setting_since
from celery_analyzers.findings import Edit, Fix, Severity
from celery_analyzers.proof import Proof
from celery_analyzers.rule import Rule
from celery_analyzers.setting_names import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import SettingContext
    from celery_analyzers.app_facts import SettingGiven
    from celery_analyzers.findings import Finding

_PREFIX = "CELERY_"


class UnknownSetting(Rule):
    """A setting has a name that Celery does not know.

    ## What it does

    Finds settings that are misspelt, in the wrong case, without the prefix that the app asks for or with one that it
    does not, and old names that Celery's documentation lists but its code does not take. And settings that
    came with a later release than the one that the project uses.

    ## Why is this bad

    Celery takes any name for a setting, and asks only for those that it knows. What is meant for a limit or a
    queue then has no effect, and nobody is told.

    ## Example

        app.conf.task_tme_limit = 60
        #        ^^^^^^^^^^^^^^ Celery knows no setting `task_tme_limit`, so it has no effect: did you mean
        #                       `task_time_limit`?

    ## Use instead

        app.conf.task_time_limit = 60

    ## Not flagged

    Names that are nothing like Celery's, as those of backends, of extensions and your own:

        app.conf.redbeat_redis_url = "redis://"
        app.conf.shop_opening_hours = (9, 18)

    Nothing is said of a variable that other files of the project use: it may be meant for them.

    ## Fix safety

    The fix is unsafe: a setting that had no effect so far gets one.

    ## References

    - [Configuration and defaults](https://docs.celeryq.dev/en/stable/userguide/configuration.html)
    """

    code = "CEL804"
    severity = Severity.WARNING
    proofs = (Proof(run="app.conf.task_time_limit", fails="returns: None", succeeds="60", worker="none"),)

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        if setting.name is not None:
            yield from self._too_early(setting, context)
            return
        right = suggestion(setting.key, setting.namespace)
        if right is None or _is_left_to_others(setting, right) or _is_used_elsewhere(setting, context):
            return
        message = f"Celery knows no setting `{setting.key}`, so it has no effect: did you mean `{right}`?"
        yield self.finding(setting.key_span, message, _renaming(setting, right, context))

    def _too_early(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        """A setting that the project's Celery does not have yet."""
        assert setting.name is not None
        first = setting_since(setting.name)
        if first is not None and context.celery_at_least(*first) is False:
            release = ".".join(map(str, first))
            message = f"`{setting.key}` came with Celery {release}: before, it has no effect"
            yield self.finding(setting.key_span, message)


def _is_left_to_others(setting: SettingGiven, right: str) -> bool:
    """Whether the name would be right, had the app been told the namespace: that is the app's mistake."""
    prefixed = setting.form == "variable" and setting.namespace is None and setting.key.startswith(_PREFIX)
    return prefixed and setting.key[len(_PREFIX) :].lower() == right


def _is_used_elsewhere(setting: SettingGiven, context: SettingContext) -> bool:
    if setting.form != "variable" or setting.key.islower():
        return False
    if not setting.key.startswith(("CELERY", "BROKER")):
        # Who uses it is not known.
        return True
    return context.project.ask("speaks_of", setting.key, context.path) is not False


def _renaming(setting: SettingGiven, right: str, context: SettingContext) -> Fix | None:
    text = context.source(setting.key_span)
    quoted = text[:1] if text[:1] in "\"'" else ""
    if text != f"{quoted}{setting.key}{quoted}":
        return None
    return Fix(f"Rename to `{right}`", (Edit(setting.key_span, f"{quoted}{right}{quoted}"),), preferred=True)
