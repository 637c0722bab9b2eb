"""What calls in a task's body do, by the libraries that they go to."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from celery_analyzers.body import Body
from celery_analyzers.errors import NOTHING_DONE, ROOTS, TRANSIENT, bases_of, may_come_late
from celery_analyzers.findings import NeededImport
from celery_analyzers.libraries import Category, canonical, known_operation
from celery_analyzers.module_names import module_names, segment_names
from celery_analyzers.operations import (
    Performed,
    imports_from,
    operations,
    transient_exceptions,
    waits_without_end,
    written,
)
from celery_analyzers.scopes import ModuleScope
from celery_analyzers.segmented_text import SegmentedText
from celery_analyzers.syntax import Syntax, parse

if TYPE_CHECKING:
    from celery_analyzers.symbols import Scope


def scope_of(head: str) -> ModuleScope:
    """The scope of a module that holds `head`."""
    return ModuleScope(module_names((s, segment_names(s)) for s in SegmentedText(head).segments))


def body_of(head: str, *statements: str) -> Body:
    """The body of a function in a module that begins with `head`."""
    source = "def task(self, client):\n" + "".join(f"    {line}\n" for line in statements)
    (segment,) = SegmentedText(source).segments
    syntax = parse(segment)
    assert isinstance(syntax, Syntax)
    function = syntax.statements[0]
    assert isinstance(function, ast.FunctionDef)
    return Body(function, scope_of(head), syntax)


def performed(head: str, *statements: str) -> tuple[list[Performed], Body]:
    """The operations of such a body."""
    body = body_of(head, *statements)
    return list(operations(body)), body


@pytest.mark.parametrize(
    ("head", "code", "category", "library"),
    [
        ("import requests", "requests.get(1)", Category.HTTP, "requests"),
        ("import requests as r", "r.api.post(1)", Category.HTTP, "requests"),
        ("from requests import get", "get(1)", Category.HTTP, "requests"),
        ("from requests import Session\ns = Session()", "s.put(1)", Category.HTTP, "requests"),
        ("import requests\ns = requests.session()", "s.put(1)", Category.HTTP, "requests"),
        ("import httpx", "httpx.Client().get(1)", Category.HTTP, "httpx"),
        ("from urllib.request import urlopen", "urlopen(1)", Category.HTTP, "urllib"),
        ("from subprocess import check_call", "check_call([])", Category.SUBPROCESS, "subprocess"),
        ("import os", "os.system('ls')", Category.SUBPROCESS, "subprocess"),
        ("from django.core.mail import send_mail", "send_mail()", Category.EMAIL, "smtplib"),
        ("import boto3\ns3 = boto3.client('s3')", "s3.upload_file()", Category.SERVICE, "botocore"),
        ("import boto3\nses = boto3.client('ses')", "ses.send_email()", Category.EMAIL, "botocore"),
        ("import stripe", "stripe.Charge.create()", Category.PAYMENT, "stripe"),
        ("import stripe", "stripe.Charge.retrieve(1)", Category.SERVICE, "stripe"),
        ("import redis\nr = redis.from_url('')", "r.get(1)", Category.CACHE, "redis"),
        ("from django.core.cache import cache", "cache.get(1)", Category.CACHE, "cache"),
        ("from django.db import transaction", "transaction.atomic()", Category.DATABASE, "django.db"),
        ("from django.utils import timezone", "Order.objects.get(pk=1)", Category.DATABASE, "django.db"),
        ("import shutil", "shutil.rmtree(1)", Category.FILE, "file"),
        ("", "open('x')", Category.FILE, "file"),
    ],
)
def test_category(head: str, code: str, category: Category, library: str) -> None:
    found, _ = performed(head, code)
    assert [(one.operation.category, one.operation.library) for one in found] == [(category, library)]


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ("", "client.get(1)"),
        ("", "requests.get(1)"),
        ("", "Order.objects.get(pk=1)"),
        ("import stripe", "stripe.error.CardError()"),
        ("from shop import requests", "requests.get(1)"),
        ("def open(path): ...", "open('x')"),
    ],
)
def test_what_is_not_known_is_no_operation(head: str, code: str) -> None:
    assert performed(head, code)[0] == []


def test_what_an_answer_can_do_is_no_operation() -> None:
    found, _ = performed("import requests", "r = requests.get(1, timeout=1)", "r.json().get('x')")
    assert [one.call.source for one in found] == ["requests.get"]


@pytest.mark.parametrize(
    ("code", "repeatable"),
    [
        ("requests.get(1)", True),
        ("requests.put(1)", True),
        ("requests.post(1)", False),
        ("requests.patch(1)", None),
        ("requests.request('POST', 1)", False),
        ("requests.request(method='post', url=1)", False),
        ("requests.request('GET', 1)", None),
        ("requests.request(client.verb, 1)", None),
        ("requests.Session().post(1)", False),
    ],
)
def test_repeatable(code: str, repeatable: bool | None) -> None:
    found, _ = performed("import requests", code)
    assert [one.operation.repeatable for one in found] == [repeatable]


@pytest.mark.parametrize(
    "code",
    [
        "requests.get(1)",
        "requests.get(1, timeout=None)",
        "requests.get(1, None)",
        "requests.Session().get(1)",
        "urllib.request.urlopen(1)",
        "urllib.request.urlopen(1, b'')",
        "urllib.request.urlretrieve(1)",
        "subprocess.run([])",
        "subprocess.Popen([]).wait()",
        "os.system('ls')",
        "smtplib.SMTP('localhost')",
        "httpx.get(1, timeout=None)",
        "threading.Event().wait()",
        "with redis.Redis().lock('x'): pass",
        "with filelock.FileLock('x'): pass",
        "redis.Redis().blpop('x')",
    ],
)
def test_waits_without_end(code: str) -> None:
    assert waits(code)


@pytest.mark.parametrize(
    "code",
    [
        "requests.get(1, timeout=5)",
        "requests.get(1, timeout=client.timeout)",
        "requests.get(1, **client.options)",
        "requests.get(*client.arguments)",
        "urllib.request.urlopen(1, None, 5)",
        "subprocess.run([], timeout=5)",
        "subprocess.Popen([])",
        "subprocess.Popen([]).wait(5)",
        "subprocess.Popen([]).communicate(None, 5)",
        "httpx.get(1)",
        "threading.Event().wait(1)",
        "threading.Lock().acquire(False)",
        "threading.Lock().acquire(blocking=False)",
        "redis.Redis().lock('x')",
        "with redis.Redis().lock('x', timeout=5): pass",
        "with redis.Redis().lock('x', blocking_timeout=5): pass",
        "with filelock.FileLock('x', 5): pass",
        "open('x')",
    ],
)
def test_comes_to_an_end(code: str) -> None:
    assert not waits(code)


def waits(code: str) -> bool:
    """Whether any operation of `code` may wait for ever."""
    modules = "filelock httpx os redis requests smtplib subprocess threading urllib.request"
    found, body = performed("".join(f"import {module}\n" for module in modules.split()), code)
    return any(waits_without_end(one, body) for one in found)


def test_transient_exceptions_are_those_of_all_libraries_each_once() -> None:
    found, _ = performed("import requests, stripe", "requests.get(1)", "requests.get(2)", "stripe.Charge.list()")
    assert transient_exceptions(found) == (*TRANSIENT["requests"], *TRANSIENT["stripe"])


@pytest.mark.parametrize(
    ("head", "path", "name", "needed"),
    [
        ("import requests", "requests.Timeout", "requests.Timeout", None),
        ("import requests as r", "requests.Timeout", "r.Timeout", None),
        ("from requests import Timeout", "requests.Timeout", "Timeout", None),
        ("from requests.exceptions import Timeout as T", "requests.Timeout", "T", None),
        ("import botocore.exceptions", *["botocore.exceptions.ReadTimeoutError", "ReadTimeoutError"], "self"),
        ("", "requests.Timeout", "Timeout", "self"),
        ("", "requests.ConnectionError", "RequestsConnectionError", "alias"),
        ("from shop import Timeout", "requests.Timeout", "RequestsTimeout", "alias"),
        ("", "builtins.TimeoutError", "TimeoutError", None),
    ],
)
def test_written(head: str, path: str, name: str, needed: str | None) -> None:
    module, _, original = path.rpartition(".")
    wanted = None if needed is None else NeededImport(module, original, name if needed == "alias" else None)
    assert written(path, scope_of(head)) == (name, wanted)


def test_a_builtin_whose_name_means_something_else_cannot_be_written() -> None:
    assert written("builtins.TimeoutError", scope_of("from shop import TimeoutError")) is None


@pytest.mark.parametrize(
    ("head", "answer"),
    [("import django", True), ("from django.db import models", True), ("from shop.django import x", False)],
)
def test_imports_from(head: str, answer: bool) -> None:
    scope: Scope = scope_of(head)
    assert imports_from("django", scope) is answer


def test_one_spelling_for_one_thing() -> None:
    assert canonical("requests.exceptions.Timeout") == "requests.Timeout"
    assert canonical("stripe.error.CardError") == "stripe.CardError"
    assert known_operation("requests.sessions.Session.get") == known_operation("requests.Session.get")


def test_tables_use_that_spelling() -> None:
    paths = [*NOTHING_DONE, *ROOTS, *(path for listed in TRANSIENT.values() for path in listed)]
    assert [path for path in paths if canonical(path) != path] == []
    assert [library for library, _ in ROOTS.values() if library and library not in TRANSIENT] == []


def test_what_catches_an_exception() -> None:
    assert {"builtins.Exception", "requests.RequestException", "builtins.OSError"} <= bases_of("requests.Timeout")
    assert bases_of("shop.Busy") == {"builtins.Exception", "builtins.BaseException", "shop.Busy"}
    assert "builtins.OSError" not in bases_of("stripe.CardError")


def test_what_may_come_after_all_was_done() -> None:
    assert may_come_late("requests.Timeout", {"requests"})
    assert may_come_late("builtins.OSError", {"requests"})
    assert not may_come_late("requests.Timeout", {"stripe"})
    assert not may_come_late("requests.ConnectTimeout", {"requests"})
