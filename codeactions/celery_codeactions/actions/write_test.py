"""`write-test`: begins a test module for a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from celery_codeactions.action import Action, Changes, FileChanges, Offer
from celery_codeactions.generated_tests import TestModule
from celery_codeactions.project_apps import importable, project_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from celery_codeactions.action import Kind
    from celery_codeactions.place import Place


class WriteTest(Action):
    '''Begin a test module for a task.

    ## What it does

    Creates `tests/test_<task>.py`, in the nearest folder `tests` or at the root of the project. The tests run the task
    on a real worker, in memory and in the test's own process; simulate each error that it is retried after, and compare
    the waits with what the options promise; and see that its limits are those, and that a call without arguments is
    refused.

    ## Examples

    `shop/celery.py`:

        from celery import Celery

        app = Celery("shop")

    `shop/tasks.py`:

        from shop.celery import app


        @app.task(
            autoretry_for=(ConnectionError,),
            retry_backoff=True,
            max_retries=3,
            soft_time_limit=60,
            time_limit=72,
        )
        def total$0(prices: list[float], tax: float = 0.19) -> float:
            return sum(prices) * (1 + tax)

    **Write tests for `total` in `tests/test_total.py`**:

    `tests/test_total.py`:

        """Tests of the task `total`."""

        import pytest
        from celery.contrib.testing.worker import start_worker
        from celery.exceptions import Retry

        from shop.celery import app
        from shop.tasks import total

        ARGUMENTS = ([],)


        @pytest.fixture(scope="module")
        def worker():
            app.conf.update(broker_url="memory://", result_backend="cache+memory://")
            with start_worker(app, perform_ping_check=False):
                yield


        def test_result(worker):
            result = total.delay(*ARGUMENTS)
            assert result.get(timeout=10) == total(*ARGUMENTS)


        @pytest.mark.parametrize("error", [ConnectionError])
        def test_retries(error, monkeypatch):
            waits = []

            def fail(*args, **kwargs):
                raise error.__new__(error)

            def retry(**options):
                waits.append(options.get("countdown", total.default_retry_delay))
                return Retry()

            monkeypatch.setattr(total, "_orig_run", fail)
            monkeypatch.setattr(total, "retry", retry)
            for retries in range(3):
                total.push_request(retries=retries)
                with pytest.raises(Retry):
                    total.run(*ARGUMENTS)
                total.pop_request()
            assert total.max_retries == 3
            assert all(wait <= most for wait, most in zip(waits, [1, 2, 4]))


        def test_time_limits():
            assert total.soft_time_limit == 60
            assert total.time_limit == 72


        def test_wrong_arguments_are_refused():
            with pytest.raises(TypeError):
                total.delay()

    Without an app in the project, and with arguments that nothing tells:

        import requests
        from celery import shared_task


        @shared_task(autoretry_for=(requests.Timeout,), default_retry_delay=5)
        def fetch$0(url):
            return requests.get(url, timeout=5).json()

    **Write tests for `fetch` in `tests/test_fetch.py`**:

    `tests/test_fetch.py`:

        """Tests of the task `fetch`."""

        import pytest
        from celery import Celery
        from celery.contrib.testing.worker import start_worker
        from celery.exceptions import Retry
        from requests import Timeout

        from shop.tasks import fetch

        app = Celery("tests", set_as_current=True)
        ARGUMENTS = (None,)  # Made up: replace it.


        @pytest.fixture(scope="module")
        def worker():
            app.conf.update(broker_url="memory://", result_backend="cache+memory://")
            with start_worker(app, perform_ping_check=False):
                yield


        @pytest.mark.skip(reason="Replace ARGUMENTS by what the task is given")
        def test_result(worker):
            result = fetch.delay(*ARGUMENTS)
            assert result.get(timeout=10) == fetch(*ARGUMENTS)


        @pytest.mark.parametrize("error", [Timeout])
        def test_retries(error, monkeypatch):
            waits = []

            def fail(*args, **kwargs):
                raise error.__new__(error)

            def retry(**options):
                waits.append(options.get("countdown", fetch.default_retry_delay))
                return Retry()

            monkeypatch.setattr(fetch, "_orig_run", fail)
            monkeypatch.setattr(fetch, "retry", retry)
            for retries in range(3):
                fetch.push_request(retries=retries)
                with pytest.raises(Retry):
                    fetch.run(*ARGUMENTS)
                fetch.pop_request()
            assert fetch.max_retries == 3
            assert waits == [5] * 3


        def test_wrong_arguments_are_refused():
            with pytest.raises(TypeError):
                fetch.delay()

    ## Not offered

    A task that is defined in a function or a class:

        from celery import shared_task


        def make():
            @shared_task
            def inner$0():
                return 1

            return inner

    ## What it leaves to you

    Arguments that make sense, and stand-ins for what the task reaches outside: until then the test of its result is
    skipped, and says why. Tests of Django's projects need its settings, as `pytest-django` gives them.

    ## References

    - [Testing with Celery](https://docs.celeryq.dev/en/stable/userguide/testing.html)
    '''

    kind: ClassVar[Kind] = "refactor.extract"

    def offers(self, place: Place) -> Iterator[Offer]:
        here = place.task
        if here is None or here.task.function is None or place.path is None or place.project.root is None:
            return
        if here.task.form != "decorator" or here.task.nested or here.task.in_class or here.context.in_tests:
            return
        path = _folder(place.path, place.project.root) / f"test_{here.task.name}.py"
        module = importable(place.path, place)
        if module is None or place.text_of(path) is not None:
            return
        inside = path.relative_to(place.project.root).as_posix()

        def changes() -> Changes:
            text = TestModule(here, place, module, project_app(place)).text()
            return Changes(files=(FileChanges(path, content=text),))

        yield Offer(f"Write tests for `{here.task.name}` in `{inside}`", changes, creates_file=True)


def _folder(path: Path, root: Path) -> Path:
    """The nearest folder `tests` that is there, else that of the project."""
    for folder in path.parents:
        if (folder / "tests").is_dir():
            return folder / "tests"
        if folder == root:
            break
    return root / "tests"
