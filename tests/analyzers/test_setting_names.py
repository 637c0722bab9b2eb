"""A key is taken for the setting that real Celery takes it for, in every way in which an app can be configured."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from celery import Celery
from celery.app.defaults import _TO_OLD_KEY, NAMESPACES, flatten

from celery_analyzers.setting_names import canonical, is_extra, is_known, looks_like_setting, spellings, suggestion

SETTINGS = sorted(name for name, _ in flatten(NAMESPACES))
NAMESPACE = (None, "CELERY", "SHOP", "celery", "CELERY_")
VALUE = "the value"


def taken(key: str, namespace: str | None) -> set[str]:
    """The settings that Celery gives the value of a key."""
    app = Celery(set_as_current=False)
    app.config_from_object(SimpleNamespace(**{key: VALUE}), namespace=namespace)
    return {name for name in SETTINGS if app.conf.get(name) == VALUE}


@pytest.mark.parametrize("namespace", NAMESPACE)
def test_keys_are_taken_as_celery_takes_them(namespace: str | None) -> None:
    prefix = (namespace or "CELERY").rstrip("_")
    for name in SETTINGS[::4]:
        for key in (
            name,
            name.upper(),
            _TO_OLD_KEY[name],
            f"{prefix}_{name}",
            f"{prefix}_{name.upper()}",
            f"{prefix.lower()}_{name}",
            f"OTHER_{name.upper()}",
        ):
            found = taken(key, namespace)
            assert ({canonical(key, namespace)} - {None}) == found or canonical(key, namespace) in found, key


@pytest.mark.parametrize("namespace", NAMESPACE)
def test_spellings_are_taken(namespace: str | None) -> None:
    for name in SETTINGS[::9]:
        for key in spellings(name, namespace):
            assert name in taken(key, namespace), key


def test_the_first_spelling_counts() -> None:
    for namespace in NAMESPACE:
        first, *others = spellings("task_time_limit", namespace)
        for other in others:
            app = Celery(set_as_current=False)
            app.config_from_object(SimpleNamespace(**{first: 1, other: 2}), namespace=namespace)
            if namespace or other.islower() == first.islower():
                assert app.conf.task_time_limit == 1


@pytest.mark.parametrize(
    ("key", "namespace", "wanted"),
    [
        ("task_tme_limit", None, "task_time_limit"),
        ("TASK_TIME_LIMIT", None, "task_time_limit"),
        ("CELERY_TASK_TIME_LIMIT", None, "task_time_limit"),
        ("CELERYD_TIME_LIMIT", None, "task_time_limit"),
        ("CELERY_RESULT_EXPIRES", None, "result_expires"),
        ("CELERYD_CONCURENCY", None, "worker_concurrency"),
        ("CELERY_TASK_TIMELIMIT", "CELERY", "CELERY_TASK_TIME_LIMIT"),
        ("CELERY_task_time_limit", "CELERY", "CELERY_TASK_TIME_LIMIT"),
        ("CELERYD_TIME_LIMIT", "CELERY", "CELERY_TASK_TIME_LIMIT"),
        ("SHOP_TASK_ACKS_LAT", "SHOP", "SHOP_TASK_ACKS_LATE"),
        ("TASK_TIME_LIMIT", "CELERY", None),
        ("CELERY_ENABLED", "CELERY", None),
        ("CELERY_TASK_TIME_LIMIT", "CELERY", None),
        ("CELERY_RESULT_EXTENDED", "CELERY", None),
        ("my_option", None, None),
    ],
)
def test_suggestions(key: str, namespace: str | None, wanted: str | None) -> None:
    assert suggestion(key, namespace) == wanted
    if wanted is not None:
        assert canonical(wanted, namespace)
        assert taken(wanted, namespace)
        assert not taken(key, namespace)


def test_extras_are_no_mistakes() -> None:
    assert is_extra("redis_backend_health_check_interval")
    assert is_extra("CELERY_CACHE_BACKEND", "CELERY")
    assert is_extra("redbeat_redis_url")
    assert not is_extra("task_tme_limit")


def test_what_looks_like_a_setting() -> None:
    assert looks_like_setting("CELERY_ENABLED")
    assert looks_like_setting("task_time_limit")
    assert not looks_like_setting("SECRET_KEY")
    assert is_known("task_time_limit")
    assert not is_known("CELERY_TASK_TIME_LIMIT")
