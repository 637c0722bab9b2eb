"""What a segment says about apps: where they are made, their settings, and what they are told to read.

Spans count from the segment's start. Holds no syntax trees. Must not know what a setting does, nor rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from celery_analyzers.call_facts import Argument
from celery_analyzers.findings import Span


@dataclass(frozen=True, slots=True)
class SettingGiven:
    """A setting of an app as it is written: in the app's constructor, on its `conf`, or in a module, class or dict that
    it is configured from.

    `key` is the name as it is written and `name` the new name of the setting that Celery takes it for, None where it
    takes it for none. `namespace` holds for keys of modules, classes and dicts. `key_span` is where the key stands.
    """

    key: str
    name: str | None
    namespace: str | None
    value: object
    span: Span
    key_span: Span
    value_span: Span
    form: Literal["argument", "attribute", "item", "key", "variable"]


@dataclass(frozen=True, slots=True)
class ConfiguredFrom:
    """A call of `config_from_object`: what it names, as in `configuration.Source`, and its namespace."""

    span: Span
    kind: str
    namespace: str | None
    complete: bool
    """Whether all its arguments can be told."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """A call of `autodiscover_tasks`. `packages` is its first argument, and `related_name` the value of that one, both
    None where they are not given."""

    span: Span
    packages: Argument | None
    related_name: object
    complete: bool
    """Whether all its arguments can be told."""


@dataclass(frozen=True, slots=True)
class AppMade:
    """A call that makes an app, and the name or dotted path that this is bound to, None where it is to none."""

    span: Span
    name: str | None
