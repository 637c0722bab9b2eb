"""`redundant-setting`: a setting that changes nothing."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, ClassVar, Literal

from celery_analyzers.celery_tables import RELEASES, setting_tables
from celery_analyzers.configuration import settings_in_call
from celery_analyzers.configuration_sources import calls_of, names_of_module
from celery_analyzers.findings import Edit, Fix, Severity, Span
from celery_analyzers.layout import comments_in, line_end, line_start
from celery_analyzers.rule import Rule
from celery_analyzers.setting_names import setting_name, spellings
from celery_analyzers.symbols import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery_analyzers.app_contexts import SettingContext
    from celery_analyzers.app_facts import SettingGiven
    from celery_analyzers.findings import Finding

_ANSWERS = (bool, int, float, str, type(None))


class RedundantSetting(Rule):
    """A setting is given its default, or is given twice under two names.

    ## What it does

    Finds settings with the value that Celery gives them anyway, in all releases, and settings by an old name that stand
    beside the new one.

    ## Why is this bad

    What changes nothing has to be read all the same, and hides what is different in this project. Of two names of
    one setting only one counts, and the next change may be made to the other.

    ## Example

        app.conf.update(
            task_acks_late=False,
        #   ^^^^^^^^^^^^^^^^^^^^ this is the default of `task_acks_late`: it changes nothing
            task_time_limit=60,
        )

    ## Use instead

        app.conf.update(
            task_time_limit=60,
        )

    ## Not flagged

    Other values, and values that another place gives to the same setting:

        app.conf.worker_prefetch_multiplier = 1
        app.conf.task_ignore_result = True
        app.conf.task_ignore_result = False

    ## Fix safety

    The fix is safe unless other files of the project know the name.

    ## References

    - [Configuration and defaults](https://docs.celeryq.dev/en/stable/userguide/configuration.html)
    """

    code = "CEL832"
    severity = Severity.HINT
    preset: ClassVar[Literal["recommended", "strict", "all"]] = "all"

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:
        if setting.name is None or context.in_tests:
            return
        other = _newer(setting, context)
        if other is not None:
            message = f"`{setting.key}` is the same setting as `{other}` beside it: one of them has no effect"
            yield self.finding(setting.key_span, message)
        elif _is_new(setting) and _is_default(setting.name, setting.value) and _is_alone(setting, context):
            message = f"this is the default of `{setting.name}`: it changes nothing"
            yield self.finding(setting.span, message, _removal(setting, context), unnecessary=True)


def _is_new(setting: SettingGiven) -> bool:
    """Whether the setting has no old name, of which more is to be said than this."""
    return setting_name(setting.key, setting.namespace).style != "old"


def _newer(setting: SettingGiven, context: SettingContext) -> str | None:
    """The new name of a setting, where it is given beside its old one."""
    if _is_new(setting) or setting.name is None:
        return None
    if setting.form != "variable":
        beside = {key for call, where, _ in calls_of(context.scope) for key in settings_in_call(call, where)}
    elif context.owner is not None:
        beside = {name for name, _ in context.owner.binding.body}
    else:
        beside = names_of_module(context.scope.module_scope)[0]
    wanted = spellings(setting.name, setting.namespace)[0]
    return wanted if wanted in beside and wanted != setting.key else None


def _is_default(name: str, value: object) -> bool:
    if not isinstance(value, _ANSWERS):
        return False
    for release in RELEASES:
        known = setting_tables(release).settings.get(name)
        if known is None or not known.default.is_plain or type(known.default.value) is not type(value):
            return False
        if known.default.value != value:
            return False
    return True


def _is_alone(setting: SettingGiven, context: SettingContext) -> bool:
    """Whether the setting is given in no other place, so that this one is not there to overrule another."""
    assert setting.name is not None
    if setting.form == "variable" and isinstance(context.node, (ast.Name, ast.Attribute)):
        # The name that it takes its value from is another place to change.
        return False
    if any(isinstance(outer, (ast.If, ast.Try, ast.FunctionDef)) for outer in context.enclosing(context.node)):
        return False
    if not isinstance(context.node, ast.Constant):
        return False
    given = context.given(setting.name)
    return len(given) == 1 and given[0].value is not UNKNOWN and not given[0].is_guess


def _removal(setting: SettingGiven, context: SettingContext) -> Fix | None:
    text, span = context.text, setting.span
    start, end = line_start(text, span.start), line_end(text, span.end)
    if text[start : span.start].strip() or context.owner is not None or comments_in(text, start, end):
        return None
    behind = text[span.end : end].strip()
    if setting.form in ("argument", "key"):
        if behind != ",":
            return None
    elif behind or not any(context.span(statement) == span for statement in context.syntax.statements):
        return None
    end += 2 if text.startswith("\r\n", end) else 1
    known = context.project.ask("speaks_of", setting.key, context.path)
    safe = setting.form != "variable" or known is False
    edit = Edit(Span(start, min(end, len(text))), "")
    return Fix("Remove it", (edit,), "safe" if safe else "unsafe", preferred=True)
