"""`deprecated-setting`: a setting by a name that Celery is about to give up."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from celery_analyzers.configuration import settings_in_call
from celery_analyzers.configuration_sources import calls_of, names_of_module
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.layout import first_on_line, indentation, newline_of
from celery_analyzers.rule import Rule
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.setting_names import preferred, renames, setting_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from celery_analyzers.app_contexts import SettingContext
    from celery_analyzers.app_facts import SettingGiven
    from celery_analyzers.findings import Finding
    from celery_analyzers.index_records import SourceRecord

_SPLIT = "task_acks_on_failure_or_timeout"
_CELERYS = ("CELERY", "BROKER_")
_PARTS = ("task_acks_on_failure", "task_acks_on_timeout")


class DeprecatedSetting(Rule):
    """A setting has a name that Celery is about to give up.

    ## What it does

    Finds settings by the upper-case names of Celery 3, and from Celery 5.7 on `task_acks_on_failure_or_timeout`, which
    became two settings.

    Where an app is told a namespace, releases before 5.7 pass over the names of Celery 3: there the setting
    has no effect, which is a warning.

    ## Why is this bad

    Celery takes these names until Celery 6.0. From then on it passes over them without a word: a limit or a route that
    still has its old name is gone.

    ## Example

        app.conf.update(CELERYD_CONCURRENCY=4, CELERY_ACKS_LATE=True)
        #               ^^^^^^^^^^^^^^^^^^^ this is the name that Celery 3 had for `worker_concurrency`: Celery 6.0
        #                                   passes over it
        #                                      ^^^^^^^^^^^^^^^^ this is the name that Celery 3 had for `task_acks_late`:
        #                                                       Celery 6.0 passes over it

    ## Use instead

        app.conf.update(worker_concurrency=4, task_acks_late=True)

    ## Not flagged

    Names with the app's prefix, which look much alike, and what is no setting of Celery's:

        class Settings:
            CELERY_TASK_ACKS_LATE = True
            CELERY_WORKER_CONCURRENCY = 4
            CELERY_ENABLED = True

        app.config_from_object(Settings, namespace="CELERY")

    Nothing is said where a setting is given by its new name too, nor of a variable that only other files of the project
    need. Old names among new ones are [`mixed-setting-names`](mixed-setting-names.md), names that no release takes are
    [`unknown-setting`](unknown-setting.md).

    ## Fix safety

    The fix renames all of them in the module at once, as Celery refuses a mixture of old and new names. It is safe
    unless other files of the project know the old name, or the setting had no effect so far. Where Django's settings
    are read without a namespace there is no fix: the app needs the namespace first.

    To split `task_acks_on_failure_or_timeout` is unsafe: a task's own `acks_on_failure_or_timeout` wins over the old
    setting, but not over the new ones.

    ## References

    - [New lowercase settings](https://docs.celeryq.dev/en/stable/userguide/configuration.html#new-lowercase-settings)
    """

    code = "CEL005"
    severity = Severity.INFORMATION

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        if setting.name == _SPLIT and not setting.key.startswith("CELERY_ACKS"):
            yield from self._split(setting, context)
        elif setting.name is not None and setting_name(setting.key, setting.namespace).style == "old":
            yield from self._old(setting, setting.name, context)

    def _split(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        if context.celery_at_least(5, 7) is not True:
            return
        names = [preferred(name, setting.namespace) for name in _PARTS]
        shown = " and ".join(f"`{name}`" for name in names)
        message = f"Celery 5.7 made two settings of `{setting.key}`: {shown}"
        yield self.finding(setting.key_span, message, _splitting(setting, names, context))

    def _old(self, setting: SettingGiven, name: str, context: SettingContext) -> Iterator[Finding]:
        if not setting.key.startswith(_CELERYS) and (setting.namespace or _is_djangos(context)):
            # `S3_REGION` is for others as well.
            return
        names, complete = _names_beside(setting, context)
        right = preferred(name, setting.namespace)
        if right in names or (setting.namespace is None and setting.key in renames(names)):
            return
        if not setting.namespace:
            message = f"this is the name that Celery 3 had for `{name}`: Celery 6.0 passes over it"
            yield self.finding(setting.key_span, message, _renaming(setting, names, complete, context))
            return
        takes_it = context.celery_at_least(5, 7)
        is_alone = context.project.ask("speaks_of", setting.key, context.path) is False
        if takes_it is not True and not is_alone:
            return
        fix = _fix(setting, ((setting.key, right),), context, safe=takes_it is True and is_alone)
        if takes_it is False:
            message = f"with a namespace, Celery before 5.7 passes over `{setting.key}`, so it has no effect"
            yield self.finding(setting.key_span, f"{message}: here it is `{right}`", fix, severity=Severity.WARNING)
        else:
            message = f"this is the name that Celery 3 had for `{right}`: with a namespace"
            yield self.finding(setting.key_span, f"{message}, only Celery 5.7 takes it", fix)


def _names_beside(setting: SettingGiven, context: SettingContext) -> tuple[frozenset[str], bool]:
    """The names that stand in the same source of settings, and whether these are all."""
    if setting.form != "variable":
        found: set[str] = set()
        for call, where, _ in calls_of(context.scope):
            found.update(settings_in_call(call, where))
            found.update(key for key, _ in call.keywords if key)
        return frozenset(found), True
    if context.owner is not None:
        return frozenset(name for name, _ in context.owner.binding.body), True
    return names_of_module(context.scope.module_scope)


def _renaming(setting: SettingGiven, names: frozenset[str], complete: bool, context: SettingContext) -> Fix | None:
    """Rename all old names of a source without a namespace, if no mixture is left."""
    module = context.scope.module_scope
    if setting.form == "variable" and _is_djangos(context):
        return None
    old = {name: setting_name(name) for name in names | {setting.key}}
    pairs = {name: found.canonical for name, found in old.items() if found.style == "old" and found.canonical}
    after = [*(names - pairs.keys()), *pairs.values()]
    if renames(after) or len(set(pairs.values())) < len(pairs) or not names.isdisjoint(pairs.values()):
        return None
    if setting.form == "variable" and context.owner is None and isinstance(module, ModuleScope):
        here = frozenset(module.bound())
        if not here.issuperset(pairs):
            # Names that come from another module stay as they are there.
            return None
    if setting.form == "variable":
        known = any(context.project.ask("speaks_of", name, context.path) is not False for name in pairs)
    else:
        known = bool(context.project.ask("configuring", context.path))
    return _fix(setting, tuple(sorted(pairs.items())), context, safe=complete and not known)


def _fix(
    setting: SettingGiven, pairs: tuple[tuple[str, str], ...], context: SettingContext, *, safe: bool
) -> Fix | None:
    span = setting.key_span
    start = context.text.find(setting.key, span.start, span.end)
    if start < 0:
        return None
    right = dict(pairs)[setting.key]
    edit = Edit(Span(start, start + len(setting.key)), right)
    title = f"Rename to `{right}`" + (", and the other old names of the module" if len(pairs) > 1 else "")
    return Fix(title, (edit,), "safe" if safe else "unsafe", preferred=True, renames=pairs)


def _is_djangos(context: SettingContext) -> bool:
    """Whether the module is taken for Django's settings, whose names are upper-case."""
    roles = cast("Iterable[SourceRecord]", context.project.ask("roles", context.path) or ())
    return any(role.path is None for role in roles)


def _splitting(setting: SettingGiven, names: list[str], context: SettingContext) -> Fix | None:
    text, written = context.text, context.source(setting.span)
    if written.count(setting.key) != 1:
        return None
    alone = setting.form in ("variable", "attribute", "item")
    start = setting.span.start
    if alone and not first_on_line(text, start):
        return None
    between = newline_of(text) + indentation(text, start) if alone else ", "
    both = between.join(written.replace(setting.key, name) for name in names)
    return Fix("Make two settings of it", (Edit(setting.span, both),), preferred=True)
