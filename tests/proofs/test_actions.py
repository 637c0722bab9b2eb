"""What actions write, on real Celery: the task is registered with the options, and does what the title promises."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.codeactions.action_examples import Example, analyse, examples, offered, texts_after, write

from celery_codeactions.offers import changed_files
from celery_codeactions.registry import find_action

from .experiment import perform, report
from .outcome import Job

if TYPE_CHECKING:
    from .outcome import Worker
    from .redis_server import RedisServer

APP = """
import sys
from types import ModuleType

from celery import Celery, signals

app = Celery("shop")


def stand_in(name, **contents):
    module = sys.modules[name] = ModuleType(name)
    vars(module).update(contents)
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules.setdefault(parent, ModuleType(parent)), child, module)
    return module


class Failure(Exception):
    pass


def failing(error):
    def fail(*args, **kwargs):
        raise error("down")
    return fail
"""
WATCH = """
import celery.utils.time
from datetime import datetime, timezone

waits = []


# The longest that jitter may make of each wait.
celery.utils.time.random.randrange = lambda most: most - 1


def note(headers, **_):
    if headers["retries"]:
        wait = datetime.fromisoformat(headers["eta"]) - datetime.now(timezone.utc) if headers["eta"] else None
        waits.append(round(wait.total_seconds()) if wait else 0)
        # Nobody waits for it here.
        headers["eta"] = None


signals.before_task_publish.connect(note, weak=False)


def outcome(result):
    result.get(timeout=60, propagate=False)
    return type(result.result).__name__, waits
"""
REQUESTS = """
class Timeout(Exception):
    pass

stand_in("requests", Timeout=Timeout, ConnectionError=type("ConnectionError", (Exception,), {}), get=failing(Timeout))
requests = sys.modules["requests"]
"""
DJANGO_DB = """
class Atomic:
    def __enter__(self):
        raise OperationalError("fail-over")
    def __exit__(self, *_):
        return False

class OperationalError(Exception):
    pass

transaction = stand_in("django.db.transaction", atomic=Atomic)
vars(sys.modules["django.db"]).update(
    OperationalError=OperationalError, InterfaceError=Failure, transaction=transaction
)
sys.modules["django"] = ModuleType("django")
"""
OPENAI = """
class APIConnectionError(Exception):
    pass

class Responses:
    create = failing(APIConnectionError)

stand_in("openai", APIConnectionError=APIConnectionError, responses=Responses)
"""
MAIL = """
import smtplib

sent = []
errors = []

def send_mail(*args):
    if errors:
        raise errors.pop()
    sent.append(args)

sys.modules["django"] = ModuleType("django")
stand_in("django.core.mail", send_mail=send_mail)

class Cache:
    kept = {}
    def add(self, key, value, timeout):
        return self.kept.setdefault(key, value) is value and not self.seen(key)
    def seen(self, key):
        seen = key in known
        known.add(key)
        return seen

known = set()
stand_in("django.core.cache", cache=Cache())
"""
STRIPE = """
class APIConnectionError(Exception):
    pass

charges = []

class Charge:
    @staticmethod
    def create(**options):
        charges.append(options)
        if options.get("customer") == "offline":
            raise APIConnectionError("no answer")

stand_in("stripe", Charge=Charge, APIConnectionError=APIConnectionError)
"""
MESSAGES = """
messages = []
signals.before_task_publish.connect(lambda body, **_: messages.append(body[:2]), weak=False)
"""


@dataclass(frozen=True)
class Case:
    """An example's result, what it needs, what is run there and what comes of it."""

    action: str
    title: str
    run: str
    gives: str
    setup: str = ""
    worker: Worker = "thread"
    of_before: str | None = None
    """What comes of it before; None where nothing is run then."""
    number: int = 0
    """Which of the examples with this title."""


