"""All kinds of places that say something about Celery, each with the nodes that it was read from."""

from __future__ import annotations

from celery_analyzers.app_sites import AppSite
from celery_analyzers.beat_sites import BeatSite
from celery_analyzers.canvas_sites import CanvasSite
from celery_analyzers.crontab_sites import CrontabSite
from celery_analyzers.dispatch_sites import DispatchSite
from celery_analyzers.import_sites import ImportSite
from celery_analyzers.result_sites import ResultSite
from celery_analyzers.setting_sites import ConfigurationSite, DiscoverySite, SettingSite
from celery_analyzers.signal_sites import SignalSite
from celery_analyzers.task_calls import TaskCallSite
from celery_analyzers.task_class_sites import TaskClassSite, TaskMethodSite
from celery_analyzers.task_sites import TaskSite

Site = (
    TaskSite
    | CrontabSite
    | DispatchSite
    | TaskCallSite
    | CanvasSite
    | ResultSite
    | AppSite
    | SettingSite
    | ConfigurationSite
    | DiscoverySite
    | BeatSite
    | ImportSite
    | TaskClassSite
    | TaskMethodSite
    | SignalSite
)
"""Every site has the `fact` that rules are given."""
