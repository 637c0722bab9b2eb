"""What a rule is told beside a call: the values and names around it, the nodes of what is passed.

Spans count from the segment's start. Must not know any single rule.
"""

from __future__ import annotations

import ast
from functools import cached_property

from celery_analyzers.canvas_sites import CanvasSite
from celery_analyzers.context import Context
from celery_analyzers.dispatch_sites import DispatchSite
from celery_analyzers.expressions import dotted_path
from celery_analyzers.local_names import LocalNames
from celery_analyzers.project import Project
from celery_analyzers.result_sites import ResultSite
from celery_analyzers.symbols import ProjectClass
from celery_analyzers.syntax import Syntax
from celery_analyzers.task_calls import TaskCallSite
from celery_analyzers.tasks import ProjectTask, Task
from celery_analyzers.value_kinds import ValueKinds

_WANT_FAILURE = frozenset({"raises", "assertRaises", "assertRaisesMessage", "assertRaisesRegex"})


class CallContext(Context):
    """The surroundings of a call that sends tasks, makes signatures or a canvas of them, or looks up a result."""

    def __init__(
        self,
        syntax: Syntax,
        project: Project,
        site: DispatchSite | CanvasSite | TaskCallSite | ResultSite,
        owner: ProjectClass | None,
        task: Task | None = None,
    ) -> None:
        super().__init__(syntax, site.scope, project, call=site.call, task=task)
        self.owner = owner
        """The class whose member the segment is."""

    @property
    def local_names(self) -> LocalNames:
        """The names that the functions around the call bind."""
        return self.syntax.local_names

    @cached_property
    def kinds(self) -> ValueKinds:
        """What the values are that stand around the call."""
        return ValueKinds(self.scope, self.syntax.local_names, self.owner)

    @property
    def expects_failure(self) -> bool:
        """Whether a test wants the call to fail: `with pytest.raises(TypeError):`."""
        assert self.call is not None
        return any(
            isinstance(item.context_expr, ast.Call)
            and (dotted_path(item.context_expr.func) or "").rpartition(".")[2] in _WANT_FAILURE
            for node in self.enclosing(self.call)
            if isinstance(node, (ast.With, ast.AsyncWith))
            for item in node.items
        )


class DispatchContext(CallContext):
    """The surroundings of a dispatch. `arguments` and `keywords` are the nodes of what is passed to the task, and
    `containers` those of `args` and `kwargs`."""

    def __init__(self, syntax: Syntax, project: Project, site: DispatchSite, owner: ProjectClass | None) -> None:
        super().__init__(syntax, project, site, owner, site.dispatch.task)
        self.dispatch = site.dispatch
        self.arguments = site.positional
        self.keywords = dict(site.keywords)
        self.containers = dict(site.containers)

    @cached_property
    def dispatched(self) -> ProjectTask | None:
        """The task that is sent, be it by its name."""
        target = self.dispatch.target
        return self.dispatch.task or (self.task_named(target) if isinstance(target, str) else None)


class CanvasContext(CallContext):
    """The surroundings of a canvas. `members` and `chord_body` are the nodes of what it is made of."""

    def __init__(self, syntax: Syntax, project: Project, site: CanvasSite, owner: ProjectClass | None) -> None:
        super().__init__(syntax, project, site, owner)
        self.members = site.members
        self.chord_body = site.body