CASES = [
    Case(
        "retry-strategy",
        "Retry with exponential backoff: 5 retries over up to 31 s",
        "outcome(fetch.delay('x'))",
        "('Timeout', [1, 2, 4, 8, 16])",
        WATCH + REQUESTS,
        of_before="('Timeout', [])",
    ),
    Case(
        "retry-strategy",
        "Retry after a fixed delay: 3 retries, each after 5 s",
        "outcome(close_all.apply_async(([1],), ignore_result=False))",
        "('OperationalError', [5, 5, 5])",
        WATCH + DJANGO_DB,
        of_before="('OperationalError', [])",
    ),
    Case(
        "retry-strategy",
        "Retry after a fixed delay: 3 retries, each after 5 s",
        "outcome(close.delay(1))",
        "('OperationalError', [5, 5, 5])",
        WATCH + DJANGO_DB,
        of_before="('OperationalError', [1, 2, 4])",
        number=1,
    ),
    Case(
        "retry-strategy",
        "Retry calls of a service, 60 runs a minute: 8 retries over up to 30 min",
        "summarize.rate_limit, outcome(summarize.delay('x'))",
        "('60/m', ('APIConnectionError', [10, 20, 40, 80, 160, 320, 600, 600]))",
        WATCH + OPENAI,
    ),
    Case(
        "retry-strategy",
        "Retry at once: 2 retries without a delay",
        "open = failing(BlockingIOError)\noutcome(load.delay('x'))",
        "('BlockingIOError', [0, 0])",
        WATCH,
        of_before="('BlockingIOError', [])",
    ),
    Case(
        "retry-strategy",
        "Retry at once: 2 retries without a delay",
        "outcome(load.delay('/nowhere/to/be/found'))",
        "('FileNotFoundError', [])",
        WATCH,
    ),
    Case(
        "retry-strategy",
        "Retry only what was not begun, as `send_mail` may act twice: 5 retries over up to 31 s",
        "errors += [smtplib.SMTPConnectError(421, 'busy')] * 2\noutcome(thank.delay('a')), len(sent)",
        "(('NoneType', [1, 2]), 1)",
        WATCH + MAIL,
    ),
    Case(
        "retry-strategy",
        "Retry only what was not begun, as `send_mail` may act twice: 5 retries over up to 31 s",
        "errors += [smtplib.SMTPServerDisconnected('gone')]\noutcome(thank.delay('a')), len(sent)",
        "(('SMTPServerDisconnected', []), 0)",
        WATCH + MAIL,
    ),
    Case(
        "retry-strategy",
        "Do not repeat: `stripe.Charge.create` may act twice until it has an idempotency key or a guard",
        "outcome(charge.delay('offline', 5)), len(charges), charge.acks_late",
        "(('APIConnectionError', []), 1, False)",
        WATCH + STRIPE,
        of_before="(('APIConnectionError', [1, 2, 4]), 4, False)",
    ),
    Case(
        "guard-task",
        "Give `stripe.Charge.create` the task's id as its idempotency key",
        "result = charge.delay('c', 5)\nresult.get(timeout=60)\n[c.get('idempotency_key') == result.id for c in charges]",
        "[True]",
        STRIPE,
        of_before="[False]",
    ),
    Case(
        "guard-task",
        "Run `thank` at most once a day for the same `order_id` and `address`",
        "[thank.delay(*a).get(timeout=60) for a in ((1, 'a'), (1, 'a'), (2, 'a'))]\nlen(sent)",
        "2",
        MAIL,
        of_before="3",
    ),
    Case(
        "bind-task",
        "Bind `report` to get its instance as `self`",
        "report.delay('monday').get(timeout=60), report('tuesday')",
        "('monday', 'tuesday')",
        of_before="('monday', 'tuesday')",
    ),
    Case(
        "bind-task",
        "Bind `sync` to get its instance as `self`",
        "outcome(sync.delay())",
        "('NoneType', [0, 1, 2, 3, 4])",
        WATCH,
        of_before="('NoneType', [0, 1, 2, 3, 4])",
    ),
    Case(
        "unbind-task",
        "Unbind `report`, which does not use `self`",
        "report.delay('monday').state in ('PENDING', 'SUCCESS'), report('tuesday'), report.ignore_result",
        "(True, None, True)",
        of_before="(True, None, True)",
    ),
    Case(
        "keep-task-name",
        "Write down the name `shop.tasks.report`",
        "report.name, report.delay('monday').get(timeout=60)",
        "('shop.tasks.report', 'monday')",
    ),
    Case(
        "apply-async-to-delay",
        "Write `report.apply_async()` as `delay`",
        "close('monday')\n[(list(arguments), keywords) for arguments, keywords in messages]",
        "[(['monday', True], {'format': 'pdf'})]",
        MESSAGES,
        of_before="[(['monday', True], {'format': 'pdf'})]",
    ),
    Case(
        "loop-to-group",
        "Send `report` for all as a group",
        "close(['monday', 'tuesday'])\nmessages",
        "[(('monday',), {}), (('tuesday',), {})]",
        MESSAGES,
        of_before="[(('monday',), {}), (('tuesday',), {})]",
    ),
    Case(
        "call-to-delay",
        "Send `report` instead of running it here",
        "close('monday')\nmessages",
        "[(('monday',), {})]",
        MESSAGES,
        of_before="[]",
    ),
    Case(
        "extract-base-task",
        "Move 3 options of 2 tasks into a class `BaseTask`",
        "outcome(pull.delay('x')), check.max_retries, check.retry_backoff, check.autoretry_for == (requests.Timeout,)",
        "(('Timeout', [1, 2, 4, 8, 16]), 5, True, True)",
        WATCH + REQUESTS,
        of_before="(('Timeout', [1, 2, 4, 8, 16]), 5, True, True)",
    ),
    Case(
        "eta-to-countdown",
        "Write `countdown=300` for `eta`",
        """
        from datetime import datetime as moment, timezone as zone
        etas = []
        signals.before_task_publish.connect(lambda headers, **_: etas.append(headers['eta']), weak=False)
        close('monday')
        [round((moment.fromisoformat(eta) - moment.now(zone.utc)).total_seconds() / 10) for eta in etas]
        """,
        "[30]",
        of_before="[30]",
    ),
    Case(
        "model-from-dict",
        "Check `order` by a pydantic model `Order` of 3 fields",
        """
        errors = []
        signals.task_failure.connect(lambda exception, **_: errors.append(type(exception).__name__), weak=False)
        place()
        for order in ({'number': 7}, {'language': 'fr'}, {'number': 'seven'}):
            confirm.delay(order).get(timeout=60, propagate=False)
        errors, waits
        """,
        "(['ValidationError', 'ValidationError'], [])",
        WATCH,
        of_before="(['KeyError', 'TypeError'], [])",
    ),
]
LIMITED = [
    Case(
        "time-limits",
        "Limit `sync`: a warning after 60 s, the end after 72 s",
        """
        limits = sync.soft_time_limit, sync.time_limit
        stuck = sync.apply_async(('stuck',), soft_time_limit=sync.soft_time_limit / 60)
        stuck.get(timeout=60, propagate=False)
        quick = sync.delay('quick')
        quick.get(timeout=60)
        limits, type(stuck.result).__name__, quick.state
        """,
        "((60, 72), 'SoftTimeLimitExceeded', 'SUCCESS')",
        """
        import time

        class Answer:
            def json(self):
                return 'in stock'

        def get(url, timeout):
            if url == 'stuck':
                time.sleep(60)
            return Answer()

        stand_in("requests", get=get, put=lambda url, json, timeout: None)
        """,
        "prefork",
    ),
    Case(
        "handle-soft-time-limit",
        "Handle `SoftTimeLimitExceeded` in `build`",
        """
        stuck = build.apply_async(('stuck',), soft_time_limit=1)
        stuck.get(timeout=60, propagate=False)
        (build.soft_time_limit, build.time_limit), type(stuck.result).__name__, build.delay('quick').get(timeout=60)
        """,
        "((60, 72), 'SoftTimeLimitExceeded', None)",
        """
        import time

        def render(path):
            time.sleep(60 if path == 'stuck' else 0)
        """,
        "prefork",
    ),
    Case(
        "time-limits",
        "Limit `check`: a warning after 5 min",
        """
        stuck = check.apply_async((['stuck', 'stuck'],), soft_time_limit=1)
        stuck.get(timeout=60, propagate=False)
        check.soft_time_limit, type(stuck.result).__name__
        """,
        "(300, 'SoftTimeLimitExceeded')",
        """
        import time

        stand_in("requests", head=lambda url, timeout: time.sleep(3 if url == 'stuck' else 0))
        """,
        "prefork",
    ),
]


