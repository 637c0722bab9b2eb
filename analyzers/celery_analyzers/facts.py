"""All that a segment may say about Celery, as frozen values with spans.

Spans count from the segment's start. Facts hold no syntax trees: comparing two tells whether anything changed.
"""

from __future__ import annotations

from celery_analyzers.app_facts import AppMade, ConfiguredFrom, Discovery, SettingGiven
from celery_analyzers.call_facts import CanvasMade, Dispatch, ResultMade, TaskCalled
from celery_analyzers.import_facts import CeleryImport
from celery_analyzers.schedule_facts import BeatEntry, CrontabCall
from celery_analyzers.task_facts import SignalHandler, TaskClass, TaskDefinition, TaskMethod

Fact = (
    TaskDefinition
    | CrontabCall
    | Dispatch
    | TaskCalled
    | CanvasMade
    | ResultMade
    | AppMade
    | SettingGiven
    | ConfiguredFrom
    | Discovery
    | BeatEntry
    | CeleryImport
    | TaskClass
    | TaskMethod
    | SignalHandler
)
