"""The words by which one module's code concerns Celery: those of Celery, and the names that the module has for them.

Most segments are told to be of no interest by these, without being parsed. Knows the module's names. Must not know
facts nor rules.
"""

from __future__ import annotations

import re

from celery_analyzers.bindings import Binding, ClassBinding, ImportBinding, ValueBinding
from celery_analyzers.expressions import Reference
from celery_analyzers.module_names import SegmentNames, function_name
from celery_analyzers.relevance import CALLS, SEGMENT
from celery_analyzers.resolution import is_task_class
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.segments import Kind, Segment
from celery_analyzers.symbols import ProjectClass
from celery_analyzers.task_calls import callables_in, calls_of_any
from celery_analyzers.tasks import registering_call


class CeleryWords:
    """The words of a module whose names are in `scope`."""

    __slots__ = ("_aliases", "_callables", "_calls_a_task", "_scope")

    def __init__(self, scope: ModuleScope) -> None:
        self._scope = scope
        self._aliases: re.Pattern[str] | None = None
        self._callables: frozenset[str] = frozenset()
        """The names that a call of a task may begin with."""
        self._calls_a_task: re.Pattern[str] | None = None

    def update(self) -> bool:
        """Note the names under which the module knows Celery's own; whether they changed."""
        names = self._scope.names
        imported = {name for name, found in names.items() if any(_is_celerys(binding) for binding in found)}
        assigned = {
            name
            for name, found in names.items()
            if any(
                isinstance(binding, ValueBinding)
                and isinstance(binding.value, Reference)
                and (binding.value.path.endswith(".task") or binding.value.path.split(".")[0] in imported)
                for binding in found
            )
        }
        aliases = sorted(re.escape(name) for name in imported | assigned if not SEGMENT.search(name))
        pattern = re.compile(rf"\b(?:{'|'.join(aliases)})\b") if aliases else None
        callables = callables_in(names)
        changed = (pattern, callables) != (self._aliases, self._callables)
        if callables != self._callables:
            self._calls_a_task = calls_of_any(callables)
        self._aliases, self._callables = pattern, callables
        return changed

    def callables(self, text: str) -> frozenset[str]:
        """The names that a call of a task in a text may begin with; none where there is no such call."""
        return self._callables if self._calls_one(text) else frozenset()

    def may_call(self, text: str) -> bool:
        """Whether a call in a text may make a crontab or a task, under whatever name the module knows these."""
        return bool(CALLS.search(text) or (self._aliases and self._aliases.search(text)))

    def concern(self, segment: Segment, names: SegmentNames, owner: ProjectClass | None) -> bool:
        """Whether a segment may say anything about Celery, be the module what it may to an app. `owner` is the class
        whose member it is."""
        if segment.kind is Kind.TRIVIA:
            return False
        if owner is not None and is_task_class(owner):
            return True
        if segment.kind is Kind.CLASS_HEAD:
            return self._is_task_class(names)
        if SEGMENT.search(segment.text) or (self._aliases and self._aliases.search(segment.text)):
            return True
        if self._calls_one(segment.text):
            return True
        name = function_name(segment)
        if name is None:
            return False
        if owner is not None:
            return name == "run" and registering_call(owner.binding.name, self._scope) is not None
        return registering_call(name, self._scope) is not None

    def _is_task_class(self, names: SegmentNames) -> bool:
        """Whether the head of a class is that of a task class."""
        return bool(names.bases) and is_task_class(ProjectClass(ClassBinding("", names.bases), self._scope))

    def _calls_one(self, text: str) -> bool:
        """Whether a text may call a task as a plain function."""
        return self._calls_a_task is not None and self._calls_a_task.search(text) is not None


def _is_celerys(binding: Binding) -> bool:
    return isinstance(binding, ImportBinding) and binding.module.split(".", 1)[0] == "celery"
