"""What a rule is told beside an app, one of its settings, or an entry of its beat schedule.

Spans count from the segment's start. Must not know any single rule.
"""

from __future__ import annotations

from celery_analyzers.app_sites import AppSite
from celery_analyzers.beat_sites import BeatSite
from celery_analyzers.context import Context
from celery_analyzers.expressions import Reference
from celery_analyzers.project import Project
from celery_analyzers.setting_names import spellings
from celery_analyzers.setting_sites import SettingSite
from celery_analyzers.syntax import Syntax
from celery_analyzers.values import evaluate


class AppContext(Context):
    """The surroundings of an app. `statement` is the node of the assignment that binds it to its name."""

    def __init__(self, syntax: Syntax, project: Project, site: AppSite) -> None:
        super().__init__(syntax, site.scope, project, call=site.call, statement=site.statement)


class SettingContext(Context):
    """The surroundings of a setting. `node` is that of its value, `owner` the class whose attribute it is."""

    def __init__(self, syntax: Syntax, project: Project, site: SettingSite) -> None:
        super().__init__(syntax, site.scope, project)
        self.node = site.node
        self.owner = site.owner
        self._setting = site.setting

    def beside(self, name: str) -> object:
        """The value of another setting of the same app, where it stands beside this one; None where it does not."""
        if self._setting.form != "variable":
            return self.setting(name)
        for key in spellings(name, self._setting.namespace):
            if self.scope.lookup(key)[0]:
                return evaluate(Reference(key), self.scope)
        return None


class BeatContext(Context):
    """The surroundings of a beat entry. `node` is the dict or the call that it is, `nodes` those of its fields."""

    def __init__(self, syntax: Syntax, project: Project, site: BeatSite) -> None:
        super().__init__(syntax, site.scope, project)
        self.node = site.node
        self.nodes = dict(site.nodes)
