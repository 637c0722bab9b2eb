"""`model-from-dict`: has pydantic check a dict that a task is given."""

from __future__ import annotations

import ast
import builtins
import keyword
from dataclasses import dataclass
from typing import TYPE_CHECKING

from celery_analyzers.call_facts import Dispatch
from celery_analyzers.edits import set_keywords
from celery_analyzers.findings import Edit, NeededImport, Span
from celery_analyzers.function_edits import annotate_parameter
from celery_analyzers.layout import line_start, newline_of
from celery_analyzers.retries import autoretry_exceptions
from celery_analyzers.symbols import External
from celery_analyzers.trees import walk
from celery_codeactions.action import Action, Changes, Offer
from celery_codeactions.blocks import with_comments
from celery_codeactions.task_descriptions import parameters_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from celery_analyzers.task_facts import Parameter
    from celery_codeactions.place import Place, TaskHere

_PLAIN = (bool, int, float, str)
_OF_MODELS = frozenset({"copy", "json", "dict", "schema", "validate", "construct", "fields", "parse_obj", "parse_raw"})
"""Names that pydantic has for something else."""
_DICTS = ("", "dict", "Dict", "Mapping", "typing.Dict", "Any")
_COVERING = frozenset({"builtins.Exception", "builtins.BaseException", "builtins.ValueError"})
"""Exceptions that a failed validation is one of."""
_CONDITIONS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.IfExp, ast.BoolOp, ast.Lambda, ast.Match)
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.comprehension, ast.ListComp, ast.GeneratorExp)


@dataclass(frozen=True, slots=True)
class _Use:
    """One place in the body that reads a key: the node, and the default that is asked for."""

    key: str
    node: ast.expr
    default: str | None
    is_certain: bool
    """Whether it is read whenever the task runs."""


class ModelFromDict(Action):
    """Have pydantic check a dict that a task is given.

    ## What it does

    Makes a model of the keys that the body reads, annotates the parameter with it, and sets `pydantic=True`. Callers
    send the same dict as before; a message without a key, or with a value of the wrong type, fails at once and says
    why. A key that is always read is required, any other is None where it is missing. Types are those that calls in the
    same file pass. Where the task is retried after any error, a failed validation is left out: it would fail again.

    ## Examples

        from celery import shared_task


        @shared_task(autoretry_for=(ValueError,), retry_backoff=True)
        def confirm$0(order):
            print(order["number"], order.get("language", "en"))
            if order["number"] > 100:
                print(order["remarks"])


        def place():
            confirm.delay({"number": 7, "language": "fr"})

    **Check `order` by a pydantic model `Order` of 3 fields**:

        from typing import Any

        from celery import shared_task
        from pydantic import BaseModel, ValidationError


        class Order(BaseModel):
            number: int
            language: str = "en"
            remarks: Any = None


        @shared_task(
            autoretry_for=(ValueError,),
            retry_backoff=True,
            pydantic=True,
            dont_autoretry_for=(ValidationError,),
        )
        def confirm(order: Order):
            print(order.number, order.language)
            if order.number > 100:
                print(order.remarks)


        def place():
            confirm.delay({"number": 7, "language": "fr"})

    ## Not offered

    A dict that is passed on, written to, or read by keys that are not known:

        from celery import shared_task


        @shared_task
        def confirm$0(order):
            print(order["number"], dict(order))

    What is no dict that a message gives:

        from celery import shared_task


        @shared_task
        def confirm$0(**order):
            print(order["number"])

    ## What it leaves to you

    Narrower types than `Any`, and whether other callers leave a key out. `pydantic=True` came with Celery 5.5.

    ## References

    - [Argument validation](https://docs.celeryq.dev/en/stable/userguide/tasks.html#argument-validation-with-pydantic)
    - [Models](https://docs.pydantic.dev/latest/concepts/models/)
    """

    def offers(self, place: Place) -> Iterator[Offer]:
        here = place.task
        if here is None or not here.takes_options("pydantic", "dont_autoretry_for") or here.task.form != "decorator":
            return
        if here.task.value("pydantic") is True or here.context.celery_at_least(5, 5) is False or here.task.in_class:
            return
        if here.context.may_be_wrapped(here.task) or here.task.nested or not here.context.mentions("["):
            return
        for parameter in parameters_of(here):
            uses = _uses(parameter, here, place)
            name = _model_name(parameter.name, here)
            if uses and name is not None:
                count = len({use.key for use in uses})
                title = f"Check `{parameter.name}` by a pydantic model `{name}` of {count} field{'s' * (count > 1)}"
                yield Offer(title, _later(place, here, parameter, uses, name), parameter.name)


