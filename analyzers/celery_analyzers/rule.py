"""What a rule is: one class in one file, whose docstring is its documentation, its examples and its test.

Knows a rule's form and its metadata. Must not know any single rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from celery_analyzers.documented import Documented
from celery_analyzers.findings import Finding, Fix, Severity, Span
from celery_analyzers.groups import Group, group_of
from celery_analyzers.proof import Proof

if TYPE_CHECKING:
    from celery_analyzers.app_contexts import AppContext, BeatContext, SettingContext
    from celery_analyzers.app_facts import AppMade, ConfiguredFrom, Discovery, SettingGiven
    from celery_analyzers.call_contexts import CallContext, CanvasContext, DispatchContext
    from celery_analyzers.call_facts import CanvasMade, Dispatch, ResultMade, TaskCalled
    from celery_analyzers.context import Context
    from celery_analyzers.ignores import IgnoreContext
    from celery_analyzers.import_facts import CeleryImport
    from celery_analyzers.schedule_facts import BeatEntry, CrontabCall
    from celery_analyzers.settings import Preset
    from celery_analyzers.task_facts import SignalHandler, TaskClass, TaskDefinition, TaskMethod

DOCUMENTATION_URL = "https://github.com/celeryls/celeryls/blob/main/docs/rules/{name}.md"
SECTIONS = (
    "What it does",
    "Why is this bad",
    "Example",
    "Use instead",
    "Not flagged",
    "Fix safety",
    "References",
)


class Rule(Documented):
    """One kind of mistake.

    A subclass stands alone in `rules/<name_with_underscores>.py`, sets the class variables, documents itself in its
    docstring (a summary line, then the `SECTIONS` in their order) and overrides the `check_*` methods of the facts
    that it speaks of. Each yields findings whose spans count from the segment's start, as all spans in facts do.

    Code in the docstring is indented by four spaces. It stands in a module that begins with `PRELUDE`. Under
    *Example*, a comment line with carets marks the code above it and gives the message.
    """

    code: ClassVar[str]
    """The number, as in `CEL103`: an alias for the name."""
    severity: ClassVar[Severity]
    """The severity that findings have where the check does not say otherwise."""
    preset: ClassVar[Preset] = "recommended"
    """The smallest preset that has the rule: what nearly every team wants, what a careful one does, or all."""
    since: ClassVar[str] = "0.1.0"
    """The release of celeryls that brought the rule."""
    celery: ClassVar[str] = ""
    """The releases of Celery that the rule speaks of, as in `>=5.5`; empty for all."""
    proofs: ClassVar[tuple[Proof, ...]] = ()
    """Experiments on real Celery that show the claim. A rule of severity error has at least one."""

    PRELUDE: ClassVar[str] = 'from celery import Celery, shared_task\n\napp = Celery("shop")\n\n'

    @classmethod
    def group(cls) -> Group:
        """The theme that the rule belongs to."""
        return group_of(cls.code)

    @classmethod
    def url(cls) -> str:
        """Where the rule's page stands."""
        return DOCUMENTATION_URL.format(name=cls.name())

    # The parameters are there for those who override.
    def check_task(self, task: TaskDefinition, context: Context) -> Iterator[Finding]:  # noqa: ARG002
        """Findings about one task definition."""
        return iter(())

    def check_crontab(self, crontab: CrontabCall, context: Context) -> Iterator[Finding]:  # noqa: ARG002
        """Findings about one call of `celery.schedules.crontab`."""
        return iter(())

    def check_dispatch(self, dispatch: Dispatch, context: DispatchContext) -> Iterator[Finding]:  # noqa: ARG002
        """Findings about one call that sends a task or makes a signature of one."""
        return iter(())

    def check_task_called(self, called: TaskCalled, context: CallContext) -> Iterator[Finding]:  # noqa: ARG002
        """Findings about one call of a task as a plain function."""
        return iter(())

    def check_canvas(self, canvas: CanvasMade, context: CanvasContext) -> Iterator[Finding]:  # noqa: ARG002
        """Findings about one call that makes a chain, a group or a chord."""
        return iter(())

    def check_result(self, result: ResultMade, context: CallContext) -> Iterator[Finding]:  # noqa: ARG002
        """Findings about one call that makes a result object of an id."""
        return iter(())

    def check_app(self, app: AppMade, context: AppContext) -> Iterator[Finding]:  # noqa: ARG002
        """Findings about one app, where it is made."""
        return iter(())

    def check_setting(self, setting: SettingGiven, context: SettingContext) -> Iterator[Finding]:  # noqa: ARG002
        """Findings about one setting, where an app is given it."""
        return iter(())

    def check_configuration(self, configured: ConfiguredFrom, context: Context) -> Iterator[Finding]:  # noqa: ARG002
        """Findings about one call of `config_from_object`."""
        return iter(())

    def check_discovery(self, discovery: Discovery, context: Context) -> Iterator[Finding]:  # noqa: ARG002
        """Findings about one call of `autodiscover_tasks`."""
        return iter(())

    def check_beat_entry(self, entry: BeatEntry, context: BeatContext) -> Iterator[Finding]:  # noqa: ARG002
        """Findings about one entry of a beat schedule."""
        return iter(())

    def check_import(self, imported: CeleryImport, context: Context) -> Iterator[Finding]:  # noqa: ARG002
        """Findings about one statement that imports from Celery."""
        return iter(())

    def check_task_class(self, made: TaskClass, context: Context) -> Iterator[Finding]:  # noqa: ARG002
        """Findings about one class that derives from `celery.Task`."""
        return iter(())

    def check_task_method(self, method: TaskMethod, context: Context) -> Iterator[Finding]:  # noqa: ARG002
        """Findings about one method of such a class."""
        return iter(())

    def check_signal_handler(self, handler: SignalHandler, context: Context) -> Iterator[Finding]:  # noqa: ARG002
        """Findings about one function that is connected to a signal of Celery's."""
        return iter(())

    def check_ignore(self, context: IgnoreContext) -> Iterator[Finding]:  # noqa: ARG002
        """Findings about one comment that silences."""
        return iter(())

    def finding(
        self,
        span: Span,
        message: str,
        *fixes: Fix | None,
        severity: Severity | None = None,
        unnecessary: bool = False,
    ) -> Finding:
        """A finding of this rule. `fixes` that are None are left out, so that a builder of edits may decline."""
        return Finding(
            rule=self.name(),
            message=message,
            span=span,
            severity=self.severity if severity is None else severity,
            fixes=tuple(fix for fix in fixes if fix is not None),
            unnecessary=unnecessary,
        )
