"""Which settings Celery refuses because names of Celery 3 and of Celery 4 stand side by side.

Decides as `celery.app.utils.detect_settings` does. Knows setting names. Must not know where they are written.
"""

from __future__ import annotations

from collections.abc import Collection

from celery_analyzers.celery_tables import setting_tables


def misfits(names: Collection[str]) -> dict[str, str]:
    """The names of one configuration that do not go with the others, each with the name that would; empty where Celery
    takes the configuration. Of as many old as new names it is the old ones that do not go, as Celery decides."""
    table = setting_tables()
    new = {name for name in names if name in table.settings}
    old = {name for name in names if name in table.old_names}
    if not new or not old:
        return {}
    if len(new) >= len(old):
        return {name: right for name in old if (right := table.old_names[name]) not in new}
    return {name: right for name in new for right in table.settings[name].old[:1] if right not in old}