def example_of(case: Case) -> Example:
    action = find_action(case.action)
    assert action is not None
    found = [e for e in examples(action.sections()["Examples"]) if e.title == case.title]
    return found[case.number]


def job_of(case: Case, text: str, redis: RedisServer | None = None) -> Job:
    module = f"{APP}{textwrap.dedent(case.setup)}\n{text}"
    run = textwrap.dedent(case.run).strip("\n")
    if redis is None:
        return Job(module, run, case.worker)
    return Job(module, run, case.worker, redis.url, redis.url)


def ids(case: Case) -> str:
    return f"{case.action}: {case.title[:40]}"


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_the_result_does_what_was_promised(case: Case) -> None:
    job = job_of(case, example_of(case).after[example_of(case).file])
    outcome = perform(job)
    assert outcome.returned == case.gives, report(job, outcome)


@pytest.mark.parametrize("case", [case for case in CASES if case.of_before is not None], ids=ids)
def test_what_it_did_before(case: Case) -> None:
    example = example_of(case)
    job = job_of(case, example.texts[example.file])
    outcome = perform(job)
    assert outcome.returned == case.of_before, report(job, outcome)


@pytest.mark.redis
@pytest.mark.parametrize("case", LIMITED, ids=ids)
def test_limits_stop_what_they_should_and_nothing_else(case: Case, redis: RedisServer) -> None:
    example = example_of(case)
    job = job_of(case, example.after[example.file], redis)
    outcome = perform(job)
    assert outcome.returned == case.gives, report(job, outcome)


