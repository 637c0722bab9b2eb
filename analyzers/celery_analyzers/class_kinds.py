"""What sort of thing an instance of a class is: a model's row, an enum's member, a dataclass, an exception, ...

Reads the classes of the project and knows some of the standard library's, Django's and others'. Must not know Celery.
"""

from __future__ import annotations

import builtins
from dataclasses import dataclass, replace
from typing import Literal

from celery_analyzers.bindings import ValueBinding
from celery_analyzers.expressions import callee
from celery_analyzers.resolution import base_classes, evaluate_symbol
from celery_analyzers.symbols import External, Instance, ProjectClass, ProjectInstance, Symbol

# fmt: off
Sort = Literal[
    "bytes", "callable", "class", "dataclass", "enum", "exception", "iterable", "model", "models", "object", "path",
    "pattern", "pydantic", "queryset", "request", "result", "row", "set", "timedelta", "user",
]
# fmt: on


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value is. `words` say it with an article; `rows` is the class of a queryset's rows. `certain` tells that
    code makes it so, and not only an annotation says so."""

    sort: Sort
    words: str
    certain: bool = True
    rows: Symbol | None = None

    def uncertain(self) -> Kind:
        """The same, as an annotation says it."""
        return replace(self, certain=False)


DJANGO_MODELS = frozenset(
    {
        "django.contrib.auth.base_user.AbstractBaseUser",
        "django.contrib.auth.get_user_model",
        "django.contrib.auth.models.AbstractBaseUser",
        "django.contrib.auth.models.AbstractUser",
        "django.contrib.auth.models.Group",
        "django.contrib.auth.models.Permission",
        "django.contrib.auth.models.User",
        "django.contrib.gis.db.models.Model",
        "django.db.models.Model",
        "django.db.models.base.Model",
        "django_extensions.db.models.TimeStampedModel",
        "model_utils.models.TimeStampedModel",
        "mptt.models.MPTTModel",
        "polymorphic.models.PolymorphicModel",
    }
)
_OTHER_MODELS = frozenset(
    {
        "flask_sqlalchemy.SQLAlchemy.Model",
        "mongoengine.Document",
        "peewee.Model",
        "sqlalchemy.ext.declarative.declarative_base",
        "sqlalchemy.orm.DeclarativeBase",
        "sqlalchemy.orm.declarative_base",
    }
)
PYDANTIC = frozenset(
    {"pydantic.BaseModel", "pydantic.RootModel", "pydantic.main.BaseModel", "pydantic_settings.BaseSettings"}
    | {"pydantic.BaseSettings"}
)
_ENUMS = frozenset({"enum.Enum", "enum.Flag"})
_PLAIN_BASES = frozenset({"abc.ABC", "builtins.object", "typing.Generic"})
_DATACLASSES = frozenset(
    {"attr.attrs", "attr.dataclass", "attr.s", "attrs.define", "attrs.frozen", "dataclasses.dataclass"}
)
_HARMLESS_DECORATORS = _DATACLASSES | {"functools.total_ordering", "typing.final", "typing.runtime_checkable"}
_OWN_WAYS = frozenset({"__json__", "__getattr__", "__getattribute__", "__new__"})
"""Methods by which a class may be sent after all, or make something else than an instance of it."""

_SET = Kind("set", "a set")
_FILE = Kind("object", "an open file")
_PATH = Kind("path", "a path")
_ITERATOR = Kind("iterable", "an iterator")
_TIMEDELTA = Kind("timedelta", "a `timedelta`")
_REQUEST = Kind("request", "a request")
_RESPONSE = Kind("object", "a response")
_INSTANCES = {
    "builtins.bytearray": Kind("bytes", "a `bytearray`"),
    "builtins.complex": Kind("object", "a complex number"),
    "builtins.enumerate": _ITERATOR,
    "builtins.filter": _ITERATOR,
    "builtins.frozenset": Kind("set", "a `frozenset`"),
    "builtins.iter": _ITERATOR,
    "builtins.map": _ITERATOR,
    "builtins.memoryview": Kind("bytes", "a `memoryview`"),
    "builtins.object": Kind("object", "a bare object"),
    "builtins.open": _FILE,
    "builtins.range": Kind("iterable", "a `range`"),
    "builtins.reversed": _ITERATOR,
    "builtins.set": _SET,
    "builtins.zip": _ITERATOR,
    "collections.abc.Generator": _ITERATOR,
    "collections.abc.Iterator": _ITERATOR,
    "collections.abc.Set": _SET,
    "collections.deque": Kind("iterable", "a `deque`"),
    "datetime.timedelta": _TIMEDELTA,
    "django.http.HttpRequest": _REQUEST,
    "django.http.request.HttpRequest": _REQUEST,
    "django.utils.timezone.timedelta": _TIMEDELTA,
    "fractions.Fraction": Kind("object", "a fraction"),
    "django.http.HttpResponse": _RESPONSE,
    "django.http.JsonResponse": _RESPONSE,
    "functools.partial": Kind("callable", "a function"),
    "io.BytesIO": _FILE,
    "io.StringIO": _FILE,
    "pathlib.Path": _PATH,
    "pathlib.PosixPath": _PATH,
    "pathlib.PurePath": _PATH,
    "pathlib.PurePosixPath": _PATH,
    "re.Pattern": Kind("pattern", "a compiled pattern"),
    "re.compile": Kind("pattern", "a compiled pattern"),
    **{f"requests.{method}": _RESPONSE for method in ("delete", "get", "head", "patch", "post", "put", "request")},
    "rest_framework.request.Request": _REQUEST,
    "rest_framework.response.Response": _RESPONSE,
    "threading.Event": Kind("object", "an event"),
    "threading.Lock": Kind("object", "a lock"),
    "threading.RLock": Kind("object", "a lock"),
    "typing.Callable": Kind("callable", "a function"),
    "collections.abc.Callable": Kind("callable", "a function"),
    "typing.FrozenSet": Kind("set", "a `frozenset`"),
    "typing.Generator": _ITERATOR,
    "typing.Iterator": _ITERATOR,
    "typing.Set": _SET,
    "zoneinfo.ZoneInfo": Kind("object", "a time zone"),
}
"""What calls of these make, and what annotations by these say. Subclasses of the classes are not known by it."""


def instance_of(symbol: Symbol) -> Kind | None:
    """What a call of a class or function makes; None where that may well be sent as JSON, or is not known."""
    if isinstance(symbol, External):
        if _is_exception(symbol):
            return Kind("exception", "an exception")
        if symbol.path in DJANGO_MODELS:
            name = symbol.path.rpartition(".")[2]
            return Kind("model", f"a row of the Django model `{'User' if name == 'get_user_model' else name}`")
        return _INSTANCES.get(symbol.path)
    return _of_project(symbol) if isinstance(symbol, ProjectClass) else None


def _of_project(owner: ProjectClass) -> Kind | None:
    classes = base_classes(owner)
    own = [base for base in classes if isinstance(base, ProjectClass)]
    if any(name in _OWN_WAYS for base in own for name, _ in base.binding.body):
        return None
    name = owner.binding.name
    roots = {base.path for base in classes if isinstance(base, (External, Instance))}
    if roots & DJANGO_MODELS:
        return Kind("model", f"a row of the Django model `{name}`")
    if roots & _OTHER_MODELS:
        return Kind("row", f"a row of the model `{name}`")
    if roots & PYDANTIC:
        return Kind("pydantic", f"an instance of the pydantic model `{name}`")
    decorators = [
        evaluate_symbol(callee(decorator), base.scope) for base in own for decorator in base.binding.decorators
    ]
    if len(own) + len(roots) != len(classes) or not all(_is_harmless(decorator) for decorator in decorators):
        return None
    if roots and roots <= _ENUMS | _PLAIN_BASES and roots & _ENUMS:
        return Kind("enum", f"a member of the enum `{name}`")
    if any(_is_exception(base) for base in classes):
        return Kind("exception", "an exception")
    if not roots <= _PLAIN_BASES:
        return None
    if External("dataclasses.dataclass") in decorators:
        return Kind("dataclass", f"an instance of the dataclass `{name}`")
    return Kind("object", f"an instance of `{name}`")


def _is_harmless(decorator: Symbol) -> bool:
    return isinstance(decorator, External) and decorator.path in _HARMLESS_DECORATORS


def _is_exception(symbol: Symbol) -> bool:
    if not isinstance(symbol, External) or not symbol.path.startswith("builtins."):
        return False
    value = getattr(builtins, symbol.path.removeprefix("builtins."), None)
    return isinstance(value, type) and issubclass(value, BaseException)


def is_member(owner: Symbol, name: str) -> bool:
    """Whether an attribute of an enum's class is one of its members."""
    return isinstance(owner, ProjectClass) and any(
        bound == name and isinstance(binding, ValueBinding) for bound, binding in owner.binding.body
    )


def derives_from(owner: ProjectClass, *prefixes: str) -> bool:
    """Whether a class has a base outside the project whose path begins in one of these ways."""
    return any(isinstance(base, External) and base.path.startswith(prefixes) for base in base_classes(owner))


def type_of(symbol: Symbol) -> Symbol:
    """The class of an instance; anything else as it is."""
    if isinstance(symbol, ProjectInstance):
        return symbol.type
    return External(symbol.path) if isinstance(symbol, Instance) else symbol
