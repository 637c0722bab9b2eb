"""Finds task definitions and crontabs in the syntax of one segment.

A task is recognised by what its decorator means, never by what it is called. Knows how Celery declares tasks. Must
not know rules.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from celery_analyzers.app_sites import AppSite, app_site
from celery_analyzers.beat_sites import BeatSite
from celery_analyzers.bindings import (
    Bindings,
    ParameterKind,
    ValueBinding,
    class_binding,
    function_scope,
    listed_parameters,
)
from celery_analyzers.canvas_sites import CanvasSite, canvas_site
from celery_analyzers.dispatch_sites import DispatchReader, DispatchSite
from celery_analyzers.expressions import Expression, Invocation, Reference, dotted_path, expression
from celery_analyzers.findings import Span
from celery_analyzers.import_sites import ImportSite, import_site
from celery_analyzers.index_records import SourceRecord
from celery_analyzers.makers import Maker, maker_of
from celery_analyzers.relevance import DISPATCHES, SIGNATURES
from celery_analyzers.resolution import CRONTAB, evaluate_symbol, is_task_class, resolve
from celery_analyzers.result_sites import ResultSite, result_site
from celery_analyzers.schedule_facts import CrontabCall, Field
from celery_analyzers.scopes import InnerScope
from celery_analyzers.setting_sites import ConfigurationSite, DiscoverySite, SettingReader, SettingSite
from celery_analyzers.symbols import UNKNOWN, App, AppAttribute, External, ProjectClass, Scope
from celery_analyzers.syntax import Syntax
from celery_analyzers.task_calls import TaskCallSite, task_call_site
from celery_analyzers.task_class_sites import TaskClassSite, TaskMethodSite, task_class_site
from celery_analyzers.task_facts import FunctionFacts, Option, Parameter, SignalHandler, TaskDefinition, TaskMethod
from celery_analyzers.tasks import applied, base_symbol, registering_call, written_options
from celery_analyzers.trees import Function, children, walk
from celery_analyzers.values import evaluate

_DEFINITION = re.compile(r"\b(?:def|class)[ \t]")
_IMPORT = re.compile(r"\b(?:from|import)[ \t]+(?:dj)?celery\b")

_SIGNALS = "celery.signals."
_OF_APPS = frozenset({"on_after_configure", "on_after_finalize", "on_after_fork", "on_configure"})
"""Signals that an app sends about itself."""
CRONTAB_FIELDS = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year")
"""The parameters of `crontab` in the order of its positional arguments."""


@dataclass(frozen=True, slots=True)
class TaskSite:
    """A task definition with the nodes it was read from.

    `scope` is that of the definition, not of its body. `decorator` is the node that the task's options may be written
    in; None where it stands elsewhere, or is a wrapper's that takes none.
    """

    task: TaskDefinition
    function: Function | None
    decorator: ast.expr | None
    scope: Scope

    @property
    def fact(self) -> TaskDefinition:
        return self.task


@dataclass(frozen=True, slots=True)
class CrontabSite:
    """A crontab with the node it was read from."""

    crontab: CrontabCall
    call: ast.Call
    scope: Scope

    @property
    def fact(self) -> CrontabCall:
        return self.crontab


@dataclass(frozen=True, slots=True)
class SignalSite:
    """A handler of a signal with its node."""

    handler: SignalHandler
    function: Function
    scope: Scope

    @property
    def fact(self) -> SignalHandler:
        return self.handler


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


def sites(
    syntax: Syntax,
    scope: Scope,
    owner: ProjectClass | None,
    *,
    calls: bool,
    roles: Sequence[SourceRecord] = (),
    callables: Collection[str] = (),
) -> Iterator[Site]:
    """The Celery facts of a segment, in order. `owner` is the class whose member the segment is.

    `calls` tells whether a call in it may matter; where the words already say no, only decorators are read. `roles` are
    what the module is to the apps that are configured from it, `callables` names that a call of a task may begin with.
    """
    visitor = _Visitor(syntax, calls, roles, callables)
    if owner is None:
        yield from visitor.block(syntax.statements, scope, None)
    else:
        yield from visitor.block(syntax.statements, InnerScope.of(owner.binding.body, owner.scope), owner)


class _Visitor:
    __slots__ = (
        "_assignment",
        "_callables",
        "_conditions",
        "_dispatches",
        "_look_inside",
        "_reads_calls",
        "_reads_dispatches",
        "_reads_signatures",
        "_settings",
        "_syntax",
        "_yields",
    )

    def __init__(self, syntax: Syntax, calls: bool, roles: Sequence[SourceRecord], callables: Collection[str]) -> None:
        self._syntax = syntax
        self._settings = SettingReader(syntax, roles)
        self._reads_calls = calls
        self._callables = callables
        self._reads_dispatches = DISPATCHES.search(syntax.text) is not None
        self._reads_signatures = self._reads_dispatches and SIGNATURES.search(syntax.text) is not None
        # The text tells at once that most functions hold no other and yield nothing.
        self._look_inside = (
            calls
            or bool(callables)
            or self._reads_dispatches
            or self._settings.reads
            or len(_DEFINITION.findall(syntax.text)) > 1
            or _IMPORT.search(syntax.text) is not None
        )
        self._yields = "yield" in syntax.text
        self._dispatches = DispatchReader(syntax)
        self._assignment: ast.Assign | ast.AnnAssign | None = None
        """The statement being read, if it is an assignment."""
        self._conditions = 0
        """How many statements around may pass over what is being read."""

    def block(self, statements: Sequence[ast.stmt], scope: Scope, owner: ProjectClass | None) -> Iterator[Site]:
        for node in statements:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield from self._function(node, scope, owner)
            elif isinstance(node, ast.ClassDef):
                if made := task_class_site(node, scope, self._syntax):
                    yield made
                inner = ProjectClass(class_binding(node), scope)
                yield from self.block(node.body, InnerScope.of(inner.binding.body, scope), inner)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                if imported := import_site(node, scope, self._syntax):
                    yield imported
            else:
                yield from self._statement(node, scope, owner)

    def _statement(self, node: ast.stmt, scope: Scope, owner: ProjectClass | None) -> Iterator[Site]:
        if self._settings.reads:
            yield from self._settings.statement(node, scope, owner)
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.BitOr):
            self._dispatches.roles.note_extension(node.value)
        self._assignment = node if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
        blocks: list[list[ast.stmt]] = []
        for name, value in ast.iter_fields(node):
            if name in ("body", "orelse", "finalbody"):
                blocks.append(value)
            elif name in ("handlers", "cases"):
                blocks.extend(part.body for part in value)
            else:
                items = cast("list[object]", value if isinstance(value, list) else [value])
                yield from (site for item in items if isinstance(item, ast.AST) for site in self._calls(item, scope))
        may_be_skipped = not isinstance(node, (ast.With, ast.AsyncWith))
        self._conditions += may_be_skipped
        for block in blocks:
            yield from self.block(block, scope, owner)
        self._conditions -= may_be_skipped

    def _function(self, node: Function, scope: Scope, owner: ProjectClass | None) -> Iterator[Site]:
        for decorator in node.decorator_list:
            yield from self._calls(decorator, scope)
        task = self._decorated(node, scope, owner) or self._registered(node, scope, owner)
        if task is not None:
            yield task
        elif handler := self._handler(node, scope):
            yield handler
        if owner is not None and is_task_class(owner):
            yield self._method(node, scope, owner)
        if not self._look_inside:
            return
        outside = owner.scope if owner is not None else scope
        inside = InnerScope.of(_inside(node, scope), outside)
        yield from self.block(node.body, inside, None)

    def _handler(self, node: Function, scope: Scope) -> SignalSite | None:
        """A function right below `@worker_ready.connect` and the like."""
        if not node.decorator_list or "connect" not in self._syntax.text:
            return None
        connect = evaluate_symbol(_callee(expression(node.decorator_list[-1])), scope)
        path = connect.path if isinstance(connect, (External, AppAttribute)) else ""
        signal, _, method = path.rpartition(".")
        is_celerys = signal.startswith(_SIGNALS) if isinstance(connect, External) else signal in _OF_APPS
        if method != "connect" or not is_celerys:
            return None
        return SignalSite(SignalHandler(signal.removeprefix(_SIGNALS), self.function_facts(node)), node, scope)

    def _method(self, node: Function, scope: Scope, owner: ProjectClass) -> TaskMethodSite:
        decorators = tuple(evaluate_symbol(_callee(expression(d)), scope) for d in node.decorator_list)
        return TaskMethodSite(TaskMethod(self.function_facts(node), owner, decorators), node, scope)

    def _decorated(self, node: Function, scope: Scope, owner: ProjectClass | None) -> TaskSite | None:
        read = [(i, maker_of(expression(decorator), scope)) for i, decorator in enumerate(node.decorator_list)]
        makers = [(i, maker) for i, maker in read if maker is not None]
        if not makers:
            return None
        found, maker = makers[0]
        symbols = [evaluate_symbol(_callee(expression(decorator)), scope) for decorator in node.decorator_list]
        decorator = node.decorator_list[found]
        options, known = self._options(decorator, scope, maker)
        base = next((option.value for option in reversed(options) if option.name == "base"), None)
        task = TaskDefinition(
            name=node.name,
            form="decorator",
            options=options,
            options_known=known,
            function=self.function_facts(node),
            decorator_span=self._syntax.span(decorator),
            base=base_symbol(base),
            outer=tuple(symbols[:found]),
            inner=tuple(symbols[found + 1 :]),
            in_class=owner is not None,
            nested=owner is None and scope is not scope.module_scope,
            maker=maker,
            conditional=self._conditions > 0,
            also_named=tuple(self._name(node.decorator_list[i], scope, other) for i, other in makers[1:]),
        )
        return TaskSite(task, node, decorator if maker.forwards else None, scope)

    def _name(self, decorator: ast.expr, scope: Scope, maker: Maker) -> object:
        """The name that a decorator gives to a task; UNKNOWN where it may give one."""
        options, known = self._options(decorator, scope, maker)
        names = [option.value for option in options if option.name == "name"]
        return names[-1] if names else None if known else UNKNOWN

    def _registered(self, node: Function, scope: Scope, owner: ProjectClass | None) -> TaskSite | None:
        if owner is not None:
            return self._run_method(node, scope, owner) if node.name == "run" else None
        call = registering_call(node.name, scope)
        if call is None:
            return None
        decorator = applied(call)
        maker = maker_of(decorator, scope)
        if maker is None:
            return None
        written, known = written_options(decorator, maker, scope)
        options = tuple(Option(name, value) for name, value in written)
        base = next((option.value for option in options if option.name == "base"), None)
        inner = tuple(evaluate_symbol(_callee(expression(d)), scope) for d in node.decorator_list)
        facts = self.function_facts(node)
        task = TaskDefinition(
            node.name, "call", options, known, facts, base=base_symbol(base), inner=inner, maker=maker
        )
        return TaskSite(task, node, None, scope)

    def _run_method(self, node: Function, scope: Scope, owner: ProjectClass) -> TaskSite | None:
        if not is_task_class(owner) or registering_call(owner.binding.name, owner.scope) is None:
            return None
        inner = tuple(evaluate_symbol(_callee(expression(d)), scope) for d in node.decorator_list)
        facts = self.function_facts(node)
        task = TaskDefinition(owner.binding.name, "class", (), True, facts, base=owner, inner=inner)
        return TaskSite(task, node, None, scope)

    def _options(self, decorator: ast.expr, scope: Scope, maker: Maker) -> tuple[tuple[Option, ...], bool]:
        options = [Option(name, value) for name, value in maker.options]
        if not isinstance(decorator, ast.Call):
            return tuple(options), maker.options_known
        known = maker.options_known and not any(isinstance(argument, ast.Starred) for argument in decorator.args)
        for keyword in decorator.keywords:
            if keyword.arg is not None and not maker.passes_on(keyword.arg):
                continue
            value = evaluate(expression(keyword.value), scope)
            if keyword.arg is None:
                known = known and isinstance(value, dict)
                options.extend(_from_splat(value))  # pyright: ignore[reportUnknownArgumentType]
                continue
            span = self._syntax.span(keyword)
            name_span = Span(span.start, span.start + len(keyword.arg))
            options.append(Option(keyword.arg, value, span, name_span, self._syntax.span(keyword.value)))
        return tuple(options), known

    def function_facts(self, node: Function) -> FunctionFacts:
        """The facts of a function."""
        return FunctionFacts(
            name=node.name,
            name_span=self._syntax.name_span(node),
            parameters=tuple(self._parameter(*entry) for entry in listed_parameters(node.args)),
            is_async=isinstance(node, ast.AsyncFunctionDef),
            is_generator=self._yields and _yields(node.body),
        )

    def _parameter(self, node: ast.arg, kind: ParameterKind, default: ast.expr | None) -> Parameter:
        start = self._syntax.span(node).start
        annotation = None if node.annotation is None else self._syntax.source(node.annotation)
        value = None if default is None else expression(default)
        return Parameter(node.arg, kind, Span(start, start + len(node.arg)), annotation, value)

    def _calls(self, node: ast.AST, scope: Scope) -> Iterator[Site]:
        if not (self._reads_calls or self._reads_dispatches or self._callables or self._settings.reads):
            return
        if self._reads_signatures:
            self._dispatches.roles.note(node, scope)
        for call in walk(node):
            if not isinstance(call, ast.Call):
                continue
            if self._reads_calls and (site := self._made_by(call, scope)):
                yield site
            elif self._reads_dispatches and (dispatch := self._dispatches.read(call, scope, self._reads_calls)):
                yield dispatch
            elif canvas := canvas_site(call, scope, self._syntax, aliases=self._reads_calls):
                yield canvas
            elif self._callables and (called := task_call_site(call, scope, self._syntax, self._callables)):
                yield called
            elif result := result_site(call, scope, self._syntax):
                yield result
            elif self._settings.reads:
                if app := app_site(call, self._assignment, scope, self._syntax):
                    yield app
                yield from self._settings.call(call, scope)

    def _made_by(self, call: ast.Call, scope: Scope) -> CrontabSite | TaskSite | None:
        symbol = evaluate_symbol(expression(call.func), scope)
        if isinstance(symbol, External) and symbol.path in CRONTAB:
            return CrontabSite(self._crontab(call, scope), call, scope)
        return self._task_call(call, scope)

    def _task_call(self, call: ast.Call, scope: Scope) -> TaskSite | None:
        """`app.task(function, **options)` or `app.task(**options)(function)`."""
        if len(call.args) != 1 or not isinstance(call.args[0], ast.Name):
            return None
        options_call = call.func if isinstance(call.func, ast.Call) else call
        made = expression(call)
        maker = maker_of(applied(made), scope) if isinstance(made, Invocation) else None
        if maker is None:
            return None
        options, known = self._options(options_call, scope, maker)
        task = TaskDefinition(
            name=call.args[0].id,
            form="call",
            options=options,
            options_known=known,
            function=None,
            decorator_span=self._syntax.span(options_call),
            base=base_symbol(next((option.value for option in options if option.name == "base"), None)),
            maker=maker,
        )
        return TaskSite(task, None, options_call, scope)

    def _crontab(self, call: ast.Call, scope: Scope) -> CrontabCall:
        fields: list[tuple[str, Field]] = []
        complete = True
        for name, argument in zip(CRONTAB_FIELDS, call.args, strict=False):
            if isinstance(argument, ast.Starred):
                complete = False
                break
            value = evaluate(expression(argument), scope)
            fields.append((name, Field(value, self._syntax.span(argument))))
        for keyword in call.keywords:
            value = evaluate(expression(keyword.value), scope)
            if keyword.arg is not None:
                fields.append((keyword.arg, Field(value, self._syntax.span(keyword))))
            elif isinstance(value, dict):
                where = self._syntax.span(keyword)
                fields.extend((option.name, Field(option.value, where)) for option in _from_splat(value))  # pyright: ignore[reportUnknownArgumentType]
            else:
                complete = False
        span = self._syntax.span(call)
        start = self._syntax.text.index("(", self._syntax.span(call.func).end) + 1
        return CrontabCall(span, Span(start, span.end - 1), tuple(fields), complete)


def _inside(node: Function, scope: Scope) -> Bindings:
    """What is bound inside a function; the first parameter of a handler of `app.on_after_configure` is the app."""
    bound = function_scope(node)
    parameters = [*node.args.posonlyargs, *node.args.args]
    for decorator in node.decorator_list if parameters else ():
        path = dotted_path(decorator.func if isinstance(decorator, ast.Call) else decorator) or ""
        app, signal, method = (["", "", *path.rsplit(".", 2)])[-3:]
        if signal in _OF_APPS and method == "connect" and isinstance(resolve(app, scope), App):
            return ((parameters[0].arg, ValueBinding(Reference(app))), *bound[1:])
    return bound


def _callee(value: Expression) -> Expression:
    return value.function if isinstance(value, Invocation) else value


def _from_splat(value: object) -> Iterator[Option]:
    if isinstance(value, dict):
        for name, item in value.items():  # pyright: ignore[reportUnknownVariableType]
            yield Option(str(name), item)  # pyright: ignore[reportUnknownArgumentType]


def _yields(statements: Sequence[ast.AST]) -> bool:
    pending: list[ast.AST] = list(statements)
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            pending.extend(children(node))
    return False