def _later(place: Place, here: TaskHere, parameter: Parameter, uses: list[_Use], name: str) -> Callable[[], Changes]:
    return lambda: _changes(place, here, parameter, uses, name)


def _uses(parameter: Parameter, here: TaskHere, place: Place) -> list[_Use]:
    """The places that read the dict; none where anything else is done with it."""
    if parameter.kind in ("*", "**") or parameter.default is not None:
        return []
    if (parameter.annotation or "").split("[", 1)[0] not in _DICTS:
        return []
    found: list[_Use] = []
    for statement in here.function.body:
        for node in walk(statement):
            if not isinstance(node, ast.Name) or node.id != parameter.name:
                continue
            use = _use(node, here)
            if use is None or place.source(use.node) not in _spellings(use, parameter.name):
                return []
            found.append(use)
    # What is read now with a default and now without, or with two, has no one meaning as a field.
    defaults: dict[str, set[str | None]] = {}
    for use in found:
        defaults.setdefault(use.key, set()).add(use.default)
    is_clear = all(len(asked) == 1 for asked in defaults.values())
    return found if is_clear and any(isinstance(use.node, ast.Subscript) for use in found) else []


def _use(node: ast.Name, here: TaskHere) -> _Use | None:
    body = here.body
    parent = body.parent_of(node)
    read: ast.expr | None = None
    default: str | None = None
    key: ast.expr | None = None
    if isinstance(parent, ast.Subscript) and parent.value is node and isinstance(parent.ctx, ast.Load):
        read, key = parent, parent.slice
    elif isinstance(parent, ast.Attribute) and parent.attr == "get":
        call = body.parent_of(parent)
        if isinstance(call, ast.Call) and call.func is parent and 1 <= len(call.args) <= 2 and not call.keywords:
            read, key = call, call.args[0]
            value = call.args[1] if len(call.args) == 2 else ast.Constant(None)
            default = ast.unparse(value) if isinstance(value, ast.Constant) else None
            if default is None:
                return None
    if read is None or not isinstance(key, ast.Constant) or not isinstance(key.value, str) or not _is_field(key.value):
        return None
    return _Use(key.value, read, default, _is_certain(read, here))


def _is_field(key: str) -> bool:
    is_name = key.isidentifier() and not keyword.iskeyword(key)
    return is_name and not key.startswith(("_", "model_")) and key not in _OF_MODELS


def _is_certain(node: ast.AST, here: TaskHere) -> bool:
    """Whether a node is reached whenever the body runs: not under a condition, nor behind a way out."""
    child, parent = node, here.body.parent_of(node)
    while parent is not None and parent is not here.function:
        is_test = isinstance(parent, (ast.If, ast.While)) and child is parent.test
        is_test = is_test or (isinstance(parent, (ast.For, ast.AsyncFor)) and child is parent.iter)
        if isinstance(parent, (*_CONDITIONS, *_INNER)) and not is_test:
            return False
        child, parent = parent, here.body.parent_of(parent)
    before = here.function.body[: here.function.body.index(child)] if isinstance(child, ast.stmt) else []
    return not any(isinstance(inner, ast.Return) for statement in before for inner in walk(statement))


def _spellings(use: _Use, name: str) -> set[str]:
    """How a use may be written: a check that it stands where the tree says, as in f-strings it may not."""
    quoted = (f'"{use.key}"', f"'{use.key}'")
    if use.default is None:
        return {f"{name}[{key}]" for key in quoted}
    assert isinstance(use.node, ast.Call)
    if len(use.node.args) == 1:
        return {f"{name}.get({key})" for key in quoted}
    defaults = {use.default, use.default.replace("'", '"')}
    return {f"{name}.get({key}, {default})" for key in quoted for default in defaults}


