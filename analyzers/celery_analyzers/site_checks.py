"""Which method of a rule is asked about which kind of site, and what it is told beside the fact.

One table has both for all kinds. Must not know any single rule, nor what becomes of findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from celery_analyzers.app_contexts import AppContext, BeatContext, SettingContext
from celery_analyzers.app_sites import AppSite
from celery_analyzers.beat_sites import BeatSite
from celery_analyzers.call_contexts import CallContext, CanvasContext, DispatchContext
from celery_analyzers.canvas_sites import CanvasSite
from celery_analyzers.context import Context
from celery_analyzers.crontab_sites import CrontabSite
from celery_analyzers.dispatch_sites import DispatchSite
from celery_analyzers.findings import Finding
from celery_analyzers.import_sites import ImportSite
from celery_analyzers.project import Project
from celery_analyzers.result_sites import ResultSite
from celery_analyzers.rule import Rule
from celery_analyzers.setting_sites import ConfigurationSite, DiscoverySite, SettingSite
from celery_analyzers.signal_sites import SignalSite
from celery_analyzers.sites import Site
from celery_analyzers.symbols import ProjectClass
from celery_analyzers.syntax import Syntax
from celery_analyzers.task_calls import TaskCallSite
from celery_analyzers.task_class_sites import TaskClassSite, TaskMethodSite
from celery_analyzers.task_sites import TaskSite

Check = Callable[[Rule], Iterator[Finding]]
"""What a rule finds at a site."""


def hook_of(site: Site) -> str:
    """The name of the method that asks a rule about a site."""
    return _ASKED[type(site)][1]


def check_of(site: Site, syntax: Syntax, owner: ProjectClass | None, project: Project) -> Check:
    """What rules are asked about a site. `owner` is the class whose member the segment is."""
    context_of, hook = _ASKED[type(site)]
    fact, context = site.fact, context_of(site, syntax, project, owner)
    return lambda rule: getattr(rule, hook)(fact, context)


def _of_task(site: TaskSite, syntax: Syntax, project: Project, _: ProjectClass | None) -> Context:
    return Context(syntax, site.scope, project, function=site.function, decorator=site.decorator, task=site.task)


def _of_call(
    site: CrontabSite | ConfigurationSite | DiscoverySite, syntax: Syntax, project: Project, _: ProjectClass | None
) -> Context:
    return Context(syntax, site.scope, project, call=site.call)


def _of_statement(
    site: ImportSite | TaskClassSite, syntax: Syntax, project: Project, _: ProjectClass | None
) -> Context:
    return Context(syntax, site.scope, project, statement=site.node)


def _of_method(site: TaskMethodSite, syntax: Syntax, project: Project, _: ProjectClass | None) -> Context:
    return Context(syntax, site.scope, project, function=site.node)


def _of_handler(site: SignalSite, syntax: Syntax, project: Project, _: ProjectClass | None) -> Context:
    return Context(syntax, site.scope, project, function=site.function)


def _of_dispatch(site: DispatchSite, syntax: Syntax, project: Project, owner: ProjectClass | None) -> DispatchContext:
    return DispatchContext(syntax, project, site, owner)


def _of_task_call(site: TaskCallSite, syntax: Syntax, project: Project, owner: ProjectClass | None) -> CallContext:
    return CallContext(syntax, project, site, owner, site.called.task)


def _of_canvas(site: CanvasSite, syntax: Syntax, project: Project, owner: ProjectClass | None) -> CanvasContext:
    return CanvasContext(syntax, project, site, owner)


def _of_result(site: ResultSite, syntax: Syntax, project: Project, owner: ProjectClass | None) -> CallContext:
    return CallContext(syntax, project, site, owner)


def _of_app(site: AppSite, syntax: Syntax, project: Project, _: ProjectClass | None) -> AppContext:
    return AppContext(syntax, project, site)


def _of_setting(site: SettingSite, syntax: Syntax, project: Project, _: ProjectClass | None) -> SettingContext:
    return SettingContext(syntax, project, site)


def _of_entry(site: BeatSite, syntax: Syntax, project: Project, _: ProjectClass | None) -> BeatContext:
    return BeatContext(syntax, project, site)


# The type of the site fits those of the functions beside it: a table cannot say so to a type checker.
_ASKED: dict[type[Any], tuple[Callable[..., Context], str]] = {
    TaskSite: (_of_task, "check_task"),
    CrontabSite: (_of_call, "check_crontab"),
    DispatchSite: (_of_dispatch, "check_dispatch"),
    TaskCallSite: (_of_task_call, "check_task_called"),
    CanvasSite: (_of_canvas, "check_canvas"),
    ResultSite: (_of_result, "check_result"),
    AppSite: (_of_app, "check_app"),
    SettingSite: (_of_setting, "check_setting"),
    ConfigurationSite: (_of_call, "check_configuration"),
    DiscoverySite: (_of_call, "check_discovery"),
    BeatSite: (_of_entry, "check_beat_entry"),
    ImportSite: (_of_statement, "check_import"),
    TaskClassSite: (_of_statement, "check_task_class"),
    TaskMethodSite: (_of_method, "check_task_method"),
    SignalSite: (_of_handler, "check_signal_handler"),
}