PURE = """
from celery import shared_task


@shared_task
def nothing():
    return "done"


@shared_task(ignore_result=True, bind=True)
def bound(self, number: int, factor: float = 2.0):
    return max(number, 0) * factor


@shared_task(autoretry_for=(OSError, ValueError), default_retry_delay=7, max_retries=2, time_limit=9)
def joined(words: list[str], *, upper: bool = False) -> str:
    return json.dumps(words)


@shared_task(autoretry_for=(KeyError,), retry_backoff=3, retry_jitter=False, max_retries=4)
def fixed(text: str):
    return len(text)


def call():
    passed.delay("a b", 5)


@shared_task
def passed(text, count):
    return len(text) + count
"""


def pytest_run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rs",
        "-p",
        "no:cacheprovider",
        "-c",
        "/dev/null",
        "--rootdir",
        ".",
    ]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CELERY_", "PYTEST_"))}
    return subprocess.run(
        [*command, *arguments],
        cwd=root,
        env={**environment, "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("number", range(2))
def test_tests_of_the_examples_pass_as_they_stand(number: int, tmp_path: Path) -> None:
    action = find_action("write-test")
    assert action is not None
    example = examples(action.sections()["Examples"])[number]
    write(tmp_path, {**example.texts, **example.after})
    (tmp_path / "requests.py").write_text("class Timeout(Exception):\n    pass\n")
    result = pytest_run(tmp_path, *example.after)
    assert result.returncode == 0, result.stdout
    assert ("1 skipped" in result.stdout) is (number == 1)


def test_tests_of_tasks_without_outside_effects_pass_as_they_stand(tmp_path: Path) -> None:
    action = find_action("write-test")
    assert action is not None
    text = f"import json\n{PURE}"
    write(tmp_path, {"shop/tasks.py": text})
    names = ("nothing", "bound", "joined", "fixed", "passed")
    for name in names:
        cursor = text.index(f"def {name}(") + 4
        (offer,) = offered(action, analyse(tmp_path, "shop/tasks.py", text), cursor)
        write(tmp_path, texts_after(changed_files(offer), tmp_path))
    result = pytest_run(tmp_path, "tests")
    assert result.returncode == 0, result.stdout
    assert "skipped" not in result.stdout
    assert len(list((tmp_path / "tests").glob("test_*.py"))) == len(names)


def test_limits_of_all_tasks_are_those_of_the_app() -> None:
    action = find_action("limit-all-tasks")
    assert action is not None
    (example,) = [e for e in examples(action.sections()["Examples"]) if "shop/settings.py" not in e.before]
    run = "app.conf.task_soft_time_limit, app.conf.task_time_limit, report.time_limit, mine.time_limit"
    tasks = "\n\n@app.task\ndef report():\n    pass\n\n\n@app.task(time_limit=9)\ndef mine():\n    pass\n"
    outcome = perform(Job(example.after["shop/celery.py"] + tasks, run, "none"))
    assert outcome.returned == "(300, 360, 360, 9)"
    outcome = perform(Job(example.texts["shop/celery.py"] + tasks, run, "none"))
    assert outcome.returned == "(None, None, None, 9)"