def _model_name(parameter: str, here: TaskHere) -> str | None:
    camel = "".join(part[:1].upper() + part[1:] for part in parameter.split("_") if part)
    task = "".join(part[:1].upper() + part[1:] for part in here.task.name.split("_") if part)
    names = (camel, f"{camel}Model", f"{task}{camel}")
    return next((n for n in names if n and not here.context.scope.lookup(n)[0] and not hasattr(builtins, n)), None)


def _changes(place: Place, here: TaskHere, parameter: Parameter, uses: list[_Use], name: str) -> Changes:
    assert here.decorator is not None
    text, newline = place.text, newline_of(place.analysis.text)
    base, base_import = here.context.imported("pydantic", "BaseModel")
    fields, uses_any = _fields(uses, parameter, here, place)
    anything, any_import = here.context.imported("typing", "Any")
    fields = [field.replace(": Any", f": {anything}") for field in fields]
    options = {"pydantic": "True"}
    imports: list[NeededImport | None] = [base_import, any_import if uses_any else None]
    covered = [e.path for e in autoretry_exceptions(here.task, here.context) if isinstance(e, External)]
    if not _COVERING.isdisjoint(covered) and here.task.option("dont_autoretry_for") is None:
        error, error_import = here.context.imported("pydantic", "ValidationError")
        options["dont_autoretry_for"] = f"({error},)"
        imports.append(error_import)
    first = line_start(text, min(place.span(decorator).start for decorator in here.function.decorator_list))
    start = with_comments(text, first, "")
    model = newline.join([f"class {name}({base}):", *(f"    {field}" for field in fields), "", "", ""])
    arguments = here.function.args
    node = next(n for n in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs) if n.arg == parameter.name)
    edits = [
        Edit(Span(start, start), model),
        *set_keywords(text, here.decorator, place.span, options),
        *annotate_parameter(text, node, place.span, name),
        *(Edit(place.span(use.node), f"{parameter.name}.{use.key}") for use in uses),
    ]
    return Changes(tuple(edits), tuple(one for one in imports if one is not None))


def _fields(uses: list[_Use], parameter: Parameter, here: TaskHere, place: Place) -> tuple[list[str], bool]:
    """The fields of the model, required ones first, and whether any is of type `Any`."""
    sent = _sent(parameter, here, place)
    required: list[str] = []
    optional: list[str] = []
    for key in dict.fromkeys(use.key for use in uses):
        of_key = [use for use in uses if use.key == key]
        types = {type(value) for value in sent.get(key, ()) if type(value) in _PLAIN}
        written = types.pop().__name__ if len(types) == 1 else "Any"
        default = of_key[0].default
        if default is None and any(use.is_certain for use in of_key):
            required.append(f"{key}: {written}")
            continue
        default = default or "None"
        if default == "None" and written != "Any":
            written = f"{written} | None"
        elif written == "Any" and default != "None":
            value: object = ast.literal_eval(default)
            written = next((plain.__name__ for plain in _PLAIN if type(value) is plain), "Any")
        if default[0] == "'" and '"' not in default:
            default = f"{place.quote}{default[1:-1]}{place.quote}"
        optional.append(f"{key}: {written} = {default}")
    fields = [*required, *optional]
    return fields, any(": Any" in field for field in fields)


def _sent(parameter: Parameter, here: TaskHere, place: Place) -> dict[str, list[object]]:
    """The values of the dicts that calls in the file pass."""
    names = [p.name for p in parameters_of(here)]
    found: dict[str, list[object]] = {}
    for part in place.analysis.segments:
        for fact in part.facts:
            if isinstance(fact, Dispatch) and fact.task is not None and fact.task.name == here.task.name:
                given = dict([*zip(names, fact.positional, strict=False), *fact.keywords])
                value = given[parameter.name].value if parameter.name in given else None
                if isinstance(value, dict):
                    for key, item in value.items():  # pyright: ignore[reportUnknownVariableType]
                        found.setdefault(str(key), []).append(item)  # pyright: ignore[reportUnknownArgumentType]
    return found
